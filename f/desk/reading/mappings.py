"""Which column was which in earlier imports: offered to the next file that has the same header."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from f.records.reading.column_words import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.desk.drafts.draft import Draft
    from f.store.store import Store

_TABLE = """CREATE TABLE IF NOT EXISTS desk_mapping (
    header TEXT PRIMARY KEY, updated_at DOUBLE PRECISION NOT NULL, body TEXT NOT NULL)"""
_KEEP = """INSERT INTO desk_mapping (header, updated_at, body) VALUES (:header, :now, :body)
    ON CONFLICT (header) DO UPDATE SET updated_at = :now, body = :body"""
_READ = "SELECT updated_at, body FROM desk_mapping WHERE header = :header"
_FORGET = "DELETE FROM desk_mapping WHERE header = :header"


def signature_of(header: Sequence[str]) -> str:
    """Return what files with the same columns have in common, whatever their order."""
    # Titles that nobody can fold, such as signs, stand for themselves.
    titles = sorted({fold(title) or title.strip() for title in header})
    return hashlib.sha256(json.dumps(titles).encode()).hexdigest()


def remember_mapping(store: Store, draft: Draft) -> None:
    """Keep what a person said of the columns of a file that was checked, over what was said before."""
    checked = draft["checked"]
    if checked is None:
        return
    store.create(_TABLE)
    header, mapping = signature_of(checked["header"]), draft["settings"]["mapping"]
    if not mapping:
        store.execute(_FORGET, {"header": header})
        return
    body = json.dumps(mapping, ensure_ascii=False)
    store.execute(_KEEP, {"header": header, "now": store.now(), "body": body})


def mapping_for(store: Store, header: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the mapping of the last file with this header, and which import it is from; empty if none."""
    store.create(_TABLE)
    rows = store.execute(_READ, {"header": signature_of(header)})
    if not rows:
        return {}, ""
    updated_at, body = rows[0]
    value: Any = json.loads(body)
    return value, f"the import of {datetime.fromtimestamp(updated_at, UTC):%-d %B %Y}"
