"""List the objects of a bucket, or of the workspace's own storage, whose keys begin with a prefix.

Returns up to `max_files` of them with size, time and ETag, page after page as far as needed, and the folders
if a delimiter is given. `next` goes into `continue_from` of a second run for what follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.files.s3.client import s3
    from f.files.s3.results import Listing


def main(
    s3: s3 | None = None,
    prefix: str = "",
    max_files: int = 1000,
    continue_from: str = "",
    delimiter: str = "",
    storage: str = "",
) -> Listing:
    from f.files.s3.storage import list_files, open_storage
    from f.store.stores import memory_store

    with memory_store() as store, open_storage(s3, storage, store) as place:
        return list_files(place, prefix, delimiter, max_files, continue_from)
