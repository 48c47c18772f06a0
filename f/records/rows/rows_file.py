"""A file of rows to import again, in the workspace's storage: rejects, parked rows, missing rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.records.rows.rejects_file import render
from f.windmill.objects import FileRef, keep_file

if TYPE_CHECKING:
    from f.records.rows.outcome import ReasonText


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
