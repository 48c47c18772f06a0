"""Which types of events are looked for: those that a person names, or those that are routed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.errors import FixInput, FixSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STAR = "*"


class webhook_routing(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """What starts which handlers. The form comes from the resource type of the same name."""

    routes: list[dict[str, Any]]
    middleware: list[str]
    retry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Types, or patterns of types, in which a star stands for any text."""

    patterns: tuple[str, ...]

    def has(self, event_type: str) -> bool:
        """Return whether events of this type are looked for."""
        return any(_matches(pattern, event_type) for pattern in self.patterns)

    @property
    def exact(self) -> tuple[str, ...]:
        """The types, if no pattern is among them; else nothing."""
        return () if any(_STAR in pattern for pattern in self.patterns) else self.patterns


def wanted_of(source: str, event_types: Sequence[str] | None, routing: Mapping[str, Any] | None) -> Wanted:
    """Return what a person names; without that what the routing routes of a source; without both, all."""
    named = _texts(event_types, "event_types")
    if named:
        return Wanted(named)
    if routing is None:
        return Wanted((_STAR,))
    routes = routing.get("routes")
    if not isinstance(routes, list) or not all(isinstance(route, dict) for route in routes):
        raise FixSettings("The webhook routing has no list of routes.", code="bad_settings")
    found: list[str] = []
    for route in routes:
        sources = _texts(route.get("sources"), "sources") or (_STAR,)
        if any(_matches(pattern, source) for pattern in sources):
            found += _texts(route.get("events"), "events") or (_STAR,)
    if not found:
        raise FixInput(
            f"The routing has no route for events of {source}, so that nothing would come of healing. Add a "
            "route, or name the types in event_types.",
            code="no_route",
        )
    return Wanted(tuple(dict.fromkeys(found)))


def _texts(value: object, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise FixInput(f"{name} must be a list of texts, such as invoice.paid or invoice.*", code="bad_types")
    return tuple(dict.fromkeys(one.strip() for one in value if one.strip()))


def _matches(pattern: str, text: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split(_STAR))), text))
