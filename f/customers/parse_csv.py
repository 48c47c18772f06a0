"""Read a CSV file and check every row of it; nothing is sent anywhere.

Takes exactly one of an uploaded file, pasted text, an object of the workspace's storage or a URL: a CSV or
an Excel workbook, packed with gzip or zip if need be. Finds out encoding, delimiter, quoting and what each
column holds; applies the corrections that people made of its rows. Returns the valid customers in chunks,
the refused rows with their reasons, and the counts. Later chunks of a large file are larger, and a note says
so. A second run does the same again.
As the first step of a flow it is handed all its inputs as `arguments`, and refuses what the flow cannot use.
"""

# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from wmill import S3Object

    from f.records.reading.parsed import Parsed


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
    corrections: dict | None = None,
    chunk_rows: int | None = None,
    max_url_mb: int = 100,
    arguments: str = "",
) -> Parsed:
    from f.customers.validation.countries import default_country_of
    from f.customers.validation.customer_type import CUSTOMERS
    from f.records.reading.checked_file import check_file
    from f.records.reading.corrections import read_corrections
    from f.records.reading.opening import HowToRead
    from f.records.reading.source import open_source
    from f.records.rows.chunk_sizes import chunk_sizes

    source = open_source(csv or _no_file(arguments), text, file, url, max_url_bytes=max_url_mb * 1_000_000)
    parsed = check_file(
        source,
        CUSTOMERS,
        HowToRead(encoding, delimiter, has_header, header_row, sheet),
        mapping=mapping,
        options={"default_country": default_country_of(default_country)},
        corrections=read_corrections(corrections),
        sizes=chunk_sizes(chunk_rows),
    )
    print(f"{parsed['source']}: {parsed['counts']['valid']} valid rows in {len(parsed['chunks'])} chunks")
    return parsed


def _no_file(arguments: str) -> str | None:
    """Check the flow's inputs; return what was given as csv and is no uploaded file, such as a path."""
    from f.customers.inputs.import_inputs import IMPORT_CSV
    from f.windmill.flow_inputs import check_inputs

    if not arguments:
        return None
    check_inputs(arguments, IMPORT_CSV)
    given: str | None = json.loads(arguments).get("csv")
    return given
