"""The OpenAPI document is valid and says what each route and webhook takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from mill.errors import MillError
from mill.openapi import document, json_schema
from mill.repository.workspace import Workspace
from tests.mill.commands import mill
from tests.mill.trees import REPOSITORY, write_tree

FORM = """
    summary: Send an order
    description: Sends it.
    schema:
      type: object
      properties:
        order: {type: string, description: Its number., pattern: '^[0-9]+$', default: null}
        crm: {type: object, format: resource-customer_api, default: null}
      required: [order]
"""
ROUTE = """
    summary: Orders
    script_path: f/a/send
    is_flow: false
    route_path: orders/:id/*rest
    http_method: {method}
    request_type: {kind}
    authentication_method: {authentication}
    authentication_resource_path: f/a/key
    workspaced_route: {workspaced}
    wrap_body: {wrap}
    raw_string: {raw}
    is_static_website: false
"""


def routes(root: Path, *, preprocessor: bool = False, **settings: str) -> dict[str, Any]:
    """The document of a workspace with one script behind one route."""
    defaults = {"method": "post", "kind": "sync", "authentication": "none"}
    defaults |= {"workspaced": "false", "wrap": "false", "raw": "false"}
    form = FORM + ("    has_preprocessor: true\n" if preprocessor else "")
    write_tree(
        root,
        {
            "f/a/send.py": "def main(order: str, crm: dict):\n    pass\n",
            "f/a/send.script.yaml": form,
            "f/a/library.py": "x = 1\n",
            "f/a/orders.http_trigger.yaml": ROUTE.format(**(defaults | settings)),
            "resources/live/f/a/key.resource.yaml": "value: {api_key_header: X-Orders-Key}\n",
        },
    )
    made = document(Workspace(root))
    validate(made)
    return made


def test_a_route_has_its_path_parameters_body_and_replies(tmp_path: Path) -> None:
    made = routes(tmp_path)

    operation = made["paths"]["/api/r/orders/{id}/{rest}"]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["id", "rest"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "required": ["order"],
        "properties": {
            "order": {"type": "string", "description": "Its number.", "pattern": "^[0-9]+$"},
            "crm": {
                "oneOf": [
                    {"type": "string", "pattern": r"^\$res:"},
                    {"type": "object", "title": "customer_api"},
                ]
            },
        },
    }
    assert set(operation["responses"]) == {"200", "204", "400", "422"}
    assert operation["security"] == []


def test_scripts_with_a_main_have_webhooks_and_libraries_have_none(tmp_path: Path) -> None:
    made = routes(tmp_path)

    hooks = {path: operations for path, operations in made["paths"].items() if "/jobs/" in path}
    assert sorted(hooks) == [
        "/api/w/{workspace}/jobs/run/p/f/a/send",
        "/api/w/{workspace}/jobs/run_wait_result/p/f/a/send",
    ]
    assert set(hooks["/api/w/{workspace}/jobs/run/p/f/a/send"]["post"]["responses"]) == {"201", "400", "401"}
    assert hooks["/api/w/{workspace}/jobs/run/p/f/a/send"]["post"]["security"] == [{"token": []}]


@pytest.mark.parametrize(
    ("method", "security", "scheme"),
    [
        ("none", [], None),
        ("windmill", [{"token": []}], ("token", "http")),
        ("basic_http", [{"basic": []}], ("basic", "http")),
        ("signature", [{"signature": []}], ("signature", "apiKey")),
        ("api_key", [{"key_f_a_key": []}], ("key_f_a_key", "apiKey")),
    ],
)
def test_a_routes_authentication_is_a_security_scheme(
    tmp_path: Path, method: str, security: list[Any], scheme: tuple[str, str] | None
) -> None:
    made = routes(tmp_path, authentication=method)

    assert made["paths"]["/api/r/orders/{id}/{rest}"]["post"]["security"] == security
    schemes = made["components"]["securitySchemes"]
    if scheme:
        assert schemes[scheme[0]]["type"] == scheme[1]
    if method == "api_key":
        assert schemes["key_f_a_key"]["name"] == "X-Orders-Key"


def test_bodies_without_a_schema_accept_anything(tmp_path: Path) -> None:
    raw = routes(tmp_path, raw="true")["paths"]["/api/r/orders/{id}/{rest}"]["post"]["requestBody"]["content"]
    free = routes(tmp_path, preprocessor=True)["paths"]["/api/r/orders/{id}/{rest}"]["post"]["requestBody"]

    both = routes(tmp_path, preprocessor=True, raw="true")["paths"]["/api/r/orders/{id}/{rest}"]["post"]

    assert "text/csv" in raw
    assert "application/x-www-form-urlencoded" in both["requestBody"]["content"]  # as Twilio and Slack send
    assert all("type" not in media["schema"] for media in raw.values())
    assert "type" not in free["content"]["application/json"]["schema"]


def test_a_preprocessor_says_where_it_takes_the_inputs_from(tmp_path: Path) -> None:
    form = FORM.replace("order: {", "n: {type: integer, minimum: 1}\n        order: {")
    write_tree(
        tmp_path,
        {
            "f/a/work__flow/flow.yaml": f"""
{form}
    value:
      modules: []
      preprocessor_module:
        id: preprocessor
        value: {{type: rawscript, language: python3, content: '!inline preprocessor.py'}}
""",
            "f/a/work__flow/preprocessor.py": 'INPUTS_FROM = ("json", "query", "text/csv")\n',
            "f/a/orders.http_trigger.yaml": ROUTE.format(
                method="post",
                kind="async",
                authentication="none",
                workspaced="false",
                wrap="false",
                raw="true",
            )
            .replace("is_flow: false", "is_flow: true")
            .replace("f/a/send", "f/a/work"),
        },
    )
    made = document(Workspace(tmp_path))
    validate(made)

    route = made["paths"]["/api/r/orders/{id}/{rest}"]["post"]
    body = route["requestBody"]["content"]
    assert list(body) == ["application/json", "text/csv"]
    assert set(body["application/json"]["schema"]["properties"]) == {"n", "order", "crm"}
    assert body["application/json"]["schema"]["additionalProperties"] is False
    query = {one["name"]: one["schema"] for one in route["parameters"] if one["in"] == "query"}
    assert query["n"] == {"type": "integer", "minimum": 1}
    assert query["crm"] == {"type": "string"}
    webhook = made["paths"]["/api/w/{workspace}/jobs/run_wait_result/f/f/a/work"]["post"]
    assert webhook["requestBody"] == route["requestBody"]
    assert webhook["parameters"][0]["name"] == "workspace"
    assert webhook["parameters"][1:] == [one for one in route["parameters"] if one["in"] == "query"]
    assert set(webhook["responses"]) == {"200", "204", "400", "401", "422"}


def test_a_get_has_no_body_and_an_asynchronous_route_answers_with_a_job(tmp_path: Path) -> None:
    operation = routes(tmp_path, method="get", kind="async")["paths"]["/api/r/orders/{id}/{rest}"]["get"]

    assert "requestBody" not in operation
    assert set(operation["responses"]) == {"201", "400"}


def test_a_route_of_one_workspace_names_it_in_the_path(tmp_path: Path) -> None:
    assert "/api/r/{workspace}/orders/{id}/{rest}" in routes(tmp_path, workspaced="true")["paths"]


@pytest.mark.parametrize(
    ("windmill", "standard"),
    [
        (
            {"type": "integer", "min": 1, "max": 9, "default": 3},
            {"minimum": 1, "maximum": 9, "type": "integer", "default": 3},
        ),
        (
            {"type": "string", "nullable": True, "format": "date-time"},
            {"type": ["string", "null"], "format": "date-time"},
        ),
        ({"type": "", "description": "Anything.", "default": None}, {"description": "Anything."}),
        (
            {"type": "array", "items": {"type": "string", "originalType": "x"}},
            {"type": "array", "items": {"type": "string"}},
        ),
        (
            {"type": "array", "items": {"type": "resource", "resourceType": "smtp"}},
            {"type": "array", "items": {}},
        ),
        (
            {"type": "string", "enum": ["a", "b"], "enumLabels": {"a": "A"}},
            {"enum": ["a", "b"], "type": "string"},
        ),
    ],
)
def test_windmills_schema_words_become_standard_ones(
    windmill: dict[str, Any], standard: dict[str, Any]
) -> None:
    assert json_schema(windmill) == standard


def test_a_route_that_lacks_a_key_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path, {"f/a/orders.http_trigger.yaml": "route_path: orders\n"})

    with pytest.raises(MillError, match=r"orders.http_trigger.yaml: script_path is missing"):
        document(Workspace(tmp_path))


def test_the_document_of_this_repository_is_valid() -> None:
    done = mill("openapi", "--title", "Millwright", cwd=REPOSITORY)

    made = json.loads(done.stdout)
    validate(made)
    assert made["info"]["title"] == "Millwright"
    assert made["paths"]
