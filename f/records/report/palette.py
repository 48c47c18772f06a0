"""The colours of pages and pictures: each for a light and for a dark ground. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.records.rows.outcome import Outcome

# Every colour has a contrast of at least 3:1 to its ground, and neighbours
# stay apart for people who confuse red and green or blue and yellow.
PALETTE: dict[Outcome, tuple[str, str]] = {
    "created": ("#0b7a4b", "#2fb380"),
    "updated": ("#3d91d8", "#8fcbf5"),
    "unchanged": ("#4a5868", "#8693a3"),
    "duplicate": ("#8794a3", "#cdd5de"),
    "invalid": ("#be8210", "#f2cc4d"),
    "rejected": ("#962d06", "#f0763c"),
    "failed": ("#e0457b", "#c93a74"),
    "unknown": ("#5b3fa8", "#c9b6ff"),
}
GROUND = ("#ffffff", "#171b22")
INK = ("#1b2430", "#e8ecf1")
QUIET = ("#5a6675", "#a3afbd")
