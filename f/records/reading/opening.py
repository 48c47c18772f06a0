"""From a file as it arrives to its table: unpacked, decoded, its column names found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from f.records.layout.bad_table import BadTable
from f.records.reading.columns import knows_of
from f.records.reading.table import Table, read_table
from f.records.reading.unpacking import Unpacked, unpack, untold
from f.windmill.flow_inputs import as_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from f.records.reading.parsed import ParsedNote
    from f.records.reading.record_type import RecordType
    from f.records.reading.unpacking import TellParts

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one file and what to call it in a report (never with query values or credentials).

    `size` is how many bytes there are, where that is known before they are read.
    """

    title: str
    chunks: Iterator[bytes]
    size: int | None = None


@dataclass(frozen=True, slots=True)
class HowToRead:
    """What was said of how a file is to be read; what is None or empty is found out."""

    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    header_row: int | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose table can be read. Its `title` has no folder, query or credential."""

    title: str
    table: Table
    unpacked: Unpacked

    def described(self) -> dict[str, str]:
        """Return how the file is read: how its text is, and what it was unpacked from."""
        text = {name: str(value) for name, value in asdict(self.table.dialect).items()}
        if not self.unpacked.container:
            return text
        return {"container": self.unpacked.container, "part": as_words(self.unpacked.part), **text}

    def notes(self) -> list[ParsedNote]:
        """Return what was noticed of the file as a whole: all of it, once its rows have been read."""
        own = [note._replace(line=note.line and self.unpacked.row_at(note.line)) for note in self.table.notes]
        return [
            {"code": note.code, "line": note.line, "text": note.text, "rows": note.rows}
            for note in (*self.unpacked.notes, *own)
        ]


def open_file(
    source: Source,
    how: HowToRead,
    record_type: RecordType,
    tap: Callable[[bytes], object] | None = None,
    tell_parts: TellParts = untold,
) -> OpenFile:
    """Open the table of a file as far as its first rows. `tap` is called with the file's own bytes.

    `tell_parts` is that of `unpack`. Raises what `unpack` and `read_table` raise.
    """
    chunks = _tapped(source.chunks, tap) if tap is not None else source.chunks
    unpacked = unpack(chunks, title=source.title, part=how.sheet or "", tell_parts=tell_parts)
    try:
        table = _table(unpacked, how, record_type)
    except BadTable as error:
        if not unpacked.other_parts:
            raise
        others = ", ".join(map(repr, unpacked.other_parts[:_MOST_NAMED]))
        raise BadTable(
            f"{unpacked.part}: {error} There are also {others}: name the one to import in the input sheet.",
            code=str(error.code),
            line=error.line,
            column=error.column,
        ) from error
    return OpenFile(as_words(unpacked.title), replace(table, rows=unpacked.renumbered(table.rows)), unpacked)


def _tapped(chunks: Iterable[bytes], tap: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        tap(chunk)
        yield chunk


def _table(unpacked: Unpacked, how: HowToRead, record_type: RecordType) -> Table:
    return read_table(
        unpacked.chunks,
        # what is said of a file's text does not hold of a sheet, whose CSV is ours
        encoding=None if unpacked.is_sheet else how.encoding or None,
        delimiter="," if unpacked.is_sheet else how.delimiter or None,
        has_header=how.has_header,
        header_row=how.header_row,
        knows=knows_of(record_type),
    )
