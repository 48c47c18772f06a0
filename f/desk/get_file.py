"""Give a piece of a file of an import at the desk, up to 1 MB of it, as base64: for downloads.

The rejected rows, the report, the plan, the rows that were missing when they were read back, or the file
itself. `run` is the job of one of the import's runs, as list_runs names it; without it the last that has such
a file is meant. `next` is the offset of the piece after it. Changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.downloads import Piece


def main(
    draft: str,
    what: Literal["rejects", "report", "plan", "missing", "source"],
    offset: int = 0,
    run: str = "",
) -> Piece:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.downloads import piece_of

    with open_drafts() as drafts:
        return piece_of(drafts, draft, what, offset, run)
