"""What a method takes: names and types. What is not named is refused, as Stripe does.

A `Check` takes a text or a tree of texts and returns the value, or raises InvalidParams. https://docs.stripe.com/error-codes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mill.twins.services.stripe.errors import InvalidParams

Check = Callable[[Any, str], Any]
_EMAIL = re.compile(r"[^\s@<>(),;:\"]+@(?:[^\s@.]+\.)+[^\s@.]{2,}")
_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one method. `removed` are such as this version of the API takes no more."""

    fields: Mapping[str, Check]
    required: Sequence[str] = ()
    removed: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the checked values of those that are given."""
        for name, (message, code) in self.removed.items():
            if name in given:
                raise InvalidParams(message, name, code)
        return _read(given, self.fields, self.required, "")


def _read(
    given: Mapping[str, Any], fields: Mapping[str, Check], required: Sequence[str], above: str
) -> dict[str, Any]:
    unknown = [_path(above, name) for name in given if name not in fields]
    if unknown:
        several = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{several}: {', '.join(unknown)}"
        raise InvalidParams(message, unknown[0], "parameter_unknown")
    for name in required:
        path = _path(above, name)
        if name not in given:
            raise InvalidParams(f"Missing required param: {path}.", path, "parameter_missing")
        if given[name] == "":
            raise empty(path)
    return {name: fields[name](value, _path(above, name)) for name, value in given.items()}


def empty(path: str) -> InvalidParams:
    """An empty value where there must be one."""
    message = (
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
        f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request or "
        "supply a non-empty value."
    )
    return InvalidParams(message, path, "parameter_invalid_empty")


def _path(above: str, name: str) -> str:
    return f"{above}[{name}]" if above else name


def text(longest: int = 5000) -> Check:
    """A text; an empty one unsets the field."""

    def check(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise InvalidParams("Invalid string: " + _shown(value), path)
        if len(value) > longest:
            shown = value[:10] + "..." + value[-5:]
            message = f"Invalid string: {shown}; must be at most {longest} characters"
            raise InvalidParams(message, path, "parameter_invalid_string_too_long")
        return value

    return check


def email(value: Any, path: str) -> str:
    """An address, or nothing."""
    address: str = text(512)(value, path)
    if address and not _EMAIL.fullmatch(address):
        raise InvalidParams(f"Invalid email address: {address}", path, "email_invalid")
    return address


def whole(least: int | None = None, most: int = _LARGEST) -> Check:
    """A whole number."""

    def check(value: Any, path: str) -> int:
        if value == "":
            raise empty(path)
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,19}", value):
            raise InvalidParams(f"Invalid integer: {_shown(value)}", path, "parameter_invalid_integer")
        number = int(value)
        if least is not None and number < least:
            message = f"This value must be greater than or equal to {least}."
            raise InvalidParams(message, path, "parameter_invalid_integer")
        if number > most:
            message = f"This value must be less than or equal to {most} (it currently is '{number}')."
            raise InvalidParams(message, path, "parameter_invalid_integer")
        return number

    return check


def flag(value: Any, path: str) -> bool:
    """True or false."""
    if value not in ("true", "false"):
        raise InvalidParams(f"Invalid boolean: {_shown(value)}", path)
    return bool(value == "true")


def choice(*values: str) -> Check:
    """One of these."""

    def check(value: Any, path: str) -> str:
        if value not in values:
            name = path.rpartition("[")[2].rstrip("]")
            message = f"Invalid {name}: must be one of {', '.join(values[:-1])}, or {values[-1]}"
            raise InvalidParams(message, path)
        return str(value)

    return check


def either(*checks: Check) -> Check:
    """What one of them takes; the last one's refusal if none does."""

    def check(value: Any, path: str) -> Any:
        for one in checks[:-1]:
            try:
                return one(value, path)
            except InvalidParams:
                continue
        return checks[-1](value, path)

    return check


def group(fields: Mapping[str, Check], required: Sequence[str] = (), *, unset: bool = True) -> Check:
    """An object; an empty text unsets it."""

    def check(value: Any, path: str) -> Any:
        if value == "" and unset:
            return ""
        if not isinstance(value, dict):
            raise InvalidParams("Invalid object", path)
        return _read(value, fields, required, path)

    return check


def listing(of: Check) -> Check:
    """A list."""

    def check(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise InvalidParams("Invalid array", path)
        return [of(one, f"{path}[{index}]") for index, one in enumerate(value)]

    return check


def metadata(value: Any, path: str) -> Any:
    """Texts by name; an empty text unsets a name, or all. https://docs.stripe.com/metadata."""
    if value == "":
        return ""
    if isinstance(value, list):  # names that are all numbers
        value = {str(index): one for index, one in enumerate(value)}
    if not isinstance(value, dict):
        raise InvalidParams("Invalid object", path)
    if len(value) > _MOST_KEYS:
        message = f"Metadata can only have {_MOST_KEYS} keys, but you passed in {len(value)} keys."
        raise InvalidParams(message, path)
    for name, one in value.items():
        if len(name) > _LONGEST_KEY:
            message = (
                f"Metadata keys can have up to {_LONGEST_KEY} characters, but you passed in a key that is "
                f"{len(name)} characters. Invalid key: {name}"
            )
            raise InvalidParams(message, path)
        if not isinstance(one, str):
            raise InvalidParams("Invalid string: " + _shown(one), f"{path}[{name}]")
        if len(one) > _LONGEST_VALUE:
            message = (
                f"Metadata values can have up to {_LONGEST_VALUE} characters, but you passed in a value "
                f"that is {len(one)} characters."
            )
            raise InvalidParams(message, f"{path}[{name}]")
    return value


def anything(value: Any, _path: str) -> Any:
    """A parameter that Stripe has and this twin makes nothing of."""
    return value


def _shown(value: Any) -> str:
    return value[:50] if isinstance(value, str) else "[object]"


EXPAND: Mapping[str, Check] = {"expand": listing(text())}
_WHEN = either(
    group({name: whole() for name in ("gt", "gte", "lt", "lte")}, unset=False),
    whole(),
)
PAGE: Mapping[str, Check] = {
    **EXPAND,
    "limit": whole(1, 100),
    "starting_after": text(),
    "ending_before": text(),
    "created": _WHEN,
}
ADDRESS = group({name: text() for name in ("city", "country", "line1", "line2", "postal_code", "state")})
SHIPPING = group({"address": ADDRESS, "name": text(), "phone": text()}, ("address", "name"))
