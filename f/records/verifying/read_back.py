"""Reading an import's rows back from the target, under the same limits as an import, one chunk in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from f.connect.calls.message import Response
from f.connect.errors import ConnectError, SignInAgain, WaitForQuota
from f.records.rows.row import Row
from f.records.rows.row_store import Created, read_rows
from f.records.sending.batch_claims import entry_of
from f.records.sending.lookup import Answers, is_answer, kept_proof
from f.records.target.values import leaves
from f.records.verifying.certificate import MOST_LINES, Certificate, Comparison

if TYPE_CHECKING:
    from f.records.journal.row_journal import Journal
    from f.records.reading.parsed import Chunk, Parsed
    from f.records.sending.session import Session
    from f.records.target.target import Lookup, Target

Extent = Literal["sample", "all"]
# So many rows, spread evenly, show a loss of one row in a hundred with a probability of 95%.
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
    stride = max(1, eligible.count // SAMPLE_ROWS) if extent == "sample" else 1
    at = 0
    for rows in eligible.chunks:
        yield [row for number, row in enumerate(rows, at) if number % stride == 0]
        at += len(rows)


class ReadBack:
    """Reads rows back from one target, with a session's client. `stopped`: why no more could be read."""

    def __init__(self, target: Target, session: Session, sleep: Callable[[float], object]) -> None:
        self._target, self._client, self._sleep = target, session.client, sleep
        self._proof = target.proven.lookup or kept_proof(session.journal.proof(), target)
        self.comparison = Comparison(target)
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
        answers, target = Answers(), self._target
        names = sorted({".".join(path) for row in rows for path, _ in leaves(target.record_of(row))})
        requests = lookup.lookups_for(rows, target, names)
        for request, result in self._client.send_many(requests, target.max_concurrent_requests):
            if isinstance(result, WaitForQuota):
                self.stopped = str(result)
                continue
            asked: Sequence[Row] = request.context
            if isinstance(result, Response) and is_answer(result):
                answers.take(asked, lookup.read_lookup(result, asked, target, self._proof))
            else:
                answers.asked.update(row.line for row in asked)
                self.stopped = self.stopped or _refusal(result)
        for row in rows:
            if row.line in answers.found:
                self.comparison.found(row, answers.found[row.line])
            elif answers.is_absent(row.line):
                self.comparison.missing.append(row)
            elif answers.asked[row.line]:
                self.comparison.not_known += 1
            row.rendered = None


def _refusal(result: Response | ConnectError) -> str:
    """Why nothing more is read, if a reply says that nothing more can be."""
    if isinstance(result, SignInAgain):
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
        "missing": len(compared.missing),
        "not_known": compared.not_known,
        "alterations": compared.alterations(),
        "not_shown": compared.not_shown(),
        "missing_lines": [row.line for row in compared.missing[:MOST_LINES]],
        "file": None,
        "message": "",
    }
    certificate["message"] = _message(certificate, read_back.stopped)
    return certificate


def _message(certificate: Certificate, stopped: str) -> str:
    names = ("identical", "altered", "missing", "not_known")
    parts: Mapping[str, int] = {name: certificate[name] for name in names}  # type: ignore[literal-required]
    counted = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts.items() if count)
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
    read_back = ReadBack(target, session, sleep)
    read_back.read([done], lambda _: None)
    return session.journal.forget_missing([entries[row.line] for row in read_back.comparison.missing])
