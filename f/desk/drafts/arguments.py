"""What a script of the desk was called with: whoever calls it without its form may be wrong. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.errors import FixInput

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_arguments(texts: Mapping[str, object], numbers: Mapping[str, object] | None = None) -> None:
    """Raise FixInput unless each of `texts` is text and each of `numbers` a whole number; says no value."""
    for name, value in texts.items():
        if not isinstance(value, str):
            raise FixInput(f"{name} has to be text.", code="bad_argument")
    for name, value in (numbers or {}).items():
        if not isinstance(value, int):
            raise FixInput(f"{name} has to be a whole number.", code="bad_argument")
