"""Say whether there is an object, and what is known of it: size, type, time, ETag, checksum, metadata.

Nothing of its content is read. An object that is not there is no error: `exists` is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.files.s3.client import s3
    from f.files.s3.results import FileFacts


def main(key: str, s3: s3 | None = None, storage: str = "") -> FileFacts:
    from f.files.s3.storage import open_storage
    from f.store.stores import memory_store

    with memory_store() as store, open_storage(s3, storage, store) as place:
        return place.head(key)
