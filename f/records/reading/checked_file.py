"""A file read and checked as a whole: what the first step of an import hands on."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from f.records.reading.corrections import corrections_note
from f.records.reading.opening import HowToRead, Source, open_file
from f.records.reading.table_validation import validate_table
from f.records.rows.row_spool import RowSpool
from f.windmill.job import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from f.records.reading.corrections import Corrections
    from f.records.reading.parsed import Corrected, Parsed, ParsedNote
    from f.records.reading.record_type import RecordType
    from f.records.reading.table_validation import Notice, ValidTable
    from f.records.rows.chunk_sizes import ChunkSizes


def check_file(
    source: Source,
    record_type: RecordType,
    how: HowToRead,
    *,
    mapping: Mapping[str, str | None] | None,
    options: Mapping[str, Any],
    corrections: Corrections | None,
    sizes: ChunkSizes,
    folder: str = "",
    notice: Notice | None = None,
) -> Parsed:
    """Read a file and check every row of it, in one pass; nothing is sent anywhere.

    Rows that are too many for a job's result are stored as objects of the import, or below a `folder` of the
    storage, in chunks of such `sizes`. `notice` is told of every row. Raises what `open_file` and
    `validate_table` raise.
    """
    began, started_at = time.monotonic(), datetime.now(UTC)
    import_id = _import_id(started_at)
    taken = _Taken(source.size)
    opened = open_file(source, how, record_type, taken)
    valid = validate_table(
        opened.table,
        record_type,
        mapping=mapping,
        options=options,
        spool=RowSpool(import_id, folder=folder),
        sizes=sizes,
        corrections=corrections,
        notice=notice,
    )
    parsed: Parsed = {
        "import_id": import_id,
        "source": opened.title,
        "sha256": taken.digest.hexdigest(),
        "started_at": started_at.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 3),
        "table": opened.described(),
        "notes": [*opened.notes(), *_growth(valid, sizes)],
        "header": list(valid.titles),
        "mapping": valid.columns.describe(),
        "guesses": valid.guesses,
        "counts": valid.counts,
        "reasons": list(valid.tally.reasons.values()),
        "refused": valid.refused,
        "repairs": valid.repairs,
        "chunks": valid.chunks,
    }
    return _with_corrections(parsed, valid.corrected) if valid.corrected else parsed


def _growth(valid: ValidTable, sizes: ChunkSizes) -> Iterator[ParsedNote]:
    if text := sizes.growth([chunk["rows"]["count"] for chunk in valid.chunks]):
        yield {"code": "larger_chunks", "line": None, "text": text, "rows": 0}


class _Taken:
    """Is handed the file's bytes as they are read: takes their hash, and shows how far it is."""

    def __init__(self, size: int | None) -> None:
        self.digest = hashlib.sha256()
        self._done = 0
        self._show = Progress(size) if size else None

    def __call__(self, data: bytes) -> None:
        self.digest.update(data)
        self._done += len(data)
        if self._show is not None:
            self._show(self._done)


def _import_id(now: datetime) -> str:
    """Sorts by time, and names the Windmill run it belongs to."""
    job = os.environ.get("WM_FLOW_JOB_ID") or os.environ.get("WM_JOB_ID") or "00000000"
    return f"{now:%Y%m%d-%H%M%S}-{job[-8:]}"


def _with_corrections(parsed: Parsed, corrected: Corrected) -> Parsed:
    notes = [*parsed.get("notes", []), corrections_note(corrected)]
    return {**parsed, "notes": notes, "corrected": corrected}
