"""Settings in environment variables and `.env` files: CONNECT_RETRY__MAX_RETRIES is retry.max_retries."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f.connect.errors import FixSettings

NESTED = "__"


def settings_in(
    prefix: str, environ: Mapping[str, str] | None = None, env_file: str | os.PathLike[str] | None = None
) -> dict[str, Any]:
    """Return what variables of this prefix say, nested as their names are.

    `env_file` is read if it exists; the environment wins over it.
    """
    variables = {
        **(read_env_file(env_file) if env_file else {}),
        **(os.environ if environ is None else environ),
    }
    tree: dict[str, Any] = {}
    for name, text in variables.items():
        if name.upper().startswith(prefix):
            *parents, leaf = name[len(prefix) :].lower().split(NESTED)
            place = tree
            for parent in parents:
                place = place.setdefault(parent, {})
                if not isinstance(place, dict):
                    raise _set_twice(prefix, parent)
            if isinstance(place.get(leaf), dict):
                raise _set_twice(prefix, leaf)
            place[leaf] = _from_text(text)
    return tree


def _set_twice(prefix: str, name: str) -> FixSettings:
    return FixSettings(f"{prefix}{name.upper()} is set both whole and in parts.", code="bad_settings")


def read_env_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the `NAME=value` lines of a `.env` file: comments, `export`, quotes. A missing file holds none."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        text = f"{path}:{number}: this is no UTF-8 text. Save the file as UTF-8."
        raise FixSettings(text, code="bad_settings") from None
    found = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise FixSettings(f"{path}:{number}: expected NAME=value.", code="bad_settings")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] in "\"'" and value.endswith(value[0]):
        return value[1:-1]
    return value.split(" #", maxsplit=1)[0].rstrip()


def _from_text(text: str) -> Any:
    """Return a JSON list or object as one; all else stays text, which pydantic converts."""
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
