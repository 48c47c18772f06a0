"""What the scripts return. Sizes are bytes, times ISO 8601."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

IfExists = Literal["overwrite", "fail", "keep"]
Checksum = Literal["sha256", "md5", "none"]


class UploadResult(TypedDict):
    """`exists`: there was an object under the key, which was kept. `sha256` is of what was to be uploaded.

    `verified` says by what the answer shows that the very bytes arrived; empty if it shows nothing.
    """

    status: Literal["uploaded", "already_uploaded", "exists"]
    bucket: str
    key: str
    size: int
    etag: str
    sha256: str
    parts: int
    verified: str
    notices: list[str]


class DownloadResult(TypedDict):
    """Where the content is: in an object of Windmill (`s3`), in a file (`local_path`), or here."""

    bucket: str
    key: str
    size: int
    content_type: str
    etag: str
    sha256: str
    verified: str
    metadata: dict[str, str]
    s3: NotRequired[str]
    storage: NotRequired[str]
    local_path: NotRequired[str]
    text: NotRequired[str]
    content_base64: NotRequired[str]


class FileFacts(TypedDict):
    """What is known of an object. `exists` is false if there is none; then all else is empty."""

    exists: bool
    bucket: str
    key: str
    size: int
    content_type: str
    etag: str
    sha256: str
    modified: str
    metadata: dict[str, str]
    storage_class: str


class FileEntry(TypedDict):
    """An object in a list."""

    key: str
    size: int
    modified: str
    etag: str


class Listing(TypedDict):
    """`next` is empty at the end of the list; else it goes into `continue_from` for what follows."""

    files: list[FileEntry]
    folders: list[str]
    count: int
    complete: bool
    next: str
    notices: list[str]


class SignedUrl(TypedDict):
    """`headers` have to be sent along just as they are."""

    url: str
    method: Literal["GET", "PUT"]
    headers: dict[str, str]
    expires_at: str


class CopyResult(TypedDict):
    """`exists`: there was an object under the new key, which was kept."""

    status: Literal["copied", "already_copied", "exists"]
    bucket: str
    key: str
    size: int
    etag: str


class DeleteResult(TypedDict):
    """`not_there`: there was no object under the key just before it was deleted."""

    status: Literal["deleted", "already_deleted", "not_there"]
    bucket: str
    key: str
