"""Download a file from S3, from what speaks its language, or from the workspace's own object storage.

It is streamed to an object of the workspace's storage (`object_path`), to a file in the job's folder
(`local_path`), or without either into the result, up to a megabyte. Size and checksum are compared with what
S3 says; what does not fit, or ends too early, is kept nowhere. A second run downloads again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.files.s3.client import s3
    from f.files.s3.results import DownloadResult


def main(
    key: str,
    s3: s3 | None = None,
    object_path: str = "",
    local_path: str = "",
    max_mb: int = 1000,
    verify: bool = True,
    storage: str = "",
) -> DownloadResult:
    from f.files.s3.storage import download, open_storage
    from f.store.stores import memory_store

    with memory_store() as store, open_storage(s3, storage, store) as place:
        return download(
            place, key, object_path=object_path, local_path=local_path, max_mb=max_mb, verify=verify
        )
