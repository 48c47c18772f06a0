"""Sign a URL by which somebody without an account reads or stores one object, for a while.

Returns the URL, the headers that have to go along, and when it ends. Nothing is sent for a bucket; the
workspace's own storage signs at Windmill, and only to read. The URL is a key: whoever has it may use it.
A second run signs another one; the first stays good until its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.files.s3.client import s3
    from f.files.s3.results import SignedUrl


def main(
    key: str,
    s3: s3 | None = None,
    method: Literal["GET", "PUT"] = "GET",
    expires_seconds: int = 3600,
    content_type: str = "",
    create_only: bool = False,
    download_name: str = "",
    storage: str = "",
) -> SignedUrl:
    from f.files.s3.storage import open_storage
    from f.store.stores import memory_store

    with memory_store() as store, open_storage(s3, storage, store) as place:
        return place.sign(
            key,
            method,
            expires_seconds,
            content_type=content_type,
            create_only=create_only,
            download_name=download_name,
        )
