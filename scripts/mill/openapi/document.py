"""The document: all operations of a workspace in a fixed order, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mill.openapi.operations import Operation, Reading, of_routes, of_webhooks
from mill.openapi.parameters import WORKSPACE
from mill.openapi.reading.cases import Cases
from mill.openapi.reading.naming import unique
from mill.openapi.reading.schemas import Json
from mill.openapi.reading.targets import Targets
from mill.openapi.replies import DENIED, ERROR
from mill.openapi.security import Security
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping

_INSTANCE = "https://app.windmill.dev"
_ORDER = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Where:
    """Where the workspace answers. With an `url` the document names it; a `workspace` stands in its paths."""

    url: str = ""
    workspace: str = ""


def document(workspace: Workspace, *, title: str | None = None, where: Where | None = None) -> Json:
    """Return the document as plain data: the same of the same files, byte by byte."""
    where = where or Where()
    cases = Cases(workspace)
    reading = Reading(workspace, Targets(workspace), cases, Security(cases))
    operations = [*of_routes(reading), *of_webhooks(reading)]
    names = unique(operation.name for operation in operations)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title or workspace.root.name,
            "version": "1",
            "description": "HTTP routes and webhooks of a Windmill workspace.",
        },
        "servers": [_server(where)],
        "tags": _tags(workspace, operations),
        "paths": _paths(operations, names, where),
        "components": {
            "securitySchemes": dict(sorted(reading.security.schemes.items())),
            "schemas": {
                "Denied": DENIED,
                "Error": ERROR,
                **{target.component: target.schema for target in reading.targets.all()},
            },
        },
    }


def _server(where: Where) -> Json:
    if where.url:
        return {"url": where.url}
    instance = {"default": _INSTANCE, "description": "Address of the Windmill instance."}
    return {"url": "{instance}", "variables": {"instance": instance}}


def _tags(workspace: Workspace, operations: Iterable[Operation]) -> list[Json]:
    """Each folder, with what it says of itself."""
    return [
        {"name": name, **({"description": said} if (said := _folder(workspace, name)) else {})}
        for name in sorted({operation.content["tags"][0] for operation in operations})
    ]


def _folder(workspace: Workspace, name: str) -> str:
    file = workspace.root / "f" / name / "folder.meta.yaml"
    return str(read_mapping(file).get("summary") or "") if file.is_file() else ""


def _paths(operations: Iterable[Operation], names: dict[str, str], where: Where) -> Json:
    paths: dict[str, Json] = {}
    for operation in operations:
        content = {"operationId": names[operation.name], **operation.content}
        url = operation.url
        if where.workspace:
            url = url.replace("{workspace}", where.workspace)
            content["parameters"] = [one for one in content["parameters"] if one is not WORKSPACE]
        paths.setdefault(url, {})[operation.method] = content
    return {
        url: dict(sorted(methods.items(), key=lambda one: (*_ORDER, one[0]).index(one[0])))
        for url, methods in sorted(paths.items())
    }
