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
from datetime import UTC, datetime

from wmill import S3Object

from f.connect.errors import FixInput
from f.customers.inputs.import_inputs import IMPORT_CSV
from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer_type import CUSTOMERS
from f.records.reading.opening import HowToRead, open_file
from f.records.reading.parsed import Parsed
from f.records.reading.source import open_source
from f.records.reading.table_validation import validate_table
from f.records.rows.row_spool import RowSpool
from f.windmill.flow_inputs import check_inputs
from f.windmill.job import Progress


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
    how = HowToRead(encoding, delimiter, has_header, header_row, sheet)
    taken = _Taken(source.size)
    opened = open_file(source, how, CUSTOMERS, taken)
    valid = validate_table(
        opened.table,
        CUSTOMERS,
        mapping=mapping,
        options={"default_country": _country(default_country)},
        spool=RowSpool(import_id),
        chunk_rows=max(chunk_rows, 1),
    )
    print(f"{opened.title}: {valid.counts['valid']} valid rows in {len(valid.chunks)} chunks")
    return {
        "import_id": import_id,
        "source": opened.title,
        "sha256": taken.digest.hexdigest(),
        "started_at": started_at.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 3),
        "table": opened.described(),
        "notes": opened.notes(),
        "header": list(valid.titles),
        "mapping": valid.columns.describe(),
        "guesses": valid.guesses,
        "counts": valid.counts,
        "reasons": list(valid.tally.reasons.values()),
        "refused": valid.refused,
        "repairs": valid.repairs,
        "chunks": valid.chunks,
    }


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


def _no_file(arguments: str) -> str | None:
    """Check the flow's inputs; return what was given as csv and is no uploaded file, such as a path."""
    if not arguments:
        return None
    check_inputs(arguments, IMPORT_CSV)
    given: str | None = json.loads(arguments).get("csv")
    return given


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
