"""What can be done with the objects of a bucket; every write once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown, SignInAgain, TryLater
from f.connect.sign_in.sigv4 import presigned_url
from f.connect.times import to_iso
from f.files.s3.client import (
    MARK,
    SHA256,
    Bucket,
    Stored,
    bucket_of,
    copy_request,
    delete_request,
    get_request,
    head_request,
    list_request,
    put_request,
    read_deleted,
    read_etag,
    read_page,
    read_stored,
    read_value,
)
from f.files.s3.content import Content, Digests, How, digests_of
from f.files.s3.keys import check_content_type, check_key, check_prefix, disposition_of, metadata_headers
from f.files.s3.multipart import Multipart, part_size, upload_parts
from f.files.s3.refusals import ABSENT, EXISTS
from f.files.s3.spool import Spool
from f.files.s3.verification import (
    check_download,
    check_found,
    check_stored,
    check_whole,
    checksum_headers,
    is_same,
    noting_mismatch,
)
from f.files.s3.writing import delete_once, write_once
from f.store.once import Attempt, Candidate, OneTimeWrite
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from types import TracebackType

    from f.connect.calls.message import Request, Response
    from f.files.s3.results import (
        Checksum,
        CopyResult,
        DeleteResult,
        FileEntry,
        FileFacts,
        IfExists,
        Listing,
        SignedUrl,
        UploadResult,
    )
    from f.store.store import Store

_PAGE = 1000
_MOST_EMPTY_PAGES = 1000
_LARGEST_COPY = 5 << 30


class BucketStorage:
    """A bucket of S3, or of what speaks its language. A context manager."""

    def __init__(self, resource: Mapping[str, Any], store: Store) -> None:
        self._resource, self._store = resource, store
        self._bucket = bucket_of(resource)
        self._client = Client(self._bucket.integration, store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def bucket_name(self) -> str:
        """What results call it."""
        return self._bucket.name

    def upload(self, key: str, content: Content, how: How, request_key: str) -> UploadResult:
        """Store some bytes under a key: in one request, or in parts if they are larger than one part."""
        check_key(key)
        size = part_size(content.size, how.part_mb)
        headers = {"Content-Type": check_content_type(how.content_type), **metadata_headers(how.metadata)}
        digests = digests_of(content)
        done: dict[str, str] = {}
        changed: list[OutcomeUnknown] = []  # other bytes were stored: no look-up makes good for that

        def send(attempt: Attempt) -> str:
            marked = headers | ({f"x-amz-meta-{MARK}": attempt.mark} if how.if_exists != "overwrite" else {})
            only = {} if how.if_exists == "overwrite" else {"If-None-Match": "*"}
            work = Multipart(self._bucket, key, self._sender(attempt), how.checksum)
            if content.size <= size:
                response = work.send(_put_request(work, content, digests, {**marked, **only}))
                if found := self._ours_after_all(response, lambda: look_up(attempt)):
                    return found
                etag = read_etag(response, self._bucket)
                done["verified"] = check_stored(response, digests, how.checksum)
                return etag
            whole = {f"x-amz-meta-{SHA256}": digests.sha256.hex()}
            made = upload_parts(work, content, digests, size, {**marked, **whole}, only)
            done["verified"] = made.verified
            return made.etag

        def look_up(attempt: Attempt) -> list[Candidate]:
            if changed:
                raise changed[0]
            mark = attempt.mark if how.if_exists != "overwrite" else ""
            return self._found(key, content.size, digests, mark, how.checksum)

        write = OneTimeWrite(
            noting_mismatch(send, changed), look_up, repeat_safe=how.if_exists == "overwrite", noun="file",
            key_input="request_key",
        )  # fmt: skip
        once_key = self._key("upload", (key, digests.sha256.hex()), request_key)
        receipt = write_once(self._store, once_key, write, how.if_exists)
        return {
            "status": "exists" if receipt is None else _STATUS_UPLOADED[receipt.status],
            "bucket": self._bucket.name,
            "key": key,
            "size": content.size,
            "etag": receipt.id if receipt else "",
            "sha256": digests.sha256.hex(),
            "parts": max(1, -(-content.size // size)),
            "verified": done.get("verified", ""),
            "notices": [] if receipt else [f"There is an object {key!r} already. It was kept as it is."],
        }

    def download(self, key: str, part: Path, max_bytes: int, *, verify: bool) -> tuple[Stored, Digests, str]:
        """Stream an object into a file; return what S3 says of it, its digests, and by what it is verified.

        The file is removed if anything goes wrong.
        """
        check_key(key)
        spool = Spool(part, max_bytes)
        with spool:
            try:
                response = self._client.request(get_request(self._bucket, key, spool))
                stored = read_stored(response, self._bucket)
            except ConnectError as error:
                if error.code == "too_large":
                    raise spool.refusal(key) from error
                raise
            verified = check_download(response, stored, spool.digests) if verify else ""
            check_whole(response, stored, verified)
            spool.keep()
        return replace(stored, size=spool.size), spool.digests, verified

    def head(self, key: str) -> FileFacts:
        """Return what is known of an object, and whether there is one."""
        stored = self._head(self._bucket, check_key(key))
        return {
            "exists": stored is not None,
            "bucket": self._bucket.name,
            "key": key,
            "size": stored.size if stored else 0,
            "content_type": stored.content_type if stored else "",
            "etag": stored.etag if stored else "",
            "sha256": stored.sha256 if stored else "",
            "modified": stored.modified if stored else "",
            "metadata": dict(stored.metadata) if stored else {},
            "storage_class": stored.storage_class if stored else "",
        }

    def list_files(self, prefix: str, delimiter: str, most: int, token: str) -> Listing:
        """Return up to `most` objects whose keys begin with a prefix, and the folders beside them."""
        check_prefix(prefix)
        files: list[FileEntry] = []
        folders: list[str] = []
        seen = set[str]()
        for _ in range(_MOST_EMPTY_PAGES):
            left = most - len(files) - len(folders)
            response = self._client.request(
                list_request(self._bucket, prefix, delimiter, min(left, _PAGE), token)
            )
            page = read_page(response, self._bucket)
            files += page.files
            folders += page.folders
            token = page.token
            if not token or len(files) + len(folders) >= most:
                break
            if token in seen:
                raise TryLater("S3 repeats its page of the list. Try again later.", code="pages_repeat")
            seen.add(token)
        return {
            "files": files,
            "folders": folders,
            "count": len(files),
            "complete": not token,
            "next": token,
            "notices": [],
        }

    def copy(
        self, key: str, new_key: str, target_bucket: str, if_exists: IfExists, request_key: str
    ) -> CopyResult:
        """Copy an object within the service, metadata included. The source is as it was when this began."""
        check_key(key)
        check_key(new_key, "new_key")
        target = bucket_of(self._resource, target_bucket) if target_bucket else self._bucket
        if target == self._bucket and key == new_key:
            raise FixInput("key and new_key are the same: there is nothing to copy.", code="same_key")
        source = self._head(self._bucket, key)
        if source is None:
            raise FixInput(f"There is no object {key!r} to copy. Check the key: capitals count.", code=ABSENT)
        if source.size > _LARGEST_COPY:
            raise FixInput(
                f"{key!r} has {source.size:,} bytes; S3 copies up to 5 GiB in one request. Download it and "
                "upload it under the new key.",
                code="too_large",
            )
        with _client_of(target, self._bucket, self._client, self._store) as client:
            return self._copy(client, (key, source), target, new_key, if_exists, request_key)

    def delete(self, key: str, request_key: str) -> DeleteResult:
        """Delete an object, and say whether there was one, which S3 itself does not."""
        check_key(key)
        there = self._head(self._bucket, key) is not None
        bucket = self._bucket

        def send(attempt: Attempt) -> str:
            read_deleted(self._sender(attempt)(delete_request(bucket, key)), bucket)
            return ""

        status = delete_once(self._store, self._key("delete", (key,), request_key), send, there=there)
        return {"status": status, "bucket": bucket.name, "key": key}

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
        """Return a URL that lets whoever has it read or store this one object. Nothing is sent."""
        check_key(key)
        if method not in {"GET", "PUT"}:
            raise FixInput(f"method is {method!r}: it can be GET, PUT.", code="bad_choice")
        if method == "GET" and (content_type or create_only):
            raise FixInput("content_type and create_only are for method PUT.", code="bad_choice")
        if method == "PUT" and download_name:
            raise FixInput("download_name is for method GET.", code="bad_choice")
        bucket = self._bucket
        headers = {"Content-Type": check_content_type(content_type)} if content_type else {}
        if create_only:
            headers["If-None-Match"] = "*"
        fields = [("response-content-disposition", disposition_of(download_name))] if download_name else []
        at = time.time()
        url = presigned_url(
            bucket.key, method, bucket.url(key, fields if method == "GET" else ()), expires=expires, at=at,
            headers=headers,
        )  # fmt: skip
        return {"url": url, "method": method, "headers": headers, "expires_at": to_iso(int(at) + expires)}

    def _copy(
        self,
        client: Client,
        source: tuple[str, Stored],
        target: Bucket,
        new_key: str,
        if_exists: IfExists,
        request_key: str,
    ) -> CopyResult:
        key, stored = source
        headers, only = {"x-amz-copy-source-if-match": f'"{stored.etag}"'}, if_exists != "overwrite"
        if only:
            headers["If-None-Match"] = "*"

        def send(attempt: Attempt) -> str:
            # Not every service heeds the condition of a copy, and one that does not would replace the object.
            if only and self._head(target, new_key, client) is not None:
                raise GiveUpRecord(f"There is an object {new_key!r} already.", code=EXISTS)
            request = replace(
                copy_request(self._bucket, key, target, new_key, headers), permit=attempt.permit
            )
            response = client.request(request)
            if found := self._ours_after_all(response, lambda: look_up(attempt)):
                return found
            # The condition on the source answers in the same way as that on the target.
            if response.status == 412 and not (only and self._head(target, new_key, client)):
                raise TryLater(
                    f"{key!r} was changed meanwhile. Nothing was copied; try again.", code="changed"
                )
            return read_value(response, target, "CopyObjectResult", "ETag", "The object may have been copied")

        def look_up(attempt: Attempt) -> list[Candidate]:
            del attempt
            found = self._head(target, new_key, client)
            same = found is not None and (found.size, found.etag) == (stored.size, stored.etag)
            return [Candidate(found.etag)] if found is not None and same else []

        write = OneTimeWrite(send, look_up, repeat_safe=not only, noun="copy", key_input="request_key")
        about = (key, target.name, new_key, stored.etag)
        receipt = write_once(self._store, self._key("copy", about, request_key), write, if_exists)
        return {
            "status": "exists" if receipt is None else _STATUS_COPIED[receipt.status],
            "bucket": target.name,
            "key": new_key,
            "size": stored.size,
            "etag": receipt.id if receipt else "",
        }

    def _key(self, action: str, about: tuple[str, ...], request_key: str) -> str:
        """Return what a second run of a write is known by; "" without a key of the caller's."""
        place = (self._bucket.base_url, self._bucket.name, action, *about)
        return key_of("s3", *place, request_key) if request_key else ""

    @staticmethod
    def _ours_after_all(response: Response, look_up: Callable[[], Sequence[Candidate]]) -> str:
        """Return the ETag if "exists already" is this call's own earlier doing, else nothing."""
        if response.status != 412 or not response.in_doubt:
            return ""
        try:
            found = look_up()
        except ConnectError as error:
            raise OutcomeUnknown(
                "S3 says that the object exists already, and an earlier attempt of this very call may have "
                f"made it. Looking it up failed: {error}",
                code="answer_lost",
            ) from error
        return found[0].id if found else ""

    def _sender(self, attempt: Attempt) -> Any:
        def send(request: Request) -> Response:
            return self._client.request(replace(request, permit=attempt.permit))

        return send

    def _head(self, bucket: Bucket, key: str, client: Client | None = None) -> Stored | None:
        """Return what S3 says of an object; None if there is none."""
        response = (client or self._client).request(head_request(bucket, key))
        try:
            return read_stored(response, bucket)
        except FixInput as error:
            if error.code == ABSENT:
                return None
            raise

    def _found(self, key: str, size: int, digests: Digests, mark: str, checksum: Checksum) -> list[Candidate]:
        """Return the object if it is what was sent: by its content, or by its mark where it must be new."""
        try:
            stored = self._head(self._bucket, key)
        except SignInAgain:
            if mark:
                raise
            return []  # who may only write cannot look; the same bytes may go again
        if stored is None or (mark and stored.mark != mark):
            return []
        if mark:
            check_found(stored, size, digests, checksum)
        return [Candidate(stored.etag)] if mark or is_same(stored, size, digests) else []


_STATUS_UPLOADED: Mapping[str, Literal["uploaded", "already_uploaded"]] = {
    "sent": "uploaded",
    "already_sent": "already_uploaded",
}
_STATUS_COPIED: Mapping[str, Literal["copied", "already_copied"]] = {
    "sent": "copied",
    "already_sent": "already_copied",
}


def _put_request(work: Multipart, content: Content, digests: Digests, headers: Mapping[str, str]) -> Request:
    checked = {**headers, **checksum_headers(digests, work.checksum)}
    return put_request(work.bucket, work.key, content, digests.sha256.hex(), checked)


@contextmanager
def _client_of(target: Bucket, own: Bucket, client: Client, store: Store) -> Iterator[Client]:
    """Yield a client for a bucket, which may lie at an address of its own."""
    if target.base_url == own.base_url:
        yield client
    else:
        with Client(target.integration, store) as other:
            yield other
