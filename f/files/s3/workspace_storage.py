"""The workspace's own object storage, by Windmill's API: what it offers of what a bucket does.

It has no metadata, no checksums, no conditions and no URLs to write to: what is asked for in vain is refused
by name, and what can only be done less well is told in a notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain, TryLater
from f.connect.sign_in.sigv4 import LONGEST_EXPIRY
from f.connect.times import to_iso
from f.files.s3.client import Stored
from f.files.s3.content import Content, Digests, digests_of
from f.files.s3.keys import check_content_type, check_key, check_prefix
from f.files.s3.refusals import ABSENT, EXISTS
from f.files.s3.spool import Spool
from f.files.s3.writing import delete_once, write_once
from f.store.once import Attempt, OneTimeWrite
from f.store.sent_keys import key_of
from f.windmill.connection import ask, connection
from f.windmill.objects import object_at, read_object, write_object

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

    from f.files.s3.content import How
    from f.files.s3.results import (
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
_SHORTEST_EXPIRY = 60  # seconds; Windmill's own bounds
_NOT_ATOMIC = (
    "Windmill's storage cannot store on condition: that there was no such object was looked up just before."
)


class WorkspaceStorage:
    """The workspace's default storage, or (`name`) one of its others. A context manager."""

    def __init__(self, name: str, store: Store) -> None:
        self._name, self._store = name, store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @property
    def bucket_name(self) -> str:
        """What results call it."""
        return self._name

    def upload(self, key: str, content: Content, how: How, request_key: str) -> UploadResult:
        """Store some bytes under a key."""
        check_key(key)
        if how.metadata:
            raise FixInput(
                "Windmill's storage keeps no metadata: leave it out, or give an S3 resource.",
                code="not_offered",
            )
        digests = digests_of(content)
        content_type = check_content_type(how.content_type)
        notices = [] if how.if_exists == "overwrite" else [_NOT_ATOMIC]

        def send(_attempt: Attempt) -> str:
            if how.if_exists != "overwrite" and self._facts(key) is not None:
                raise GiveUpRecord(
                    f"There is an object {key!r} already, and it was not replaced.", code=EXISTS
                )
            write_object(key, content.chunks(), content_type, content.size, storage=self._name)
            return ""

        write = OneTimeWrite(send, repeat_safe=True, noun="file", key_input="request_key")
        once_key = self._key(("upload", key, digests.sha256.hex()), request_key)
        receipt = write_once(self._store, once_key, write, how.if_exists)
        if receipt is None:
            notices = [f"There is an object {key!r} already. It was kept as it is."]
        return {
            "status": "exists"
            if receipt is None
            else "uploaded"
            if receipt.status == "sent"
            else "already_uploaded",
            "bucket": self._name,
            "key": key,
            "size": content.size,
            "etag": "",
            "sha256": digests.sha256.hex(),
            "parts": 1,
            "verified": "",
            "notices": notices,
        }

    def download(self, key: str, part: Path, max_bytes: int, *, verify: bool) -> tuple[Stored, Digests, str]:
        """Stream an object into a file, which is removed if anything goes wrong."""
        check_key(key)
        facts = self._facts(key)
        if facts is None:
            raise _absent(key)
        with Spool(part, max_bytes) as spool:
            spool.start()
            for piece in read_object(object_at(key, self._name)):
                if not spool.write(piece):
                    raise spool.refusal(key)
            if verify and facts["size"] != spool.size:
                raise TryLater(
                    f"Windmill sent {spool.size:,} of {facts['size']:,} bytes of {key!r}. Try again later.",
                    code="checksum_mismatch",
                )
            spool.keep()
        stored = Stored(
            size=spool.size, etag="", content_type=facts["content_type"], modified=facts["modified"],
            md5="", sha256="", metadata={},
        )  # fmt: skip
        return stored, spool.digests, ""

    def head(self, key: str) -> FileFacts:
        """Return what is known of an object, and whether there is one."""
        facts = self._facts(check_key(key))
        return {
            "exists": facts is not None,
            "bucket": self._name,
            "key": key,
            "size": facts["size"] if facts else 0,
            "content_type": facts["content_type"] if facts else "",
            "etag": "",
            "sha256": "",
            "modified": facts["modified"] if facts else "",
            "metadata": {},
            "storage_class": "",
        }

    def list_files(self, prefix: str, delimiter: str, most: int, token: str) -> Listing:
        """Return up to `most` objects; Windmill says neither their sizes nor their times."""
        check_prefix(prefix)
        files: list[FileEntry] = []
        folders: list[str] = []
        marker, seen = token, set[str]()
        while len(files) + len(folders) < most and marker not in seen:
            seen.add(marker)
            query = {"prefix": prefix, "max_keys": _PAGE, "marker": marker, "storage": self._name}
            page = _json(ask("job_helpers/list_stored_files", _given(query)), f"list {prefix!r}")
            keys = [str(item["s3"]) for item in page.get("windmill_large_files") or () if "s3" in item]
            marker = str(page.get("next_marker") or "")
            for key in keys:
                if len(files) + len(folders) >= most:
                    break
                folder = _folder_of(key, prefix, delimiter)
                if folder and folder not in folders:
                    folders.append(folder)
                elif not folder:
                    files.append({"key": key, "size": 0, "modified": "", "etag": ""})
                last = key
            else:
                if not marker:
                    break
                continue
            marker = last  # the page had more than was asked for: go on behind the last one taken
        return {
            "files": files,
            "folders": folders,
            "count": len(files),
            "complete": not marker,
            "next": marker,
            "notices": ["Windmill's list has no sizes and no times. head_file has those of one object."],
        }

    def copy(
        self, key: str, new_key: str, target_bucket: str, if_exists: IfExists, request_key: str
    ) -> CopyResult:
        """Copy an object, through this machine: Windmill's API has no call for it."""
        import tempfile  # for this alone

        check_key(new_key, "new_key")
        if key == new_key and target_bucket in {"", self._name}:
            raise FixInput("key and new_key are the same: there is nothing to copy.", code="same_key")
        target = WorkspaceStorage(target_bucket or self._name, self._store)
        with tempfile.TemporaryDirectory(prefix="copy-") as folder:
            file = Path(folder) / "object"
            stored, _, _ = self.download(key, file, 1 << 60, verify=True)
            content = Content(stored.size, file=file)

            def send(_attempt: Attempt) -> str:
                if if_exists != "overwrite" and target._facts(new_key) is not None:
                    raise GiveUpRecord(f"There is an object {new_key!r} already.", code=EXISTS)
                write_object(
                    new_key, content.chunks(), stored.content_type, content.size, storage=target._name
                )
                return ""

            write = OneTimeWrite(send, repeat_safe=True, noun="copy", key_input="request_key")
            about = ("copy", key, target._name, new_key)
            receipt = write_once(self._store, self._key(about, request_key), write, if_exists)
        return {
            "status": "exists"
            if receipt is None
            else "copied"
            if receipt.status == "sent"
            else "already_copied",
            "bucket": target._name,
            "key": new_key,
            "size": stored.size,
            "etag": "",
        }

    def delete(self, key: str, request_key: str) -> DeleteResult:
        """Delete an object, and say whether there was one."""
        there = self._facts(check_key(key)) is not None

        def send(_attempt: Attempt) -> str:
            if there:
                self._delete(key)
            return ""

        status = delete_once(self._store, self._key(("delete", key), request_key), send, there=there)
        return {"status": status, "bucket": self._name, "key": key}

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
        """Return a URL at this Windmill that lets whoever has it read the object for a while."""
        check_key(key)
        if method != "GET" or content_type or create_only or download_name:
            raise FixInput(
                "Windmill's storage signs URLs to read as they are. For one to write to, or with another "
                "name or "
                "type, give an S3 resource.",
                code="not_offered",
            )
        if not _SHORTEST_EXPIRY <= expires <= LONGEST_EXPIRY:
            raise FixInput(
                f"A URL that Windmill signs can be good for {_SHORTEST_EXPIRY} to {LONGEST_EXPIRY:,} "
                "seconds, not "
                f"for {expires:,}.",
                code="bad_expiry",
            )
        windmill = connection()
        import httpx  # comes with the connection

        try:
            url = windmill.get_presigned_s3_public_url(object_at(key, self._name), expiry_secs=expires)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
            raise TryLater("Windmill did not sign a URL. Try again later.", code="platform") from error
        return {"url": url, "method": "GET", "headers": {}, "expires_at": to_iso(self._store.now() + expires)}

    def _key(self, about: tuple[str, ...], request_key: str) -> str:
        """Return what a second run of a write is known by; "" without a key of the caller's."""
        if not request_key:
            return ""
        return key_of("windmill", connection().workspace, self._name, *about, request_key)

    def _facts(self, key: str) -> dict[str, Any] | None:
        """Return size, type and time; None if there is no such object, as the listing says."""
        query = {"file_key": key, "storage": self._name}
        reply = ask("job_helpers/load_file_metadata", _given(query))
        if reply.status_code == 200:
            facts = _json(reply, f"describe {key!r}")
            return {
                "size": int(facts.get("size_in_bytes") or 0),
                "content_type": str(facts.get("mime_type") or ""),
                "modified": str(facts.get("last_modified") or ""),
            }
        # Which status a missing object has is not documented: the list knows.
        listed = {"prefix": key, "max_keys": 1, "storage": self._name}
        page = _json(ask("job_helpers/list_stored_files", _given(listed)), f"list {key!r}")
        if any(item.get("s3") == key for item in page.get("windmill_large_files") or ()):
            raise _refused(f"describe {key!r}", reply)
        return None

    def _delete(self, key: str) -> None:
        windmill = connection()
        import httpx  # comes with the connection

        try:
            reply = windmill.client.delete(
                f"/w/{windmill.workspace}/job_helpers/delete_s3_file",
                params=_given({"file_key": key, "storage": self._name}),
            )
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise TryLater(f"Windmill did not delete {key!r}. Try again later.", code="platform") from error
        if reply.status_code >= 300 and self._facts(key) is not None:
            raise _refused(f"delete {key!r}", reply)


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value != ""}


def _folder_of(key: str, prefix: str, delimiter: str) -> str:
    """Return what a delimiter makes of a key: its beginning up to the next one, or nothing."""
    if not delimiter or not key.startswith(prefix):
        return ""
    head, found, _ = key[len(prefix) :].partition(delimiter)
    return f"{prefix}{head}{delimiter}" if found else ""


def _json(reply: httpx.Response, what: str) -> dict[str, Any]:
    if reply.status_code != 200:
        raise _refused(what, reply)
    try:
        body = reply.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TryLater(f"Windmill answered what cannot be read when it was to {what}.", code="platform")
    return body


def _refused(what: str, reply: httpx.Response) -> ConnectError:
    status = reply.status_code
    if status in {401, 403}:
        return SignInAgain(
            f"Windmill did not {what} ({status}): who runs this may not.",
            code=f"http_{status}",
            status=status,
        )
    if status in {502, 503, 504}:
        return TryLater(
            f"Windmill did not {what} ({status}). Try again later.", code="storage", status=status
        )
    return FixSettings(
        f"Windmill did not {what} ({status}). Set a storage up under Workspace settings > Object Storage "
        "(S3), or "
        "give an S3 resource.",
        code="no_object_storage",
        status=status,
    )


def _absent(key: str) -> FixInput:
    return FixInput(f"There is no object {key!r} in the workspace's storage. Check the key.", code=ABSENT)
