"""A plan written down: counts, examples, a file that names every row, outcomes that need no sending."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, get_args

from f.records.planning.plan import Action, Change, Plan
from f.records.rows.rejects_file import escape
from f.records.rows.row_spool import RowSpool
from f.records.rows.row_store import StoredRows, inline, object_path, to_line
from f.records.rows.tally import mask
from f.windmill.objects import FileRef, keep_file

if TYPE_CHECKING:
    from f.records.planning.planner import Planned

_COLUMNS = ("line", "action", "reason", "id", "field", "from", "to")
_EXAMPLES = 5


class PlanRecord:
    """A plan that is written chunk by chunk; of its rows only the first examples are kept in memory."""

    def __init__(self, import_id: str) -> None:
        self._import_id = import_id
        self._spool = RowSpool(import_id)
        self._counts: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()
        self._examples: list[Change] = []
        self.planned_outcomes: list[StoredRows] = []

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
        }

    def _reported(self, chunks: Iterable[list[Planned]]) -> Iterator[Planned]:
        for index, planned in enumerate(chunks):
            for row in planned:
                self._counts[row.action] += 1
                self._count_changes(row)
                yield row
            lines = list(_planned_outcomes(planned))
            self.planned_outcomes.append(
                self._spool.put(f"planned/{index:05}.jsonl", lines) if lines else inline(())
            )

    def _count_changes(self, row: Planned) -> None:
        self._fields.update(difference.field for difference in row.differences)
        for field, before, after in row.differences[: _EXAMPLES - len(self._examples)]:
            change = Change(line=row.line, field=field, before=mask(before), after=mask(after))
            self._examples.append(change)


def _planned_outcomes(planned: Sequence[Planned]) -> Iterator[bytes]:
    for row in planned:
        if row.outcome is not None:
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
        start = (str(row.line), row.action, row.reason, row.id or "")
        for difference in row.differences or (("", "", ""),):
            yield line((*start, *difference))
