"""Upload a file to S3, to what speaks its language, or to the workspace's own object storage.

Takes one of a text, a file given in the form, an object of Windmill, and a file in the job's folder. Small
ones go in one request, larger ones in parts; checksums go along and are compared with the answer. Returns
where the object is, its size, ETag and SHA-256. A second run stores the same bytes again, which changes
nothing; with `if_exists` it fails or keeps what is there, and with the same `request_key` it sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from wmill import S3Object

    from f.files.s3.client import s3
    from f.files.s3.results import UploadResult


def main(
    key: str,
    s3: s3 | None = None,
    text: str | None = None,
    content: bytes | None = None,
    file: S3Object | None = None,
    local_path: str = "",
    content_type: str = "",
    metadata: dict | None = None,
    if_exists: Literal["overwrite", "fail", "keep"] = "overwrite",
    checksum: Literal["sha256", "md5", "none"] = "sha256",
    part_mb: int = 16,
    storage: str = "",
    request_key: str = "",
    database: postgresql | None = None,
) -> UploadResult:
    from f.files.s3.storage import how, open_storage, upload
    from f.store.stores import open_store

    stored = how(key, content_type, metadata, if_exists, checksum, part_mb)
    with open_store(database, "files") as store, open_storage(s3, storage, store) as place:
        return upload(place, key, stored, (text, content, file, local_path), request_key)
