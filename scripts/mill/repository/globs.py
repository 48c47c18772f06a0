"""File patterns as `includes` and `excludes` of wmill.yaml have them: those of the minimatch library."""

from __future__ import annotations

import functools
import re

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_NO_DOT = r"(?!\.)"  # a wildcard matches no name that begins with a dot
_PIECE = re.compile(r"\*+|\?|\[[!^]?[^\]]+\]|[^*?\[]+|\[")


def matches(path: str, pattern: str) -> bool:
    """Return whether `path` (with slashes, relative to the root) is one that `pattern` means."""
    if pattern.startswith("!"):
        return not matches(path, pattern[1:])
    return any(_regex(single).fullmatch(path) is not None for single in _without_braces(pattern))


def _without_braces(pattern: str) -> list[str]:
    found = _BRACES.search(pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [
        single for choice in found[1].split(",") for single in _without_braces(f"{before}{choice}{after}")
    ]


@functools.cache
def _regex(pattern: str) -> re.Pattern[str]:
    *folders, last = pattern.split("/")
    text = "".join(rf"(?:{_NO_DOT}[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in folders)
    end = rf"{_NO_DOT}[^/]+(?:/{_NO_DOT}[^/]+)*" if last == "**" else _segment(last)
    return re.compile(text + end)


def _segment(part: str) -> str:
    start = _NO_DOT if part[:1] in {"*", "?", "["} else ""
    return start + "".join(_piece(piece) for piece in _PIECE.findall(part))


def _piece(piece: str) -> str:
    if piece.startswith("*"):
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece.startswith("[") and piece.endswith("]"):
        negated = "^" if piece[1] in "!^" else ""
        return f"[{negated}{re.escape(piece[2:-1] if negated else piece[1:-1]).replace(chr(92) + '-', '-')}]"
    return re.escape(piece)
