"""Rows, journal and a real HTTP server: what is sent after a crash, a lost answer, a poisoned batch."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from f.connect.client import Client
from f.customers.targets.customer_api import open_target
from f.records.journal.journal import Entry, Journal
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.rows.row import Row
from f.records.sending.parking import ParkingClient
from f.records.sending.run import Sent, send_rows
from f.records.target.target import OnDuplicate, Target, content_of, digest
from f.store.store import Store
from f.store.stores import sqlite_store
from tests.f.customers.strangers import Stranger
from tests.loopback import Asked, Loopback, Reply, serve
from tests.records import customer_row

FAST = {
    "retry_attempts": 2,
    "initial_delay": 0.001,
    "max_delay": 0.002,
    "max_concurrent_requests": 4,
    "timeout": 5,
    "in_flight_seconds": 7,
}
NO_KEYS = {"idempotency_keys": False}
LOOKUP = {"lookup": "/customers?email={email}"}
BATCH = {"batch": "/batch"}
# What a check has found out: keys are obeyed; this is how the look-up of the Crm below shows absence.
KEYS_SHOWN = {"repeats": "key"}
LOOKUP_SHOWN = {"lookup": {"at": "data", "many": True, "id_at": "id", "absent": "200 list", "lag_seconds": 0}}


# What becomes of a row whose record is there, by what the import was asked for.
IF_THERE = [("skip", "already_exists"), ("fail", "exists_and_must_not"), ("update", "updated")]

BUSY = Reply(429, headers={"Retry-After": "0"})


def rows(count: int, note: str = "") -> list[Row]:
    fields = {"notes": note} if note else {}
    return [
        customer_row(line, f"Customer {line}", f"c{line}@example.com", dict(fields))
        for line in range(2, count + 2)
    ]


@dataclass
class Crm:
    """A customer API that takes every customer it is sent, as often as it is sent it.

    `faults` are what the next creations of an address meet after they were applied (or before, for a status).
    """

    created: Counter[str] = field(default_factory=Counter)
    poison: frozenset[str] = frozenset()
    faults: dict[str, list[Reply]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Reply:
        with self.lock:
            if asked.method == "GET":
                return self.find(asked)
            if asked.path == "/batch":
                return self.batch(asked.json["customers"])
            return self.create(asked.json["email"])

    def find(self, asked: Asked) -> Reply:
        [email] = parse_qs(urlsplit(asked.path).query)["email"]
        found = [{"id": email, "email": email}] if self.created[email] else []
        return Reply(200, {"data": found})

    def create(self, email: str) -> Reply:
        fault = self.faults.get(email, [])
        reply = fault.pop(0) if fault else Reply(201, {"id": email})
        if reply.status < 300 or reply.drop:
            self.created[email] += 1
        return reply

    def batch(self, customers: Sequence[Mapping[str, str]]) -> Reply:
        emails = [customer["email"] for customer in customers]
        if self.poison & set(emails):
            return Reply(422, {"message": "One of them is bad."})
        self.created.update(emails)
        return Reply(200, {"results": [{"status": 201, "id": email} for email in emails]})


@dataclass
class Bench:
    """One target, one journal, and the clock of both."""

    url: str
    store: Store
    api: Mapping[str, Any]
    slept: list[float] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return open_target(self.api)

    def journal(self, import_id: str = "now", owner: str = "me", **options: bool) -> RowJournal:
        job = LeasedOwner(self.store, owner)
        with job:  # it has a lease and gives it back: to others it is a job that has ended
            pass
        job.permit = None
        return RowJournal(self.store, self.target.identity, import_id, job, **options)

    def send(
        self,
        given: Sequence[Row],
        *,
        on_duplicate: OnDuplicate = "skip",
        journal: Journal | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        client: Client | None = None,
    ) -> Sent:
        with Client(self.target.integration) as own:
            sent = send_rows(
                given,
                self.target,
                client or own,
                journal=journal or self.journal(),
                on_duplicate=on_duplicate,
                sleep=self.slept.append,
                cancelled=cancelled,
            )
        assert [row.line for row, _ in sent.outcomes] == [row.line for row in given]
        return sent

    def crash(self, given: Sequence[Row]) -> None:
        """Leave behind what a job leaves that dies after committing its intent."""
        entries = [Entry(digest(row.key), content_of_row(self.target, row)) for row in given]
        dead = self.journal(owner="dead")
        dead.claim(entries)
        dead.record_sent(entries, 0)
        dead.record_outcomes(done=[], in_doubt=entries, forgotten=[])


def content_of_row(target: Target, row: Row) -> str:
    return digest(content_of(target.render(row.record)))


def bench(
    server: Loopback,
    tmp_path: Path,
    settings: Mapping[str, Any] | None = None,
    proven: Mapping[str, Any] | None = None,
    **api: Any,
) -> Bench:
    settings = {**FAST, **(settings or {})}
    store = sqlite_store(tmp_path / "journal.sqlite")
    if proven:
        api["proven"] = {"target": f"generic {server.url}/customers", **proven}
    return Bench(server.url, store, {"kind": "generic", "base_url": server.url, "settings": settings, **api})


def codes(sent: Sent) -> dict[str, int]:
    return dict(Counter(end.code or end.outcome for _, end in sent.outcomes))


# runs after runs


def test_a_second_import_of_the_same_rows_sends_nothing(tmp_path: Path) -> None:
    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path)
        assert codes(at.send(rows(9))) == {"created": 9}
        again = at.send(list(reversed(rows(9))), journal=at.journal("another"))
    assert codes(again) == {"already_imported": 9}
    assert set(crm.created.values()) == {1}
    assert again.requests == 0


@pytest.mark.parametrize(("on_duplicate", "expected"), IF_THERE)
def test_a_corrected_file_changes_the_rows_that_are_there_and_creates_none(
    tmp_path: Path, on_duplicate: OnDuplicate, expected: str
) -> None:
    crm = Crm()

    def answer(asked: Asked) -> Reply:
        return Reply(200, {}) if asked.method == "PATCH" else crm(asked)

    with serve(answer) as server:
        at = bench(server, tmp_path)
        at.send(rows(9))
        corrected = [*rows(3, "corrected"), *rows(9)[3:]]
        second = at.send(corrected, journal=at.journal("another"), on_duplicate=on_duplicate)
    assert codes(second) == {expected: 3, "already_imported": 6}
    assert set(crm.created.values()) == {1}


def test_an_address_in_another_case_is_the_same_customer(tmp_path: Path) -> None:
    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path)
        at.send([customer_row(2, "Ada", "Ada@Example.com", {})])
        again = at.send([customer_row(2, "Ada", "ADA@example.com", {})], journal=at.journal("another"))
    assert codes(again) == {"already_imported": 1}
    assert crm.created.total() == 1


def test_a_run_that_resumes_gives_the_outcomes_of_before_again(tmp_path: Path) -> None:
    with serve(Crm()) as server:
        at = bench(server, tmp_path)
        at.send(rows(5))
        resumed = at.send(rows(9))
    assert codes(resumed) == {"created": 9}
    assert resumed.requests == 4
    assert {end.id for _, end in resumed.outcomes} == {f"c{line}@example.com" for line in range(2, 11)}


def test_a_rejected_or_failed_row_is_tried_again_by_the_next_run(tmp_path: Path) -> None:
    crm = Crm(faults={"c3@example.com": [Reply(422, {"message": "no"})], "c4@example.com": [BUSY] * 3})
    with serve(crm) as server:
        at = bench(server, tmp_path)
        assert codes(at.send(rows(4))) == {"created": 2, "rejected_by_api": 1, "service_unavailable": 1}
        assert codes(at.send(rows(4))) == {"created": 4}
    assert set(crm.created.values()) == {1}


def test_a_customer_another_job_is_sending_is_left_to_it(tmp_path: Path) -> None:
    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path)
        with LeasedOwner(at.store, "other") as owner:
            other = RowJournal(at.store, at.target.identity, "now", owner)
            other.record_sent([Entry(digest("c3@example.com"), "x")], 5)
            assert codes(at.send(rows(3))) == {"created": 2, "in_progress_elsewhere": 1}
    assert crm.created["c3@example.com"] == 0


def test_one_customer_twice_in_a_chunk_is_sent_once(tmp_path: Path) -> None:
    with serve(Crm()) as server:
        sent = bench(server, tmp_path).send([*rows(2), *[replace(row, line=row.line + 2) for row in rows(2)]])
    assert codes(sent) == {"created": 2, "duplicate_in_file": 2}


# in doubt


@pytest.mark.parametrize(
    ("settings", "endpoints", "proven", "applied", "expected", "times"),
    [
        # an API that obeys keys knows a repeated row; this one does not, so that the repetition shows
        ({}, {}, KEYS_SHOWN, False, "created", 1),
        ({}, {}, KEYS_SHOWN, True, "created", 2),
        # for longer than the API keeps a key, it proves nothing
        ({"idempotency_key_hours": 0}, {}, KEYS_SHOWN, True, "answer_lost", 1),
        # that a key is sent proves nothing either
        ({}, {}, {}, True, "answer_lost", 1),
        (NO_KEYS, {}, KEYS_SHOWN, True, "answer_lost", 1),
        ({}, {}, {"repeats": "record"}, True, "created", 2),
        # a record that is found is there; one that is not found is absent only if that was seen to be so
        (NO_KEYS, LOOKUP, {}, True, "found_in_target", 1),
        (NO_KEYS, LOOKUP, {}, False, "answer_lost", 0),
        (NO_KEYS, LOOKUP, LOOKUP_SHOWN, True, "found_in_target", 1),
        (NO_KEYS, LOOKUP, LOOKUP_SHOWN, False, "created", 1),
        (NO_KEYS, {}, {}, True, "answer_lost", 1),
        (NO_KEYS, {}, {}, False, "answer_lost", 0),
        ({}, BATCH, KEYS_SHOWN, True, "answer_lost", 1),
        ({}, BATCH | LOOKUP, KEYS_SHOWN, True, "found_in_target", 1),
    ],
)
def test_a_row_in_doubt_is_repeated_looked_up_or_left_as_the_target_allows(
    tmp_path: Path,
    settings: dict[str, Any],
    endpoints: dict[str, str],
    proven: dict[str, Any],
    applied: bool,
    expected: str,
    times: int,
) -> None:
    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path, settings, proven, endpoints=endpoints)
        at.crash(rows(1))
        crm.created["c2@example.com"] = int(applied)
        assert codes(at.send(rows(1))) == {expected: 1}
    assert crm.created["c2@example.com"] == times


def test_a_changed_row_in_doubt_is_not_covered_by_its_key(tmp_path: Path) -> None:
    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path)
        at.crash(rows(1))
        assert codes(at.send(rows(1, "changed"))) == {"answer_lost": 1}
    assert not crm.created


@pytest.mark.parametrize(("on_duplicate", "expected"), IF_THERE)
def test_a_changed_row_that_is_found_is_an_existing_customer(
    tmp_path: Path, on_duplicate: OnDuplicate, expected: str
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, {}) if asked.method == "PATCH" else crm(asked)

    crm = Crm(created=Counter({"c2@example.com": 1}))
    with serve(answer) as server:
        at = bench(server, tmp_path, NO_KEYS, endpoints=LOOKUP)
        at.crash(rows(1))
        assert codes(at.send(rows(1, "changed"), on_duplicate=on_duplicate)) == {expected: 1}
    assert crm.created == {"c2@example.com": 1}


def test_a_changed_row_that_the_look_up_does_not_show_is_not_made_anew(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            return Reply(200, {"data": []})
        crm(asked)
        return Reply(204)

    crm = Crm()
    with serve(answer) as server:
        at = bench(server, tmp_path, NO_KEYS, LOOKUP_SHOWN, endpoints=LOOKUP)
        at.send(rows(1))
        assert codes(at.send(rows(1, "changed"), on_duplicate="update")) == {"not_shown": 1}
    assert crm.created == {"c2@example.com": 1}


def test_a_row_of_an_earlier_import_does_not_show_how_late_the_look_up_knows(tmp_path: Path) -> None:
    hidden = {"c2@example.com", "c3@example.com"}

    def answer(asked: Asked) -> Reply:
        if asked.method == "GET" and parse_qs(urlsplit(asked.path).query)["email"][0] in hidden:
            return Reply(200, {"data": []})
        return crm(asked)

    crm = Crm(faults={"c3@example.com": [Reply(drop=True)]})
    with serve(answer) as server:
        at = bench(server, tmp_path, NO_KEYS, endpoints=LOOKUP)
        assert codes(at.send(rows(1))) == {"created": 1}
        hidden.remove("c2@example.com")
        assert codes(at.send(rows(2))) == {"created": 1, "answer_lost": 1}
        hidden.remove("c3@example.com")
        assert codes(at.send(rows(2)[1:])) == {"found_in_target": 1}
        assert at.journal().proof() is None
    assert set(crm.created.values()) == {1}


def test_a_row_is_looked_up_once_in_a_run_for_the_second_answer_may_be_the_first_one_kept(
    tmp_path: Path,
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, {"data": []}) if asked.method == "GET" else crm(asked)

    crm = Crm(faults={"c2@example.com": [Reply(drop=True)]})
    with serve(answer) as server:
        at = bench(server, tmp_path, NO_KEYS, LOOKUP_SHOWN, endpoints=LOOKUP)
        at.crash(rows(1))
        assert codes(at.send(rows(1))) == {"answer_lost": 1}
    assert crm.created == {"c2@example.com": 1}


def test_a_key_that_is_refused_for_another_spelling_leaves_the_row_in_doubt(tmp_path: Path) -> None:
    spelled = customer_row(2, "Customer 2", "C2@example.com")
    with serve(lambda _: Reply(422, {"message": "This key came with another body."})) as server:
        at = bench(server, tmp_path, proven=KEYS_SHOWN)
        at.crash(rows(1))
        assert codes(at.send([spelled])) == {"answer_unclear": 1}
        [claim] = at.journal().look([Entry(digest(spelled.key), "")]).values()
    assert claim.state == "in_doubt"


def test_a_person_who_looked_may_have_doubtful_rows_sent(tmp_path: Path) -> None:
    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path, NO_KEYS)
        at.crash(rows(2))
        assert codes(at.send(rows(2))) == {"answer_lost": 2}
        assert codes(at.send(rows(2), journal=at.journal(resend_unknown=True))) == {"created": 2}


def test_what_was_sent_is_given_time_to_arrive_before_it_is_looked_up(tmp_path: Path) -> None:
    with serve(Crm()) as server:
        at = bench(server, tmp_path, NO_KEYS, endpoints=LOOKUP)
        at.crash(rows(1))
        at.send(rows(1))
    [waited] = at.slept
    assert 6 < waited <= 7


@pytest.mark.parametrize("applied", [True, False])
def test_an_answer_lost_in_this_run_is_looked_up_at_once(tmp_path: Path, applied: bool) -> None:
    fault = Reply(drop=True) if applied else Reply(500)
    crm = Crm(faults={"c3@example.com": [fault]})
    with serve(crm) as server:
        sent = bench(server, tmp_path, NO_KEYS, endpoints=LOOKUP).send(rows(4))
    assert codes(sent) == ({"created": 3, "found_in_target": 1} if applied else {"created": 4})
    assert set(crm.created.values()) == {1}


def test_a_lookup_that_fails_leaves_the_doubt_for_the_next_run(tmp_path: Path) -> None:
    down = threading.Event()
    down.set()

    def answer(asked: Asked) -> Reply:
        return Reply(503) if down.is_set() else crm(asked)

    crm = Crm(created=Counter({"c2@example.com": 1}))
    with serve(answer) as server:
        at = bench(server, tmp_path, NO_KEYS, endpoints=LOOKUP)
        at.crash(rows(1))
        assert codes(at.send(rows(1))) == {"answer_lost": 1}
        down.clear()
        assert codes(at.send(rows(1))) == {"found_in_target": 1}
    assert crm.created == {"c2@example.com": 1}


def test_a_doubt_outlives_a_run_that_could_not_send(tmp_path: Path) -> None:
    with serve(lambda _: Reply(401)) as server:
        at = bench(server, tmp_path, proven=KEYS_SHOWN)
        at.crash(rows(2))
        assert set(codes(at.send(rows(2)))) == {"credential_refused", "not_sent"}
        states = [state for (state,) in at.store.execute("SELECT state FROM import_rows")]
    assert states == ["sent", "sent"]


@pytest.mark.parametrize(("on_duplicate", "code"), [("skip", "already_exists"), ("fail", "answer_unclear")])
def test_a_409_after_a_lost_answer_may_be_our_own_doing_or_not(
    tmp_path: Path, on_duplicate: OnDuplicate, code: str
) -> None:
    replies = [Reply(drop=True), Reply(409, {"existing_id": "7"})]
    with serve(lambda asked: replies.pop(0)) as server:
        at = bench(server, tmp_path, proven={"repeats": "record"})
        sent = at.send(rows(1), on_duplicate=on_duplicate)
    assert sent.outcomes[0][1].code == code
    assert "may have made it" in sent.outcomes[0][1].detail


@pytest.mark.parametrize(
    ("name", "skip", "fail"),
    [
        ("Customer 2", "found_in_target", "found_in_target"),
        ("Nobody", "already_exists", "exists_and_must_not"),
    ],
)
@pytest.mark.parametrize("on_duplicate", ["skip", "fail"])
def test_a_record_found_after_a_lost_answer_is_ours_if_its_values_are(
    tmp_path: Path, name: str, skip: str, fail: str, on_duplicate: OnDuplicate
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            return Reply(503)
        found = {"id": "7", "email": "c2@example.com", "name": name}
        return Reply(200, {"data": [found] if "c2" in asked.path else []})

    with serve(answer) as server:
        at = bench(server, tmp_path, NO_KEYS, LOOKUP_SHOWN | {"exists_status": 409}, endpoints=LOOKUP)
        sent = at.send(rows(1), on_duplicate=on_duplicate)
    assert codes(sent) == {skip if on_duplicate == "skip" else fail: 1}


@pytest.mark.parametrize(("on_duplicate", "code"), IF_THERE)
def test_an_api_that_was_not_seen_to_refuse_a_second_record_is_asked_for_each_row_first(
    tmp_path: Path, on_duplicate: OnDuplicate, code: str
) -> None:
    api = Stranger()  # takes any customer as a new one
    api.stored.append({"id": "7", "email": "c2@example.com", "name": "Another"})
    with serve(api) as server:
        at = bench(server, tmp_path, NO_KEYS, LOOKUP_SHOWN, endpoints=LOOKUP)
        assert codes(at.send(rows(2), on_duplicate=on_duplicate)) == {code: 1, "created": 1}
    name = "Customer 2" if on_duplicate == "update" else "Another"
    assert [(one["id"], one["name"]) for one in api.stored] == [("7", name), ("2", "Customer 3")]


# poisoned batches, locked rows


def test_a_poisoned_batch_is_halved_until_only_the_guilty_rows_are_left(tmp_path: Path) -> None:
    crm = Crm(poison=frozenset({"c40@example.com", "c77@example.com"}))
    with serve(crm) as server:
        sent = bench(server, tmp_path, endpoints=BATCH).send(rows(101))
    assert codes(sent) == {"created": 99, "rejected_by_api": 2}
    assert [row.line for row, end in sent.outcomes if end.outcome == "rejected"] == [40, 77]
    assert set(crm.created.values()) == {1}
    assert sent.requests <= 2 + 2 * 14


def test_a_batch_refused_for_every_row_costs_a_bounded_number_of_calls(tmp_path: Path) -> None:
    with serve(Crm(poison=frozenset(f"c{line}@example.com" for line in range(3, 1000)))) as server:
        sent = bench(server, tmp_path, endpoints=BATCH).send(rows(400))
    assert codes(sent)["created"] == 1
    assert codes(sent)["batch_refused"] > 200
    assert sum(codes(sent).values()) == 400
    assert sent.requests <= 1 + 4 + 200


def test_a_row_of_a_batch_whose_own_part_denies_the_success_is_not_created(tmp_path: Path) -> None:
    part = {"status": 200, "ok": False, "message": "no database"}
    with serve(lambda asked: Reply(200, {"results": [part] * len(asked.json["customers"])})) as server:
        at = bench(server, tmp_path, endpoints=BATCH)
        assert codes(at.send(rows(3))) == {"answer_lost": 3}


def test_locked_rows_are_tried_again_in_smaller_batches(tmp_path: Path) -> None:
    sizes: list[int] = []
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}]}

    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            return Reply(200, {"totalSize": 0, "done": True, "records": []})
        sizes.append(len(asked.json["records"]))
        free = {"success": True, "id": "003A", "errors": []}
        return Reply(200, [locked if sizes[-1] > 2 else free] * sizes[-1])

    with serve(answer) as server:
        at = bench(server, tmp_path, {"max_concurrent_requests": 1}, kind="salesforce")
        assert codes(at.send(rows(9))) == {"created": 9}
    assert sizes == [9, 5, 4, 3, 2, 2, 2, 2, 1]


def test_rows_that_stay_locked_fail_and_are_safe_to_feed_again(tmp_path: Path) -> None:
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}]}

    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            return Reply(200, {"totalSize": 0, "done": True, "records": []})
        return Reply(200, [locked] * len(asked.json["records"]))

    with serve(answer) as server:
        sent = bench(server, tmp_path, kind="salesforce").send(rows(1))
    assert [(end.outcome, end.code) for _, end in sent.outcomes] == [("failed", "row_locked")]
    assert sent.requests == 7


# ends before the end


def test_a_quota_behind_a_403_is_told_from_a_refused_credential(tmp_path: Path) -> None:
    used_up = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    with serve(lambda _: Reply(403, used_up)) as server:
        sent = bench(server, tmp_path, kind="salesforce").send(rows(3))
    assert sent.stopped is not None
    assert sent.stopped["code"] == "quota_used_up"


def test_a_row_in_doubt_that_could_not_be_looked_up_for_want_of_quota_waits_and_stays_in_doubt(
    tmp_path: Path,
) -> None:
    crm = Crm(created=Counter({"c2@example.com": 1}))
    with serve(crm) as server:
        at = bench(server, tmp_path, NO_KEYS | {"daily_limit": 1}, endpoints=LOOKUP)
        at.crash(rows(2))
        with sqlite_store(tmp_path / "limits.sqlite") as limits:
            with ParkingClient(at.target, limits, park_after=300) as client:
                first = at.send(rows(3), client=client)
            assert codes(first) == {"created": 1, "answer_lost": 1, "parked": 1}
            assert first.stopped is not None
            assert first.stopped["code"] == "parked"
            limits.execute("UPDATE import_calls SET day = day - 1")
            with ParkingClient(
                open_target({**at.api, "settings": FAST | NO_KEYS}), limits, park_after=300
            ) as client:
                second = at.send(rows(3), client=client)
    assert codes(second) == {"created": 2, "found_in_target": 1}
    assert set(crm.created.values()) == {1}


def test_a_cancelled_run_awaits_what_is_under_way_and_sends_no_more(tmp_path: Path) -> None:
    cancel = threading.Event()
    crm = Crm()

    def answer(asked: Asked) -> Reply:
        if asked.json["email"] == "c30@example.com":
            cancel.set()
        return crm(asked)

    with serve(answer) as server:
        at = bench(server, tmp_path, {"batch_size": 20})
        sent = at.send(rows(100), cancelled=cancel.is_set)
        assert sent.stopped is not None
        assert sent.stopped["code"] == "cancelled"
        assert codes(sent) == {"created": len(crm.created), "not_sent": 100 - len(crm.created)}
        assert 28 < len(crm.created) < 60
        assert codes(at.send(rows(100))) == {"created": 100}
    assert set(crm.created.values()) == {1}


def test_an_update_that_a_cancellation_came_before_is_left_to_do(tmp_path: Path) -> None:
    cancel = threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.method == "PATCH":
            cancel.set()
            return Reply(200, {})
        return Reply(409, {"existing_id": asked.json["email"]})

    with serve(answer) as server:
        at = bench(server, tmp_path, {"max_concurrent_requests": 1})
        sent = at.send(rows(20), on_duplicate="update", cancelled=cancel.is_set)
        updated = sum(asked.method == "PATCH" for asked in server.asked)
        assert codes(sent) == {"updated": updated, "not_sent": 20 - updated}
        assert updated < 20


def test_an_update_of_a_customer_that_is_gone_is_about_that_row_alone(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "PATCH":
            return Reply(404 if asked.path.endswith("/2") else 200, {})
        return Reply(409, {"existing_id": asked.json["email"].split("@")[0][1:]})

    with serve(answer) as server:
        sent = bench(server, tmp_path).send(rows(3), on_duplicate="update")
    assert codes(sent) == {"updated": 2, "rejected_by_api": 1}
    assert sent.stopped is None


def test_the_journal_holds_no_personal_data(tmp_path: Path) -> None:
    with serve(Crm()) as server:
        at = bench(server, tmp_path)
        at.send(rows(4))
    stored = repr(at.store.execute("SELECT record_key, content, target, import_id, owner FROM import_rows"))
    assert server.url in stored
    assert "example.com" not in stored
    assert "Customer" not in stored


def test_a_look_up_whose_answers_are_documented_is_asked_once(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        found = [{"Id": "003A", "Email": "c2@example.com"}]
        return Reply(200, {"totalSize": 1, "done": True, "records": found})

    with serve(answer) as server:
        sent = bench(server, tmp_path, kind="salesforce").send(rows(1))
        asked = len(server.asked)
    assert (codes(sent), asked) == ({"already_exists": 1}, 1)
