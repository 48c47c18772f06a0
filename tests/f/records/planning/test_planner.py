"""What an import would do, asked of stand-ins of the real services: nothing is written there."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import FixSettings, SignInAgain, TryLater, WaitForQuota
from f.customers.targets.customer_api import open_target
from f.records.journal.journal import MINE, Claim
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.planning.diff import Difference
from f.records.planning.planner import Planned, Planner, decide
from f.records.rows.row import Row
from f.records.sending.batch_claims import entry_of
from f.records.sending.run import send_rows
from f.records.target.target import OnDuplicate, Target
from f.store.store import Store
from f.store.stores import sqlite_store
from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.twins.stage import TwinClient, TwinProcess
from tests.records import customer_row

FAST = {"retry_attempts": 2, "initial_delay": 0.001, "max_delay": 0.002, "timeout": 5}
LOOKUP = {"lookup": "/customers?email={email}"}
FILE = "f" * 64
KINDS = [
    ("customers", "generic", {}, {"endpoints": LOOKUP}),
    ("hubspot", "hubspot", {}, {}),
    ("salesforce", "salesforce", {}, {}),
    ("salesforce", "salesforce", {"external_id_field": "External_Id__c"}, {}),
]


def row(line: int, **fields: str) -> Row:
    given = {"external_id": f"x{line}", "city": "Rome", **fields}
    email = given.pop("email", f"c{line}@example.com")
    return customer_row(line, f"Customer No{line}", email, given)


def rows(count: int) -> list[Row]:
    return [row(line) for line in range(2, count + 2)]


def target(url: str, kind: str = "generic", settings: Mapping[str, Any] | None = None, **api: Any) -> Target:
    settings = settings or {}
    return open_target(
        {
            "kind": kind,
            "base_url": url,
            "authentication": {"type": "bearer_token", "token": "token"},
            "settings": {**FAST, **settings},
            "mapping": {} if "external_id_field" in settings else {"external_id": ""},
            **api,
        }
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Store]:
    with sqlite_store(tmp_path / "journal.sqlite") as store:
        yield store


@pytest.fixture
def twin(twins: TwinProcess, request: pytest.FixtureRequest) -> TwinClient:
    client = twins.client(request.param)
    client.forget()
    return client


def remembered(store: Store, at: Target, import_id: str = "now") -> RowJournal:
    return RowJournal(store, at.identity, import_id, LeasedOwner(store))


def plan(
    at: Target,
    given: Sequence[Row],
    store: Store,
    on_duplicate: OnDuplicate = "skip",
    chunk: int = 100,
    **options: Any,
) -> tuple[list[Planned], Planner]:
    with Client(at.integration) as client:
        planner = Planner([FILE], at, client, remembered(store, at, **options), on_duplicate)
        parts = [given[start : start + chunk] for start in range(0, len(given), chunk)]
        return [planned for part in parts for planned in planner.plan(part)], planner


def apply(at: Target, given: Sequence[Row], store: Store | None = None) -> None:
    with Client(at.integration) as client:
        journal = remembered(store, at, "before") if store else None
        sent = send_rows(given, at, client, journal=journal, sleep=lambda _: None)
    assert {end.outcome for _, end in sent.outcomes} == {"created"}


def actions(planned: Sequence[Planned]) -> list[str]:
    return [end.action for end in planned]


def codes(planned: Sequence[Planned]) -> list[str]:
    return [end.outcome.code if end.outcome else "" for end in planned]


DIFFERS = [Difference("city", "Rome", "Oslo")]
DOUBT = Claim("in_doubt")


@pytest.mark.parametrize(
    ("claim", "there", "differing", "on_duplicate", "expected"),
    [
        (MINE, None, [], "skip", ("create", "", None)),
        (MINE, "7", [], "skip", ("skip", "already_exists", "duplicate")),
        (MINE, "7", [], "fail", ("refuse", "exists_and_must_not", "rejected")),
        (MINE, "7", [], "update", ("unchanged", "unchanged_in_target", "unchanged")),
        (MINE, "7", DIFFERS, "update", ("update", "", None)),
        (Claim("done", remote_id="7"), None, [], "skip", ("unchanged", "already_imported", "unchanged")),
        (Claim("done", same_import=True), None, [], "update", ("unchanged", "already_imported", None)),
        (Claim("elsewhere"), None, [], "update", ("hold", "in_progress_elsewhere", None)),
        (DOUBT, None, [], "skip", ("create", "", None)),
        (DOUBT, "7", [], "skip", ("skip", "already_exists", None)),
        (DOUBT, "7", [], "update", ("unchanged", "unchanged_in_target", None)),
        (DOUBT, "7", DIFFERS, "update", ("update", "", None)),
    ],
)
def test_an_action_follows_from_what_is_known_of_a_row(
    claim: Claim,
    there: str | None,
    differing: list[Difference],
    on_duplicate: OnDuplicate,
    expected: tuple[str, str, str | None],
) -> None:
    planned = decide(2, claim, there, differing, on_duplicate, can_resolve=True)
    assert (planned.action, planned.reason, planned.outcome and planned.outcome.outcome) == expected


def test_a_row_in_doubt_that_nothing_can_resolve_is_held_back() -> None:
    planned = decide(2, DOUBT, None, [], "skip", can_resolve=False)
    assert (planned.action, planned.reason, planned.outcome) == ("hold", "answer_lost", None)
    assert decide(2, MINE, None, [], "skip", can_resolve=False).action == "create"


@pytest.mark.parametrize(("twin", "kind", "settings", "api"), KINDS, indirect=["twin"])
def test_an_update_shows_what_would_change_and_writes_nothing(
    twin: TwinClient, kind: str, settings: dict[str, Any], api: dict[str, Any], journal: Store
) -> None:
    at = target(twin.url, kind, settings, **api)
    apply(at, rows(3))
    before = twin.ledger()
    changed = [row(2), row(3, city="Oslo", phone="+12025550103"), row(4, email="C4@Example.com"), row(5)]
    planned, planner = plan(at, changed, journal, "update")
    assert actions(planned) == ["unchanged", "update", "unchanged", "create"]
    names = {at.fields.plain["city"], at.fields.plain["phone"]}
    assert {difference.field for difference in planned[1].differences} == names
    assert {(d.before, d.after) for d in planned[1].differences} == {("Rome", "Oslo"), ("", "+12025550103")}
    assert codes(planned) == ["unchanged_in_target", "", "unchanged_in_target", ""]
    assert all(end.id for end in planned[:3])
    # An address that is not written in lower case is asked for in both spellings.
    assert planner.requests == (5 if kind == "generic" else 1)
    assert twin.ledger() == before


@pytest.mark.parametrize(("twin", "kind", "settings", "api"), KINDS, indirect=["twin"])
@pytest.mark.parametrize(
    ("on_duplicate", "action", "code"),
    [("skip", "skip", "already_exists"), ("fail", "refuse", "exists_and_must_not")],
)
def test_what_is_there_is_skipped_or_refused_without_a_look_at_its_values(
    twin: TwinClient,
    kind: str,
    settings: dict[str, Any],
    api: dict[str, Any],
    on_duplicate: OnDuplicate,
    action: str,
    code: str,
    journal: Store,
) -> None:
    at = target(twin.url, kind, settings, **api)
    apply(at, [row(2)])
    planned, _ = plan(at, [row(2, city="Oslo"), row(3)], journal, on_duplicate)
    assert (actions(planned), codes(planned)) == ([action, "create"], [code, ""])
    assert not planned[0].differences
    assert not planned[0].values


@pytest.mark.parametrize(("twin", "kind", "settings", "api"), KINDS[:2], indirect=["twin"])
@pytest.mark.parametrize("on_duplicate", ["skip", "update"])
def test_the_import_does_what_the_plan_says(
    twin: TwinClient,
    kind: str,
    settings: dict[str, Any],
    api: dict[str, Any],
    on_duplicate: OnDuplicate,
    journal: Store,
) -> None:
    at = target(twin.url, kind, settings, **api)
    apply(at, rows(6))
    given = [*rows(3), *(row(line, city="Oslo") for line in range(5, 12))]
    planned, _ = plan(at, given, journal, on_duplicate)
    decided = {one.line for one in planned if one.outcome}
    with Client(at.integration) as client:
        left = [one for one in given if one.line not in decided]
        sent = send_rows(left, at, client, journal=remembered(journal, at), on_duplicate=on_duplicate)
    told = Counter(end.action for end in planned if not end.outcome)
    assert Counter(f"{end.outcome}" for _, end in sent.outcomes) == {
        f"{action}d": count for action, count in told.items()
    }


@pytest.mark.parametrize("twin", ["customers"], indirect=True)
def test_rows_an_earlier_import_applied_are_not_asked_for(twin: TwinClient, journal: Store) -> None:
    at = target(twin.url, endpoints=LOOKUP)
    apply(at, rows(3), journal)
    planned, planner = plan(at, [*rows(3), row(9)], journal, "update")
    assert (actions(planned), planner.requests) == (["unchanged"] * 3 + ["create"], 1)
    assert codes(planned) == ["already_imported"] * 3 + [""]
    again, _ = plan(at, rows(3), journal, "update", import_id="before")
    assert (actions(again), codes(again)) == (["unchanged"] * 3, [""] * 3)


@pytest.mark.parametrize("twin", ["customers"], indirect=True)
def test_a_target_that_cannot_be_asked_is_planned_by_the_journal_alone(
    twin: TwinClient, journal: Store
) -> None:
    at = target(twin.url)
    apply(at, [row(2)], journal)
    planned, planner = plan(at, rows(2), journal)
    assert (actions(planned), planner.requests) == (["unchanged", "create"], 0)


@contextlib.contextmanager
def claimed(store: Store, at: Target, one: Row, *, released: bool) -> Iterator[None]:
    """Another job sends the row, or has sent it and ended without an answer."""
    with LeasedOwner(store) as owner:
        other = RowJournal(store, at.identity, "other", owner)
        other.claim([entry_of(one, at)])
        other.record_sent([entry_of(one, at)], 0)
        if released:
            other.release()
        yield


@pytest.mark.parametrize("twin", ["customers"], indirect=True)
@pytest.mark.parametrize(
    ("released", "repeats", "endpoints", "action", "reason"),
    [
        (False, None, LOOKUP, "hold", "in_progress_elsewhere"),
        (True, "key", {}, "create", ""),  # its idempotency key makes it safe to repeat
        (True, None, {}, "hold", "answer_lost"),
        (True, None, LOOKUP, "create", ""),
    ],
)
def test_a_row_in_other_hands_or_in_doubt_is_held_unless_it_is_safe_to_send(
    twin: TwinClient,
    released: bool,
    repeats: str | None,
    endpoints: dict[str, str],
    action: str,
    reason: str,
    journal: Store,
) -> None:
    proven = {"target": f"generic {twin.url}/customers", "repeats": repeats}
    at = target(twin.url, endpoints=endpoints, proven=proven)
    with claimed(journal, at, row(2), released=released):
        [planned], _ = plan(at, [row(2)], journal)
    assert (planned.action, planned.reason, planned.outcome) == (action, reason, None)


@pytest.mark.parametrize("twin", ["customers"], indirect=True)
@pytest.mark.parametrize("on_duplicate", ["skip", "update", "fail"])
def test_a_row_in_doubt_that_is_there_is_left_to_the_sending_to_settle(
    twin: TwinClient, on_duplicate: OnDuplicate, journal: Store
) -> None:
    at = target(twin.url, endpoints=LOOKUP)
    apply(at, [row(2)])
    with claimed(journal, at, row(2), released=True):
        [planned], _ = plan(at, [row(2)], journal, on_duplicate)
    assert (bool(planned.id), planned.outcome) == (True, None)


def test_a_row_its_kind_cannot_send_is_refused_and_not_asked_for(journal: Store) -> None:
    with serve(lambda _: Reply(200, {"records": []})) as server:
        at = target(server.url, "salesforce")
        planned, _ = plan(at, [row(2, last_name="L" * 81), row(3)], journal)
    assert (actions(planned), codes(planned)) == (["refuse", "create"], ["too_long", ""])
    assert "c2%40example.com" not in server.asked[0].path


# the hash


def hashes(at: Target, given: Sequence[Row], store: Store, **options: Any) -> list[str]:
    return plan(at, given, store, **options)[1].hash.split("-")


@pytest.mark.parametrize("twin", ["customers"], indirect=True)
def test_the_hash_tells_file_mapping_and_target_apart(twin: TwinClient, journal: Store) -> None:
    at = target(twin.url, endpoints=LOOKUP)
    apply(at, rows(3))
    first_id = plan(at, rows(1), journal)[0][0].id
    same = hashes(at, rows(4), journal, on_duplicate="update")
    assert [len(part) for part in same] == [12, 12, 12]
    assert hashes(at, rows(4), journal, on_duplicate="update", chunk=1) == same
    other = target(twin.url, endpoints=LOOKUP, mapping={"external_id": "", "city": "town"})
    assert hashes(other, rows(4), journal, on_duplicate="update")[1] != same[1]
    assert hashes(at, rows(4), journal, on_duplicate="skip")[1] != same[1]
    assert hashes(at, [*rows(3), row(5, phone="1")], journal, on_duplicate="update")[1:] != same[1:]
    twin.patch(f"/customers/{first_id}", {"city": "Oslo"})
    changed = hashes(at, rows(4), journal, on_duplicate="update")
    assert (changed[:2], changed[2] == same[2]) == (same[:2], False)
    twin.patch(f"/customers/{first_id}", {"city": "Rome", "last_seen": "today"})
    assert hashes(at, rows(4), journal, on_duplicate="update") == same
    apply(at, [row(5)])
    assert hashes(at, rows(4), journal, on_duplicate="update")[2] != same[2]


@pytest.mark.parametrize("twin", ["customers"], indirect=True)
def test_where_values_do_not_matter_their_change_is_no_change(twin: TwinClient, journal: Store) -> None:
    at = target(twin.url, endpoints=LOOKUP)
    apply(at, rows(1))
    before = hashes(at, rows(2), journal)
    assert twin.patch(f"/customers/{plan(at, rows(1), journal)[0][0].id}", {"city": "Oslo"}).status == 200
    assert hashes(at, rows(2), journal) == before


# a target that gives no answer


@pytest.mark.parametrize(
    ("kind", "reply", "error", "says", "asked"),
    [
        ("salesforce", Reply(401), SignInAgain, "credential", 1),
        ("salesforce", Reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}]), WaitForQuota, "used up", 1),
        (
            "salesforce",
            Reply(400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'Town__c'"}]),
            FixSettings,
            "No such column 'Town__c' Check the field names",
            1,
        ),
        ("generic", Reply(503), TryLater, "503", 3),
        ("generic", Reply(405), FixSettings, "405", 1),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(
    kind: str, reply: Reply, error: type[Exception], says: str, asked: int, journal: Store
) -> None:
    with serve(lambda _: reply) as server:
        at = target(server.url, kind, **({"endpoints": LOOKUP} if kind == "generic" else {}))
        with pytest.raises(error, match=says):
            plan(at, rows(40), journal, "update")
    assert len(server.asked) == asked


def test_a_customer_the_target_answers_404_for_is_to_be_created(journal: Store) -> None:
    with serve(lambda _: Reply(404)) as server:
        planned, _ = plan(target(server.url, endpoints=LOOKUP), rows(2), journal, "update")
    assert actions(planned) == ["create", "create"]


def test_only_fields_that_the_file_fills_are_asked_for(journal: Store) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, {"results": []})

    with serve(answer) as server:
        plan(target(server.url, "hubspot"), [row(2)], journal, "update")
        plan(target(server.url, "hubspot"), [row(2)], journal, "skip")
    assert asked_properties(server) == [["email", "city", "firstname", "lastname"], ["email"]]


def asked_properties(server: Loopback) -> list[list[str]]:
    return [asked.json["properties"] for asked in server.asked]
