"""Keep one part of a file that is sent to the import desk: part `index`, from 0, as base64.

Returns how many bytes were kept. The same part once more takes the place of the first.
"""

from typing import TypedDict

from f.store.database import postgresql


class Kept(TypedDict):
    """How many bytes of the part arrived."""

    received: int


def main(draft: str, index: int, data: str) -> Kept:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.uploads import decoded, keep_part

    content = decoded(data)
    with open_drafts() as drafts:
        keep_part(drafts.get(draft), index, content)
    return {"received": len(content)}
