"""Where objects lie: in a bucket, or in the workspace's own storage. Both are used alike."""

from __future__ import annotations

import base64
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from f.connect.errors import FixInput
from f.files.s3.bucket_storage import BucketStorage
from f.files.s3.content import Content, How, open_content, type_of
from f.files.s3.keys import check_key, local_file
from f.windmill.objects import INLINE_BYTES, write_object

if TYPE_CHECKING:
    from types import TracebackType

    from wmill import S3Object

    from f.files.s3.client import Stored
    from f.files.s3.content import Digests
    from f.files.s3.results import (
        CopyResult,
        DeleteResult,
        DownloadResult,
        FileFacts,
        IfExists,
        Listing,
        SignedUrl,
        UploadResult,
    )
    from f.store.store import Store


MOST_LISTED = 100_000  # keys that a job holds in its result


class Storage(Protocol):
    """What the scripts ask of a storage; a context manager."""

    @property
    def bucket_name(self) -> str:
        """The bucket's name; that of the workspace's storage, "" for its default."""

    def upload(self, key: str, content: Content, how: How, request_key: str) -> UploadResult:
        """Store some bytes under a key."""

    def download(self, key: str, part: Path, max_bytes: int, *, verify: bool) -> tuple[Stored, Digests, str]:
        """Stream an object into a file."""

    def head(self, key: str) -> FileFacts:
        """Return what is known of an object."""

    def list_files(self, prefix: str, delimiter: str, most: int, token: str) -> Listing:
        """Return some of the objects."""

    def copy(
        self, key: str, new_key: str, target_bucket: str, if_exists: IfExists, request_key: str
    ) -> CopyResult:
        """Copy an object."""

    def delete(self, key: str, request_key: str) -> DeleteResult:
        """Delete an object."""

    def sign(
        self,
        key: str,
        method: Literal["GET", "PUT"],
        expires: int,
        *,
        content_type: str = "",
        create_only: bool = False,
        download_name: str = "",
    ) -> SignedUrl:
        """Return a signed URL."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""


def open_storage(resource: Mapping[str, Any] | None, name: str, store: Store) -> Storage:
    """Return the bucket of a resource; without one the workspace's storage of this name."""
    if resource:
        if name:
            raise FixInput(
                "storage names one of the workspace's storages, and s3 a bucket elsewhere: give one of them.",
                code="one_source",
            )
        return BucketStorage(resource, store)
    from f.files.s3.workspace_storage import WorkspaceStorage  # a module less for all others

    return WorkspaceStorage(name, store)


def upload(
    storage: Storage,
    key: str,
    how: How,
    sources: tuple[str | None, bytes | str | None, S3Object | None, str],
    request_key: str,
) -> UploadResult:
    """Upload what exactly one of the sources has: text, bytes, an object of Windmill, a file of the job."""
    check_key(key)  # before an object is fetched for it
    with open_content(*sources) as content:
        return storage.upload(key, content, how, request_key)


def how(
    key: str,
    content_type: str,
    metadata: Mapping[str, Any] | None,
    if_exists: str,
    checksum: str,
    part_mb: int,
) -> How:
    """Return how an object is to be stored, from the inputs of a form."""
    return How(
        content_type=type_of(key, content_type.strip()),
        metadata=metadata or {},
        if_exists=_one_of(if_exists, "if_exists", ("overwrite", "fail", "keep")),
        checksum=_one_of(checksum, "checksum", ("sha256", "md5", "none")),
        part_mb=part_mb,
    )


def _one_of(value: str, name: str, choice: tuple[Any, ...]) -> Any:
    if value not in choice:
        raise FixInput(f"{name} is {value!r}: it can be {', '.join(choice)}.", code="bad_choice")
    return value


def download(
    storage: Storage, key: str, *, object_path: str, local_path: str, max_mb: int, verify: bool
) -> DownloadResult:
    """Download to an object of the workspace's storage, to a file of the job, or into the result."""
    if object_path and local_path:
        raise FixInput("Give object_path or local_path, not both.", code="one_source")
    if max_mb < 1:
        raise FixInput(f"max_mb is {max_mb}: it must be at least 1.", code="bad_limit")
    if object_path:
        check_key(object_path, "object_path")
    target = Path(local_file(local_path)) if local_path else None
    most = max_mb * 1_000_000 if object_path or target else min(INLINE_BYTES, max_mb * 1_000_000)
    with tempfile.TemporaryDirectory(prefix="download-") as folder:
        part = _part_of(target) if target else Path(folder) / "object"
        try:
            stored, digests, verified = storage.download(key, part, most, verify=verify)
        except FixInput as error:
            if error.code == "too_large" and not (object_path or target):
                raise FixInput(
                    f"{key!r} is too large for a job's result: give object_path or local_path.",
                    code="too_large",
                ) from error
            raise
        result = _result_of(storage, key, stored, digests, verified)
        if target is not None:
            _put_in_place(part, target)
            result["local_path"] = local_path
        elif object_path:
            with part.open("rb") as content:
                write_object(object_path, content, stored.content_type, stored.size)
            result["s3"] = object_path
        else:
            result.update(_inline(part.read_bytes()))
    return result


def _part_of(target: Path) -> Path:
    """Return where a download lies until it is whole: beside its place, so that it gets there in one step.

    Under a name of its own: another download to the same place, or somebody's file, may lie there as well.
    """
    try:
        if target.is_dir():
            raise FixInput(f"{str(target)!r} is a folder: give the path of a file.", code="bad_path")
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FixInput(
            f"The folder of {str(target)[-80:]!r} cannot be made ({error.strerror}).", code="bad_path"
        ) from error
    return target.with_name(f".download-{secrets.token_hex(8)}.part")


def _put_in_place(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FixInput(
            f"{str(target)[-80:]!r} cannot be written ({error.strerror}).", code="bad_path"
        ) from error


def _result_of(storage: Storage, key: str, stored: Stored, digests: Digests, verified: str) -> DownloadResult:
    return {
        "bucket": storage.bucket_name,
        "key": key,
        "size": stored.size,
        "content_type": stored.content_type,
        "etag": stored.etag,
        "sha256": digests.sha256.hex(),
        "verified": verified,
        "metadata": dict(stored.metadata),
    }


def _inline(data: bytes) -> Any:
    """Return a small content as text, or as base64 if it is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"content_base64": base64.b64encode(data).decode()}
    return {"text": text} if "\0" not in text else {"content_base64": base64.b64encode(data).decode()}


def list_files(storage: Storage, prefix: str, delimiter: str, most: int, token: str) -> Listing:
    """List up to `most` objects; FixInput for a number that no list has."""
    if not 1 <= most <= MOST_LISTED:
        raise FixInput(
            f"max_files is {most:,}: it can be 1 to {MOST_LISTED:,}, and continue_from has the rest.",
            code="bad_limit",
        )
    return storage.list_files(prefix, delimiter, most, token)


def copy(
    storage: Storage, key: str, new_key: str, target_bucket: str, if_exists: str, request_key: str
) -> CopyResult:
    """Copy an object, as the form says."""
    choice: IfExists = _one_of(if_exists, "if_exists", ("overwrite", "fail", "keep"))
    return storage.copy(key, new_key, target_bucket.strip(), choice, request_key)
