"""Variables and resources over HTTP: what `wmill.get_variable`, `get_resource` and `set_state` call."""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mill.api.storage.values import MissingValue, Resource, Values, Variable
from mill.api.transport.endpoint import Call, endpoint
from mill.api.transport.replies import Refusal, json_response
from mill.strict_values import whole_number

_PER_PAGE = 1000


class ValuesApi:
    """The endpoints below `/api/w/<workspace>/variables` and `/resources`."""

    def __init__(self, values: Values, workspace_id: str) -> None:
        self._values = values
        self._workspace_id = workspace_id

    def routes(self) -> list[Route]:
        """Return the routes relative to the workspace."""
        return [
            Route("/variables/get_value/{path:path}", endpoint(self._variable_value)),
            Route("/variables/get/{path:path}", endpoint(self._variable)),
            Route("/variables/exists/{path:path}", endpoint(self._variable_exists)),
            Route("/variables/create", endpoint(self._create_variable), methods=["POST"]),
            Route("/variables/update/{path:path}", endpoint(self._update_variable), methods=["POST"]),
            Route("/variables/delete/{path:path}", endpoint(self._delete_variable), methods=["DELETE"]),
            Route("/resources/get_value_interpolated/{path:path}", endpoint(self._resolved_value)),
            Route("/resources/get_value/{path:path}", endpoint(self._resource_value)),
            Route("/resources/get/{path:path}", endpoint(self._resource)),
            Route("/resources/exists/{path:path}", endpoint(self._resource_exists)),
            Route("/resources/list", endpoint(self._list_resources)),
            Route("/resources/create", endpoint(self._create_resource), methods=["POST"]),
            Route("/resources/update/{path:path}", endpoint(self._update_resource), methods=["POST"]),
            Route("/resources/update_value/{path:path}", endpoint(self._update_resource), methods=["POST"]),
            Route("/resources/delete/{path:path}", endpoint(self._delete_resource), methods=["DELETE"]),
        ]

    def _variable_value(self, call: Call) -> Response:
        return json_response(self._values.variable(call.path("path")).value)

    def _variable(self, call: Call) -> Response:
        variable = self._values.variable(call.path("path"))
        return json_response(
            {
                "workspace_id": self._workspace_id,
                "path": variable.path,
                "value": variable.value,
                "is_secret": variable.is_secret,
                "description": variable.description,
                "extra_perms": {},
            }
        )

    def _variable_exists(self, call: Call) -> Response:
        return json_response(self._find_variable(call.path("path")) is not None)

    def _create_variable(self, call: Call) -> Response:
        path = call.text_field("path")
        if self._find_variable(path) is not None:
            raise Refusal(400, f"Variable {path} already exists: update it.")
        fields = call.fields()
        self._values.set_variable(
            Variable(path, call.text_field("value"), bool(fields.get("is_secret")), _description(fields))
        )
        return PlainTextResponse(f"variable {path} created", 201)

    def _update_variable(self, call: Call) -> Response:
        old, new = self._values.variable(call.path("path")), call.fields()
        self._values.set_variable(
            Variable(
                old.path,
                call.text_field("value") if "value" in new else old.value,
                bool(new.get("is_secret", old.is_secret)),
                _description(new) if "description" in new else old.description,
            )
        )
        return PlainTextResponse(f"variable {old.path} updated")

    def _delete_variable(self, call: Call) -> Response:
        self._values.delete("variable", call.path("path"))
        return PlainTextResponse(f"variable {call.path('path')} deleted")

    def _delete_resource(self, call: Call) -> Response:
        self._values.delete("resource", call.path("path"))
        return PlainTextResponse(f"resource {call.path('path')} deleted")

    def _resolved_value(self, call: Call) -> Response:
        return json_response(self._values.resolved(call.path("path")))

    def _resource_value(self, call: Call) -> Response:
        return json_response(self._values.resource(call.path("path")).value)

    def _resource(self, call: Call) -> Response:
        return json_response(self._row(self._values.resource(call.path("path"))))

    def _resource_exists(self, call: Call) -> Response:
        return json_response(self._find_resource(call.path("path")) is not None)

    def _list_resources(self, call: Call) -> Response:
        rows = [self._row(self._values.resource(path)) for path in self._values.paths("resource")]
        if (wanted := call.query("resource_type")) is not None:
            rows = [row for row in rows if row["resource_type"] == wanted]
        page, per_page = _count(call, "page", 1), _count(call, "per_page", _PER_PAGE)
        return json_response(rows[(page - 1) * per_page : page * per_page])

    def _create_resource(self, call: Call) -> Response:
        path, fields = call.text_field("path"), call.fields()
        if self._find_resource(path) is not None and call.query("update_if_exists") != "true":
            raise Refusal(400, f"Resource {path} already exists: update it.")
        self._values.set_resource(
            Resource(path, fields.get("value"), call.text_field("resource_type"), _description(fields))
        )
        return PlainTextResponse(f"resource {path} created", 201)

    def _update_resource(self, call: Call) -> Response:
        old, new = self._values.resource(call.path("path")), call.fields()
        self._values.set_resource(
            Resource(
                old.path,
                new.get("value", old.value),
                str(new.get("resource_type") or old.resource_type),
                _description(new) if "description" in new else old.description,
            )
        )
        return PlainTextResponse(f"resource {old.path} updated")

    def _row(self, resource: Resource) -> dict[str, Any]:
        return {
            "workspace_id": self._workspace_id,
            "path": resource.path,
            "value": resource.value,
            "resource_type": resource.resource_type,
            "description": resource.description,
            "extra_perms": {},
            "is_oauth": False,
            "is_refreshed": False,
        }

    def _find_variable(self, path: str) -> Variable | None:
        try:
            return self._values.variable(path)
        except MissingValue:
            return None

    def _find_resource(self, path: str) -> Resource | None:
        try:
            return self._values.resource(path)
        except MissingValue:
            return None


def _description(fields: dict[str, Any]) -> str:
    return str(fields.get("description") or "")


def _count(call: Call, name: str, default: int) -> int:
    text = call.query(name)
    if text is None:
        return default
    number = whole_number(text)
    if not number:
        raise Refusal(400, f"{name} must be a whole number above 0.")
    return number
