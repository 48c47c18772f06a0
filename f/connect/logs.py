"""Shows the connection layer's log lines, masked: one JSON object per call, and its warnings."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from f.connect.redact import RedactingFilter


def show_calls(level: int = logging.INFO, stream: TextIO | None = None) -> logging.Handler:
    """Write the lines of `level` and above to `stream` (standard error, which is a Windmill job's log)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("connect")
    logger.addHandler(handler)
    logger.setLevel(level)
    return handler
