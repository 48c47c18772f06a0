"""Join the parts of a file that was sent to the import desk, and delete them.

`size` is how many bytes were sent in all; `packed` says that the page has packed the file with gzip first. A
part that is missing is named. Returns the draft; a second run finds the file there and returns the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.reading.uploads import Started


def main(draft: str, parts: int, size: int, packed: bool = False) -> Started:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.joining import join
    from f.desk.reading.uploads import started

    with open_drafts() as drafts:
        joined = join(drafts, drafts.get(draft), parts, size, packed=packed)
    return started(joined)
