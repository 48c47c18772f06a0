"""Plain text as HTML."""

from __future__ import annotations

import re
from html import escape


def marked(text: str) -> str:
    """Return a text with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
