"""One operation for each route, two for each webhook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mill.errors import MillError
from mill.openapi import bodies, parameters, replies
from mill.openapi.reading import providers
from mill.openapi.reading.cases import Cases
from mill.openapi.reading.doors import WEBHOOK, Door, door_for
from mill.openapi.reading.schemas import Json
from mill.openapi.reading.targets import Target, Targets
from mill.openapi.security import TOKEN, Security
from mill.repository.workspace import Item, Workspace

_BODILESS = ("get", "delete", "head")
_NEEDED = ("script_path", "route_path", "http_method")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `name`: what makes it different from all others."""

    url: str
    method: str
    name: str
    content: Json


@dataclass(frozen=True, slots=True)
class Reading:
    """What operations are made from."""

    workspace: Workspace
    targets: Targets
    cases: Cases
    security: Security


def of_routes(reading: Reading) -> Iterator[Operation]:
    """Yield the operations of all HTTP triggers that are on, by path."""
    for item in reading.workspace.items("http_trigger"):
        route = item.value()
        if route.get("mode") != "disabled" and route.get("enabled") is not False:
            yield _route(reading, item, route)


def of_webhooks(reading: Reading) -> Iterator[Operation]:
    """Yield two operations for each script and flow: one that starts it, one that waits for its end."""
    for target in reading.targets.all():
        door = door_for(target.doors, WEBHOOK)
        for name in ("run", "run_wait_result"):
            yield _webhook(reading, target, door, name)


def _route(reading: Reading, item: Item, route: Json) -> Operation:
    missing = [key for key in _NEEDED if not route.get(key)]
    if missing:
        raise MillError(f"{item.file}: {missing[0]} is missing; `mill lint` names all that is.")
    target = reading.targets.at(str(route["script_path"]), is_flow=bool(route.get("is_flow")))
    door = door_for(target.doors, item.path.rpartition("/")[2])
    route_path = str(route["route_path"]).strip("/")
    own_workspace = bool(route.get("workspaced_route"))
    url = parameters.PATH_PARAMETER.sub(r"{\1}", route_path)
    method = str(route["http_method"]).lower()
    content: Json = {
        "tags": [item.path.split("/")[1]],
        "summary": str(route.get("summary") or target.summary),
        "description": _described(str(route.get("description") or target.description), route, target),
        "parameters": [
            *([parameters.WORKSPACE] if own_workspace else []),
            *parameters.of_path(route_path, door),
            *parameters.of_query(door, target.schema),
            *parameters.of_headers(door),
            *(providers.time_headers() if door.signed_as else ()),
        ],
        "responses": replies.of_route(route, target, door),
        "security": reading.security.of_route(route, door),
        "x-windmill-runs": _runs(target),
    }
    if signer := _signer(reading, door, target):
        content["x-signed-by"] = signer
    body = _route_body(reading, route, target, door) if method not in _BODILESS else None
    if body is not None:
        content["requestBody"] = body
    prefix = "/api/r/{workspace}/" if own_workspace else "/api/r/"
    return Operation(f"{prefix}{url}", method, item.path, content)


def _route_body(reading: Reading, route: Json, target: Target, door: Door) -> Json | None:
    body = bodies.of_route(route, target, door, reading.cases)
    if body is None or not door.signed_as:
        return body
    for media, examples in providers.bodies(reading.workspace.root).items():
        if media in body["content"]:
            body["content"][media]["examples"] = examples
    return body


def _signer(reading: Reading, door: Door, target: Target) -> str:
    """The kind of sender that the path's example stands for, "" if requests are not signed."""
    example = next((str(spec["example"]) for spec in door.path.values() if "example" in spec), "")
    folder = target.path.rpartition("/")[0]
    return str(reading.cases.settings(f"{folder}/{example}").get("kind") or "") if door.signed_as else ""


def _described(text: str, route: Json, target: Target) -> str:
    """What the trigger says, and what is true of all that are made like it."""
    said = [text]
    if route.get("authentication_method") == "custom_script":
        said.append("The script checks by itself who calls.")
    if target.has_preprocessor and not target.doors:
        said.append("A preprocessor makes the inputs of the request, and does not say how.")
    return "\n\n".join(filter(None, said))


def _webhook(reading: Reading, target: Target, door: Door, name: str) -> Operation:
    waits = name == "run_wait_result"
    kind = "f" if target.is_flow else "p"
    content: Json = {
        "tags": [target.path.split("/")[1]],
        "summary": f"{'Run' if waits else 'Start'}: {target.summary}",
        "description": target.description,
        "parameters": [
            parameters.WORKSPACE,
            *parameters.of_query(door, target.schema),
            *parameters.of_headers(door),
        ],
        "responses": replies.of_webhook(target, door, waits=waits),
        "security": [{TOKEN: []}],
        "x-windmill-runs": _runs(target),
    }
    body = bodies.of_webhook(target, door, reading.cases)
    if body is not None:
        content["requestBody"] = body
    url = f"/api/w/{{workspace}}/jobs/{name}/{kind}/{target.path}"
    return Operation(url, "post", f"{name}_{kind}_{target.path}", content)


def _runs(target: Target) -> str:
    return f"{'flow' if target.is_flow else 'script'} {target.path}"
