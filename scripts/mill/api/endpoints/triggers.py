"""`*.http_trigger.yaml`: what routes a workspace has, and which of them a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.repository.workspace import Item, Workspace

METHODS = ("get", "post", "put", "delete", "patch")
REQUEST_TYPES = ("sync", "async", "sync_sse")
AUTHENTICATIONS = ("none", "windmill", "api_key", "basic_http", "custom_script", "signature")
WITH_RESOURCE = ("api_key", "basic_http", "signature")
_ROUTE_PATH = re.compile(r"(\*[-\w]+$|:?[-\w]+)(/(\*[-\w]+$|:?[-\w]+))*", re.ASCII)


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """One `http_trigger.yaml`. `path` is its Windmill path, `url_path` what follows `/api/r/`.

    `refused` names what the file asks for that `mill` does not offer; its requests get that answer.
    """

    path: str
    file: Path
    script_path: str
    is_flow: bool
    url_path: str
    route_path: str
    http_method: str
    request_type: str
    authentication: str
    authentication_resource: str | None
    wrap_body: bool
    raw_string: bool
    allowed_origins: tuple[str, ...] | None
    refused: str | None

    @property
    def keeps_raw(self) -> bool:
        """Whether the body also arrives as `raw_string`."""
        return self.raw_string or self.authentication in {"custom_script", "signature"}


def load_triggers(workspace: Workspace, workspace_id: str) -> list[HttpTrigger]:
    """Return every enabled trigger, by path. MillError names a wrong file, field and remedy."""
    triggers = (read_trigger(item, item.value(), workspace_id) for item in workspace.items("http_trigger"))
    return [trigger for trigger in triggers if trigger is not None]


def read_trigger(item: Item, fields: dict[str, Any], workspace_id: str) -> HttpTrigger | None:
    """Return the trigger that has these fields; None if it is off, MillError for what is wrong in them."""
    file = item.file
    if fields.get("mode") == "disabled" or fields.get("enabled") is False:
        return None
    choose = _Choice(file, fields)
    authentication = choose("authentication_method", AUTHENTICATIONS)
    route_path = fields.get("route_path")
    if not isinstance(route_path, str) or not _ROUTE_PATH.fullmatch(route_path):
        raise MillError(
            f"{file}: route_path {route_path!r} is not a route: segments of letters, digits, - and _ "
            "joined by /, `:name` for a parameter, `*name` last for the rest; no / in front."
        )
    resource = fields.get("authentication_resource_path")
    if authentication in WITH_RESOURCE and not resource:
        raise MillError(f"{file}: {authentication} needs authentication_resource_path, which is missing.")
    if authentication == "custom_script" and not fields.get("raw_string"):
        raise MillError(
            f"{file}: custom_script needs raw_string: true, so that the script can verify the body."
        )
    if not isinstance(fields.get("script_path"), str):
        raise MillError(f"{file}: script_path is missing: name the script or flow that answers the route.")
    origins = fields.get("allowed_origins")
    return HttpTrigger(
        path=item.path,
        file=file,
        script_path=fields["script_path"],
        is_flow=bool(fields.get("is_flow")),
        url_path=f"{workspace_id}/{route_path}" if fields.get("workspaced_route") else route_path,
        route_path=route_path,
        http_method=choose("http_method", METHODS),
        request_type=_request_type(choose, fields),
        authentication=authentication,
        authentication_resource=str(resource) if resource else None,
        wrap_body=bool(fields.get("wrap_body")),
        raw_string=bool(fields.get("raw_string")),
        allowed_origins=None if origins is None or "*" in origins else tuple(origins),
        refused=_refused(fields),
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """Reads a field that has a few possible words."""

    file: Path
    fields: Mapping[str, Any]

    def __call__(self, name: str, words: tuple[str, ...]) -> str:
        value = self.fields.get(name)
        if value not in words:
            raise MillError(f"{self.file}: {name} is {value!r}; it must be one of {', '.join(words)}.")
        return str(value)


def _request_type(choose: _Choice, fields: Mapping[str, Any]) -> str:
    if "request_type" in fields:
        return choose("request_type", REQUEST_TYPES)
    return "async" if fields.get("is_async") else "sync"  # files from before request_type


def _refused(fields: Mapping[str, Any]) -> str | None:
    asked = {
        "request_type sync_sse": fields.get("request_type") == "sync_sse",
        "static_asset_config": fields.get("static_asset_config"),
        "is_static_website": fields.get("is_static_website"),
        "retry": fields.get("retry"),
        "error_handler_path": fields.get("error_handler_path"),
        "mode suspended": fields.get("mode") == "suspended",
    }
    return next((name for name, present in asked.items() if present), None)


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """The trigger that answers a request, and its route parameters."""

    trigger: HttpTrigger
    params: dict[str, str]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    any_segment: _Node | None = None
    rest: _Leaf | None = None
    leaf: _Leaf | None = None


@dataclass(frozen=True, slots=True)
class _Leaf:
    trigger: HttpTrigger
    names: tuple[str, ...]


class RouteTable:
    """Finds the trigger of a request: a literal segment wins over `:name`, that over `*name`."""

    def __init__(self, triggers: Iterable[HttpTrigger]) -> None:
        self._triggers = list(triggers)
        self._roots = _tree(self._triggers)

    @property
    def triggers(self) -> list[HttpTrigger]:
        """All of them."""
        return list(self._triggers)

    def add(self, trigger: HttpTrigger) -> None:
        """Answer one more. MillError where another has its path or its URL."""
        if any(known.path == trigger.path for known in self._triggers):
            raise MillError(f"HTTP trigger {trigger.path} already exists.")
        self._roots = _tree([*self._triggers, trigger])
        self._triggers.append(trigger)

    def remove(self, path: str) -> None:
        """Answer the trigger at this Windmill path no more."""
        self._triggers = [trigger for trigger in self._triggers if trigger.path != path]
        self._roots = _tree(self._triggers)

    def find(self, method: str, url_path: str) -> RouteMatch | None:
        """Return the match for what follows `/api/r/`; slashes at the end do not count."""
        segments = url_path.rstrip("/").split("/")
        root = self._roots.get(method)
        found = None if root is None else _walk(root, segments, 0, ())
        if found is None:
            return None
        leaf, values = found
        return RouteMatch(leaf.trigger, dict(zip(leaf.names, values, strict=True)))

    def methods(self, url_path: str) -> list[str]:
        """Return the methods under which something answers this path."""
        return [method for method in METHODS if self.find(method, url_path)]

    def is_open(self, url_path: str) -> bool:
        """Return whether anybody may GET this path: it wants no credential, and answers at once."""
        match = self.find("get", url_path)
        if match is None:
            return False
        return match.trigger.authentication == "none" and match.trigger.request_type == "sync"

    def allows_origin(self, url_path: str, origin: str) -> bool:
        """Return whether a trigger at this path, under any method, names the origin (in lower case)."""
        found = (self.find(method, url_path) for method in METHODS)
        return any(origin in map(str.lower, match.trigger.allowed_origins or ()) for match in found if match)


def _tree(triggers: Iterable[HttpTrigger]) -> dict[str, _Node]:
    """Return the roots, one a method. MillError where two answer the same."""
    roots = {method: _Node() for method in METHODS}
    for trigger in triggers:
        _grow(roots[trigger.http_method], trigger)
    return roots


def _grow(node: _Node, trigger: HttpTrigger) -> None:
    segments = trigger.url_path.split("/")
    leaf = _Leaf(trigger, tuple(segment[1:] for segment in segments if segment[0] in ":*"))
    for segment in segments:
        if segment.startswith("*"):
            _refuse_second(node.rest, trigger)
            node.rest = leaf
            return
        if segment.startswith(":"):
            if node.any_segment is None:
                node.any_segment = _Node()
            node = node.any_segment
        else:
            node = node.literals.setdefault(segment, _Node())
    _refuse_second(node.leaf, trigger)
    node.leaf = leaf


def _refuse_second(first: _Leaf | None, second: HttpTrigger) -> None:
    if first is not None:
        raise MillError(
            f"{first.trigger.file} and {second.file} both answer {second.http_method.upper()} "
            f"{second.url_path}: change the route_path of one."
        )


def _walk(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> tuple[_Leaf, tuple[str, ...]] | None:
    if at == len(segments):
        return None if node.leaf is None else (node.leaf, values)
    segment = segments[at]
    child = node.literals.get(segment)
    found = _walk(child, segments, at + 1, values) if child else None
    if found is None and node.any_segment is not None and segment:
        found = _walk(node.any_segment, segments, at + 1, (*values, segment))
    if found is None and node.rest is not None and segment:
        found = (node.rest, (*values, "/".join(segments[at:])))
    return found
