"""Rows are read back after an import: what a target loses, cuts off or writes otherwise is named exactly."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from mill.ports import Completed, Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.twins.stage import TwinClient, TwinProcess

ROOT = Path(__file__).parents[3]
FLOW = Target("flow", "f/customers/import_csv")
FAST = {"retry_attempts": 1, "initial_delay": 0.001, "max_delay": 0.002, "timeout": 5}
LOOKUP = {"lookup": "/customers?email={email}"}
ROWS, LOST_EVERY, LONGEST = 3000, 1000, 20
LONG = "a company whose name is longer than that"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state")) as opened:
        yield opened


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = twins.client("customers")
    client.forget()
    return client


def api_of(url: str, **more: Any) -> dict[str, Any]:
    account = os.environ["PYTEST_CURRENT_TEST"].split(" ")[0]
    return {
        "kind": "generic",
        "base_url": url,
        "endpoints": LOOKUP,
        "authentication": {"type": "bearer_token", "token": "token"},
        "settings": {**FAST, "account": account},
        **more,
    }


def run(session: Session, api: Mapping[str, Any], text: str, **args: Any) -> Completed:
    return session.run(FLOW, {"api": api, "text": text, "parallel_jobs": 2, **args})


def table(count: int, company: Mapping[int, str] | None = None) -> str:
    companies = company or {}
    lines = [
        f"Customer {n},{'C' if n % 500 == 0 else 'c'}{n}@example.com,{companies.get(n, 'Acme')}"
        for n in range(count)
    ]
    return "name,email,company\n" + "\n".join(lines) + "\n"


def content(session: Session, file: Mapping[str, Any]) -> str:
    if "content" in file:
        return str(file["content"]).removeprefix("\ufeff")
    text: str = (session.state / "objects" / "_default_" / file["s3"]).read_text("utf-8-sig")
    return text


def test_what_an_api_loses_cuts_off_and_writes_otherwise_is_named_exactly(
    session: Session, twin: TwinClient
) -> None:
    twin.put_settings(drop_every=LOST_EVERY, longest_value=LONGEST, lower_case_email=True)
    text = table(ROWS, {17: LONG, 1234: LONG})
    first = run(session, api_of(twin.url), text, verify="all")
    assert first.success, first.result
    found = first.result["certificate"]
    made = [key for _, key, _ in ledger(twin)]
    dropped = set(made[LOST_EVERY - 1 :: LOST_EVERY])
    lost = {line for line, email in emails(text) if email.lower() in dropped}
    assert len(lost) == ROWS // LOST_EVERY
    assert (found["read"], found["missing"], set(found["missing_lines"])) == (ROWS, len(lost), lost)
    altered = {(one["field"], one["kind"]): one for one in found["alterations"]}
    assert altered.keys() == {("company", "truncated"), ("email", "normalised")}
    cut = altered["company", "truncated"]["examples"]
    assert {(one["line"], one["sent"], one["there"]) for one in cut} <= {
        (line, f"{LONG[:2]}… ({len(LONG)} characters)", f"{LONG[:2]}… ({LONGEST} characters)")
        for line in (19, 1236)
    }
    assert altered["email", "normalised"]["rows"] <= ROWS // 500
    assert found["not_known"] == 0
    assert found["identical"] + found["altered"] + found["missing"] == ROWS
    page = content(session, first.result["report"])
    assert "Read back from the target" in page
    assert "resend_missing" in page
    missing_are_sent_again(session, twin, found, lost)


def missing_are_sent_again(
    session: Session, twin: TwinClient, found: Mapping[str, Any], lost: set[int]
) -> None:
    """As it is, the file of missing rows changes nothing: the journal knows them."""
    twin.put_settings(longest_value=LONGEST, lower_case_email=True)
    missing = content(session, found["file"])
    assert {int(row["reject_line"]) for row in csv.DictReader(io.StringIO(missing))} == lost
    before = len(ledger(twin))
    unchanged = run(session, api_of(twin.url), missing)
    assert unchanged.result["counts"]["unchanged"] == len(lost)
    again = run(session, api_of(twin.url), missing, resend_missing=True, verify="all")
    assert again.result["counts"]["created"] == len(lost), again.result
    assert again.result["certificate"]["missing"] == 0
    assert len(ledger(twin)) == before + len(lost)
    once_more = run(session, api_of(twin.url), missing, resend_missing=True)
    assert once_more.result["counts"]["unchanged"] == len(lost)


def ledger(twin: TwinClient) -> list[tuple[str, str, dict[str, Any]]]:
    """What the twin made, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["seq"] if found else 0
        page = twin.get(f"/_ledger?kind=created&after={after}").json["entries"]
        if not page:
            return [(entry["kind"], entry["key"], entry["body"]) for entry in found]
        found += page


def emails(text: str) -> list[tuple[int, str]]:
    return [(line, row["email"]) for line, row in enumerate(csv.DictReader(io.StringIO(text)), start=2)]


def test_a_sample_is_spread_over_the_file(session: Session, twin: TwinClient) -> None:
    result = run(session, api_of(twin.url), table(900), verify="sample").result
    found = result["certificate"]
    assert (found["eligible"], found["read"], found["identical"]) == (900, 300, 300)
    assert found["message"] == "300 of 900 rows were read back: 300 identical."


def test_without_a_look_up_there_is_no_certificate_and_a_sentence(session: Session, twin: TwinClient) -> None:
    result = run(session, api_of(twin.url, endpoints={}), table(3), verify="all").result
    assert "give endpoints.lookup in its resource" in result["certificate"]["message"]
    assert result["counts"]["created"] == 3


def test_nothing_is_read_back_unless_asked_for_or_in_a_dry_run(session: Session, twin: TwinClient) -> None:
    assert run(session, api_of(twin.url), table(3)).result["certificate"] is None
    assert run(session, api_of(twin.url), table(4), verify="all", dry_run=True).result["certificate"] is None


@pytest.mark.parametrize("body", [{"users": "?"}, {"customers": {}}])
def test_an_answer_that_proves_nothing_is_not_a_missing_row(session: Session, body: Any) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(201, {"id": "1"}) if asked.method == "POST" else Reply(200, body)

    with serve(answer) as server:
        found = run(session, api_of(server.url), table(5), verify="all").result["certificate"]
    assert (found["read"], found["not_known"], found["missing"]) == (5, 5, 0)


def test_a_refused_credential_ends_the_reading_and_not_the_import(session: Session) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(201, {"id": "1"}) if asked.method == "POST" else Reply(403)

    with serve(answer) as server:
        completed = run(session, api_of(server.url), table(5), verify="all")
    assert completed.success, completed.result
    assert completed.result["counts"]["created"] == 5
    certificate = completed.result["certificate"]
    assert "credential" in certificate["message"]
    assert (certificate["eligible"], certificate["read"]) == (5, 0)
    tried = [asked for asked in server.asked if asked.method == "GET"]
    assert len(tried) == 1


class Keeping:
    """An API that keeps addresses in lower case and compares them by case.

    It shows a record `lag` seconds after it was made, and asks for a long pause where it `refuses`.
    """

    def __init__(self, lag: float = 0.0, refuses: Callable[[Asked], bool] = lambda _: False) -> None:
        self.lag, self.refuses, self.lock = lag, refuses, threading.Lock()
        self.made: dict[str, tuple[float, dict[str, Any]]] = {}
        self.looked: list[float] = []

    def __call__(self, asked: Asked) -> Reply:
        with self.lock:
            if self.refuses(asked):
                return Reply(429, {"message": "Enough for today."}, {"Retry-After": "3600"})
            if asked.method == "POST":
                record = {**asked.json, "id": str(len(self.made) + 1), "email": asked.json["email"].lower()}
                self.made[record["email"]] = (time.monotonic() + self.lag, record)
                return Reply(201, record)
            self.looked.append(time.monotonic())
            shown, record = self.made.get(unquote(asked.path.partition("email=")[2]), (0.0, {}))
            return Reply(200, {"data": [record] if record and shown <= time.monotonic() else []})


def plain(count: int) -> str:
    """A table in which every address is written as that API keeps it."""
    return table(count).replace(",C", ",c")


def posted(server: Loopback) -> int:
    return sum(asked.method == "POST" for asked in server.asked)


def test_a_row_that_was_asked_for_by_half_is_not_missing_and_not_sent_again(session: Session) -> None:
    """Its address is asked for in two spellings; the second question meets the end of the quota."""
    keeping = Keeping(refuses=lambda asked: asked.path.endswith("ada%40example.com"))
    text = "name,email\nBob,bob@example.com\nAda,Ada@Example.com\n"
    with serve(keeping) as server:
        api = api_of(server.url)
        api["settings"]["max_concurrent_requests"] = 1
        completed = run(session, api, text, verify="all")
        assert completed.success, completed.result
        found = completed.result["certificate"]
        assert (found["eligible"], found["read"], found["identical"], found["missing"]) == (2, 1, 1, 0)
        forget_pauses(session)
        run(session, api, text, resend_missing=True)
        assert posted(server) == 2


def forget_pauses(session: Session) -> None:
    """Let every pause lapse, as time would."""
    file = session.state / "home" / ".millwright" / "limits.sqlite"
    with closing(sqlite3.connect(file)) as limits, limits:
        limits.execute("UPDATE import_calls SET paused_until = 0")


def test_a_quota_that_ends_while_rows_are_read_back_ends_the_reading_only(session: Session) -> None:
    keeping = Keeping()
    keeping.refuses = lambda asked: asked.method == "GET" and len(keeping.looked) >= 7
    with serve(keeping) as server:
        api = api_of(server.url)
        api["settings"]["max_concurrent_requests"] = 1
        completed = run(session, api, plain(20), verify="all")
    assert completed.success, completed.result
    found = completed.result["certificate"]
    read = found["read"]
    assert 0 < read < 20
    assert (found["identical"], found["missing"], found["not_known"]) == (read, 0, 0)
    assert found["message"].startswith(f"{read} of 20 rows were read back: ")
    assert "nothing is sent until" in found["message"]


def test_of_a_parked_import_only_what_was_sent_is_read_back(session: Session) -> None:
    keeping = Keeping()
    keeping.refuses = lambda asked: asked.method == "POST" and len(keeping.made) >= 4
    with serve(keeping) as server:
        result = run(session, api_of(server.url), plain(10), verify="all", park_after=60).result
        found = result["certificate"]
        made = len(keeping.made)
        assert (result["counts"]["created"], result["rest"]["rows"]) == (made, 10 - made)
        # The pause that parked the rest holds for look-ups too.
        assert (found["eligible"], found["read"], found["missing"]) == (made, 0, 0)


def test_what_the_target_shows_later_only_is_waited_for(session: Session) -> None:
    with serve(Keeping(lag=1.5)) as server:
        run(session, api_of(server.url), plain(1))  # which learns how late a record is shown
        found = run(session, api_of(server.url), plain(4), verify="all").result["certificate"]
    assert (found["identical"], found["missing"], found["not_known"]) == (4, 0, 0)


def test_rows_are_read_back_within_the_rate_limit(session: Session) -> None:
    keeping = Keeping()
    with serve(keeping) as server:
        api = api_of(server.url)
        api["settings"]["rate_limit"] = {"max_requests": 20, "time_window": 1, "burst_size": 1}
        found = run(session, api, plain(30), verify="all").result["certificate"]
    assert found["read"] == 30
    looked = keeping.looked[-30:]
    assert looked[-1] - looked[0] >= 28 / 20 * 0.9


def test_fields_that_the_target_does_not_show_are_not_compared(session: Session) -> None:
    kept: dict[str, dict[str, Any]] = {}

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            kept[asked.json["email"]] = {"id": str(len(kept) + 1), "email": asked.json["email"]}
            return Reply(201, {"id": str(len(kept))})
        email = asked.path.partition("email=")[2].replace("%40", "@")
        return Reply(200, {"data": [kept[email]] if email in kept else []})

    with serve(answer) as server:
        found = run(session, api_of(server.url), table(3), verify="all").result["certificate"]
    assert (found["identical"], found["altered"]) == (3, 0)
    assert found["not_shown"] == ["company", "name"]


def test_an_import_of_the_past_is_verified_from_the_terminal(
    session: Session, twin: TwinClient, tmp_path: Path
) -> None:
    twin.put_settings(drop_every=7)
    text = table(30)
    result = run(session, api_of(twin.url), text).result
    (tmp_path / "customers.csv").write_text(text)
    (tmp_path / "crm.json").write_text(json.dumps(api_of(twin.url)))
    told = mill("import", "verify", result["import_id"], "customers.csv", "--to", "crm.json", "--all",
                "--missing", "missing.csv", state=session.state, cwd=tmp_path)  # fmt: skip
    assert told.returncode == 1, told.stderr
    found = json.loads(told.stdout)
    assert (found["read"], found["missing"]) == (30, 4)
    rows = list(csv.DictReader((tmp_path / "missing.csv").read_text("utf-8-sig").splitlines()))
    assert [row["reject_reason"] for row in rows] == ["missing_in_target"] * 4
    unknown = mill("import", "verify", "another", "customers.csv", "--to", "crm.json",
                   state=session.state, cwd=tmp_path)  # fmt: skip
    assert unknown.returncode != 0
    assert "knows no row of customers.csv" in unknown.stderr


def mill(*words: str, state: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mill", *words, "--state", str(state)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
    files = {name: str((cwd / name).resolve()) for name in ("customers.csv", "crm.json", "missing.csv")}
    command = [files.get(word, word) for word in command]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    done.stderr = done.stderr.replace(files["customers.csv"], "customers.csv")
    return done
