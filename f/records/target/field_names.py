"""A record's fields in a target's own names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from f.connect.errors import FixSettings

CUSTOM_FIELDS_KEY = "custom_fields"


@dataclass(frozen=True, slots=True)
class FieldNames:
    """A record's fields to the target's names, compiled once per import: `nested` are inside an object."""

    plain: dict[str, str]
    nested: dict[str, tuple[str, ...]]
    keeps_custom: bool

    def render(self, values: Mapping[str, str], custom: Mapping[str, str]) -> dict[str, Any]:
        """Return the record as the target names it, with unnamed custom fields if it keeps those."""
        plain = self.plain
        record: dict[str, Any] = {plain[name]: text for name, text in values.items() if name in plain}
        unnamed = dict(custom)
        if not (plain.keys().isdisjoint(custom) and self.nested.keys().isdisjoint(custom)):
            record |= {plain[name]: text for name, text in custom.items() if name in plain}
            unnamed = {
                name: text for name, text in custom.items() if name not in plain and name not in self.nested
            }
        for name, path in self.nested.items():
            if (nested := custom.get(name, values.get(name))) is not None:
                _put(record, path, nested)
        if unnamed and self.keeps_custom:
            record[CUSTOM_FIELDS_KEY] = unnamed
        return record

    def unsent(self, names: Sequence[str]) -> list[str]:
        """Return which of these fields and custom fields the target has no place for."""
        named = self.plain.keys() | self.nested.keys()
        return [name for name in names if name not in named and not self.keeps_custom]

    def path_of(self, name: str) -> tuple[str, ...] | None:
        """Return where in the target's record one of our fields stands."""
        return (self.plain[name],) if name in self.plain else self.nested.get(name)


def field_names(
    preset: Mapping[str, str], overrides: Mapping[str, str | None] | None, *, keeps_custom: bool
) -> FieldNames:
    """Return a kind's field names, overlaid by the resource's own `mapping`; null or "" leaves one out.

    A dot in a target name makes a nested object. Raises FixSettings if two fields meet in one.
    """
    named: dict[str, str | None] = {**preset, **(overrides or {})}
    for name, path in named.items():
        if path is not None and not isinstance(path, str):
            raise FixSettings(
                f"The resource's mapping gives {name!r} something that is not a field name.",
                code="bad_mapping",
            )
    paths = {name: tuple(path.split(".")) for name, path in named.items() if path}
    for place in paths.values():
        sharing = [name for name, other in paths.items() if other[: len(place)] == place]
        if len(sharing) > 1:
            raise FixSettings(
                f"The resource's mapping sends {' and '.join(sharing)} to the same target field.",
                code="bad_mapping",
            )
    plain = {name: path[0] for name, path in paths.items() if len(path) == 1}
    nested = {name: path for name, path in paths.items() if len(path) > 1}
    return FieldNames(plain, nested, keeps_custom)


def _put(record: dict[str, Any], path: Sequence[str], text: str) -> None:
    for step in path[:-1]:
        record = record.setdefault(step, {})
    record[path[-1]] = text
