"""A file of rows to import again, in the workspace's storage: rejects, parked rows, missing rows."""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import orjson

from f.records.rows.rejects_file import render
from f.records.rows.row_store import to_line
from f.windmill.objects import FileRef, keep_file

if TYPE_CHECKING:
    from f.records.rows.outcome import ReasonText


class HeldRows:
    """Reported rows on their way into such a file. They are on disk: memory does not grow with them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, record: dict[str, Any]) -> None:
        """Take one more row."""
        self._file.write(to_line(record))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all of them, in the order in which they came."""
        self._file.seek(0)
        yield from map(orjson.loads, self._file)


@contextmanager
def held_rows() -> Iterator[HeldRows]:
    """Hold rows until the end of the `with`."""
    with tempfile.TemporaryFile(prefix="rows-") as file:
        yield HeldRows(file)


def write_rows_file(
    path: str, header: Sequence[str], records: Iterable[dict[str, Any]], texts: Mapping[str, ReasonText]
) -> FileRef | None:
    """Write a file of rows, streamed through a local one; None if there is no row. See `render`."""
    rows = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for record in records:
            rows += 1
            yield record

    with tempfile.NamedTemporaryFile(prefix="rows-") as spool:
        for text in render(header, counted(), texts):
            spool.write(text.encode("utf-8-sig" if spool.tell() == 0 else "utf-8", "replace"))
        spool.flush()
        if not rows:
            return None
        with open(spool.name, "rb") as whole:  # noqa: PTH123 - the client streams only what open() returns
            return {**keep_file(path, whole, "text/csv"), "rows": rows}
