"""What a person asked an import for, as the words of a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mill.errors import MillError

MOCK = "f/customers/mock_api"  # the target where none is named


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """`file` is a path, a URL, or - for stdin; `to` a resource's path or a file of one.

    `reading` holds what the person said of how to read the file, `more` other inputs of the flow.
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
