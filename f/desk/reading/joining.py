"""Parts of a file become the one object that an import reads: streamed, whatever their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.desk.reading.uploads import Parts, check_size, source_path
from f.windmill.job import Progress
from f.windmill.objects import write_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from f.desk.drafts.draft import Draft, Drafts, SourceFile


def join(drafts: Drafts, draft: Draft, count: int, size: int, *, packed: bool) -> Draft:
    """Return a draft whose file has arrived, and delete the parts; FixInput if they are not all there."""
    if draft["file"] is not None:
        return draft
    parts = Parts(draft, count)
    parts.check(size)
    if not packed:
        check_size(draft["upload_bytes"])
    name = draft["name"]
    # Called what it is, so that a person who downloads it can open it.
    path = source_path(draft, f"{name}.gz" if packed else name)
    write_object(path, _shown(parts, parts.size), length=parts.size)

    def arrived(draft: Draft) -> Draft:
        file: SourceFile = {"s3": path, "name": name, "size": draft["upload_bytes"] or parts.size}
        return {**draft, "file": file, "upload_bytes": 0}

    joined = drafts.note(draft["id"], arrived)
    parts.delete()
    return joined


def _shown(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    show, done = Progress(size), 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        show(done)
