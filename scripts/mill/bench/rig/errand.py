"""What a process that sends is asked to do."""

from __future__ import annotations

from typing import Any, TypedDict


class Errand(TypedDict):
    """Customers to bring to an API, in every form in which one of the ways takes them.

    `chunks` are what parse_csv made of the file, of `chunk_rows` each; `records` is a file of the same
    customers as the API takes them, one JSON object a line. `file` is the object of the workspace's storage,
    `csv` the same on disk.
    `database` is a connection string of the Postgres that journals; the empty string is a file under HOME.
    """

    api: dict[str, Any]
    file: str
    csv: str
    records: str
    chunks: list[dict[str, Any]]
    rows: int
    chunk_rows: int
    at_once: int
    import_id: str
    database: str
