"""Files of `NAME=value` lines, such as `.env`: read strictly, or for what can be read of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mill.errors import MillError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)")


class EnvLine(NamedTuple):
    """A line that is neither empty nor a comment. `name` is empty if it gives none a value."""

    number: int
    name: str
    value: str


def read_env_file(file: Path) -> dict[str, str]:
    """Return what the file says; MillError naming the first line that says nothing."""
    values = {}
    for line in env_lines(file):
        if not line.name:
            raise MillError(f"{file}:{line.number}: is not NAME=value.")
        values[line.name] = line.value
    return values


def env_lines(file: Path) -> Iterator[EnvLine]:
    """Yield the lines of a file; MillError if it cannot be read as text."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise MillError(f"{file}:{number}: is not UTF-8 text. Save the file as UTF-8.") from None
    except OSError as error:
        raise MillError(f"{file}: cannot be read ({error.strerror}).") from error
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        found = _LINE.fullmatch(content)
        yield EnvLine(number, found[1], _unquoted(found[2])) if found else EnvLine(number, "", "")


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
