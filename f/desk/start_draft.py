"""Begin an import at the desk: keep the file if it is small, or say in which parts to send it.

Takes a small file whole (`data`, in base64), an object of the workspace's storage, a web address, or the rows
that another import of the desk could not bring in; a larger file is sent afterwards with keep_part and
finish_upload. Returns the draft and the largest part. A second run begins a second import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from wmill import S3Object

    from f.desk.reading.uploads import Started


def main(
    name: str,
    size: int = 0,
    data: str | None = None,
    file: S3Object | None = None,
    url: str = "",
    rejects_of: str = "",
) -> Started:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.beginning import begin
    from f.desk.reading.uploads import started

    with open_drafts() as drafts:
        draft = begin(drafts, name, size, data=data, file=file, url=url, rejects_of=rejects_of)
    print(f"Import {draft['id']} was begun.")
    return started(draft)
