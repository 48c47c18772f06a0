"""Whole imports against stand-ins of the real services; their ledger has the last word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from f.connect.client import Client
from f.customers.targets.customer_api import open_target
from f.records.journal.journal import Claim, Entry
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.rows.row import Row
from f.records.sending.run import Sent, send_rows
from f.records.target.target import OnDuplicate
from f.store.stores import sqlite_store
from tests.mill.twins.stage import TwinClient, TwinProcess
from tests.records import customer_row

FAST = {
    "retry_attempts": 3,
    "initial_delay": 0.01,
    "max_delay": 0.05,
    "timeout": 5,
    "in_flight_seconds": 0.01,
}
KEYED = {"external_id_field": "External_Id__c"}
COUNT = 250


def rows(count: int = COUNT, name: str = "Customer") -> list[Row]:
    return [
        customer_row(line, f"{name} {line}", f"c{line}@example.com", {"external_id": f"x{line}"})
        for line in range(2, count + 2)
    ]


def send(
    twin: TwinClient,
    given: Sequence[Row],
    tmp_path: Path,
    settings: Mapping[str, Any],
    on_duplicate: OnDuplicate = "skip",
    **api: Any,
) -> Sent:
    api = {
        "base_url": twin.url,
        "authentication": {"type": "bearer_token", "token": "token"},
        "settings": {**FAST, **settings},
        "mapping": {} if "external_id_field" in settings else {"external_id": ""},
        **api,
    }
    if "external_id_field" in settings:  # that it is unique in this org was checked
        api["proven"] = {"target": open_target(api).identity, "repeats": "record"}
    target = open_target(api)
    with sqlite_store(tmp_path / "journal.sqlite") as store, Client(target.integration) as client:
        journal = RowJournal(store, target.identity, on_duplicate, LeasedOwner(store))
        return send_rows(
            given, target, client, journal=journal, on_duplicate=on_duplicate, sleep=lambda _: None
        )


def codes(sent: Sent) -> dict[str, int]:
    return dict(Counter(end.code or end.outcome for _, end in sent.outcomes))


def created(twin: TwinClient) -> Counter[str]:
    return Counter(key for kind, key in twin.ledger() if kind == "created")


@pytest.fixture
def twin(twins: TwinProcess, request: pytest.FixtureRequest) -> TwinClient:
    client = twins.client(request.param)
    client.forget()
    return client


@pytest.mark.parametrize(
    ("twin", "kind", "twin_settings", "settings", "endpoints", "requests"),
    [
        ("customers", "generic", {}, {}, {}, 260),
        ("customers", "generic", {}, {}, {"batch": "/customers/batch"}, 5),
        ("hubspot", "hubspot", {}, {}, {}, 5),
        ("salesforce", "salesforce", {"duplicate_rule": False}, {}, {}, 15),
        ("salesforce", "salesforce", {}, KEYED, {}, 5),
        ("salesforce", "salesforce", {"bulk_seconds": 0.01}, {**KEYED, "bulk_from": 100}, {}, 12),
    ],
    indirect=["twin"],
)
@pytest.mark.parametrize(
    ("on_duplicate", "existing"),
    [("skip", "already_exists"), ("update", "updated"), ("fail", "exists_and_must_not")],
)
def test_every_kind_creates_what_is_missing_and_does_as_wished_with_the_rest(
    twin: TwinClient,
    kind: str,
    twin_settings: dict[str, Any],
    settings: dict[str, Any],
    endpoints: dict[str, str],
    requests: int,
    on_duplicate: OnDuplicate,
    existing: str,
    tmp_path: Path,
) -> None:
    twin.put_settings(**twin_settings)
    there = rows(10, "Earlier")
    api: dict[str, Any] = {"kind": kind, "endpoints": endpoints}
    (tmp_path / "before").mkdir()
    assert codes(send(twin, there, tmp_path / "before", settings, **api)) == {"created": 10}
    sent = send(twin, rows(), tmp_path, settings, on_duplicate, **api)
    assert codes(sent) == {"created": COUNT - 10, existing: 10}
    assert set(created(twin).values()) == {1}
    assert len(created(twin)) == COUNT
    updates = 10 if on_duplicate == "update" and kind == "generic" else 0
    assert sent.requests <= requests + updates
    again = send(twin, rows(), tmp_path, settings, on_duplicate, **api)
    assert codes(again).get("created", 0) + codes(again).get("updated", 0) == COUNT - (
        0 if existing == "updated" else 10
    )
    assert len(twin.ledger("created")) == COUNT


@pytest.mark.parametrize(
    ("twin", "kind", "settings"),
    [
        ("hubspot", "hubspot", {}),
        ("salesforce", "salesforce", {}),
        ("salesforce", "salesforce", {"bulk_from": 20}),
    ],
    indirect=["twin"],
)
def test_one_row_a_crm_refuses_does_not_hold_back_the_others(
    twin: TwinClient, kind: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    twin.put_settings(**({"bulk_seconds": 0} if settings else {}))
    given = rows(30)
    given[7] = customer_row(given[7].line, "Bad", "bad,comma@example.com")
    sent = send(twin, given, tmp_path, settings, kind=kind)
    assert codes(sent) == {"created": 29, "rejected_by_api": 1}
    assert "comma" not in sent.outcomes[7][1].detail


@pytest.mark.parametrize("twin", ["hubspot"], indirect=True)
def test_a_conflict_of_a_whole_hubspot_batch_is_split_until_it_goes_through(
    twin: TwinClient, tmp_path: Path
) -> None:
    twin.put_faults(script=[{"operation": "batch_upsert", "fault": "conflict_409", "times": 3}])
    sent = send(twin, rows(40), tmp_path, {}, "update", kind="hubspot")
    assert codes(sent) == {"created": 39, "rejected_by_api": 1}
    # The first conflict met the row that goes alone; the other two cost a halving each.
    assert sent.requests <= 1 + 1 + 2 + 2


@pytest.mark.parametrize("twin", ["salesforce"], indirect=True)
def test_locked_salesforce_rows_get_through_in_the_end(twin: TwinClient, tmp_path: Path) -> None:
    twin.put_faults(script=[{"operation": "create_rows", "fault": "locked_rows", "times": 2}])
    sent = send(twin, rows(40), tmp_path, {}, kind="salesforce")
    assert codes(sent) == {"created": 40}
    assert set(created(twin).values()) == {1}


@pytest.mark.parametrize("twin", ["salesforce"], indirect=True)
def test_a_bulk_job_that_takes_longer_than_this_run_is_asked_for_by_the_next(
    twin: TwinClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"bulk_from": 20}
    twin.put_settings(bulk_seconds=3600)
    monkeypatch.setattr("f.records.sending.bulk_load._LONGEST_LOAD_SECONDS", 1.0)
    first = send(twin, rows(40), tmp_path, settings, kind="salesforce")
    assert codes(first) == {"bulk_unfinished": 40}
    twin.put_settings(bulk_seconds=0)
    second = send(twin, rows(40), tmp_path, settings, kind="salesforce")
    assert codes(second) == {"created": 40}
    assert set(created(twin).values()) == {1}


@pytest.mark.parametrize("twin", ["salesforce"], indirect=True)
@pytest.mark.parametrize(
    "operation", ["bulk_create", "bulk_upload", "bulk_close", "bulk_get", "bulk_results"]
)
@pytest.mark.parametrize("fault", ["reset_after_commit", "error_503"])
def test_no_step_of_a_bulk_job_loses_or_doubles_a_row(
    twin: TwinClient, operation: str, fault: str, tmp_path: Path
) -> None:
    twin.put_settings(bulk_seconds=0.01)
    twin.put_faults(script=[{"operation": operation, "fault": fault, "times": 5}])
    settings = {"bulk_from": 20, "retry_attempts": 2}
    first = send(twin, rows(40), tmp_path, settings, kind="salesforce")
    assert sum(codes(first).values()) == 40
    twin.put_faults()
    second = send(twin, rows(40), tmp_path, settings, kind="salesforce")
    assert codes(second) == {"created": 40}
    assert len(created(twin)) == 40
    assert set(created(twin).values()) == {1}


@pytest.mark.parametrize("twin", ["salesforce"], indirect=True)
@pytest.mark.parametrize("taken", [10, 40])
def test_rows_that_another_import_takes_over_meanwhile_are_in_no_bulk_job(
    twin: TwinClient, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.put_settings(bulk_seconds=0)
    claim = RowJournal.claim

    def overtaken(mine: RowJournal, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        claims = claim(mine, entries)
        monkeypatch.setattr(RowJournal, "claim", claim)
        with LeasedOwner(mine.store, "other") as other:
            theirs = RowJournal(mine.store, mine._target, "theirs", other)
            theirs.claim(entries[:taken])
            theirs.record_sent(entries[:taken], 1)
        return claims

    monkeypatch.setattr(RowJournal, "claim", overtaken)
    given = rows(40)
    sent = send(twin, given, tmp_path, {"bulk_from": 20}, kind="salesforce")
    assert codes(sent) == Counter({"in_progress_elsewhere": taken, "created": 40 - taken}) - Counter()
    assert len(created(twin)) == 40 - taken


@pytest.mark.parametrize(
    ("twin", "kind", "operation", "settings"),
    [("hubspot", "hubspot", "batch_create", {}), ("salesforce", "salesforce", "create_rows", KEYED)],
    indirect=["twin"],
)
@pytest.mark.parametrize(
    ("on_duplicate", "existing"), [("skip", "already_exists"), ("fail", "exists_and_must_not")]
)
def test_after_a_lost_answer_what_was_there_before_is_told_from_what_this_run_made(
    twin: TwinClient,
    kind: str,
    operation: str,
    settings: dict[str, Any],
    on_duplicate: OnDuplicate,
    existing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, given = rows(11, "Earlier")[1:], rows(41)
    (tmp_path / "before").mkdir()
    assert codes(send(twin, there, tmp_path / "before", settings, kind=kind)) == {"created": 10}
    monkeypatch.setattr("f.records.sending.lookup._CLOCKS_DIFFER_SECONDS", 0.0)
    # The first row goes alone and is answered; after that every answer is lost once the rows are there.
    lost = {"operation": operation, "fault": "reset_after_commit", "times": 50}
    twin.put_faults(script=[{"operation": operation, "fault": "slow"}, lost], slow_seconds=0)
    settings = {**settings, "retry_attempts": 0, "rows_per_request": 5}
    sent = send(twin, given, tmp_path, settings, on_duplicate, kind=kind)
    ends = codes(sent)
    assert ends.pop(existing) == 10
    assert set(ends) <= {"created", "found_in_target", "answer_lost", "answer_lost_keyed"}
    assert ends["found_in_target"] > 0
