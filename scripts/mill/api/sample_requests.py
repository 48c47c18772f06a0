"""curl lines that work when pasted: the real address, a credential that is taken, a small body that fits."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from mill.api.endpoints.triggers import HttpTrigger
from mill.errors import MillError
from mill.repository.constants import NotWrittenOut, constant
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping

_WITH_BODY = ("POST", "PUT", "PATCH")
_SAMPLES: dict[str, Any] = {"integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}

# From a resource's path and a key in it to the value, as a word for a shell in double quotes.
ShellValue = Callable[[str, str], str]


def route_line(url: str, workspace: Workspace, trigger: HttpTrigger, value: ShellValue) -> str:
    """Return the line for a route; a comment where only its sender can make the request."""
    method = trigger.http_method.upper()
    path = "/".join(segment.lstrip(":*") for segment in trigger.url_path.split("/"))  # the names as values
    if trigger.refused:
        return f"# {method} /api/r/{path} is not offered: {trigger.refused}."
    if _is_signed(trigger):
        return f"# {method} /api/r/{path} takes requests that their sender has signed."
    body = _example(workspace, trigger) or sample_body(
        workspace, trigger.script_path, is_flow=trigger.is_flow
    )
    words = [
        *(["curl", "-i"] if trigger.request_type == "async" else ["curl"]),
        *(["-X", method] if method != "GET" else []),
        f"{url}/api/r/{path}",
        *_credential(trigger, value),
        *(_body(body) if method in _WITH_BODY else []),
    ]
    return " ".join(words)


def _example(workspace: Workspace, trigger: HttpTrigger) -> Any:
    """Return the body that the script's own description of the route, its constant HTTP, gives as example."""
    if trigger.is_flow:
        return None
    try:
        described = constant(workspace.script(trigger.script_path).file.read_text("utf-8"), "HTTP")
    except (MillError, NotWrittenOut):  # `mill lint` says so
        return None
    step: Any = described
    for name in (PurePosixPath(trigger.path).name, "body", "application/json", "example"):
        step = step.get(name) if isinstance(step, dict) else None
    return step


def _is_signed(trigger: HttpTrigger) -> bool:
    """Whether a signature lets requests in: by Windmill's own check, or by a script that gets the bytes."""
    return trigger.authentication == "signature" or (trigger.authentication == "none" and trigger.keeps_raw)


def webhook_lines(url: str, workspace: Workspace, path: str, token: str, *, is_flow: bool) -> Iterator[str]:
    """Yield a line that waits for a job's result, and one that starts a job and then asks how far it is."""
    bearer = bearer_header(token)
    body = " ".join(_body(sample_body(workspace, path, is_flow=is_flow, as_webhook=True)))
    target = f"{'f' if is_flow else 'p'}/{path}"
    yield f"curl -X POST {url}/jobs/run_wait_result/{target} {bearer} {body}"
    start = f"curl -s -X POST {url}/jobs/run/{target} {bearer} {body}"
    yield f"job=$({start}) && curl {result_address(url, '$job')} {bearer}"


def result_address(url: str, job: str) -> str:
    """Return where a job's result is read: whether there is one yet, and then what it is."""
    return f"{url}/jobs_u/completed/get_result_maybe/{job}"


def bearer_header(token: str) -> str:
    """Return the words that present a token."""
    return f"-H {shlex.quote(f'Authorization: Bearer {token}')}"


def sample_body(
    workspace: Workspace, path: str, *, is_flow: bool, as_webhook: bool = False
) -> dict[str, Any]:
    """Return arguments that a script or flow takes: what it requires, and what its form gives an example of.

    A script with a preprocessor makes its own of what comes by a route, so nothing is known to fit.
    """
    try:
        schema, prepares = _form(workspace, path, is_flow=is_flow)
    except MillError:  # what the route names is not there: its answer says so
        return {}
    if prepares and not is_flow and not as_webhook:
        return {}
    properties: Mapping[str, Any] = schema.get("properties") or {}
    required = schema.get("required") or ()
    return {
        name: _sample(declared)
        for name, declared in properties.items()
        if isinstance(declared, dict) and (name in required or declared.get("placeholder"))
    }


def _form(workspace: Workspace, path: str, *, is_flow: bool) -> tuple[Mapping[str, Any], bool]:
    """The schema, and whether a preprocessor makes the arguments."""
    if is_flow:
        flow = read_mapping(workspace.flow(path).file)
        return flow.get("schema") or {}, "preprocessor_module" in (flow.get("value") or {})
    script = workspace.script(path)
    return script.metadata().get("schema") or {}, "def preprocessor(" in script.file.read_text("utf-8")


def _sample(declared: Mapping[str, Any]) -> Any:
    for value in (declared.get("placeholder"), declared.get("default"), *(declared.get("enum") or ())):
        if value is not None:
            return value
    return _SAMPLES.get(str(declared.get("type")), "text")


def _body(body: Mapping[str, Any]) -> list[str]:
    text = json.dumps(body, ensure_ascii=False)
    return ["-H", "'Content-Type: application/json'", "-d", shlex.quote(text)]


def _credential(trigger: HttpTrigger, value: ShellValue) -> list[str]:
    resource = trigger.authentication_resource or ""
    match trigger.authentication:
        case "windmill":
            return ["-H", f'"Authorization: Bearer {value("", "token")}"']
        case "api_key":
            return ["-H", f'"{value(resource, "api_key_header")}: {value(resource, "api_key_secret")}"']
        case "basic_http":
            return ["-u", f'"{value(resource, "username")}:{value(resource, "password")}"']
        case _:
            return []
