"""A path on somebody's own machine, given where a file's content or address belongs."""

from __future__ import annotations

import re
import shlex
from urllib.parse import unquote

from f.connect.errors import FixInput

_LONGEST = 1024
_ROOTED = re.compile(r"file:|~?/(?=[^/\s])|\.{1,2}[/\\]|[A-Za-z]:[\\/](?!/)|\\\\", re.IGNORECASE)
_NAMED = re.compile(r"[^,;|<>\"]*\.(?:csv|tsv|tab|txt|xlsx?|xlsm|ods|gz|zip)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://|//|[^/\\]+\.[a-z]{2,}/", re.IGNORECASE)


def refuse_path(name: str, text: str) -> None:
    """Raise FixInput, with the command that imports the file, if an input's value is the path of one."""
    path = path_in(text)
    if path is None:
        return
    raise FixInput(
        f"The input {name} holds the path of a file, and no job can read the disk of your machine. On that "
        f"machine run: mill import {_quoted(path)}",
        code="path_given",
    )


def path_in(text: str) -> str | None:
    """Return the path that a text is, or None if it is something else, such as rows or a web address."""
    path = text.strip()
    if not path.isprintable() or len(path) > _LONGEST or _ADDRESS.match(path):
        return None
    if not (_ROOTED.match(path) or _NAMED.fullmatch(path)):
        return None
    if not path.lower().startswith("file:"):
        return path
    return unquote("/" + path[len("file:") :].removeprefix("//localhost").lstrip("/"))


def _quoted(path: str) -> str:
    """For a shell; a tilde is left for it to replace."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") and path[2:] else shlex.quote(path)
