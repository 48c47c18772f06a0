"""Bringing rows to the target: created, looked up, split, waited for, until each has an outcome."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import (
    ConnectError,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.metrics import Histogram
from f.connect.times import parse_iso
from f.records.journal.row_journal import Claim
from f.records.report.summary import Stop
from f.records.rows.outcome import CustomerRow, Found, RowOutcome
from f.records.rows.reasons import REASONS
from f.records.sending.bisection import Bisection
from f.records.sending.bulk_load import BulkLoading
from f.records.sending.parking import Parked
from f.records.target.target import OnDuplicate, Target

Rows = Sequence[CustomerRow]

# Replies that are about the whole import, not about one row: no credential, or no such endpoint.
_ENDS_THE_RUN = frozenset({401, 403, 404, 405, 410})
# What an error makes of the row it met; the first that fits counts.
_CODES: dict[type[ConnectError], str] = {
    Parked: "parked",
    SignInAgain: "credential_refused",
    FixSettings: "wrong_settings",
    WaitForQuota: "quota_used_up",
    TryLater: "service_unavailable",
    GiveUpRecord: "rejected_by_api",
    OutcomeUnknown: "answer_lost",
}
_STOPPING = (SignInAgain, FixSettings, WaitForQuota)
_LOST = frozenset({"answer_lost", "answer_lost_keyed"})
# How long one job waits in all while the circuit breaker keeps calls from a service that is down.
_PATIENCE_SECONDS = 120.0
_CIRCUIT_WAIT_SECONDS = 5.0
# How often locked rows are tried again, each time in batches of half the size, and the wait before.
_LOCK_ROUNDS = 5
_LOCK_WAIT_SECONDS = 1.0
# By how much the target's clock and ours may differ.
_CLOCKS_DIFFER_SECONDS = 300.0


@dataclass(slots=True)
class Delivery:
    """What is remembered from batch to batch. `ends` has the outcome of every row that was tried, by line.

    `doubts` are the rows that may have been applied before, by line; `now` is the clock of their `since`.
    """

    target: Target
    client: Client
    on_duplicate: OnDuplicate
    sleep: Callable[[float], object]
    now: Callable[[], float]
    cancelled: Callable[[], bool]
    intend: Callable[[Rows], None]  # commits that rows thought sent already are sent after all
    note: Callable[[Rows, str], None]  # commits which bulk job holds which rows
    answered: Callable[[], object]
    ends: dict[int, RowOutcome] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0  # spent waiting for answers, added up
    latencies: Histogram = field(default_factory=Histogram)
    stopped: Stop | None = None
    loads_in_bulk: bool = False
    proven: bool = False  # the target has taken a request: credential and endpoint are right
    _doubts: Mapping[int, Claim] = field(default_factory=dict)
    _began: float = 0.0  # before anything of these rows was sent
    _lost_now: frozenset[int] = frozenset()  # rows whose only doubt is of this run
    _patience: float = _PATIENCE_SECONDS
    _bisection: Bisection = field(default_factory=Bisection)
    _held_back: list[CustomerRow] = field(default_factory=list)
    _refused: list[Rows] = field(default_factory=list)
    _locked: list[Rows] = field(default_factory=list)

    def deliver(self, rows: Rows, doubts: Mapping[int, Claim]) -> None:
        """Give each of the rows an outcome, unless the run is stopped first."""
        self._doubts, self._began, self._lost_now = doubts, self.now(), frozenset()
        ask, send = self._parted(self._after_jobs(rows))
        self._create([*send, *self._absent(ask)])
        self._resolve([row for row in rows if self._is_lost(row)])
        if self.on_duplicate == "update":
            self._update(rows)

    def _parted(self, rows: Rows) -> tuple[Rows, Rows]:
        """The rows to look up before they are sent, and those to send at once."""
        looks_first = self.target.kind.looks_first(self.target, self.on_duplicate)
        ask: list[CustomerRow] = []
        send: list[CustomerRow] = []
        for row in rows:
            doubt = self._doubts.get(row.line)
            if doubt is not None and not self.target.repeats_safely(
                self.on_duplicate, same_content=doubt.same_content
            ):
                if self.target.can_ask:
                    ask.append(row)
                else:
                    self.ends[row.line] = RowOutcome.because("answer_lost")
            else:
                (ask if looks_first else send).append(row)
        return ask, send

    def _resolve(self, rows: Rows) -> None:
        """Look up rows whose answer this very run has lost, and send those once more that are not there."""
        if rows and self.target.can_ask and not self._stopping():
            self._lost_now = frozenset(_lines(rows)) - self._doubts.keys()
            lost = Claim("in_doubt", since=self.now())
            self._doubts = {**self._doubts, **{row.line: lost for row in rows}}
            self._create(self._absent(rows))

    def _is_lost(self, row: CustomerRow) -> bool:
        end = self.ends.get(row.line)
        return end is not None and end.code in _LOST

    def _stopping(self) -> bool:
        return self.stopped is not None or self.cancelled()

    # bulk jobs

    def _after_jobs(self, rows: Rows) -> Rows:
        """Ask for the end of bulk jobs that an earlier run has begun; back come the rows in none."""
        bulk = self._bulk()
        jobs: dict[str, list[CustomerRow]] = {}
        for row in rows:
            job = self._doubts[row.line].remote_id if row.line in self._doubts else None
            if job:
                jobs.setdefault(job, []).append(row)
        if bulk is None or not jobs:
            return rows
        free: list[CustomerRow] = []
        for job, members in jobs.items():
            ends = bulk.resume(job, members)
            if ends is None:  # it was never closed: nothing of it was applied
                self.intend(members)
                free += members
            else:
                self.ends.update({line: self._as_sent(line, end) for line, end in ends.items()})
        self._doubts = {line: claim for line, claim in self._doubts.items() if not claim.remote_id}
        return [*(row for row in rows if row.line not in self.ends and row not in free), *free]

    def _as_sent(self, line: int, end: RowOutcome) -> RowOutcome:
        """What became of a row in a job; what was sent with other content is there, but not as it is now."""
        if end.outcome in {"created", "updated"} and not self._doubts[line].same_content:
            end = RowOutcome.because("already_exists", id=end.id)
        return self._by_wish(end)

    def _load(self, rows: Rows) -> None:
        """Send the rows as one job; where it could not be closed, nothing was applied."""
        bulk = self._bulk()
        assert bulk is not None
        try:
            ends = bulk.load(rows, self.on_duplicate)
        except ConnectError as error:
            failure = self._failed(error)
            if failure.outcome == "unknown":
                failure = RowOutcome.because("service_unavailable", str(error))
            ends = dict.fromkeys(_lines(rows), failure)
        for row in rows:
            if row.line in ends:
                self._note_ends([row], [self._by_wish(ends[row.line])])

    def _bulk(self) -> BulkLoading | None:
        if self.target.kind.bulk is None:
            return None
        return BulkLoading(
            self.target.kind.bulk,
            self.target,
            self.client,
            self.sleep,
            self.cancelled,
            self.note,
            self._count,
        )

    # looking up

    def _absent(self, rows: Rows) -> Rows:
        """Ask the target for the rows; an outcome for those it has, and back come those it has not."""
        if not rows or self._stopping():
            return []
        self._let_land(rows)
        absent: list[CustomerRow] = []
        names = [name for name in (self.target.kind.created_field,) if name]
        for asked, result in self._sent(self.target.kind.lookups_for(rows, self.target, names)):
            if isinstance(result, Response) and (result.success or result.status == 404):
                found = self.target.kind.found_in(result, asked, self.target)
                absent += [row for row in asked if row.line not in found]
                for line, customer in found.items():
                    end = RowOutcome.because("already_exists", id=customer.id)
                    known_before = line in self._lost_now and self._was_there(customer)
                    self.ends[line] = self._by_wish(end) if known_before else self._existing(line, end)
            else:
                self.ends.update({row.line: self._not_told(row, result) for row in asked})
        self.intend(absent)
        return absent

    def _was_there(self, customer: Found) -> bool:
        """Whether a customer is older than this run, by the target's own word and over clocks that differ."""
        made = parse_iso(customer.record.get(self.target.kind.created_field))
        return made is not None and made < self._began - _CLOCKS_DIFFER_SECONDS

    def _let_land(self, rows: Rows) -> None:
        """Wait until what was sent must have reached the target: before, not finding it proves nothing."""
        sent = [self._doubts[row.line].since for row in rows if row.line in self._doubts]
        longest = self.target.in_flight_seconds
        wait = min(max(sent, default=0.0) + longest - self.now(), longest)
        if sent and wait > 0:
            self.sleep(wait)

    def _existing(self, line: int, end: RowOutcome, *, lost_before: bool = False) -> RowOutcome:
        """The outcome of a row that is there already: one that may have been sent before is there by that."""
        doubt = self._doubts.get(line)
        ours = lost_before or (doubt is not None and doubt.same_content)
        if ours and self.on_duplicate != "update":
            return RowOutcome.because("found_in_target", id=end.id)
        return self._by_wish(end)

    def _by_wish(self, end: RowOutcome) -> RowOutcome:
        """What the import was asked to do with a customer that is there; an update follows."""
        must_not = end.outcome == "duplicate" and self.on_duplicate == "fail"
        return RowOutcome.because("exists_and_must_not") if must_not else end

    def _not_told(self, row: CustomerRow, result: Response | ConnectError) -> RowOutcome:
        """A lookup without an answer: the doubt stays; what was never sent was not."""
        failure = self._failed(result) if isinstance(result, ConnectError) else self._refusal_of_all(result)
        if row.line in self._doubts and not isinstance(result, Parked):
            return RowOutcome.because("answer_lost", failure.detail if failure else "")
        return failure or RowOutcome.because("service_unavailable", f"The look-up answered {result.status}.")

    # creating

    def _create(self, rows: Rows) -> None:
        """Create the rows. A new target gets the first alone: a refused credential is tried once."""
        if rows and not self.proven:
            self._create_all([rows[:1]])
            rows = rows[1:]
        if rows and self.loads_in_bulk and not self._stopping():
            self._locked = []
            self._load(rows)
            self._create_all(self._locked)  # by collections, which may be made smaller
        elif rows:
            self._create_all([rows])

    def _create_all(self, groups: Sequence[Rows]) -> None:
        """Send groups of rows, and again what was held back, refused as a batch, or locked."""
        kind, locked_rounds = self.target.kind, 0
        while groups and not self._stopping():
            self._held_back, self._refused, self._locked = [], [], []
            self._send_all(
                request
                for group in groups
                for request in kind.requests_for(group, self.target, self.on_duplicate)
            )
            groups = [*self._after_circuit(), *self._halved()]
            if self._locked and locked_rounds < _LOCK_ROUNDS and not self._stopping():
                locked_rounds += 1
                self.sleep(_LOCK_WAIT_SECONDS)
                groups += [part for rows in self._locked for part in _halves(rows)]

    def _after_circuit(self) -> list[Rows]:
        """Wait out an open circuit: what it held back was never sent."""
        rows = self._held_back
        if not rows or self._stopping():
            return []
        if self._patience <= 0:
            self.stopped = {"code": "service_down", "message": REASONS["service_down"].message}
            self.ends.update(dict.fromkeys(_lines(rows), RowOutcome.because("service_down")))
            return []
        self.sleep(_CIRCUIT_WAIT_SECONDS)
        self._patience -= _CIRCUIT_WAIT_SECONDS
        return [rows]

    def _halved(self) -> list[Rows]:
        return [half for rows in self._refused for half in self._bisection.halves(rows)]

    def _update(self, rows: Rows) -> None:
        """Update the customers that are there already; where the run stops before, they are left to do."""
        due = [row for row in rows if self._is_there(row)]
        self._send_all(self._updates(due))
        left = [row for row in due if self._is_there(row)]
        self.ends.update(dict.fromkeys(_lines(left), RowOutcome.because("not_sent")))

    def _is_there(self, row: CustomerRow) -> bool:
        end = self.ends.get(row.line)
        return end is not None and end.outcome == "duplicate" and bool(end.id)

    def _updates(self, rows: Rows) -> Iterable[Request]:
        for row in rows:
            yield self.target.kind.update_for(row, self.ends[row.line].id or "", self.target)

    # sending and reading

    def _send_all(self, requests: Iterable[Request]) -> None:
        """Send writes and note the outcome of every row, or where it has to go again."""
        for rows, result in self._sent(requests):
            if isinstance(result, TryLater) and result.code in {"circuit_open", "cancelled"}:
                self._held_back += rows
            elif isinstance(result, Response):
                self._note_ends(rows, self._read(result, rows))
            else:
                self._note_ends(rows, [self._failed(result)] * len(rows))

    def _sent(self, requests: Iterable[Request]) -> Iterable[tuple[Rows, Response | ConnectError]]:
        """Send until done or stopped, and count. A new target gets the first request alone."""
        going = takewhile(lambda _: not self._stopping(), requests)
        for some in (going,) if self.proven else (islice(going, 1), going):
            for request, result in self.client.send_many(
                some, concurrency=self.target.max_concurrent_requests
            ):
                self._count(result)
                yield request.context, result

    def _count(self, result: Response | ConnectError) -> None:
        if isinstance(result, WaitForQuota) and not result.attempts:
            return  # refused on this side
        self.requests += 1
        if isinstance(result, Response):
            self.retries += result.attempts - 1
            self.seconds += result.elapsed
            self.latencies.add(result.elapsed)
            self.proven = True
        else:
            self.retries += max(result.attempts - 1, 0)
        self.answered()

    def _note_ends(self, rows: Rows, ends: Sequence[RowOutcome]) -> None:
        self.ends.update({row.line: end for row, end in zip(rows, ends, strict=True)})
        if len(rows) > 1 and ends[0].code == "batch_refused":
            self._refused.append(rows)
        locked = [row for row, end in zip(rows, ends, strict=True) if end.code == "row_locked"]
        if locked:
            self._locked.append(locked)

    def _read(self, response: Response, rows: Rows) -> list[RowOutcome]:
        if response.request.endpoint in {"customer", "contact"}:  # an update of one that was there
            if response.success:
                return [RowOutcome("updated")]
            if response.status in {404, 410}:
                return [RowOutcome.because("rejected_by_api", f"{response.status} It is no longer there.")]
        ending = self._refusal_of_all(response)
        if ending is not None:
            return [ending] * len(rows)
        ends = self.target.kind.outcomes_from(response, rows)
        return [
            self._existing(row.line, end, lost_before=response.in_doubt)
            if end.outcome == "duplicate"
            else end
            for row, end in zip(rows, ends, strict=True)
        ]

    def _refusal_of_all(self, response: Response) -> RowOutcome | None:
        """A reply that is about the whole run, which it ends; else None."""
        if response.status not in _ENDS_THE_RUN and not 300 <= response.status < 400:
            return None
        code = self.target.kind.stop_code(response)
        try:
            response.raise_for_status()
        except ConnectError as error:
            return self._failed(error, code)
        return None

    def _failed(self, error: ConnectError, code: str | None = None) -> RowOutcome:
        """The outcome of a row whose request got no usable answer; some errors end the run as well."""
        code = code or next(code for kind, code in _CODES.items() if isinstance(error, kind))
        if isinstance(error, OutcomeUnknown) and error.repeat_safe:
            code = "answer_lost_keyed"
        if self.stopped is None and isinstance(error, Parked):
            self.stopped = error.stop()
        elif self.stopped is None and isinstance(error, _STOPPING):
            self.stopped = {"code": code, "message": str(error)}
        return RowOutcome.because(code, str(error))


def _lines(rows: Rows) -> list[int]:
    return [row.line for row in rows]


def _halves(rows: Rows) -> list[Rows]:
    middle = (len(rows) + 1) // 2
    return [part for part in (rows[:middle], rows[middle:]) if part]
