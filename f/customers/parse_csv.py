"""Read a CSV file and check every row of it; nothing is sent anywhere.

Takes exactly one of an uploaded file, pasted text, an object of the workspace's storage or a URL: a CSV or
an Excel workbook, packed with gzip or zip if need be. Finds out encoding, delimiter, quoting and what each
column holds. Returns the valid customers in chunks, the refused rows with their reasons, and the counts. A
second run does the same again.
As the first step of a flow it is handed all its inputs as `arguments`, and refuses what the flow cannot use.
"""

# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0
# wmill==1.850.0

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime

from wmill import S3Object

from f.connect.errors import FixInput
from f.customers.inputs.import_inputs import IMPORT_CSV
from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer_type import CUSTOMERS
from f.records.layout.notes import Note
from f.records.reading.columns import knows_of
from f.records.reading.parsed import Parsed, ParsedNote
from f.records.reading.source import open_source
from f.records.reading.table import Dialect, Table, read_table
from f.records.reading.table_validation import validate_table
from f.records.reading.unpacking import Unpacked, unpack
from f.records.rows.row_spool import RowSpool
from f.windmill.flow_inputs import check_inputs


def main(
    csv: bytes | None = None,
    text: str | None = None,
    file: S3Object | None = None,
    url: str | None = None,
    sheet: str = "",
    mapping: dict | None = None,
    default_country: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    header_row: int | None = None,
    chunk_rows: int = 500,
    max_url_mb: int = 100,
    arguments: str = "",
) -> Parsed:
    began, started_at = time.monotonic(), datetime.now(UTC)
    source = open_source(csv or _no_file(arguments), text, file, url, max_url_bytes=max_url_mb * 1_000_000)
    import_id = _import_id(started_at)
    digest = hashlib.sha256()
    unpacked = unpack(_tapped(source.chunks, digest.update), title=source.title, part=sheet or "")
    table = _read(unpacked, encoding, delimiter, has_header, header_row)
    valid = validate_table(
        table,
        CUSTOMERS,
        mapping=mapping,
        options={"default_country": _country(default_country)},
        spool=RowSpool(import_id),
        chunk_rows=max(chunk_rows, 1),
    )
    counts = valid.counts
    print(f"{unpacked.title}: {counts['rows']} rows, {counts['valid']} valid in {len(valid.chunks)} chunks")
    return {
        "import_id": import_id,
        "source": unpacked.title,
        "sha256": digest.hexdigest(),
        "started_at": started_at.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 3),
        "table": _described(table.dialect, unpacked),
        "notes": _listed([*table.notes, *unpacked.notes]),
        "header": list(valid.columns.header),
        "mapping": valid.columns.describe(),
        "counts": counts,
        "reasons": list(valid.tally.reasons.values()),
        "refused": valid.refused,
        "chunks": valid.chunks,
    }


def _no_file(arguments: str) -> str | None:
    """Check the flow's inputs; return what was given as csv and is no uploaded file, such as a path."""
    if not arguments:
        return None
    check_inputs(arguments, IMPORT_CSV)
    given: str | None = json.loads(arguments).get("csv")
    return given


def _read(
    unpacked: Unpacked,
    encoding: str | None,
    delimiter: str | None,
    has_header: bool | None,
    header_row: int | None,
) -> Table:
    """What is said of a file's text does not hold of a sheet, whose CSV is ours."""
    table = read_table(
        unpacked.chunks,
        encoding=None if unpacked.is_sheet else encoding or None,
        delimiter="," if unpacked.is_sheet else delimiter or None,
        has_header=has_header,
        header_row=header_row,
        knows=knows_of(CUSTOMERS),
    )
    return replace(table, rows=unpacked.renumbered(table.rows))


def _listed(notes: list[Note]) -> list[ParsedNote]:
    return [{"code": code, "line": line, "text": text, "rows": rows} for code, line, text, rows in notes]


def _described(dialect: Dialect, unpacked: Unpacked) -> dict[str, str]:
    """How the file was read: how its text was, or what it was unpacked from."""
    text = {name: str(value) for name, value in asdict(dialect).items()}
    if not unpacked.container:
        return text
    return {"container": unpacked.container, "part": unpacked.part, **text}


def _tapped(chunks: Iterable[bytes], tap: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        tap(chunk)
        yield chunk


def _import_id(now: datetime) -> str:
    """Sorts by time, and names the Windmill run it belongs to."""
    job = os.environ.get("WM_FLOW_JOB_ID") or os.environ.get("WM_JOB_ID") or "00000000"
    return f"{now:%Y%m%d-%H%M%S}-{job[-8:]}"


def _country(text: str | None) -> str | None:
    if not text:
        return None
    code = to_alpha2(text)
    if code is None:
        raise FixInput(
            f"The default country {text!r} is not in ISO 3166. Give its two-letter code, such as DE.",
            code="unknown_country",
        )
    return code
