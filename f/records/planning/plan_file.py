"""A plan written down: counts, examples, a file that names every row, outcomes that need no sending."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, get_args

from f.records.planning.plan import Action, Change, Plan, PlannedReason
from f.records.rows.rejects_file import escape, unescape
from f.records.rows.row_spool import RowSpool
from f.records.rows.row_store import StoredRows, inline, object_path, to_line
from f.records.rows.tally import mask
from f.windmill.objects import FileRef, keep_file, object_at, read_object

if TYPE_CHECKING:
    from f.records.planning.planner import Planned

_COLUMNS = ("line", "key", "action", "reason", "id", "field", "from", "to")
_EXAMPLES = 5
_LINES = 5  # named of each reason
_MOST_READ = 2_000_000  # bytes of the file in which examples are looked for


class PlanRecord:
    """A plan that is written chunk by chunk; of its rows only the first examples are kept in memory."""

    def __init__(self, import_id: str) -> None:
        self._import_id = import_id
        self._spool = RowSpool(import_id)
        self._counts: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()
        self._examples: list[Change] = []
        self._reasons: dict[tuple[Action, str], PlannedReason] = {}
        self.planned_outcomes: list[StoredRows] = []
        self.left: list[int] = []  # rows to send, by chunk

    def write(self, chunks: Iterable[list[Planned]]) -> FileRef:
        """Take all chunks, write the file and return it. Call it once."""
        with tempfile.NamedTemporaryFile(prefix="plan-") as spool:
            for text in _lines(self._reported(chunks)):
                spool.write(text.encode("utf-8-sig" if spool.tell() == 0 else "utf-8"))
            spool.flush()
            self._spool.flush()
            with open(spool.name, "rb") as whole:  # noqa: PTH123 - the client streams only what open() returns
                file = keep_file(object_path(self._import_id, "plan.csv"), whole, "text/csv")
        return {**file, "rows": self._counts.total()}

    def summary(self, file: FileRef, *, hash: str, reads_target: bool, requests: int) -> Plan:
        """Return the plan in the form that travels to the next steps."""
        return {
            "hash": hash,
            "reads_target": reads_target,
            "counts": {action: self._counts[action] for action in get_args(Action)},
            "fields": dict(self._fields.most_common()),
            "examples": self._examples,
            "requests": requests,
            "file": file,
            "reasons": sorted(self._reasons.values(), key=lambda reason: -reason["rows"]),
        }

    def _reported(self, chunks: Iterable[list[Planned]]) -> Iterator[Planned]:
        for index, planned in enumerate(chunks):
            for row in planned:
                self._counts[row.action] += 1
                self._count_changes(row)
                self._count_reason(row)
                yield row
            self.left.append(sum(row.outcome is None for row in planned))
            lines = list(_decided(planned))
            self.planned_outcomes.append(
                self._spool.put(f"planned/{index:05}.jsonl", lines) if lines else inline(())
            )

    def _count_changes(self, row: Planned) -> None:
        self._fields.update(difference.field for difference in row.differences)
        for field, before, after in row.differences[: _EXAMPLES - len(self._examples)]:
            change = Change(line=row.line, field=field, before=mask(before), after=mask(after))
            self._examples.append(change)

    def _count_reason(self, row: Planned) -> None:
        if not row.reason:
            return
        new = PlannedReason(action=row.action, code=row.reason, rows=0, lines=[])
        reason = self._reasons.setdefault((row.action, row.reason), new)
        reason["rows"] += 1
        if len(reason["lines"]) < _LINES:
            reason["lines"].append(row.line)


def unmasked_examples(plan: Plan) -> list[Change]:
    """Return the plan's examples with the values of its file, for whoever may read that file.

    One that does not stand near the file's beginning stays masked. ConnectError if it cannot be read.
    """
    wanted = {(change["line"], change["field"]): change for change in plan["examples"]}
    if not wanted:
        return []
    found = dict(wanted)
    for row in csv.DictReader(text_lines(_pieces(plan["file"]), _MOST_READ)):
        place = (int(row["line"]), unescape(row["field"]))
        if place in wanted:
            change = Change(
                line=place[0], field=place[1], before=unescape(row["from"]), after=unescape(row["to"])
            )
            found[place] = change
            del wanted[place]
            if not wanted:
                break
    return list(found.values())


def text_lines(pieces: Iterable[bytes], most_bytes: int | None = None) -> Iterator[str]:
    """Yield a stored file by lines; one that ends inside of a quoted cell comes in parts.

    No more than about `most_bytes` of it, if that is given: the last line is then left out.
    """
    read, rest = 0, b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").lstrip("\ufeff") + "\n"
        read += len(piece)
        if most_bytes is not None and read > most_bytes:
            return
    if rest:
        yield rest.decode("utf-8", "replace").lstrip("\ufeff")


def _pieces(file: FileRef) -> Iterable[bytes]:
    return read_object(object_at(file["s3"])) if "s3" in file else [file["content"].encode()]


def _decided(planned: Sequence[Planned]) -> Iterator[bytes]:
    """What applying the plan has to know: outcomes that need no sending, and the ids of what it updates.

    Without them an API that takes a second record with the same key would get one where the plan updates.
    """
    for row in planned:
        if row.outcome is None and row.action == "update" and row.id:
            yield to_line({"line": row.line, "code": "", "detail": "", "id": row.id})
        elif row.outcome is not None:
            yield to_line(
                {
                    "line": row.line,
                    "code": row.outcome.code,
                    "detail": row.outcome.detail,
                    "id": row.outcome.id,
                }
            )


def _lines(rows: Iterable[Planned]) -> Iterator[str]:
    """The file as CSV text: a line for each row, of an update one for each field that would change."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")

    def line(cells: Sequence[str]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([escape(cell) for cell in cells])
        return buffer.getvalue()

    yield line(_COLUMNS)
    for row in rows:
        start = (str(row.line), row.key, row.action, row.reason, row.id or "")
        for difference in row.differences or (("", "", ""),):
            yield line((*start, *difference))
