"""What an import would do with each of its rows, found out without writing anything.

The journal knows what earlier imports applied, the target what is there. From both comes an action for
each row, and over all of them a hash of three parts: the file, what would be sent, and what is there now.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from f.connect.errors import ConnectError, FixSettings, WaitForQuota
from f.records.planning.diff import Difference, as_text, differences
from f.records.rows.outcome import REASONS, RowOutcome
from f.records.rows.row import Found, Row
from f.records.rows.row_store import read_rows
from f.records.sending.batch_claims import entry_of
from f.records.sending.lookup import kept_proof
from f.records.sending.session import open_import
from f.records.target.lookup_proof import seems_empty
from f.records.target.replies import body_of, explanation
from f.records.target.target import OnDuplicate, Target, content_of
from f.records.target.values import leaves, value_at

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.records.journal.journal import Claim, Entry, Journal
    from f.records.planning.plan import Action
    from f.records.reading.parsed import Parsed
    from f.records.target.lookup_proof import LookupReading

UNPROVEN = (
    "The look-up has not been seen yet to find a record of this target, so a row that it does not show may "
    "be there."
)
_PART = 12  # hexadecimal digits of each part of the hash
_ASKED = frozenset({"mine", "in_doubt", "changed"})
# What becomes of a record that is there and has nothing to be updated, and why.
_IF_THERE: dict[OnDuplicate, tuple[Action, str]] = {
    "skip": ("skip", "already_exists"),
    "update": ("unchanged", "unchanged_in_target"),
    "fail": ("refuse", "exists_and_must_not"),
}


class Planned(NamedTuple):
    """What an import would do with a row. `outcome` is set if that needs no sending.

    `reason` is a code of REASONS or empty; `values` are those of the record in the target. `key` is what
    makes two rows the same record.
    """

    line: int
    action: Action
    reason: str = ""
    id: str | None = None
    differences: Sequence[Difference] = ()
    values: Sequence[str] = ()
    outcome: RowOutcome | None = None
    key: str = ""


def decide(
    line: int,
    claim: Claim,
    there: str | None,
    differing: Sequence[Difference],
    on_duplicate: OnDuplicate,
    *,
    can_resolve: bool,
) -> Planned:
    """Return the action for a row from what is known of it. `there` is the id of the record in the target.

    A row in doubt gets no outcome from a plan: sending it finds out more, if the target can be asked or the
    row repeated (`can_resolve`).
    """
    in_doubt = claim.state == "in_doubt"
    if claim.state == "done":
        # What this very import has applied already is its own doing, and counted as such.
        outcome = None if claim.same_import else RowOutcome.because("already_imported", id=claim.remote_id)
        return Planned(line, "unchanged", "already_imported", claim.remote_id, outcome=outcome)
    if claim.state == "elsewhere":
        return Planned(line, "hold", "in_progress_elsewhere")
    if there is None and claim.state == "changed":
        return _changed(line, claim.remote_id, on_duplicate)
    if there is None:
        lost = in_doubt and not can_resolve
        return Planned(line, "hold", "answer_lost") if lost else Planned(line, "create")
    if on_duplicate == "update" and differing:
        return Planned(line, "update", "", there, differing)
    action, code = _IF_THERE[on_duplicate]
    outcome = None if in_doubt else RowOutcome.because(code, id=there)
    return Planned(line, action, code, there, outcome=outcome)


def _changed(line: int, remote_id: str | None, on_duplicate: OnDuplicate) -> Planned:
    """What becomes of a row that was applied before with other content, and whose record was not seen."""
    if on_duplicate == "update":
        return Planned(line, "update", "", remote_id)
    action, code = _IF_THERE[on_duplicate]
    return Planned(line, action, code, remote_id, outcome=RowOutcome.because(code, id=remote_id))


class _PlanHash:
    """The hashes of the file, of what would be sent, and of what is there now: one token to copy.

    That of the file's corrections stands behind the file's, if there are any.
    """

    def __init__(self, file_hashes: Sequence[str], target: Target, on_duplicate: OnDuplicate) -> None:
        self._file = file_hashes
        self._sent = hashlib.sha256(f"{target.identity}\n{on_duplicate}\n".encode())
        self._there = hashlib.sha256()

    def add(self, content: str, planned: Planned) -> None:
        """Take a row's content, and what the plan makes of it."""
        self._sent.update(content.encode())
        there = [planned.line, planned.action, planned.id, planned.values]
        self._there.update(content_of(there).encode())

    def __str__(self) -> str:
        parts = (*self._file, self._sent.hexdigest(), self._there.hexdigest())
        return "-".join(part[:_PART] for part in parts)


class Planner:
    """A planner of one import's rows, a chunk at a time. `hash` is complete after the last."""

    def __init__(
        self,
        file_hashes: Sequence[str],
        target: Target,
        client: Client,
        journal: Journal,
        on_duplicate: OnDuplicate,
    ) -> None:
        """`file_hashes`: of the file's bytes, and of its corrections if there are any."""
        self._target, self._client, self._journal = target, client, journal
        self._on_duplicate = on_duplicate
        self._hash = _PlanHash(file_hashes, target, on_duplicate)
        self._proof = target.proven.lookup or kept_proof(journal.proof(), target)
        self.requests = 0
        self.doubts = ""  # what the plan cannot be sure of, in a sentence

    @property
    def hash(self) -> str:
        """Return the hashes of file, settings with values, and target rows, as one token to copy."""
        return str(self._hash)

    def plan(self, rows: Sequence[Row]) -> list[Planned]:
        """Return what would become of the rows, in order; raise ConnectError if the target cannot be read."""
        refusals = {row.line: self._target.kind.refusal_before_sending(row, self._target) for row in rows}
        entries = {row.line: entry_of(row, self._target) for row in rows}
        claims = self._claims([row for row in rows if refusals[row.line] is None], entries)
        asked = [row for row in rows if row.line in claims and claims[row.line].state in _ASKED]
        found = self._look_up(asked)
        planned = []
        for row in rows:
            refusal = refusals[row.line]
            if refusal is not None:
                one = Planned(row.line, "refuse", refusal.code, outcome=refusal)
            else:
                one = self._of(row, claims[row.line], found.get(row.line))
            self._hash.add(entries[row.line].content, one)
            planned.append(one._replace(key=row.key))
        return planned

    def _claims(self, rows: Sequence[Row], entries: Mapping[int, Entry]) -> dict[int, Claim]:
        known = self._journal.look([entries[row.line] for row in rows]) if rows else {}
        return {row.line: known[entries[row.line].key] for row in rows}

    def _of(self, row: Row, claim: Claim, found: Found | None) -> Planned:
        """Gather the facts of a row and decide."""
        differing: list[Difference] = []
        values: list[str] = []
        if found is not None and self._on_duplicate == "update":
            record = self._target.record_of(row)
            caseless = [self._target.fields.path_of(name) for name in self._target.kind.traits.caseless]
            differing = differences(record, found.record, caseless)
            values = [as_text(value_at(found.record, path)) for path, _ in leaves(record)]
        age = self._journal.now() - claim.first_sent
        repeats = self._target.repeats_safely(self._on_duplicate, same_content=claim.same_content, age=age)
        planned = decide(
            row.line,
            claim,
            found.id if found else None,
            differing,
            self._on_duplicate,
            can_resolve=repeats or self._target.can_ask,
        )
        return planned._replace(values=values)

    # asking the target

    def _look_up(self, rows: Sequence[Row]) -> dict[int, Found]:
        """Which of the rows are there; their values only where an update would compare them."""
        found: dict[int, Found] = {}
        unclear: set[int] = set()
        lookup = self._target.lookup
        if lookup is None:
            return found
        names = self._names(rows) if self._on_duplicate == "update" else ()
        for request, result in self._sent(lookup.lookups_for(rows, self._target, names)):
            self.requests += 1
            if isinstance(result, ConnectError):
                raise result
            self._refuse_failure(result)
            reading = lookup.read_lookup(result, request.context, self._target, self._proof)
            found.update(reading.found)
            lines = {row.line for row in request.context}
            if lines - reading.found.keys() - reading.absent:
                self._weigh(reading, result)
                unclear |= lines
        if unclear - found.keys():
            self.doubts = UNPROVEN
        return found

    def _weigh(self, reading: LookupReading, result: Response) -> None:
        """Refuse an answer that cannot be understood. One that may mean anything will do for a plan.

        A plan writes nothing, so it cannot find out how this target says that a record is not there.
        """
        if self._proof is not None or not seems_empty(result):
            raise FixSettings(
                f"{result.call} answered a look-up with something that cannot be understood: {reading.why} "
                "Check endpoints.lookup and the mapping in the resource.",
                code="lookup_unreadable",
                call=result.call,
                status=result.status,
            )

    def _names(self, rows: Sequence[Row]) -> list[str]:
        """The target's fields that these rows fill."""
        records = (self._target.record_of(row) for row in rows)
        return sorted({".".join(path) for record in records for path, _ in leaves(record)})

    def _sent(self, requests: Iterator[Request]) -> Iterator[tuple[Request, Response | ConnectError]]:
        """The very first request goes alone, so that a refused credential is tried once."""
        if not self.requests:
            yield from self._client.send_many(islice(requests, 1))
        yield from self._client.send_many(requests, self._target.max_concurrent_requests)

    def _refuse_failure(self, response: Response) -> None:
        """Raise for a reply that is not an answer to a look-up; 404 is one."""
        code = self._target.kind.stop_code(response)
        if code is not None:
            text = REASONS[code]
            raise WaitForQuota(f"{response.call} answered {response.status}: {text.message}", code=code)
        if response.status in {400, 422}:
            detail = explanation(body_of(response))
            raise FixSettings(
                f"{response.call} answered {response.status} to a look-up: {detail} Check the field names in "
                "the resource's mapping.",
                code="lookup_refused",
                call=response.call,
                status=response.status,
            )
        if response.status != 404:
            response.raise_for_status()


class JournalPlanner(Planner):
    """A planner that knows what the journal knows, for a target that does not answer.

    It has no hash: what the target holds is not known, so nothing could be applied by such a plan.
    """

    @property
    def hash(self) -> str:
        """Return an empty text."""
        return ""

    def _look_up(self, rows: Sequence[Row]) -> dict[int, Found]:
        del rows
        return {}

    def _of(self, row: Row, claim: Claim, found: Found | None) -> Planned:
        return Planned(row.line, "unread") if claim.state in _ASKED else super()._of(row, claim, found)


@contextlib.contextmanager
def open_planner(
    parsed: Parsed,
    target: Target,
    journal: Mapping[str, object] | None,
    on_duplicate: OnDuplicate,
    *,
    resend_unknown: bool,
    kind: type[Planner] = Planner,
) -> Iterator[Planner]:
    """Open a planner of a file, with the journal and the client that an import of it would have."""
    with open_import(journal, target, parsed["import_id"], resend_unknown=resend_unknown) as session:
        corrected = parsed.get("corrected")
        hashes = [parsed["sha256"], corrected["digest"]] if corrected else [parsed["sha256"]]
        yield kind(hashes, target, session.client, session.journal, on_duplicate)


def planned_chunks(
    parsed: Parsed, planner: Planner, progress: Callable[[int], object]
) -> Iterator[list[Planned]]:
    """Yield the plan of each chunk; one is in memory at a time. `progress` gets how many rows are done."""
    done = 0
    for chunk in parsed["chunks"]:
        rows = [Row.from_json(record) for record in read_rows(chunk["rows"])]
        yield planner.plan(rows)
        done += len(rows)
        progress(done)


def unread_chunks(parsed: Parsed) -> Iterator[list[Planned]]:
    """Yield, by chunk, rows of which nothing is known: neither journal nor target could be asked."""
    for chunk in parsed["chunks"]:
        yield [Planned(row["line"], "unread", key=row["key"]) for row in read_rows(chunk["rows"])]
