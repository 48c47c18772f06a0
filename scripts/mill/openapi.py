"""An OpenAPI 3.1 document of everything a workspace answers over HTTP: its routes and its webhooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mill.errors import MillError
from mill.repository.python_syntax import parse_python
from mill.repository.workspace import Item, Workspace
from mill.repository.yaml_file import read_mapping

Json = dict[str, Any]

_WILDCARD_OR_PARAMETER = re.compile(r"[:*]([A-Za-z_]\w*)")
_BODILESS = {"get", "delete", "head"}
_UPLOAD_TYPES = ("application/octet-stream", "text/plain", "text/csv")
_FORM_TYPE = "application/x-www-form-urlencoded"
_INPUTS_FROM = "INPUTS_FROM"

# Keywords that mean the same in Windmill's schemas and in JSON Schema 2020-12.
_SAME = {
    *("description", "title", "enum", "pattern", "contentEncoding", "required"),
    *("minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_RENAMED = {"min": "minimum", "max": "maximum"}

_BEARER = {"type": "http", "scheme": "bearer", "description": "A Windmill token with the scope to run this."}
_BASIC = {"type": "http", "scheme": "basic"}

_SIGNATURE = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Signature",
    "description": "The signature of the raw body, in the header the provider uses.",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a route or webhook runs."""

    path: str
    is_flow: bool
    summary: str
    description: str
    schema: Json
    has_preprocessor: bool
    # What a preprocessor says of itself in INPUTS_FROM: "json" and "query" if it takes the inputs from there,
    # and the media types that it takes as a whole.
    inputs_from: tuple[str, ...] = ()


def document(workspace: Workspace, *, title: str | None = None) -> Json:
    """Return the document as plain data, in a fixed order."""
    paths: dict[str, Json] = {}
    for item in workspace.items("http_trigger"):
        url, method, operation = _route(workspace, item)
        paths.setdefault(url, {})[method] = operation
    for target in _targets(workspace):
        for url, operation in _webhooks(target):
            paths.setdefault(url, {})["post"] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title or workspace.root.name,
            "version": "1",
            "description": "HTTP routes and webhooks of a Windmill workspace.",
        },
        "servers": [
            {"url": "{instance}", "variables": {"instance": {"default": "https://app.windmill.dev"}}}
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": _schemes(workspace),
            "schemas": {"Error": _ERROR},
        },
    }


_ERROR: Json = {
    "type": "object",
    "description": "How a failed job is reported.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "message": {"type": "string"}},
            "required": ["message"],
        }
    },
}


def _targets(workspace: Workspace) -> Iterator[Target]:
    for path in workspace.scripts():
        code = workspace.script(path).file.read_text(encoding="utf-8")
        if re.search(r"^def main\(", code, re.MULTILINE):
            yield _target(workspace, path, is_flow=False)
    for path in workspace.flows():
        yield _target(workspace, path, is_flow=True)


def _target(workspace: Workspace, path: str, *, is_flow: bool) -> Target:
    data = read_mapping(workspace.flow(path).file) if is_flow else workspace.script(path).metadata()
    has_preprocessor = (
        "preprocessor_module" in data.get("value", {}) if is_flow else data.get("has_preprocessor")
    )
    return Target(
        path,
        is_flow,
        str(data.get("summary") or path),
        str(data.get("description") or ""),
        json_schema(data.get("schema") or {"type": "object"}),
        bool(has_preprocessor),
        _inputs_from(_preprocessor_code(workspace, path, data, is_flow=is_flow)) if has_preprocessor else (),
    )


def _preprocessor_code(workspace: Workspace, path: str, data: Json, *, is_flow: bool) -> str:
    if not is_flow:
        return workspace.script(path).file.read_text(encoding="utf-8")
    content = str(data["value"]["preprocessor_module"].get("value", {}).get("content", ""))
    if not content.startswith("!inline "):
        return content
    file = workspace.flow(path).file.parent / content.removeprefix("!inline ")
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _inputs_from(code: str) -> tuple[str, ...]:
    """Return the constant INPUTS_FROM of a preprocessor's code: where it takes the inputs from."""
    try:
        statements = parse_python(code).body
    except SyntaxError:  # `mill lint` says so
        return ()
    for statement in statements:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == _INPUTS_FROM:
            return tuple(ast.literal_eval(statement.value))
    return ()


def _webhooks(target: Target) -> Iterator[tuple[str, Json]]:
    kind = "f" if target.is_flow else "p"
    for name, verb in (("run", "Start"), ("run_wait_result", "Run")):
        waits = name == "run_wait_result"
        yield (
            f"/api/w/{{workspace}}/jobs/{name}/{kind}/{target.path}",
            {
                "operationId": _identifier(f"{name}_{kind}_{target.path}"),
                "tags": [target.path.split("/")[1]],
                "summary": f"{verb}: {target.summary}",
                "description": target.description,
                "parameters": [
                    _parameter("workspace", "The id of the workspace."),
                    *(_query(target.schema) if "query" in target.inputs_from else ()),
                ],
                "requestBody": _webhook_body(target),
                "responses": _responses(waits=waits, guarded=True),
                "security": [{"token": []}],
            },
        )


def _route(workspace: Workspace, item: Item) -> tuple[str, str, Json]:
    route = item.value()
    missing = [key for key in ("script_path", "route_path", "http_method") if not route.get(key)]
    if missing:
        raise MillError(f"{item.file}: {missing[0]} is missing; `mill lint` names all that is.")
    target = _target(workspace, str(route["script_path"]), is_flow=bool(route.get("is_flow")))
    names = _WILDCARD_OR_PARAMETER.findall(str(route["route_path"]))
    url = "/" + _WILDCARD_OR_PARAMETER.sub(r"{\1}", str(route["route_path"])).lstrip("/")
    prefix = "/api/r/{workspace}" if route.get("workspaced_route") else "/api/r"
    parameters = (
        [_parameter("workspace", "The id of the workspace.")] if route.get("workspaced_route") else []
    )
    method = str(route["http_method"])
    operation: Json = {
        "operationId": _identifier(item.path),
        "tags": [item.path.split("/")[1]],
        "summary": str(route.get("summary") or target.summary),
        "description": str(route.get("description") or target.description),
        "parameters": [
            *parameters,
            *(_parameter(name, "Part of the path.") for name in names),
            *(_query(target.schema) if "query" in target.inputs_from else ()),
        ],
        "responses": _responses(
            waits=route.get("request_type") != "async", guarded=route.get("authentication_method") != "none"
        ),
        "security": _security(route),
    }
    if method not in _BODILESS:
        operation["requestBody"] = _route_body(route, target)
    return prefix + url, method, operation


def _webhook_body(target: Target) -> Json:
    if not target.has_preprocessor:
        return _json_body(target.schema)
    return _preprocessed_body(target, ())


def _preprocessed_body(target: Target, uploads: tuple[str, ...]) -> Json:
    """Return the body a preprocessor takes: what it says it takes, or anything."""
    if not target.inputs_from:
        free: Json = {"description": "Anything; read by the preprocessor."}
        return {"content": {kind: {"schema": free} for kind in ("application/json", *uploads)}}
    file: Json = {"type": "string", "description": "The file itself; its inputs stand in the query."}
    content: Json = {kind: {"schema": file} for kind in target.inputs_from if "/" in kind}
    if "json" in target.inputs_from:
        closed = {**target.schema, "additionalProperties": False}
        content = {"application/json": {"schema": closed}, **content}
    return {"content": content}


def _query(schema: Json) -> Iterator[Json]:
    """Yield a query parameter for each input: text as it is, objects as JSON."""
    for name, spec in schema.get("properties", {}).items():
        description = str(spec.get("description") or spec.get("title") or name)
        value: Json = {"schema": spec}
        if "oneOf" in spec:  # a resource
            description += " The path of a resource, or an object in JSON."
            value = {"schema": {"type": "string"}}
        elif spec.get("type") in ("object", "array"):
            value = {"content": {"application/json": {"schema": spec}}}
        yield {"name": name, "in": "query", "description": description, **value}


def _route_body(route: Json, target: Target) -> Json:
    if target.has_preprocessor:
        return _preprocessed_body(target, (_FORM_TYPE, *_UPLOAD_TYPES) if route.get("raw_string") else ())
    if route.get("raw_string"):
        free: Json = {"description": "Anything; read by the script, as raw text."}
        return {"content": {kind: {"schema": free} for kind in ("application/json", *_UPLOAD_TYPES)}}
    if route.get("wrap_body"):
        return _json_body({"description": "Becomes the argument `body`."})
    return _json_body(target.schema)


def _json_body(schema: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _responses(*, waits: bool, guarded: bool) -> Json:
    sentence = {"text/plain": {"schema": {"type": "string"}}}
    refused: Json = {
        "400": {"description": "The body cannot be read: no job was started.", "content": sentence}
    }
    if guarded:
        refused["401"] = {"description": "The credential is missing or wrong.", "content": sentence}
    if not waits:
        text = {"text/plain": {"schema": {"type": "string", "format": "uuid"}}}
        started = (
            "The id of the job that was started. Inputs that it cannot use fail it; its result says why."
        )
        return {"201": {"description": started, "content": text}, **refused}
    failed = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "200": {"description": "The job's result.", "content": {"application/json": {"schema": {}}}},
        "204": {"description": "The job ended without a result."},
        "422": {
            "description": "The job failed, or refused its inputs: the error says why.",
            "content": failed,
        },
        **refused,
    }


def _security(route: Json) -> list[dict[str, list[str]]]:
    method = str(route.get("authentication_method"))
    scheme = {"windmill": "token", "basic_http": "basic", "signature": "signature"}.get(method)
    if method == "api_key":
        scheme = _key_name(str(route.get("authentication_resource_path")))
    return [{scheme: []}] if scheme else []


def _schemes(workspace: Workspace) -> Json:
    schemes: Json = {"token": _BEARER}
    for item in workspace.items("http_trigger"):
        route = item.value()
        method = route.get("authentication_method")
        if method == "basic_http":
            schemes["basic"] = _BASIC
        elif method == "signature":
            schemes["signature"] = _SIGNATURE
        elif method == "api_key":
            path = str(route.get("authentication_resource_path"))
            schemes[_key_name(path)] = {
                "type": "apiKey",
                "in": "header",
                "name": _key_header(workspace, path),
            }
    return schemes


def _key_name(path: str) -> str:
    return f"key_{_identifier(path)}"


def _key_header(workspace: Workspace, path: str) -> str:
    """Return the header a key goes in, as the resource's template says."""
    for folder in ("live", "mock"):
        for item in workspace.resources(workspace.root / "resources" / folder):
            value = item.value().get("value")
            if item.path == path and isinstance(value, dict) and value.get("api_key_header"):
                return str(value["api_key_header"])
    return "X-API-Key"


def _parameter(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def _identifier(text: str) -> str:
    return re.sub(r"\W+", "_", text)


def json_schema(schema: Json) -> Json:
    """Return a Windmill schema in JSON Schema 2020-12."""
    made: Json = {key: value for key, value in schema.items() if key in _SAME and value not in ("", [], None)}
    made |= {new: schema[old] for old, new in _RENAMED.items() if schema.get(old) is not None}
    if "enum" in made and schema.get("originalType") == "string":  # the form proposes them, and takes others
        made["examples"] = made.pop("enum")
    kind = schema.get("type")
    resource_type = str(schema.get("format", "")).partition("resource-")[2]
    if resource_type:
        made["oneOf"] = [
            {"type": "string", "pattern": r"^\$res:"},
            {"type": "object", "title": resource_type},
        ]
    elif kind:
        made["type"] = [kind, "null"] if schema.get("nullable") else kind
        if schema.get("format"):
            made["format"] = schema["format"]
    if schema.get("default") is not None:
        made["default"] = schema["default"]
    if isinstance(schema.get("properties"), dict) and schema["properties"]:
        made["properties"] = {name: json_schema(spec) for name, spec in schema["properties"].items()}
    items = schema.get("items")
    if isinstance(items, dict):
        made["items"] = {} if items.get("type") == "resource" else json_schema(items)
    return made
