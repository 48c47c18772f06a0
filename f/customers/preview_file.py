"""Show how a file would be read, from its beginning: nothing is checked, kept or sent.

Takes what the import of customers takes of a file and of how to read it. Returns its layout, each column with
the field it becomes and why, the first cells of each column as they stand, and the questions that an import
would stop at. A second run shows the same.
"""

# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from wmill import S3Object

    from f.records.reading.preview import Preview


def main(
    csv: bytes | None = None,
    text: str | None = None,
    file: S3Object | None = None,
    url: str | None = None,
    sheet: str = "",
    mapping: dict | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    header_row: int | None = None,
    rows: int = 3,
    max_url_mb: int = 100,
) -> Preview:
    from f.customers.validation.customer_type import CUSTOMERS
    from f.records.reading.opening import HowToRead, open_file
    from f.records.reading.preview import preview
    from f.records.reading.source import open_source

    source = open_source(csv, text, file, url, max_url_bytes=max_url_mb * 1_000_000)
    opened = open_file(source, HowToRead(encoding, delimiter, has_header, header_row, sheet), CUSTOMERS)
    return preview(opened, CUSTOMERS, mapping, rows=max(rows, 0))
