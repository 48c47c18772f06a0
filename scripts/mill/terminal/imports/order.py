"""What a person asked an import for, as the words of a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.errors import MillError

MOCK = "f/customers/mock_api"  # the target where none is named


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """`file` is a path, a URL, or - for stdin; `to` a resource's path or a file of one.

    `reading` holds what the person said of how to read the file, `more` other inputs of the flow;
    `corrections` is a file of corrections.
    """

    file: str
    to: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    country: str = ""
    plan: bool = False
    apply: str = ""
    on_duplicate: str = "skip"
    reading: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    corrections: Path | None = None
    asks: bool = True
    open_report: bool = False


def read_mapping(words: Sequence[str]) -> dict[str, str]:
    """Return column to field, of `COLUMN=field`; an empty field leaves the column out. Raises MillError.

    A column's name may hold a =, a field's does not.
    """
    mapping: dict[str, str] = {}
    for word in words:
        column, sign, name = word.rpartition("=")
        if not sign or not column.strip():
            raise MillError(
                f'--map {word!r} is not COLUMN=field. For example: --map "Mail=email"; --map "Mail=" leaves '
                "the column out."
            )
        if column in mapping:
            raise MillError(f"--map names the column {column!r} twice.")
        mapping[column] = name.strip()
    return mapping


def read_corrections(file: Path | None) -> dict[str, Any]:
    """Return the flow's input of a file of corrections, none for no file. Raises MillError: no JSON object.

    Whether they fit the file to import is found out by the flow.
    """
    if file is None:
        return {}
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MillError(f"--corrections {file}: cannot be read as UTF-8 text ({error}).") from error
    try:
        return {"corrections": json.loads(text)}
    except (ValueError, RecursionError) as error:
        raise MillError(f"--corrections {file}: is not JSON ({error}).") from error
