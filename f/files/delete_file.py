"""Delete an object of a bucket, or of the workspace's own storage.

Returns whether there was one: S3 answers the same in both cases, so it is looked up just before. In a bucket
with versions the older ones stay. A second run finds nothing and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.files.s3.client import s3
    from f.files.s3.results import DeleteResult


def main(
    key: str,
    s3: s3 | None = None,
    storage: str = "",
    request_key: str = "",
    database: postgresql | None = None,
) -> DeleteResult:
    from f.files.s3.storage import open_storage
    from f.store.stores import open_store

    with open_store(database, "files") as store, open_storage(s3, storage, store) as place:
        return place.delete(key, request_key)
