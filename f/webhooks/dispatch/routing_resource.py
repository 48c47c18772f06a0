"""The resource `webhook_routing`: which handlers an event starts, and when they are tried again.

It is read as it was written: what stands in a route's `args` as `$res:...` or `$var:...` is handed on so, and
filled in by Windmill for the handler's job. So no credential lies in what is kept of a job.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.errors import FixInput, FixSettings, TryLater
from f.windmill.api import get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROUTING = "f/webhooks/routing"
Kind = Literal["script", "flow"]

_PATH = re.compile(r"[fu](?:/\w[\w.-]*){2,}")
_MODULE = re.compile(r"f(?:/[A-Za-z_]\w*){2,}")
_TYPE = re.compile(r"\S+")
_SOURCE = re.compile(r"\*|[A-Za-z0-9][\w-]*")
_SAMPLE = "f/webhooks/middleware/only_live"
_ROUTE_FIELDS = frozenset({"handler", "kind", "sources", "events", "args", "batch", "name"})
_FIELDS = frozenset({"routes", "middleware", "retry"})
_RETRY_FIELDS = frozenset({"attempts", "first_seconds", "longest_seconds"})
_MOST_ATTEMPTS = 50
_LONGEST_SECONDS = 365 * 86_400
_OURS = ("event", "events")  # inputs of a handler that are not the routing's


class webhook_routing(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """What happens with events. Windmill's form for it comes from the resource type of the same name."""

    routes: list[dict[str, Any]]
    middleware: list[str]
    retry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a handler that fails is run, and what is waited for in between, in seconds."""

    attempts: int = 10
    first_seconds: float = 60.0
    longest_seconds: float = 21_600.0


@dataclass(frozen=True, slots=True)
class Route:
    """Starts a handler for each event of these sources and types.

    With `batch` it is started for many events at once. `args`: its other inputs, as they were written.
    """

    name: str
    handler: str
    kind: Kind = "script"
    sources: tuple[str, ...] = ("*",)
    events: tuple[str, ...] = ("*",)
    args: Mapping[str, Any] = field(default_factory=dict)
    batch: bool = False

    def takes(self, source: str, event: str) -> bool:
        """Return whether this route is for an event of this source and type."""
        known = "*" in self.sources or source in self.sources
        return known and any(_matches(pattern, event) for pattern in self.events)


@dataclass(frozen=True, slots=True)
class Routing:
    """The checked resource."""

    routes: tuple[Route, ...]
    middleware: tuple[str, ...] = ()
    retry: Retry = Retry()

    def named(self, name: str) -> Route | None:
        """Return the route of that name."""
        return next((route for route in self.routes if route.name == name), None)

    def routes_of(self, source: str, event: str) -> list[str]:
        """Return the names of the routes for an event."""
        return [route.name for route in self.routes if route.takes(source, event)]


def routing_at(path: str) -> Routing:
    """Return the routing that lies at a path. FixSettings with every fault, or TryLater."""
    answer = get(f"resources/get_value/{path}")
    if 400 <= answer.status < 500:
        raise FixSettings(
            f"There is no resource {path} of type webhook_routing that this job may read. Make it: nothing "
            "is lost meanwhile.",
            code="no_routing",
        )
    value = answer.json() if answer.is_success else None
    if not isinstance(value, dict):
        raise TryLater(f"Windmill did not give the resource {path}. Try again later.", code="platform")
    return read_routing(value)


def path_of(routing: object) -> str:
    """Return the path that an input names; FixInput for what is none.

    A resource that was handed over is refused: Windmill has put the secrets into it that its routes name.
    """
    path = (routing or ROUTING) if isinstance(routing, str | None) else ""
    if not _PATH.fullmatch(path):
        raise FixInput(
            f"routing must be the path of a resource, such as {ROUTING}, without $res: before it: what a "
            "route hands on is filled in for its handler alone.",
            code="bad_input",
        )
    return path


def read_routing(resource: Mapping[str, Any]) -> Routing:
    """Check a resource. FixSettings names every fault at once, and quotes no input of a handler."""
    fields = _given(resource)
    listed = fields.get("routes", [])
    routes = [_given(one) for one in listed] if _is_list_of(listed, dict) else []
    faults = [*_faults(fields), *(fault for at, one in enumerate(routes, 1) for fault in _in_route(at, one))]
    faults += _doubles(routes)
    if faults:
        raise FixSettings(
            f"The webhook routing cannot be used: {'; '.join(faults)}.", faults=faults, code="bad_settings"
        )
    retry = _given(fields.get("retry", {}))
    return Routing(
        tuple(_route(one) for one in routes),
        tuple(fields.get("middleware", ())),
        Retry(**{name: retry[name] for name in retry}),
    )


def _route(fields: Mapping[str, Any]) -> Route:
    return Route(
        name=fields.get("name", fields["handler"]),
        handler=fields["handler"],
        kind=fields.get("kind", "script"),
        sources=tuple(fields.get("sources", ("*",))),
        events=tuple(fields.get("events", ("*",))),
        args=dict(fields.get("args", {})),
        batch=fields.get("batch", False),
    )


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what a form left empty."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _faults(fields: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("", fields, _FIELDS)
    if not _is_list_of(fields.get("routes", []), dict):
        yield "routes must be a list of objects"
    middleware = fields.get("middleware", [])
    if not _is_list_of(middleware, str):
        yield "middleware must be a list of paths"
    else:
        for path in middleware:
            if not _MODULE.fullmatch(path):
                yield f"middleware {path!r} must be the path of a module, such as {_SAMPLE}"
    retry = fields.get("retry", {})
    if not isinstance(retry, dict):
        yield "retry must be an object"
        return
    yield from _unknown("retry: ", retry, _RETRY_FIELDS)
    attempts = retry.get("attempts")
    if attempts is not None and (not _is_number(attempts, int) or not 1 <= attempts <= _MOST_ATTEMPTS):
        yield f"retry: attempts must be a whole number from 1 to {_MOST_ATTEMPTS}"
    for name in ("first_seconds", "longest_seconds"):
        seconds = retry.get(name)
        fits = _is_number(seconds, int | float) and 0 < (seconds or 0) <= _LONGEST_SECONDS
        if seconds is not None and not fits:
            yield f"retry: {name} must be a number of seconds above 0, and a year at most"


def _in_route(at: int, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one route, which the text names by its place."""
    where = f"route {at}: "
    yield from _unknown(where, fields, _ROUTE_FIELDS)
    handler = fields.get("handler")
    if not isinstance(handler, str) or not _PATH.fullmatch(handler):
        yield f"{where}handler must be the path of a script or flow, such as f/webhooks/tell_stripe_event"
    if fields.get("kind", "script") not in ("script", "flow"):
        yield f"{where}kind must be script or flow"
    sources = fields.get("sources", ["*"])
    if not _is_list_of(sources, str) or not all(map(_SOURCE.fullmatch, sources)):
        yield f"{where}sources must be names of webhook_source resources, such as stripe, or *"
    events = fields.get("events", ["*"])
    if not _is_list_of(events, str) or not all(map(_TYPE.fullmatch, events)):
        yield f"{where}events must be types without blanks, such as invoice.paid or invoice.*"
    args = fields.get("args", {})
    if not isinstance(args, dict):
        yield f"{where}args must be an object"
    elif taken := sorted(set(args) & set(_OURS)):
        yield f"{where}args must not hold {' or '.join(taken)}, which is what the handler is started for"
    if not isinstance(fields.get("batch", False), bool):
        yield f"{where}batch must be true or false"
    name = fields.get("name", "-")
    if not isinstance(name, str) or not name.isprintable():
        yield f"{where}name must be a text on one line"


def _doubles(routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names that several routes have: what was handled by which could not be told apart."""
    names = [one.get("name", one.get("handler")) for one in routes]
    for name, times in Counter(name for name in names if isinstance(name, str)).items():
        if times > 1:
            yield f"{times} routes are called {name}: give each a name of its own"


def _unknown(where: str, fields: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    for name in sorted(set(map(str, fields)) - known):
        yield f"{where}there is no field {name!r}"


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, kind) for one in value)


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says, in which a star stands for any text and all else for itself."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for part in rest:  # each as early as it can be leaves the most to those behind it
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(last) and text.endswith(last)
