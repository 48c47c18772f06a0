"""Objects of the workspace's storage for jobs whose start must cost little: small ones, and whole.

`objects` streams those of any size, by wmill's client, which takes longer to import than such a job has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from f.connect.errors import FixInput, FixSettings, TryLater
from f.windmill.api import Answer, delete, get, get_range, post_bytes, stream

_AT_ONCE = 8
_PAGE = 1000
_MOST_PAGES = 100
_UPLOAD_SECONDS = 120.0


def read_small(path: str) -> bytes:
    """Return an object; FixInput if it cannot be read, which is what a missing one looks like."""
    reply = get(f"job_helpers/download_s3_file?file_key={_quoted(path)}")
    if reply.status != 200:
        raise _unreadable(path)
    return reply.body


def stream_object(path: str) -> Iterator[bytes]:
    """Yield an object of any size as it arrives; FixInput if it cannot be read."""
    try:
        yield from stream(f"job_helpers/download_s3_file?file_key={_quoted(path)}")
    except TryLater as error:
        raise _unreadable(path) from error


def read_piece(path: str, start: int, length: int) -> bytes:
    """Return up to `length` bytes of an object of any size from `start` on; FixInput if it cannot be read."""
    try:
        return get_range(f"job_helpers/download_s3_file?file_key={_quoted(path)}", start, length)
    except TryLater as error:
        raise _unreadable(path) from error


def read_all(paths: Sequence[str]) -> list[bytes]:
    """Return several objects, some of them read at once."""
    if len(paths) < 2:
        return [read_small(path) for path in paths]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(read_small, paths))


def write_small(path: str, content: bytes) -> None:
    """Store an object over what is there; FixSettings if the workspace's storage takes none."""
    call = f"job_helpers/upload_s3_file?file_key={_quoted(path)}"
    reply = post_bytes(call, content, seconds=_UPLOAD_SECONDS)
    if not reply.is_success:
        raise FixSettings(
            f"The workspace's object storage did not take {path!r} (status {reply.status}). Set a storage up "
            "under Workspace settings > Object Storage (S3), or see that it has room.",
            code="no_object_storage",
            status=reply.status,
        )


def sizes_of(paths: Sequence[str]) -> list[int | None]:
    """Return the bytes of each object, None for one that Windmill does not describe."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_size_of, paths))


def delete_all(paths: Iterable[str]) -> None:
    """Delete objects; one that is gone already is none's fault. TryLater if one is still there after all."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path, reply in [(path, pool.submit(_delete, path)) for path in paths]:
            if not reply.result().is_success and _size_of(path) is not None:
                raise TryLater(f"The object {path!r} could not be deleted. Try again later.", code="storage")


def list_below(prefix: str) -> list[str]:
    """Return the paths that begin like this, none where this job may not list them."""
    found: list[str] = []
    marker = ""
    for _ in range(_MOST_PAGES):
        query = f"prefix={_quoted(prefix)}&max_keys={_PAGE}&marker={_quoted(marker)}"
        page = get(f"job_helpers/list_stored_files?{query}").json()
        if not isinstance(page, dict):
            break
        found += [str(item["s3"]) for item in page.get("windmill_large_files") or ()]
        marker = page.get("next_marker") or ""
        if not marker:
            break
    return found


def _unreadable(path: str) -> FixInput:
    return FixInput(
        f"The object {path!r} could not be read from the workspace's storage. It may have been deleted; else "
        "check that a storage is set up under Workspace settings > Object Storage (S3).",
        code="object_not_found",
    )


def _delete(path: str) -> Answer:
    return delete(f"job_helpers/delete_s3_file?file_key={_quoted(path)}")


def _size_of(path: str) -> int | None:
    reply = get(f"job_helpers/load_file_metadata?file_key={_quoted(path)}")
    facts = reply.json()
    size = facts.get("size_in_bytes") if reply.status == 200 and isinstance(facts, dict) else None
    return size if isinstance(size, int) else None


def _quoted(path: str) -> str:
    return quote(path, safe="/")
