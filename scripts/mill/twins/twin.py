"""The twin of a service: its routes, its words for errors, its gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from mill.twins.message import Reply, Request
from mill.twins.store import Ledger, Records

Answer = Callable[[Request], Reply]
FaultAnswer = Callable[[Request], Reply | None]  # None: this request cannot meet the fault


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `path` is the service's own, `{name}` stands for one segment: "/customers/{id}".

    `{name...}` at its end stands for all that follows, slashes included.
    """

    method: str
    path: str
    operation: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Setup:
    """What a twin is built from. `settings` are unchecked: the twin's own model reads them."""

    ledger: Ledger
    records: Records
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: Callable[[], float] = time.time


def _open(_request: Request) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Twin:
    """A service as the host serves it.

    `error` puts a status and a sentence into the service's own error shape; the host uses it for what no
    route answers (404, 405), unreadable bodies (400, 415) and the faults error_503 and throttle_429.
    `gate` stands before every route: it raises Refused (no credentials, too many calls) or returns the
    headers that every reply carries. `faults` are further replies by name, or other words for the two.
    A route runs in one transaction, committed before its reply: it needs none of its own.
    """

    name: str
    routes: Sequence[Route]
    error: Callable[[int, str], Reply]
    settings: BaseModel
    gate: Callable[[Request], Mapping[str, str]] = _open
    faults: Mapping[str, FaultAnswer] = field(default_factory=dict)


class RouteTable:
    """Finds the route of a request: by whole path first, then by segments, the earlier route first."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: dict[int, list[tuple[list[str], Route]]] = {}
        self._open_ended: list[tuple[list[str], Route]] = []
        for route in routes:
            if route.path.endswith("...}"):
                self._open_ended.append((route.path.split("/"), route))
            elif "{" in route.path:
                segments = route.path.split("/")
                self._patterns.setdefault(len(segments), []).append((segments, route))
            else:
                self._fixed.setdefault(route.path, {})[route.method] = route

    def find(self, method: str, raw_path: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """Return the route and its decoded path parameters; without one, the methods the path does offer."""
        fixed = self._fixed.get(raw_path, {})
        if method in fixed:
            return fixed[method], {}, []
        methods = list(fixed)
        asked = raw_path.split("/")
        for segments, route in (*self._patterns.get(len(asked), ()), *self._open_ended):
            params = _match(segments, asked)
            if params is None:
                continue
            if route.method == method:
                return route, params, []
            methods.append(route.method)
        return None, {}, methods


def _match(segments: list[str], asked: list[str]) -> dict[str, str] | None:
    params = {}
    if segments[-1].endswith("...}"):
        before = len(segments) - 1
        rest = "/".join(asked[before:])
        if not rest:
            return None
        params[segments[-1][1:-4]] = unquote(rest)
        segments, asked = segments[:before], asked[:before]
    for segment, given in zip(segments, asked, strict=True):
        if segment.startswith("{") and segment.endswith("}"):
            if not given:
                return None
            params[segment[1:-1]] = unquote(given)
        elif segment != given:
            return None
    return params
