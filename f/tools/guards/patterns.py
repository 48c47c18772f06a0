"""Patterns in which a star stands for any text and everything else for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable


def is_allowed(text: str, patterns: Iterable[str]) -> bool:
    """Return whether a text is what one of the patterns says, without regard to case."""
    return any(_matches(pattern, text) for pattern in patterns)


def _matches(pattern: str, text: str) -> bool:
    parts = map(re.escape, pattern.strip().split("*"))
    return re.fullmatch("[^\\n]*".join(parts), text.strip(), re.IGNORECASE) is not None
