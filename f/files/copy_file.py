"""Copy an object to another key, or to another bucket of the same account, without downloading it.

Type and metadata go along. Returns where the copy is. A second run copies again, which changes nothing as
long as the source is the same; with `if_exists` it fails or keeps what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.files.s3.client import s3
    from f.files.s3.results import CopyResult


def main(
    key: str,
    new_key: str,
    s3: s3 | None = None,
    target_bucket: str = "",
    if_exists: Literal["overwrite", "fail", "keep"] = "overwrite",
    storage: str = "",
    request_key: str = "",
    database: postgresql | None = None,
) -> CopyResult:
    from f.files.s3.storage import copy, open_storage
    from f.store.stores import open_store

    with open_store(database, "files") as store, open_storage(s3, storage, store) as place:
        return copy(place, key, new_key, target_bucket, if_exists, request_key)
