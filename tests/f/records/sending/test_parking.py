"""What would have to wait too long is parked: the run ends, and another goes on with exactly the rest."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from f.connect.errors import FixInput
from f.connect.histogram import Histogram
from f.records.reading.parsed import Parsed
from f.records.report.continuation import arguments_for
from f.records.report.reconciliation import ImportIncomplete, Steps, raise_if_incomplete, reconcile
from f.records.rows.outcome import REASONS, Stop
from f.records.rows.row_store import Created
from f.windmill.objects import FileRef
from mill.engine.jobs.job_table import Handle
from mill.errors import MillError
from mill.ports import Completed, Job, Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.twins.stage import TwinProcess

ROOT = Path(__file__).parents[4]
FLOW = Target("flow", "f/customers/import_csv")
CREATE = Target("script", "f/customers/create_customers")
FAST = {"retry_attempts": 2, "initial_delay": 0.001, "max_delay": 0.002, "max_concurrent_requests": 5}
USED_UP = Reply(429, {"message": "You have reached your daily limit.", "policyName": "DAILY"})
SECRET = "a-token-nobody-may-see"
DAY = 86_400


@dataclass
class Later:
    """Jobs that are to start later, held until they are let go."""

    asked: dict[str, float] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, handle: Handle, seconds: float) -> None:
        with self.changed:
            self.asked[handle.id] = seconds
            while handle.id not in self.free:
                handle.check()
                self.changed.wait(0.05)

    def let_go(self, job: str) -> None:
        with self.changed:
            self.free.add(job)
            self.changed.notify_all()


@dataclass
class Stage:
    """A workspace in which time passes by hand."""

    session: Session
    later: Later

    def target(self, name: str, url: str, **settings: Any) -> str:
        """A resource, as a reference; its credential is a variable."""
        self.put(
            "variables/create", {"path": f"f/customers/{name}_token", "value": SECRET, "is_secret": True}
        )
        value = {
            "kind": "generic",
            "base_url": url,
            "authentication": {"type": "bearer_token", "token": f"$var:f/customers/{name}_token"},
            "settings": {**FAST, "account": name, **settings},
        }
        fields = {"path": f"f/customers/{name}", "resource_type": "customer_api", "value": value}
        self.put("resources/create", fields)
        return f"$res:f/customers/{name}"

    def put(self, path: str, fields: Mapping[str, Any]) -> None:
        platform = self.session.platform
        request = urllib.request.Request(
            f"{platform.url}/api/w/{platform.workspace_id}/{path}",
            data=json.dumps(fields).encode(),
            headers={"Authorization": f"Bearer {platform.token}"},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def run(self, api: Any, text: str, **args: Any) -> Completed:
        return self.session.run(FLOW, {"api": api, "text": text, "parallel_jobs": 2, **args})

    def scheduled(self, result: Mapping[str, Any]) -> Job:
        job = self.session.engine.get(result["rest"]["job"])
        assert job is not None
        return job

    def go_on(self, result: Mapping[str, Any]) -> Completed:
        """Have the job that waits for its time run to its end."""
        job = self.scheduled(result)
        self.later.let_go(job.id)
        completed = self.session.engine.wait(job.id, 60)
        assert completed is not None
        return completed

    def next_day(self) -> None:
        """Let every pause and every count lapse, as time would."""
        file = self.session.state / "home" / ".millwright" / "limits.sqlite"
        with closing(sqlite3.connect(file)) as limits, limits:
            limits.execute("UPDATE import_calls SET day = day - 1, paused_until = paused_until - ?", (DAY,))

    def stored(self, file: Mapping[str, Any]) -> list[dict[str, str]]:
        text = (self.session.state / "objects" / "_default_" / file["s3"]).read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    later = Later()
    state = tmp_path_factory.mktemp("state")
    with Session(Workspace.find(ROOT), state, wait=later) as session:
        yield Stage(session, later)


def table(rows: int) -> str:
    return "name,email,remark\n" + "".join(f"C {n},c{n}@example.com,=note {n}\n" for n in range(rows))


def accept(_: Asked) -> Reply:
    return Reply(201, {"id": "c1"})


class QuotaLeft:
    """An API that takes so many calls, until it is given more."""

    def __init__(self, calls: int, refusal: Reply = USED_UP) -> None:
        self.calls, self.refusal, self.lock = calls, refusal, threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        with self.lock:
            self.calls -= 1
            return Reply(201, {"id": "c1"}) if self.calls >= 0 else self.refusal


def created(server: Loopback) -> Counter[str]:
    return Counter(asked.json["email"] for asked in server.asked)


def emails(rows: int) -> set[str]:
    return {f"c{n}@example.com" for n in range(rows)}


def test_a_daily_limit_parks_the_rest_and_the_scheduled_runs_apply_exactly_it(stage: Stage) -> None:
    with serve(accept) as server:
        api = stage.target("limited", server.url, daily_limit=40)
        first = stage.run(api, table(90), chunk_rows=30, webhook_url="")
        assert first.success, first.result
        result = first.result
        assert (result["counts"]["created"], result["counts"]["failed"], len(server.asked)) == (40, 50, 40)
        assert result["stopped"]["code"] == "parked"
        assert (result["rest"]["rows"], result["rejects"]) == (50, None)
        midnight = datetime.fromisoformat(result["rest"]["resume_at"])
        assert (midnight.hour, midnight.minute, midnight.tzinfo) == (0, 0, UTC)
        assert {row["reject_reason"] for row in stage.stored(result["rest"]["file"])} == {"parked"}

        stage.next_day()
        second = stage.go_on(result)
        assert second.success, second.result
        assert (second.result["counts"]["created"], second.result["continues"]) == (40, result["import_id"])
        stage.next_day()
        third = stage.go_on(second.result)
    assert (third.result["counts"]["rows"], third.result["counts"]["created"]) == (10, 10)
    assert third.result["rest"] is None
    assert created(server) == Counter(emails(90))
    assert {asked.json["custom_fields"]["remark"] for asked in server.asked} == {
        f"=note {n}" for n in range(90)
    }


def test_the_scheduled_job_keeps_references_and_holds_no_credential_and_no_upload(stage: Stage) -> None:
    with serve(accept) as server:
        api = stage.target("referring", server.url, daily_limit=5)
        result = stage.run(api, table(9), default_country="DE", has_header=True, delimiter=",").result
    job = stage.scheduled(result)
    assert job.args["api"] == "$res:f/customers/referring"
    assert job.args["default_country"] == "DE"
    assert job.args["file"] == {"s3": f"imports/{result['import_id']}/rest.csv"}
    assert not {"text", "csv", "delimiter", "has_header"} & set(job.args)
    assert SECRET not in json.dumps(dict(job.args))
    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Bearer {SECRET}"}
    assert 0 < stage.later.asked[job.id] <= DAY + 1
    assert job.status == "queued"


def test_no_job_makes_a_call_once_one_has_met_the_limit(stage: Stage) -> None:
    with serve(QuotaLeft(30)) as server:
        api = stage.target("refusing", server.url)
        first = stage.run(api, table(400), chunk_rows=40, parallel_jobs=2)
        assert first.success, first.result
        # Two jobs, each with ten begun and at most four more before it looks at what the other has met.
        assert len(server.asked) <= 30 + 2 * 14
        before = len(server.asked)
        assert stage.run(api, table(400)).result["rest"]["rows"] > 0
    assert len(server.asked) == before


def test_nobody_says_when_it_renews_so_it_asks_again_in_an_hour_with_one_call(stage: Stage) -> None:
    api_calls = QuotaLeft(0)
    with serve(api_calls) as server:
        api = stage.target("silent", server.url)
        first = stage.run(api, table(50))
        assert len(server.asked) == 1
        assert 3590 < stage.later.asked[first.result["rest"]["job"]] <= 3602
        stage.next_day()
        second = stage.go_on(first.result)
        assert second.success
        assert len(server.asked) == 2
        api_calls.calls = 1000
        stage.next_day()
        third = stage.go_on(second.result)
    assert third.result["counts"]["created"] == 50
    assert sum(created(server).values()) == 52


@pytest.mark.parametrize(
    ("seconds", "park_after", "waits"), [("3600", 300, 3600), ("61", 60, 61), ("2", 1, 60), ("0.05", 1, None)]
)
def test_a_retry_after_longer_than_park_after_parks_and_a_shorter_one_is_waited_for(
    stage: Stage, seconds: str, park_after: int, waits: float | None
) -> None:
    busy = [Reply(429, None, {"Retry-After": seconds})]
    with serve(lambda asked: busy.pop() if busy else accept(asked)) as server:
        api = stage.target(f"busy_{seconds.replace('.', '_')}", server.url)
        result = stage.run(api, table(3), park_after=park_after).result
    assert result["counts"]["created"] == (3 if waits is None else 0)
    if waits is not None:
        assert waits - 10 < stage.later.asked[result["rest"]["job"]] <= waits + 2


def test_with_park_after_0_nothing_is_parked_and_the_rows_fail_as_they_did(stage: Stage) -> None:
    with serve(QuotaLeft(10)) as server:
        api = stage.target("impatient", server.url)
        completed = stage.run(api, table(60), park_after=0)
        assert not completed.success
        result = completed.result
        assert (result["rest"], result["stopped"]["code"]) == (None, "quota_used_up")
        assert len(stage.stored(result["rejects"])) == result["counts"]["failed"] == 50
        tried = len(server.asked)
        assert not stage.run(api, table(60), park_after=0).success
    assert len(server.asked) > tried


def test_a_daily_limit_holds_without_parking_too(stage: Stage) -> None:
    with serve(accept) as server:
        api = stage.target("strict", server.url, daily_limit=7)
        completed = stage.run(api, table(20), park_after=0)
    assert not completed.success
    assert len(server.asked) == 7
    assert "renew at" in completed.result["error"]["message"]


def test_what_cannot_be_scheduled_is_red_and_says_how_to_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(accept) as server:
        api = stage.target("unscheduled", server.url, daily_limit=5)
        monkeypatch.setattr(stage.session.engine, "start", _refusing_delays(stage.session))
        completed = stage.run(api, table(8))
    assert not completed.success
    message = completed.result["error"]["message"]
    assert "The run that sends the rest of the file could not be scheduled. Windmill answered 400." in message
    assert "Import rest.csv (3 rows) at " in message
    assert completed.result["rest"]["job"] is None
    assert len(stage.stored(completed.result["rest"]["file"])) == 3


def _refusing_delays(session: Session) -> Any:
    start = session.engine.start

    def refuse(*given: Any, delay: float = 0.0, **more: Any) -> str:
        if delay:
            raise MillError("No jobs for later here.")
        return start(*given, **more)

    return refuse


def test_rows_that_need_a_person_keep_the_run_red_and_the_rest_goes_on_all_the_same(stage: Stage) -> None:
    with serve(
        lambda asked: Reply(500) if asked.json["email"] == "c2@example.com" else accept(asked)
    ) as server:
        api = stage.target("mixed", server.url, daily_limit=6, idempotency_keys=False)
        completed = stage.run(api, table(9))
    assert not completed.success
    result = completed.result
    assert (result["counts"]["unknown"], result["rest"]["rows"]) == (1, 3)
    assert len(stage.stored(result["rejects"])) == 1
    assert stage.scheduled(result).status == "queued"


def test_where_there_is_no_storage_the_rest_travels_as_text() -> None:
    given = json.dumps({"api": "$res:f/customers/crm", "url": "https://example.com/c.csv", "journal": None})
    rest = {"filename": "rest.csv", "rows": 1, "content": "name,email\n"}
    assert arguments_for(given, cast("FileRef", rest), "one") == {
        "api": "$res:f/customers/crm",
        "text": "name,email\n",
        "continues": "one",
    }


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_arguments_that_are_no_json_object_are_said_to_be_none(text: str) -> None:
    with pytest.raises(FixInput, match="not a JSON object"):
        arguments_for(text, {"filename": "rest.csv", "s3": "x"}, "one")


def ended(*, parked: bool) -> tuple[Parsed, list[Created]]:
    """An import of one row that was created and one that waits, where no storage is."""
    rows = {"count": 2, "records": []}
    parsed = {
        "import_id": "one",
        "source": "pasted text",
        "started_at": "2026-11-22T10:00:00+00:00",
        "seconds": 0.1,
        "table": {},
        "header": ["name", "email"],
        "mapping": {},
        "counts": {"rows": 2, "valid": 2, "invalid": 0, "duplicate": 0},
        "reasons": [],
        "refused": [],
        "chunks": [{"index": 0, "first_line": 2, "last_line": 3, "rows": rows}],
    }
    record = {"line": 3, "outcome": "failed", "code": "parked", "detail": "", "cells": ["B", "b@example.com"]}
    stop = {"code": "parked", "message": "Used up.", "resume_at": "2026-11-23T00:00:00+00:00"}
    created = {
        "index": 0,
        "guarantee": "",
        "counts": {"created": 1, "failed": 1},
        "reported": {"count": 1, "records": [record]},
        "requests": 1,
        "retries": 0,
        "latencies": Histogram().to_json(),
        "stopped": stop if parked else None,
        "started": 0.0,
        "ended": 1.0,
    }
    return cast("Parsed", parsed), [cast("Created", created)]


@pytest.fixture
def no_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "WM_WORKSPACE": "w",
        "WM_TOKEN": "t",
        "BASE_INTERNAL_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("no_storage")
def test_the_account_of_a_failed_import_schedules_nothing_and_counts_the_rows_as_rejects() -> None:
    parsed, created = ended(parked=True)
    summary = reconcile(Steps(parsed, None, created), REASONS)
    assert summary["rest"] is None
    assert summary["rejects"] is not None
    assert ",parked," in summary["rejects"]["content"]
    with pytest.raises(ImportIncomplete, match=r"of 2 rows, 1 failed\. Used up"):
        raise_if_incomplete(summary)


@pytest.mark.usefixtures("no_storage")
def test_what_is_parked_goes_into_a_file_of_its_own_and_leaves_the_run_green() -> None:
    asked: list[tuple[Any, str]] = []

    def go_on(rest: FileRef, resume_at: str) -> str:
        asked.append((rest["content"].splitlines()[1].split(",")[:2], resume_at))
        return "job-2"

    parsed, created = ended(parked=True)
    summary = reconcile(Steps(parsed, None, created), REASONS, go_on=go_on)
    raise_if_incomplete(summary)
    assert asked == [(["B", "b@example.com"], "2026-11-23T00:00:00+00:00")]
    assert summary["rejects"] is None
    assert summary["rest"] is not None
    assert (summary["rest"]["rows"], summary["rest"]["job"]) == (1, "job-2")


@pytest.mark.usefixtures("no_storage")
def test_nothing_goes_on_by_itself_after_a_part_of_the_import_was_cancelled() -> None:
    def go_on(_rest: FileRef, _resume_at: str) -> str:
        raise AssertionError

    parsed, created = ended(parked=True)
    stopped: Stop = {"code": "cancelled", "message": "The import was cancelled."}
    summary = reconcile(Steps(parsed, None, created, stop=stopped), REASONS, go_on=go_on)
    assert (summary["stopped"], summary["rest"]) == (stopped, None)
    with pytest.raises(ImportIncomplete, match=r"of 2 rows, 1 failed\. The import was cancelled"):
        raise_if_incomplete(summary)


def test_a_dry_run_parks_nothing(stage: Stage) -> None:
    with serve(accept) as server:
        api = stage.target("dry", server.url, daily_limit=1)
        stage.run(api, table(3))
        completed = stage.run(api, table(3), dry_run=True)
    assert completed.success
    counts = {name: rows for name, rows in completed.result["counts"].items() if rows}
    assert (counts, completed.result["rest"]) == ({"rows": 3, "would_create": 2, "would_leave": 1}, None)


def test_create_customers_alone_says_that_it_was_parked(stage: Stage) -> None:
    customers = [{"name": f"C {n}", "email": f"c{n}@example.com"} for n in range(8)]
    with serve(accept) as server:
        api = stage.target("alone", server.url, daily_limit=3)
        completed = stage.session.run(CREATE, {"api": api, "customers": customers})
        again = stage.session.run(CREATE, {"api": api, "customers": customers})
    assert completed.success, completed.result
    assert completed.result["stopped"]["code"] == "parked"
    assert completed.result["counts"] == {"created": 3, "failed": 5}
    assert again.result["requests"] == 0
    assert again.result["stopped"]["resume_at"] == completed.result["stopped"]["resume_at"]


def test_the_channels_and_the_report_say_what_waits(stage: Stage) -> None:
    with serve(accept) as server, serve(lambda _: Reply(200, b"ok")) as channel:
        api = stage.target("told", server.url, daily_limit=4)
        result = stage.run(
            api, table(9), slack_webhook_url=f"{channel.url}/slack", webhook_url=f"{channel.url}/hook"
        ).result
    text = next(asked.json["text"] for asked in channel.asked if asked.path == "/slack")
    facts = next(asked.json for asked in channel.asked if asked.path == "/hook")
    assert f"The rest of the file (5 rows) is sent at {result['rest']['resume_at'][:10]} 00:00 UTC by" in text
    assert facts["rest"] == {name: result["rest"][name] for name in ("rows", "resume_at", "job")}
    page = (stage.session.state / "objects" / "_default_" / result["report"]["s3"]).read_text("utf-8")
    assert "4 of 9 rows are in the target; 5 rows wait for a later run" in page
    assert f"by job {result['rest']['job']}." in page


def crm(stage: Stage, kind: str, url: str, account: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "base_url": url,
        "authentication": {"type": "bearer_token", "token": "token"},
        "settings": {**FAST, "account": account, "rows_per_request": 10},
        "mapping": {"external_id": ""},
    }


def test_hubspots_daily_limit_parks_until_the_moment_hubspot_named(stage: Stage, twins: TwinProcess) -> None:
    twin = twins.client("hubspot")
    twin.forget()
    resets_at = (datetime.now(UTC) + timedelta(hours=5)).replace(microsecond=0)
    twin.put_settings(daily_limit=8, resets_at=resets_at.isoformat())
    first = stage.run(crm(stage, "hubspot", twin.url, "quota"), table(200), chunk_rows=100)
    assert first.success, first.result
    result = first.result
    assert result["forecast"]["message"] == (
        "About 22 calls, 7 left of 8 a day: it takes 3 days, until "
        f"{resets_at + timedelta(days=1):%Y-%m-%d}; until then the rest waits without holding a worker."
    )
    assert result["rest"]["resume_at"] == resets_at.isoformat()
    assert 0 < result["counts"]["created"] == 200 - result["rest"]["rows"]
    twin.put_settings()  # its day is over
    stage.next_day()
    second = stage.go_on(result)
    assert second.success, second.result
    assert second.result["counts"]["created"] == result["rest"]["rows"]
    assert Counter(key for _, key in twin.ledger("created")) == Counter(emails(200))


@pytest.mark.parametrize("more", [{}, {"bulk_from": 50}])
def test_salesforces_403_for_a_used_up_quota_parks(
    stage: Stage, twins: TwinProcess, more: dict[str, Any]
) -> None:
    twin = twins.client("salesforce")
    twin.forget()
    twin.put_settings(daily_limit=2, bulk_seconds=0)
    api = crm(stage, "salesforce", twin.url, f"quota {more}")
    api["settings"] |= {"external_id_field": "External_Id__c", **more}
    api["mapping"] = {}
    api["proven"] = {
        "target": f"salesforce {twin.url} {api['settings'].get('account', '')}".strip(),
        "repeats": "record",
    }
    text = "name,email,customer id\n" + "".join(f"C {n},c{n}@example.com,x{n}\n" for n in range(60))
    first = stage.run(api, text)
    assert first.success, first.result
    assert (first.result["rest"]["rows"], first.result["counts"]["created"]) == (59, 1)
    twin.put_settings(bulk_seconds=0)
    stage.next_day()
    second = stage.go_on(first.result)
    assert second.success, second.result
    assert Counter(key for _, key in twin.ledger("created")) == Counter(emails(60))
