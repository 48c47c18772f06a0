"""Stripe's form encoding: nested values under names in brackets.

https://docs.stripe.com/api: bodies of v1 are forms. `{"items": [{"price": "p"}]}` is `items[0][price]=p`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from f.connect.errors import FixInput


def encode(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values of a form, in order; no name occurs twice.

    None is left out; "" unsets what the object has. Raises FixInput for what a form cannot say.
    """
    return [pair for name, value in params.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _pairs(f"{name}[{key}]", one)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _pairs(f"{name}[{index}]", one)
    else:
        yield name, _text(name, value)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise FixInput(f"{name} holds half a character. Enter it again.", code="bad_text") from error
        return value
    if isinstance(value, int | Decimal):
        return str(value)
    raise FixInput(
        f"{name} holds a {type(value).__name__}, which Stripe takes in no form. Give text, a whole number or "
        "true or false.",
        code="bad_value",
    )
