"""The flow f/customers/import_inbox as it is deployed: real jobs, real files, runs that overlap and die."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from f.store.stores import sqlite_store
from mill.ports import Completed, Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[3]
PATH = "f/customers/import_inbox"
FLOW = Target("flow", PATH)
MILL = [sys.executable, "-c", "from mill.cli import main; main()"]
FAST = {"retry_attempts": 1, "initial_delay": 0.001, "max_delay": 0.002}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state")) as opened:
        yield opened


@pytest.fixture
def session(shared: Session) -> Session:
    """The session with a storage and a state store that know of nothing."""
    shutil.rmtree(shared.state / "objects", ignore_errors=True)
    shutil.rmtree(shared.state / "home" / ".millwright", ignore_errors=True)
    return shared


def objects(session: Session, storage: str = "_default_") -> Path:
    return session.state / "objects" / storage


def put(session: Session, name: str, text: str, *, age: float = 0, storage: str = "_default_") -> Path:
    """A file in the inbox that has not changed for `age` seconds."""
    file = objects(session, storage) / "inbox" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    then = file.stat().st_mtime - age
    os.utime(file, (then, then))
    return file


def table(*names: str) -> str:
    return "name,email\n" + "".join(f"{name},{name}@example.com\n" for name in names)


def arguments(server: Loopback | str, **more: Any) -> dict[str, Any]:
    url = server if isinstance(server, str) else server.url
    proven = {"target": f"generic {url}/customers", "repeats": "key"}
    api = {"kind": "generic", "base_url": url, "settings": FAST, "proven": proven}
    return {"api": api, "quiet_seconds": 0, "parallel_jobs": 2, "max_bad_share": 0.5, **more}


def run(session: Session, server: Loopback | str, **more: Any) -> Completed:
    return session.run(FLOW, arguments(server, **more))


def summary_of(completed: Completed) -> dict[str, Any]:
    """The account of a run, also of a red one."""
    result: dict[str, Any] = completed.result
    found: dict[str, Any] = result["error"]["extra"]["summary"] if "error" in result else result
    return found


def outcomes(completed: Completed) -> dict[str, str]:
    return {line["path"]: line["outcome"] for line in summary_of(completed)["files"]}


def below(folder: Path) -> list[str]:
    """The files in the folders of the imported files, without the names of these folders."""
    return sorted(f"{file.parts[-1]}" for file in folder.glob("*/*"))


def accept(_: Asked) -> Reply:
    return Reply(201, {"id": "c1"})


def sent(server: Loopback) -> Counter[str]:
    """How often each customer was sent, by the key that an API tells repetitions by."""
    rows = [asked for asked in server.asked if asked.path == "/customers"]
    keys = {(asked.json["email"], asked.headers["Idempotency-Key"]) for asked in rows}
    return Counter(email for email, _ in keys)


def test_every_new_file_is_imported_once_oldest_first_and_put_away(session: Session) -> None:
    put(session, "b.csv", table("ann"), age=10)
    put(session, "deep/a.CSV", "name,email\nbob,bob@example.com\nbad,bad\n", age=20)
    put(session, "notes.txt", "not for us")
    with serve(accept) as server:
        first = run(session, server)
        again = run(session, server)
    assert first.success, first.result
    assert list(outcomes(first).items()) == [("inbox/deep/a.CSV", "done"), ("inbox/b.csv", "done")]
    assert [asked.json["email"] for asked in server.asked] == ["bob@example.com", "ann@example.com"]
    assert summary_of(first)["rows"]["rows"] == 3
    assert sorted(file.name for file in objects(session).glob("inbox/**/*.*")) == ["notes.txt"]
    expected = ["a.CSV", "b.csv", "rejects.csv", "report.html", "report.html", "result.json", "result.json"]
    assert below(objects(session) / "done") == expected
    folder = objects(session) / summary_of(first)["files"][0]["folder"]
    told = json.loads((folder / "result.json").read_text())
    assert (told["file"], told["outcome"], told["counts"]["invalid"]) == ("inbox/deep/a.CSV", "done", 1)
    assert "bad" in (folder / "rejects.csv").read_text()
    assert (again.success, again.result["decision"]) == (True, "nothing_new")
    assert again.result["message"] == (
        "Nothing new in inbox/: nothing is imported. Other files: 1 that fit no pattern."
    )


def test_rows_that_the_target_lost_lie_beside_their_file(session: Session) -> None:
    def lose_eve(asked: Asked) -> Reply:
        email = unquote(asked.path.partition("email=")[2]) or asked.json["email"]
        record = {"id": email, "email": email, "name": email.partition("@")[0]}
        if asked.method == "POST":
            return Reply(201, record)
        return Reply(200, {"data": [] if email.startswith("eve") else [record]})

    put(session, "lost.csv", table("ann", "eve"))
    with serve(lose_eve) as server:
        given = arguments(server, verify="all")
        lookup = {"at": "data", "many": True, "id_at": "id", "absent": "200 list", "lag_seconds": 0.0}
        given["api"]["proven"]["lookup"] = lookup
        given["api"]["endpoints"] = {"lookup": "/customers?email={email}"}
        completed = session.run(FLOW, given)
    assert completed.success, completed.result
    folder = objects(session) / summary_of(completed)["files"][0]["folder"]
    [row] = csv.DictReader(io.StringIO((folder / "missing.csv").read_text("utf-8-sig")))
    assert (row["name"], row["reject_reason"]) == ("eve", "missing_in_target")


def test_a_broken_file_fails_alone_with_its_error(session: Session) -> None:
    put(session, "broken.csv", "PK\x03\x04 not a table", age=20)
    put(session, "good.csv", table("cid"), age=10)
    with serve(accept) as server:
        completed = run(session, server)
    assert not completed.success
    assert outcomes(completed) == {"inbox/broken.csv": "failed", "inbox/good.csv": "done"}
    assert "1 of 2 files need your attention" in completed.result["error"]["message"]
    assert "The zip archive is damaged" in completed.result["error"]["message"]
    assert below(objects(session) / "failed") == ["broken.csv", "result.json"]
    (told,) = objects(session).glob("failed/*/result.json")
    assert json.loads(told.read_text())["error"]["name"] == "FixInput"


def test_a_file_that_changed_just_now_is_left_alone_until_it_is_quiet(session: Session) -> None:
    file = put(session, "growing.csv", table("dan"), age=5)
    with serve(accept) as server:
        waiting = run(session, server, quiet_seconds=60)
    assert (waiting.success, waiting.result["counts"]["changing"]) == (True, 1)
    assert "1 still being uploaded" in waiting.result["message"]
    assert (file.exists(), server.asked) == (True, [])
    os.utime(file, (file.stat().st_mtime - 60,) * 2)
    assert script(session, "list_inbox", quiet_seconds=60)["decision"] == "import"


def test_a_replaced_file_is_new_even_if_it_is_replaced_while_it_is_imported(session: Session) -> None:
    def replace_once(_: Asked) -> Reply:
        if len(server.asked) == 1:
            put(session, "daily.csv", table("eve", "fay"))
        return Reply(201, {"id": "c"})

    put(session, "daily.csv", table("eve"), age=10)
    with serve(replace_once) as server:
        assert outcomes(run(session, server)) == {"inbox/daily.csv": "done"}
        assert (objects(session) / "inbox/daily.csv").read_text() == table("eve", "fay")
        assert below(objects(session) / "done") == ["report.html", "result.json"]
        assert outcomes(run(session, server)) == {"inbox/daily.csv": "done"}
    assert set(sent(server)) == {"eve@example.com", "fay@example.com"}
    assert "daily.csv" in below(objects(session) / "done")


def test_a_file_waits_for_a_target_out_of_reach_but_not_forever(session: Session) -> None:
    file = put(session, "early.csv", table("gus"))
    nowhere = "http://127.0.0.1:9"
    first = run(session, nowhere)
    assert (first.success, outcomes(first), file.exists()) == (False, {"inbox/early.csv": "later"}, True)
    assert "stays for the next run" in first.result["error"]["message"]
    last = run(session, nowhere, max_attempts=1)
    assert (outcomes(last), file.exists()) == ({"inbox/early.csv": "failed"}, False)
    assert below(objects(session) / "failed") == ["early.csv", "result.json"]


def test_a_file_imported_by_a_run_that_died_before_moving_it_is_only_moved(session: Session) -> None:
    file = put(session, "slow.csv", table("hal"))
    with serve(accept) as server:
        run(session, server)
        (moved,) = objects(session).glob("done/*/slow.csv")
        moved.rename(file)  # keeps size and time: as if it had never been moved
        assert outcomes(run(session, server)) == {"inbox/slow.csv": "done"}
    assert (len(server.asked), moved.exists(), file.exists()) == (1, True, False)


def start(session: Session, server: Loopback, **more: Any) -> subprocess.Popen[str]:
    """Another process that runs the flow on the same storage and the same state."""
    data = json.dumps(arguments(server, **more))
    command = [*MILL, "flow", "run", PATH, "-s", "--state", str(session.state), "-d", data]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_overlapping_runs_never_take_the_same_file(session: Session) -> None:
    names = ["ida", "jan", "kim", "lea"]
    for name in names:
        put(session, f"{name}.csv", table(name))
    both = threading.Barrier(2)

    def hold_until_both_import(_: Asked) -> Reply:
        if len(server.asked) <= 2:
            both.wait(120)
        return Reply(201, {"id": "c"})

    with serve(hold_until_both_import) as server:
        jobs = [session.engine.start(FLOW, arguments(server)) for _ in range(2)]
        runs = [session.engine.wait(job, 120) for job in jobs]
    assert [run is not None and run.success for run in runs] == [True, True]
    results = [run.result for run in runs if run is not None]
    assert Counter(asked.json["email"] for asked in server.asked) == {f"{n}@example.com": 1 for n in names}
    assert sum(result["counts"]["done"] for result in results) == 4
    assert all(result["counts"]["done"] for result in results)
    assert len(list(objects(session).glob("done/*/*.csv"))) == 4


def test_a_run_keeps_its_file_for_as_long_as_its_job_runs_whatever_its_lease(session: Session) -> None:
    put(session, "long.csv", table("mia"))
    asked, answer = threading.Event(), threading.Event()

    def take_long(_: Asked) -> Reply:
        asked.set()
        answer.wait(120)
        return Reply(201, {"id": "c"})

    with serve(take_long) as server:
        job = session.engine.start(FLOW, arguments(server, lease_minutes=0))
        assert asked.wait(120)
        meanwhile = script(session, "list_inbox", quiet_seconds=0)
        answer.set()
        ended = session.engine.wait(job, 120)
    assert (meanwhile["decision"], meanwhile["counts"]["taken"]) == ("nothing_new", 1)
    assert ended is not None
    assert outcomes(ended) == {"inbox/long.csv": "done"}


Moment = Callable[[Asked], bool]


@pytest.mark.parametrize(
    ("moment", "requests"),
    [
        # Rows not settled go again, with the key they had; one of them perhaps in the killed run already.
        pytest.param(
            lambda asked: asked.path == "/customers" and b"ned" in asked.body, (4, 8), id="importing"
        ),
        pytest.param(lambda asked: asked.path == "/hook", (4, 4), id="imported"),
    ],
)
def test_a_killed_run_is_finished_by_the_next_with_nothing_lost_or_twice(
    session: Session, moment: Moment, requests: tuple[int, int]
) -> None:
    put(session, "1.csv", table("liz", "moe", "ned"), age=20)
    put(session, "2.csv", table("ora"), age=10)
    killed: list[subprocess.Popen[str]] = []

    def kill_at_the_moment(asked: Asked) -> Reply:
        if killed and killed[0].poll() is None and moment(asked):
            killed[0].send_signal(signal.SIGKILL)
            return Reply(drop=True)
        return Reply(201, {"id": "c"})

    with serve(kill_at_the_moment) as server:
        hook = f"{server.url}/hook"
        killed.append(start(session, server, webhook_url=hook))
        killed[0].communicate(timeout=120)
        assert killed[0].returncode == -signal.SIGKILL
        other_file = run(session, server, webhook_url=hook)
        assert outcomes(other_file) == {"inbox/2.csv": "done"}
        held = run(session, server, webhook_url=hook)
        assert "1 held by another run" in held.result["message"]
        end_leases(session)
        last = run(session, server, webhook_url=hook)
    assert last.success, last.result
    assert outcomes(last) == {"inbox/1.csv": "done"}
    assert sent(server) == {f"{name}@example.com": 1 for name in ["liz", "moe", "ned", "ora"]}
    least, most = requests
    assert least <= sum(asked.path == "/customers" for asked in server.asked) <= most
    assert len(list(objects(session).glob("done/*/*.csv"))) == 2


def end_leases(session: Session) -> None:
    with sqlite_store(session.state / "home" / ".millwright" / "inbox.sqlite") as store:
        store.execute("UPDATE inbox_file SET leased_until = 1")


def script(session: Session, name: str, **args: Any) -> Mapping[str, Any]:
    completed = session.run(Target("script", f"f/customers/{name}"), args)
    assert completed.success, completed.result
    result: Mapping[str, Any] = completed.result
    return result


def test_another_storage_has_its_own_inbox_and_gets_files_that_travelled_in_the_result(
    session: Session,
) -> None:
    put(session, "x.csv", table("pam"), storage="archive")
    look = script(session, "list_inbox", quiet_seconds=0, storage="archive")
    claim = script(session, "claim_file", file=look["files"][0])
    assert claim["s3_object"] == {"s3": "inbox/x.csv", "storage": "archive"}
    imported = {"counts": {"rows": 1, "invalid": 1}, "rejects": {"filename": "rejects.csv", "content": "n\n"}}
    settled = script(session, "settle_file", claim=claim, imported=imported)
    folder = objects(session, "archive") / settled["folder"]
    assert sorted(file.name for file in folder.iterdir()) == ["rejects.csv", "result.json", "x.csv"]
    assert script(session, "settle_file", claim=claim, imported=imported) == settled


def test_a_file_that_ends_every_run_is_given_up_without_another_try(session: Session) -> None:
    put(session, "heavy.csv", table("quy"))
    (file,) = script(session, "list_inbox", quiet_seconds=0)["files"]
    for _ in range(2):
        assert script(session, "claim_file", file=file, max_attempts=2)["action"] == "import"
    claim = script(session, "claim_file", file=file, max_attempts=2)
    assert claim["action"] == "give_up"
    settled = script(session, "settle_file", claim=claim, max_attempts=2)
    assert settled["outcome"] == "failed"
    assert settled["message"].startswith("2 runs began to import this file and none of them finished.")


def test_a_claim_that_passed_to_another_run_is_not_settled(session: Session) -> None:
    put(session, "late.csv", table("ron"))
    (file,) = script(session, "list_inbox", quiet_seconds=0)["files"]
    first = script(session, "claim_file", file=file)
    script(session, "claim_file", file=file)
    completed = session.run(
        Target("script", "f/customers/settle_file"), {"claim": first, "imported": {"counts": {"rows": 1}}}
    )
    assert completed.result["error"]["name"] == "TryLater"
    assert "lease_minutes" in completed.result["error"]["message"]
    assert (objects(session) / "inbox/late.csv").exists()


def test_a_file_below_the_inbox_is_not_the_place_for_what_is_done(session: Session) -> None:
    completed = run(session, "http://127.0.0.1:9", done_prefix="inbox/done")
    assert not completed.success
    assert "lies below the inbox" in completed.result["error"]["message"]
