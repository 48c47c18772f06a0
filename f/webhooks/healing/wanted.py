"""Which types of events are looked for: those that a person names, or those that are routed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.errors import FixInput
from f.webhooks.dispatch.routing_resource import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.webhooks.dispatch.routing_resource import Routing

_STAR = "*"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Types, or patterns of types, as routes have them."""

    patterns: tuple[str, ...]

    def has(self, event_type: str) -> bool:
        """Return whether events of this type are looked for."""
        return Route(name="", handler="", events=self.patterns).takes("", event_type)

    @property
    def exact(self) -> tuple[str, ...]:
        """The types, if no pattern is among them; else nothing."""
        return () if any(_STAR in pattern for pattern in self.patterns) else self.patterns


def named(event_types: Sequence[str] | None) -> Wanted | None:
    """Return what a person names, None for nothing; FixInput for what are no types."""
    types: object = event_types or []
    if not isinstance(types, list | tuple) or not all(isinstance(one, str) for one in types):
        raise FixInput(
            "event_types must be a list of texts, such as invoice.paid or invoice.*.", code="bad_types"
        )
    given = tuple(dict.fromkeys(one.strip() for one in types if one.strip()))
    return Wanted(given) if given else None


def routed(source: str, routing: Routing) -> Wanted:
    """Return what is routed of a source: for what is not, nobody waits."""
    routes = [one for one in routing.routes if _STAR in one.sources or source in one.sources]
    if not routes:
        raise FixInput(
            f"No route is for events of {source}, so that nothing would come of what is healed. Add a route, "
            "or name the types in event_types.",
            code="no_route",
        )
    return Wanted(tuple(dict.fromkeys(pattern for route in routes for pattern in route.events)))
