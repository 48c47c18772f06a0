"""Names in a document: for people's programs, so that each stays the same from one document to the next."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable


def identifier(text: str) -> str:
    """Return a text as a name in a program."""
    return re.sub(r"\W+", "_", text)


def unique(texts: Iterable[str]) -> dict[str, str]:
    """Return a name for each text. Where two would have the same, each gets a part of its own hash.

    So no name depends on what else stands before it.
    """
    all_texts = list(texts)
    times = Counter(map(identifier, all_texts))
    return {
        text: name if times[name := identifier(text)] == 1 else f"{name}_{_short_hash(text)}"
        for text in all_texts
    }


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
