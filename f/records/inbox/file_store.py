"""Windmill's side of an inbox: objects listed, described, copied and moved, and whether a job still runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any, Protocol, Self

from f.connect.errors import FixSettings, TryLater
from f.records.inbox.decisions import InboxFile
from f.windmill.connection import ask, disconnect
from f.windmill.job import is_running
from f.windmill.objects import object_at, read_object, write_object

_PAGE = 1000
_AT_ONCE = 8  # descriptions asked for at once: the API has no listing with sizes and times
_PASSING = frozenset({502, 503, 504})


class ApiReply(Protocol):
    """What is read of a reply of Windmill's API."""

    status_code: int

    def json(self) -> Any:
        """Return the body."""


class FileStore:
    """The workspace's storage as an inbox uses it; a context manager.

    Its methods raise TryLater if Windmill cannot be reached or refuses.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        disconnect()

    def list_paths(self, storage: str, prefix: str) -> Iterator[str]:
        """Yield every path below a prefix; raise FixSettings if there is no storage or no right to."""
        marker, seen = "", set[str]()
        while marker not in seen:
            seen.add(marker)
            query = {"prefix": prefix, "max_keys": _PAGE, "marker": marker}
            reply = self._get("job_helpers/list_stored_files", query, storage)
            page = _page(reply, prefix)
            yield from (str(item["s3"]) for item in page["windmill_large_files"])
            marker = page.get("next_marker") or ""

    def describe_all(self, storage: str, paths: list[str]) -> list[InboxFile]:
        """Return the objects that are still there, in the order of `paths`."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda path: self.describe(storage, path), paths)
            return [file for file in found if file is not None]

    def describe(self, storage: str, path: str) -> InboxFile | None:
        """Return an object with its size and time; None if it is gone."""
        reply = self._get("job_helpers/load_file_metadata", {"file_key": path}, storage)
        if reply.status_code != 200:
            # Which status a missing object has is not documented: the listing knows.
            if path not in self.list_paths(storage, path):
                return None
            raise _refused(f"did not describe {path!r}", reply)
        facts = reply.json()
        return InboxFile(
            storage,
            path,
            int(facts.get("size_in_bytes") or 0),
            str(facts.get("last_modified") or ""),
            str(facts.get("version_id") or ""),
        )

    def move(self, storage: str, source: str, target: str) -> None:
        """Give an object another path, over what is there. Does nothing if it has been moved already."""
        query = {"src_file_key": source, "dest_file_key": target}
        reply = self._get("job_helpers/move_s3_file", query, storage)
        if reply.status_code != 200 and self.describe(storage, source) is not None:
            raise _refused(f"did not move {source!r} to {target!r}", reply)

    def copy(self, source: str, storage: str, target: str) -> None:
        """Copy an object of the default storage, through a file: the API has no call for it."""
        with tempfile.TemporaryFile() as spool:
            for piece in read_object(object_at(source)):
                spool.write(piece)
            spool.seek(0)
            self.write(storage, target, spool)

    def write(self, storage: str, path: str, content: bytes | IO[bytes]) -> None:
        """Store bytes or an open file as an object, over what is there."""
        try:
            write_object(path, content, storage=storage)
        except FixSettings as error:
            raise TryLater(f"The storage did not take {path!r}.", code="storage") from error

    def is_running(self, job: str) -> bool | None:
        """Return whether a job is queued or running; None if Windmill knows no such job."""
        return is_running(job)

    def _get(self, call: str, query: dict[str, Any], storage: str) -> ApiReply:
        return ask(call, {**query, "storage": storage} if storage else query)


def _page(reply: ApiReply, prefix: str) -> Any:
    if reply.status_code == 200:
        page = reply.json()
        if page["windmill_large_files"] or not page.get("restricted_access"):
            return page
    elif reply.status_code in _PASSING:
        raise _refused(f"did not list {prefix!r}", reply)
    raise FixSettings(
        f"The objects below {prefix!r} could not be listed (status {reply.status_code}). Set a storage up "
        "under Workspace settings > Object Storage (S3), and run this as a user who may list it: an "
        "administrator, or one to whom the storage's permissions give the prefix.",
        code="no_object_storage",
        status=reply.status_code,
    )


def _refused(what: str, reply: ApiReply) -> TryLater:
    return TryLater(
        f"Windmill {what} (status {reply.status_code}). Try again later.",
        code="storage",
        status=reply.status_code,
    )
