"""The rejects file: the user's own rows and columns plus why each was held back. Pure.

It can be imported as it is: `undo` takes off the columns and the escapes that `render` put on.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from f.records.rows.outcome import REASONS, ReasonText

# Named so that no file has them by accident: a rejects file that is imported is recognised by them.
ADDED_COLUMNS = ("reject_line", "reject_outcome", "reject_reason", "reject_message", "reject_hint")

# A cell that starts with one of these is run as a formula by spreadsheets
# (https://owasp.org/www-community/attacks/CSV_Injection), also if it is full-width, and after blanks, quotes
# and unseen signs, which some of them take off. The apostrophe is their own way of saying text; a cell that
# begins with one has another put before it, so that `undo` is exact.
_ESCAPE = "'"
_UNSEEN = (
    r"[\s\"'`\u00ab\u2018-\u201f"  # blanks and quotes
    r"\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_SIGN = r"[=+@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212-]"
_RISKY = re.compile(rf"{_ESCAPE}|[\t\r\n]|{_UNSEEN}*+{_SIGN}")


def render(
    header: Sequence[str], records: Iterable[dict[str, Any]], texts: Mapping[str, ReasonText] = REASONS
) -> Iterator[str]:
    """Yield the file as CSV text, one row at a time; UTF-8 with a byte order mark opens right in Excel.

    A record holds `line`, `outcome`, `code`, `detail` and `cells`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")

    def row(cells: Sequence[str]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        return buffer.getvalue()

    yield row([*(escape(name) for name in header), *ADDED_COLUMNS])
    for record in records:
        text = texts[record["code"]]
        cells = [escape(cell) for cell in _fitted(record["cells"], len(header))]
        message = f"{text.message} {record['detail']}".strip()
        added = [str(record["line"]), record["outcome"], record["code"], escape(message), text.hint]
        yield row([*cells, *added])


def escape(cell: str) -> str:
    """Return a cell that no spreadsheet runs; `undo` gives back what it was."""
    return _ESCAPE + cell if _RISKY.match(cell) else cell


def unescape(cell: str) -> str:
    """Return a cell as it was before `escape`."""
    return cell.removeprefix(_ESCAPE)


def is_rejects_header(header: Sequence[str]) -> bool:
    """Return whether a file is a rejects file that is imported again."""
    return tuple(header[-len(ADDED_COLUMNS) :]) == ADDED_COLUMNS


def undo(cells: Sequence[str]) -> list[str]:
    """Return a row or header of a rejects file as the user's own file had it."""
    return [unescape(cell) for cell in cells[: -len(ADDED_COLUMNS)]]


def _fitted(cells: Sequence[str], width: int) -> list[str]:
    """A row with too few or too many cells must not push the added columns out of place.

    What is too much is joined into the last cell, where the user sees it beside the reason.
    """
    if len(cells) <= width:
        return [*cells, *[""] * (width - len(cells))]
    return [*cells[: width - 1], ",".join(cells[width - 1 :])]
