"""The flow f/customers/import_csv as it is deployed, run by mill against real HTTP servers."""

import base64
import csv
import io
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from f.customers.targets.customer_api import open_target
from mill.engine.jobs.approvals import Request
from mill.ports import Completed, Resume, Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[3]
FLOW = Target("flow", "f/customers/import_csv")
PERSON = {"approves": True}  # who answers when the flow waits
FAST = {"retry_attempts": 2, "initial_delay": 0.001, "max_delay": 0.002}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    def decide(_: Request) -> Resume:
        return Resume(1, approved=PERSON["approves"])

    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state"), approver=decide) as opened:
        yield opened


def run(session: Session, server: Loopback | None = None, **args: Any) -> Completed:
    # The session's journal is one for all tests, and ports are used again: each test is a target of its own.
    settings = {**FAST, "account": os.environ["PYTEST_CURRENT_TEST"]}
    defaults: dict[str, Any] = {
        "api": obeying_keys({"kind": "generic", "base_url": server.url, "settings": settings})
        if server
        else "$res:f/customers/mock_api",
        "on_duplicate": "skip",
        "dry_run": False,
        "max_bad_share": 0.2,
        "on_too_many_bad": "fail",
        "parallel_jobs": 2,
    }
    return session.run(FLOW, {**defaults, **args})


def obeying_keys(api: dict[str, Any]) -> dict[str, Any]:
    """The resource of a target whose idempotency keys were shown to work."""
    return {**api, "proven": {"target": open_target(api).identity, "repeats": "key"}}


def table(rows: int, bad: int = 0) -> str:
    lines = [f"C {n},c{n}@example.com,note {n}" for n in range(rows)]
    lines += [f"Bad {n},not-an-address,note" for n in range(bad)]
    return "name,email,remark\n" + "\n".join(lines) + "\n"


def accept(asked: Asked) -> Reply:
    return Reply(201, {"id": "c1"})


def stored(session: Session, file: Mapping[str, Any]) -> str:
    text: str = (session.state / "objects" / "_default_" / file["s3"]).read_text("utf-8-sig")
    return text


def rejects(session: Session, result: Mapping[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(stored(session, result["rejects"]), newline="")))


def test_the_sample_runs_out_of_the_box_and_every_row_has_one_outcome(session: Session) -> None:
    data = (ROOT / "flows/data/customers.csv").read_bytes()
    completed = run(session, csv=base64.b64encode(data).decode(), default_country="US")
    assert completed.success, completed.result
    counts = completed.result["counts"]
    assert counts["rows"] == 1040
    assert sum(count for name, count in counts.items() if name != "rows") == 1040
    assert counts["failed"] == counts["unknown"] == 0
    assert (counts["invalid"], counts["duplicate"]) == (44, 7)
    assert counts["created"] == 989
    assert len(rejects(session, completed.result)) == 44
    assert stored(session, completed.result["report"]).startswith("<!DOCTYPE html>")
    assert completed.result["notification"] == {
        "none": "skipped: neither slack_webhook_url nor webhook_url is set"
    }


def test_the_result_is_what_machines_are_promised(session: Session) -> None:
    with serve(accept) as server:
        result = run(session, server, text=table(3)).result
    assert {"import_id", "counts", "rejects", "report", "seconds"} <= set(result)
    assert result["rejects"] is None
    assert {asked.json["email"] for asked in server.asked} == {f"c{n}@example.com" for n in range(3)}
    assert server.asked[0].json["custom_fields"].keys() == {"remark"}


def test_a_file_too_large_for_results_travels_as_objects(session: Session) -> None:
    long = "x" * 1000  # with which few rows are as much as many
    text = "name,email,remark\n" + "".join(f"C {n},c{n}@example.com,{long}\n" for n in range(1200))
    with serve(accept) as server:
        completed = run(session, server, text=text, chunk_rows=75, parallel_jobs=4, concurrency=32)
    assert completed.result["counts"]["created"] == 1200
    assert len({asked.json["email"] for asked in server.asked}) == 1200
    folder = session.state / "objects" / "_default_" / "imports" / completed.result["import_id"]
    assert len(list((folder / "chunks").iterdir())) == 16


def test_a_wrong_credential_is_tried_once_a_job_and_no_row_is_lost(
    session: Session,
) -> None:
    with serve(lambda _: Reply(401)) as server:
        completed = run(session, server, text=table(900))
    assert not completed.success
    assert len(server.asked) == 2
    result = completed.result
    assert result["counts"]["failed"] == 900
    assert result["stopped"]["code"] == "credential_refused"
    assert "credential" in result["error"]["message"]
    assert len(rejects(session, result)) == 900


def test_the_mocks_own_key_is_checked(session: Session) -> None:
    api = {
        "kind": "generic",
        "base_url": "/api/r/local/mock",
        "authentication": {"type": "api_key", "key": "wrong", "name": "X-API-Key"},
    }
    completed = run(session, api=api, text=table(3))
    assert not completed.success
    assert completed.result["counts"]["failed"] == 3


def test_too_many_bad_rows_send_nothing_and_say_which(session: Session) -> None:
    with serve(accept) as server:
        completed = run(session, server, text=table(6, bad=4))
    assert not completed.success
    assert server.asked == []
    assert "4 cannot (40.0%)" in completed.result["error"]["message"]
    assert "invalid_email 4x (first: line 8)" in completed.result["error"]["message"]
    counts = completed.result["counts"]
    assert (counts["invalid"], counts["failed"]) == (4, 6)
    assert len(rejects(session, completed.result)) == 10


@pytest.mark.parametrize(("approved", "created"), [(True, 6), (False, 0)])
def test_a_person_decides_where_the_input_says_so(session: Session, approved: bool, created: int) -> None:
    PERSON["approves"] = approved
    with serve(accept) as server:
        completed = run(session, server, text=table(6, bad=4), on_too_many_bad="ask")
    assert completed.success == approved
    assert len(server.asked) == created
    assert completed.result["counts"]["created"] == created


def test_a_dry_run_sends_nothing(session: Session) -> None:
    with serve(accept) as server:
        completed = run(session, server, text=table(5), dry_run=True)
    assert server.asked == []
    assert completed.success
    assert (completed.result["dry_run"], completed.result["counts"]["would_create"]) == (True, 5)


def test_both_channels_hear_of_success_and_of_failure(session: Session) -> None:
    with serve(accept) as server, serve(lambda _: Reply(200, b"ok")) as channel:
        channels = {"slack_webhook_url": f"{channel.url}/slack", "webhook_url": f"{channel.url}/hook"}
        assert run(session, server, text=table(3), **channels).success
        assert not run(session, server, text="name,phone\na,b\n", **channels).success
    events = [asked.json.get("event") for asked in channel.asked if asked.path == "/hook"]
    assert events == ["import_finished", "import_failed"]
    failure = channel.asked[-1].json if channel.asked[-1].path == "/hook" else channel.asked[-2].json
    assert "no column holds the e-mail address" in failure["error"]["message"]


def test_a_dead_channel_never_fails_an_import(session: Session) -> None:
    with serve(accept) as server:
        completed = run(session, server, text=table(3), webhook_url="http://127.0.0.1:9/hook")
    assert completed.success
    assert completed.result["notification"]["webhook"].startswith("failed: ")


def test_a_killed_job_leaves_its_rows_unknown_and_the_rest_applied(session: Session) -> None:
    def kill_on_the_second_chunk(asked: Asked) -> Reply:
        if asked.json["email"] == "c700@example.com":
            os.kill(client_of(asked), signal.SIGKILL)
        return Reply(201, {"id": "c"})

    with serve(kill_on_the_second_chunk) as server:
        completed = run(session, server, text=table(1000), parallel_jobs=1)
    assert not completed.success
    counts = completed.result["counts"]
    assert (counts["created"], counts["unknown"]) == (500, 500)
    held_back = rejects(session, completed.result)
    assert {row["reject_reason"] for row in held_back} == {"job_lost"}
    assert len(held_back) == 500


def test_a_killed_import_that_is_run_again_sends_only_what_was_not_applied(session: Session) -> None:
    lives = ["first"]

    def kill_the_first_time(asked: Asked) -> Reply:
        if asked.json["email"] == "c700@example.com" and lives:
            lives.pop()
            os.kill(client_of(asked), signal.SIGKILL)
        return Reply(201, {"id": "c"})

    with serve(kill_the_first_time) as server:
        assert not run(session, server, text=table(1000), parallel_jobs=1).success
        before = len(server.asked)
        again = run(session, server, text=table(1000), parallel_jobs=1)
        third = run(session, server, text=table(1000), parallel_jobs=1)
    assert again.success, again.result
    counts = again.result["counts"]
    assert counts["created"] + counts["unchanged"] == 1000
    assert counts["unchanged"] >= 600
    assert len({asked.json["email"] for asked in server.asked}) == 1000
    assert len(server.asked) - before == counts["created"]
    keys = {asked.json["email"]: asked.headers["Idempotency-Key"] for asked in server.asked}
    assert all(asked.headers["Idempotency-Key"] == keys[asked.json["email"]] for asked in server.asked)
    assert third.result["counts"]["unchanged"] == 1000


def client_of(asked: Asked) -> int:
    """The process that sent a request, by its end of the connection (Linux)."""
    wanted = f"{asked.client[1]:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {line.split()[9] for line in lines if line.split()[1].endswith(f":{wanted}")}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(link.readlink()) for link in (process / "fd").iterdir()}
        except OSError:
            continue
        if any(f"socket:[{inode}]" in links for inode in inodes):
            return int(process.name)
    raise ProcessLookupError(wanted)


def test_a_csv_posted_to_the_route_is_imported(session: Session) -> None:
    def post(headers: Mapping[str, str]) -> str:
        request = urllib.request.Request(
            f"{session.platform.url}/api/r/local/customers/import?default_country=US&dry_run=true",
            data=table(4).encode(),
            headers={"Content-Type": "text/csv", **headers},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            answer: str = reply.read().decode()
            return answer

    with pytest.raises(urllib.error.HTTPError, match="401"):
        post({})
    job_id = post({"X-API-Key": "local-import-key"}).strip('"')
    completed = session.engine.wait(job_id, 30)
    assert completed is not None
    assert completed.success, completed.result
    assert completed.result["counts"]["would_create"] == 4


def test_the_rejects_file_fed_back_imports_only_those_rows(session: Session) -> None:
    with serve(accept) as server:
        first = run(session, server, text=table(6, bad=1)).result
        sent = len(server.asked)
        mended = stored(session, first["rejects"]).replace("not-an-address", "bad0@example.com")
        second = run(session, server, text=mended)
    assert second.success, second.result
    assert second.result["counts"]["rows"] == second.result["counts"]["created"] == 1
    assert server.asked[sent].json == {
        "name": "Bad 0",
        "email": "bad0@example.com",
        "custom_fields": {"remark": "note"},
    }


def test_no_personal_data_is_in_the_result(session: Session) -> None:
    with serve(lambda _: Reply(422, {"message": "hidden.person@example.com is on a list"})) as server:
        text = "name,email\nHidden Person,hidden.person@example.com\nBad,bad.person@@example.com\n"
        completed = run(session, server, text=text, max_bad_share=1)
    shown = json.dumps(completed.result)
    assert "hidden.person" not in shown
    assert "bad.person" not in shown
