"""Reading an import's rows back from the target, under the same limits as an import, one chunk in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Literal, cast

from f.connect.calls.message import Response
from f.connect.errors import ConnectError, SignInAgain, WaitForQuota
from f.records.rows.row import Row
from f.records.rows.row_store import Created, read_rows
from f.records.sending.batch_claims import entry_of
from f.records.sending.lookup import Answers, is_answer, kept_proof
from f.records.target.target import digest
from f.records.target.values import leaves
from f.records.verifying.certificate import COUNTED, Certificate, Comparison

if TYPE_CHECKING:
    from f.connect.calls.message import Request
    from f.records.journal.journal import Journal
    from f.records.reading.parsed import Chunk, Parsed
    from f.records.sending.session import Session
    from f.records.target.target import Lookup, Target

Extent = Literal["sample", "all"]
# So many rows, one from each of as many equal parts of the file, show a loss of one row in a hundred with a
# probability of 95%.
SAMPLE_ROWS = 300
_THERE = frozenset({"created", "updated"})


@dataclass(frozen=True, slots=True)
class Eligible:
    """The rows of an import that are in the target by its own word: a chunk at a time, and how many."""

    chunks: Iterable[list[Row]]
    count: int


def eligible_rows(parsed: Parsed, created: Sequence[Any] | None, extent: Extent) -> Eligible:
    """Return the rows that the jobs created or updated; with `all` also those that an earlier import did.

    A chunk whose job left no result has none.
    """
    wanted = _THERE | ({"unchanged"} if extent == "all" else set())
    done = [
        (chunk, cast("Created", result))
        for chunk, result in zip(parsed["chunks"], created or [], strict=False)
        if isinstance(result, dict) and "counts" in result
    ]
    count = sum(result["counts"].get(name, 0) for _, result in done for name in wanted)
    return Eligible((_rows_of(chunk, result, wanted) for chunk, result in done), count)


def applied_rows(parsed: Parsed, target: Target, journal: Journal) -> Eligible:
    """Return the rows that the journal knows as applied by its own import, with the content they have now."""

    def chunks() -> Iterator[list[Row]]:
        for chunk in parsed["chunks"]:
            rows = [Row.from_json(record) for record in read_rows(chunk["rows"])]
            entries = {row.line: entry_of(row, target) for row in rows}
            known = journal.look(list(entries.values()))
            claims = {row.line: known[entries[row.line].key] for row in rows}
            yield [row for row in rows if claims[row.line].state == "done" and claims[row.line].same_import]

    return Eligible(chunks(), sum(len(rows) for rows in chunks()))


def _rows_of(chunk: Chunk, result: Created, wanted: frozenset[str] | set[str]) -> list[Row]:
    """The rows of a chunk with a wanted outcome; one that the result does not name was created or updated."""
    named = {one["line"]: one["outcome"] for one in read_rows(result["reported"])}
    rows = (Row.from_json(record) for record in read_rows(chunk["rows"]))
    return [row for row in rows if named.get(row.line, "created") in wanted]


def every(eligible: Eligible, extent: Extent) -> Iterator[list[Row]]:
    """Yield the rows to read: all, or a sample that is spread evenly over the file and always the same."""
    chosen = sample(eligible.count) if extent == "sample" else None
    at = 0
    for rows in eligible.chunks:
        yield [row for number, row in enumerate(rows, at) if chosen is None or number in chosen]
        at += len(rows)


def sample(count: int) -> frozenset[int]:
    """Return the numbers of the rows of a sample, of `count` numbered from 0: SAMPLE_ROWS, or all if fewer.

    One of each part of the file, anywhere in it: at a fixed distance they would keep step with the batches,
    and never meet a target that loses the last row of each.
    """
    parts = min(count, SAMPLE_ROWS)
    starts = [part * count // parts for part in range(parts + 1)] if parts else []
    return frozenset(start + int(digest(str(start)), 16) % (end - start) for start, end in pairwise(starts))


class ReadBack:
    """Reads rows back from one target, with a session's client. `stopped`: why no more could be read.

    `keep` gets each row that is missing, as soon as that is known.
    """

    def __init__(
        self,
        target: Target,
        session: Session,
        sleep: Callable[[float], object],
        keep: Callable[[Row], object] = lambda _: None,
    ) -> None:
        self._target, self._client, self._sleep = target, session.client, sleep
        self._proof = target.proven.lookup or kept_proof(session.journal.proof(), target)
        self.comparison = Comparison(target, keep)
        self.stopped = ""

    def read(self, chunks: Iterable[list[Row]], progress: Callable[[int], object]) -> None:
        """Look the rows up, and compare what is there with what was sent.

        `progress` gets how many are done.
        """
        lookup = self._target.lookup
        if lookup is None:
            self.stopped = "The target cannot be asked for a row: give endpoints.lookup in its resource."
            return
        if self._proof is not None:
            # What was written a moment ago may be found a little later only.
            self._sleep(2 * self._proof.lag_seconds)
        for rows in chunks:
            if rows:
                self._compare(rows, lookup)
            progress(self.comparison.read)
            if self.stopped:
                return

    def _compare(self, rows: Sequence[Row], lookup: Lookup) -> None:
        answers, unread = Answers(), set[int]()
        for asked, result in self._asked(rows, lookup, unread):
            self.stopped = self.stopped or _stop(result)
            if isinstance(result, Response) and is_answer(result):
                answers.take(asked, lookup.read_lookup(result, asked, self._target, self._proof))
            elif _stop(result):
                unread.update(row.line for row in asked)
            else:
                answers.asked.update(row.line for row in asked)
        for row in rows:
            if row.line in answers.found:
                self.comparison.found(row, answers.found[row.line])
            elif row.line in unread:
                pass  # nothing more was asked, and what is known of it by half proves nothing
            elif answers.is_absent(row.line):
                self.comparison.absent(row)
            elif answers.asked[row.line]:
                self.comparison.not_known += 1
            row.rendered = None

    def _asked(
        self, rows: Sequence[Row], lookup: Lookup, unread: set[int]
    ) -> Iterator[tuple[Sequence[Row], Response | ConnectError]]:
        """Ask until something stops it; the rows of a question that is not asked any more are `unread`.

        The very first goes alone, so that a refused credential is tried once.
        """
        target = self._target
        names = sorted({".".join(path) for row in rows for path, _ in leaves(target.record_of(row))})

        def questions() -> Iterator[Request]:
            for request in lookup.lookups_for(rows, target, names):
                if not self.stopped:
                    yield request
                else:
                    unread.update(row.line for row in request.context)

        left = questions()
        for some in (left,) if self.comparison.read else (islice(left, 1), left):
            for request, result in self._client.send_many(some, target.max_concurrent_requests):
                yield request.context, result
        # A client that may not go on takes no more of them.
        unread.update(row.line for request in left for row in request.context)


def _stop(result: Response | ConnectError) -> str:
    """Return why nothing more is read, if a reply says that nothing more can be; else an empty text."""
    if isinstance(result, WaitForQuota | SignInAgain):
        return str(result)
    if isinstance(result, Response) and result.status in {401, 403}:
        return f"{result.call} answered {result.status}: the credential may not look rows up."
    return ""


def certificate_of(read_back: ReadBack, eligible: int) -> Certificate:
    """Return the certificate of what was read; the file of missing rows is the caller's to add."""
    compared = read_back.comparison
    certificate: Certificate = {
        "eligible": eligible,
        "read": compared.read,
        "identical": compared.identical,
        "altered": compared.altered,
        "missing": compared.missing,
        "not_known": compared.not_known,
        "alterations": compared.alterations(),
        "not_shown": compared.not_shown(),
        "missing_lines": compared.missing_lines,
        "file": None,
        "message": "",
    }
    certificate["message"] = _message(certificate, read_back.stopped)
    return certificate


def _message(certificate: Certificate, stopped: str) -> str:
    parts = {name: certificate[name] for name in COUNTED if certificate[name]}
    counted = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts.items())
    of = f" of {certificate['eligible']:,}" if certificate["read"] != certificate["eligible"] else ""
    read = f"{certificate['read']:,}{of} rows were read back: {counted}." if certificate["read"] else ""
    return " ".join(filter(None, (read, stopped))) or "There was no row to read back."


def forget_missing(
    rows: Sequence[Row], target: Target, session: Session, sleep: Callable[[float], object]
) -> int:
    """Let rows be sent again that the journal knows as applied and the target was shown not to have.

    Returns how many. A row that cannot be looked up, or whose answer proves nothing, stays as it is known.
    """
    entries = {row.line: entry_of(row, target) for row in rows}
    known = session.journal.look(list(entries.values()))
    done = [row for row in rows if known[entries[row.line].key].state == "done"]
    missing: list[Row] = []
    ReadBack(target, session, sleep, missing.append).read([done], lambda _: None)
    gone = [entries[row.line] for row in missing]
    return session.journal.forget_missing((entry, known[entry.key].generation) for entry in gone)
