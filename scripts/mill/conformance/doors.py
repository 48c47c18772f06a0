"""The doors of a flow: what a webhook and an HTTP route make of a request, as a preprocessor sees it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mill.conformance.folder import Folder
from mill.conformance.judge import Difference, Ended, same, shortened
from mill.conformance.runner import Bench, Finding, Task, guarded
from mill.conformance.server import NoAnswer, Refused
from mill.conformance.steps import Step, identity

GROUP = "doors"
_JSON, _TEXT = "application/json", "text/csv"
_FORM = "application/x-www-form-urlencoded"
_ROUTE_QUERY = {"colour": "red"}

# An HTTP route of our own, in the workspace's part of the routes, behind the token.
_ROUTE: Mapping[str, Any] = {
    "is_flow": True,
    "http_method": "post",
    "request_type": "sync",
    "authentication_method": "windmill",
    "is_static_website": False,
    "workspaced_route": True,
    "wrap_body": False,
    "raw_string": False,
    "summary": "",
    "description": "",
}


@dataclass(frozen=True, slots=True)
class Door:
    """One request, and what the event of it must hold (`event`), or else the flow's whole result.

    What an object of the event has beside what is asked for does not count.
    """

    rule: str
    body: str
    content_type: str
    event: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    result: Any = None


WEBHOOKS = (
    Door(
        "a JSON object is the event's body",
        '{"n": 1}',
        _JSON,
        {"kind": "webhook", "body": {"n": 1}, "raw_string": None},
    ),
    Door("JSON of another kind is the event's body", "[1, 2]", _JSON, {"body": [1, 2]}),
    Door("a form is the event's body", "n=1&m=two", _FORM, {"body": {"n": "1", "m": "two"}}),
    Door("plain text is raw_string", "a,b\n", "text/plain", {"raw_string": "a,b\n"}),
    Door("text of another kind is raw_string", "a,b\n1,2\n", _TEXT, {"raw_string": "a,b\n1,2\n"}),
    Door(
        "?raw=true keeps the text of JSON",
        '{"n":  1}',
        _JSON,
        {"body": {"n": 1}, "raw_string": '{"n":  1}'},
        query={"raw": "true"},
    ),
    Door(
        "the event has all of the query",
        "{}",
        _JSON,
        {"query": {"colour": "red", "dry_run": "true"}},
        query={"colour": "red", "dry_run": "true"},
    ),
    Door(
        "the event has the headers, in lower case",
        "{}",
        _JSON,
        {"headers": {"content-type": _JSON, "x-colour": "red"}},
        headers={"X-Colour": "red"},
    ),
    Door(
        "?skip_preprocessor=true gives the body as arguments",
        '{"n": 1}',
        _JSON,
        query={"skip_preprocessor": "true"},
        result={"n": 1},
    ),
)
ROUTES = (
    Door(
        "a route's event has body, params, query and method",
        '{"n": 1}',
        _JSON,
        {"kind": "http", "body": {"n": 1}, "params": {"name": "ada"}, "query": _ROUTE_QUERY},
        query=_ROUTE_QUERY,
    ),
    Door("a route's text is raw_string", "a,b\n", _TEXT, {"kind": "http", "raw_string": "a,b\n"}),
)


def door_tasks(bench: Bench) -> list[Task]:
    """Return the tasks of the doors, each with its own probe flow."""
    return [functools.partial(_webhooks, bench), functools.partial(_routes, bench)]


def _webhooks(bench: Bench) -> list[Finding]:
    path = bench.folder.new_path("doors")
    deployed = _deployed(bench.folder, path, "webhook")
    if deployed is not None:
        return [deployed]
    url = f"/w/{bench.server.remote.workspace}/jobs/run/f/{path}"

    def ended(door: Door) -> Ended:
        job = bench.server.send(url, door.body.encode(), _headers(door), door.query)
        return bench.server.wait(str(job), bench.seconds)

    return [_finding(door, "webhook", functools.partial(ended, door)) for door in WEBHOOKS]


def _routes(bench: Bench) -> list[Finding]:
    folder, path = bench.folder, bench.folder.new_path("doors")
    deployed = _deployed(folder, path, "route")
    if deployed is not None:
        return [deployed]
    route = f"{folder.name}/:name"
    try:
        folder.create_route(folder.new_path("route"), {**_ROUTE, "script_path": path, "route_path": route})
    except (Refused, NoAnswer) as error:
        reason = f"the server takes no route from this token ({shortened(str(error), 120)})"
        return [Finding(GROUP, door.rule, "route", not_run=reason) for door in ROUTES]
    url = f"/r/{bench.server.remote.workspace}/{folder.name}/ada"

    def ended(door: Door) -> Ended:
        result = bench.server.send(url, door.body.encode(), _headers(door), door.query)
        return Ended(success=True, result=result, seconds=0)

    return [_finding(door, "route", functools.partial(ended, door)) for door in ROUTES]


def _deployed(folder: Folder, path: str, where: str) -> Finding | None:
    """Deploy a flow that gives its event back; what is wrong where that fails."""
    finding = guarded(GROUP, "the probe is deployed", where, lambda: folder.deploy_flow(path, _probe()))
    return finding if finding.differs is not None or finding.not_run else None


def _probe() -> dict[str, Any]:
    code = 'def preprocessor(event):\n    return {"event": event}\n'
    preprocessor: Step = {
        "id": "preprocessor",
        "value": {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}},
    }
    return {"modules": [identity("echo")], "preprocessor_module": preprocessor}


def _headers(door: Door) -> dict[str, str]:
    return {"Content-Type": door.content_type, **door.headers}


def _finding(door: Door, where: str, run: functools.partial[Ended]) -> Finding:
    return guarded(GROUP, door.rule, where, lambda: _difference(door, run()))


def _part(expected: Any, got: Any) -> Any:
    """Return of `got` what is asked for: any request has more headers than its sender knows of."""
    if isinstance(expected, dict) and isinstance(got, dict) and expected.keys() <= got.keys():
        return {name: got[name] for name in expected}
    return got


def _difference(door: Door, ended: Ended) -> Difference | None:
    expected, got = door.event or door.result, ended.result
    if door.event and isinstance(got, dict) and isinstance(got.get("event"), dict):
        got = {name: _part(value, got["event"].get(name)) for name, value in door.event.items()}
    if ended.success and same(expected, got):
        return None
    return Difference(shortened(repr(expected)), shortened(repr(got)))
