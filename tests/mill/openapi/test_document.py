"""The OpenAPI document is valid and says what each route and webhook takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from mill.errors import MillError
from mill.openapi.document import Where, document
from mill.openapi.reading.naming import unique
from mill.openapi.reading.schemas import json_schema
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping
from tests.mill.commands import mill, mill_here
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


def routes(root: Path, *, preprocessor: bool = False, code: str = "", **settings: str) -> dict[str, Any]:
    """The document of a workspace with one script behind one route."""
    defaults = {"method": "post", "kind": "sync", "authentication": "none"}
    defaults |= {"workspaced": "false", "wrap": "false", "raw": "false"}
    form = FORM + ("    has_preprocessor: true\n" if preprocessor else "")
    write_tree(
        root,
        {
            "f/a/send.py": code or "def main(order: str, crm: dict):\n    pass\n",
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
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/script.f.a.send"}
    assert made["components"]["schemas"]["script.f.a.send"] == {
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
    assert set(operation["responses"]) == {"200", "400", "404", "413", "415", "422"}
    assert operation["security"] == []


def test_scripts_with_a_main_have_webhooks_and_libraries_have_none(tmp_path: Path) -> None:
    made = routes(tmp_path)

    hooks = {path: operations for path, operations in made["paths"].items() if "/jobs/" in path}
    assert sorted(hooks) == [
        "/api/w/{workspace}/jobs/run/p/f/a/send",
        "/api/w/{workspace}/jobs/run_wait_result/p/f/a/send",
    ]
    start = hooks["/api/w/{workspace}/jobs/run/p/f/a/send"]["post"]
    assert set(start["responses"]) == {"201", "400", "401", "403", "404", "413", "415"}
    assert start["security"] == [{"token": []}]
    assert start["x-windmill-runs"] == "script f/a/send"


@pytest.mark.parametrize(
    ("method", "security", "scheme"),
    [
        ("none", [], None),
        ("windmill", [{"token": []}], ("token", "http")),
        ("basic_http", [{"basic_f_a_key": []}], ("basic_f_a_key", "http")),
        ("signature", [{"signature_f_a_key": []}], ("signature_f_a_key", "apiKey")),
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
    assert raw["text/csv"]["schema"]["description"] == "Becomes the input `raw_string`."
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
    assert [one["x-input"] for one in route["parameters"] if one["in"] == "query"] == ["n", "order", "crm"]
    webhook = made["paths"]["/api/w/{workspace}/jobs/run_wait_result/f/f/a/work"]["post"]
    assert webhook["requestBody"] == route["requestBody"]
    assert webhook["parameters"][0]["name"] == "workspace"
    assert webhook["parameters"][1:] == [one for one in route["parameters"] if one["in"] == "query"]
    assert set(webhook["responses"]) == {"200", "400", "401", "403", "404", "413", "415", "422"}


def test_a_get_has_no_body_and_an_asynchronous_route_answers_with_a_job(tmp_path: Path) -> None:
    operation = routes(tmp_path, method="get", kind="async")["paths"]["/api/r/orders/{id}/{rest}"]["get"]

    assert "requestBody" not in operation
    assert set(operation["responses"]) == {"201", "400", "404", "413", "415"}


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


HTTP = """
_QUERY = {"short": {"input": "order", "type": "string"}}
HTTP = {
    "orders": {
        "path": {"id": {"input": "order", "example": "7"}},
        "query": {**_QUERY},
        "headers": {"X-Crm": "crm.name"},
        "body": {"application/json": {"input": "crm", "example": {"name": "x"}}},
        "replies": {
            "409": {"description": "There.", "schema": {"type": "object"}},
            "204": {"description": "-", "type": ""},
        },
    },
    "webhook": {"inputs_from": ["json"], "without": ["crm"]},
}

def preprocessor(event: dict):
    return {}


def main(order: str, crm: dict):
    pass
"""


def test_a_preprocessor_says_what_of_a_request_becomes_which_input(tmp_path: Path) -> None:
    made = routes(tmp_path, preprocessor=True, code=HTTP)

    route = made["paths"]["/api/r/orders/{id}/{rest}"]["post"]
    found = {(one["in"], one["name"]): one.get("x-input") for one in route["parameters"]}
    assert found == {
        ("path", "id"): "order",
        ("path", "rest"): None,
        ("query", "short"): "order",
        ("header", "X-Crm"): "crm.name",
    }
    assert route["parameters"][0]["schema"] == {"type": "string", "pattern": "^[0-9]+$"}  # the input's own
    assert "pattern" not in route["parameters"][2]["schema"]  # another type, and so another schema
    assert route["parameters"][0]["description"] == "Its number. Becomes the input `order`."
    body = route["requestBody"]["content"]["application/json"]
    assert (body["x-input"], body["examples"]["example"]["value"]) == ("crm", {"name": "x"})
    assert set(route["responses"]) == {"204", "400", "404", "409", "413", "415", "422"}
    assert "content" not in route["responses"]["204"]
    webhook = made["paths"]["/api/w/{workspace}/jobs/run_wait_result/p/f/a/send"]["post"]
    taken = webhook["requestBody"]["content"]["application/json"]["schema"]
    assert (list(taken["properties"]), taken["additionalProperties"]) == (["order"], False)


@pytest.mark.parametrize(
    ("constant", "words"),
    [
        ("HTTP = {'*': {'quer': {}}}", r"send.py: HTTP, \*: has no use for quer\. Did you mean query\?"),
        (
            "HTTP = {'*': {'query': {'a': 'ordr'}}}",
            r"query, a: there is no input ordr\. Did you mean order\?",
        ),
        ("HTTP = {'*': []}", r"HTTP, \*: must be a dict with some of path, query"),
        ("HTTP = []", "HTTP must be a dict, by the name of the trigger"),
        ("HTTP = {'*': made()}", r"must be written out, and made\(\) is no literal"),
        ("HTTP = {'*': HTTP}", "must be written out, and HTTP is no literal"),
    ],
    ids=["key", "input", "door", "constant", "computed", "itself"],
)
def test_a_wrong_description_is_named_with_its_place(tmp_path: Path, constant: str, words: str) -> None:
    with pytest.raises(MillError, match=words):
        routes(tmp_path, preprocessor=True, code=f"{constant}\n" + HTTP.partition("}\n\n")[2])


def test_a_script_that_makes_its_own_reply_may_answer_anything(tmp_path: Path) -> None:
    own = "def main(order: str, crm: dict):\n    return {'wm_status_code': 418}\n"
    replies = routes(tmp_path, code=own)["paths"]["/api/r/orders/{id}/{rest}"]["post"]["responses"]

    assert "default" in replies
    assert set(replies["400"]["content"]) == {"text/plain", "*/*"}


def test_a_route_whose_credential_is_wrong_answers_as_windmill_does(tmp_path: Path) -> None:
    made = routes(tmp_path, authentication="api_key")
    denied = made["paths"]["/api/r/orders/{id}/{rest}"]["post"]["responses"]["401"]["content"]
    assert denied == {"application/json": {"schema": {"$ref": "#/components/schemas/Denied"}}}


def test_two_names_that_would_become_one_are_told_apart() -> None:
    names = unique(["f/a_b/c", "f/a/b_c", "f/a/d"])
    assert names["f/a/d"] == "f_a_d"
    assert len(set(names.values())) == 3
    assert names == unique(["f/a/d", "f/a/b_c", "f/a_b/c"])  # whatever the order


def test_an_address_and_a_workspace_stand_in_the_document(tmp_path: Path) -> None:
    routes(tmp_path, workspaced="true")
    made = document(Workspace(tmp_path), where=Where("https://w.example.com", "main"))
    validate(made)
    assert made["servers"] == [{"url": "https://w.example.com"}]
    route = made["paths"]["/api/r/main/orders/{id}/{rest}"]["post"]
    assert [one["name"] for one in route["parameters"]] == ["id", "rest"]


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return document(Workspace(REPOSITORY), title="Millwright")


def test_every_example_of_this_repository_fits_its_schema(ours: dict[str, Any]) -> None:
    registry = Registry[Any]().with_resource("urn:ours", DRAFT202012.create_resource(ours))
    looked_at = 0
    for url, methods in ours["paths"].items():
        for operation in methods.values():
            for media, body in operation.get("requestBody", {}).get("content", {}).items():
                text = json.dumps(body["schema"]).replace('"#/', '"urn:ours#/')
                checker = Draft202012Validator(json.loads(text), registry=registry)
                for name, example in body.get("examples", {}).items():
                    faults = [fault.message for fault in checker.iter_errors(example["value"])]
                    assert not faults, f"{url}, {media}, {name}: {faults[0]}"
                    looked_at += 1
    assert looked_at > 200


def test_every_body_of_this_repository_has_an_example(ours: dict[str, Any]) -> None:
    without = [
        (url, media)
        for url, methods in ours["paths"].items()
        for operation in methods.values()
        for media, body in operation.get("requestBody", {}).get("content", {}).items()
        if media == "application/json" and not body.get("examples")
    ]
    assert not without


def test_operation_ids_are_different_and_tags_are_the_folders(ours: dict[str, Any]) -> None:
    operations = [one for methods in ours["paths"].values() for one in methods.values()]
    ids = [one["operationId"] for one in operations]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in ours["tags"]}
    assert tags == {one["tags"][0] for one in operations}
    assert tags <= {folder.name for folder in (REPOSITORY / "f").iterdir()}
    assert all(one["summary"] for one in operations)


def test_the_webhooks_route_is_signed_by_each_kind_of_source(ours: dict[str, Any]) -> None:
    route = ours["paths"]["/api/r/{workspace}/webhooks/{provider}"]["post"]
    resource_type = read_mapping(REPOSITORY / "webhook_source.resource-type.yaml")
    kinds = resource_type["schema"]["properties"]["kind"]["enum"]
    assert [list(one) for one in route["security"]] == [[f"signature_{kind}"] for kind in kinds]
    assert {"401", "404", "410", "413", "415", "503"} <= set(route["responses"])
    shown = {name for one in route["requestBody"]["content"].values() for name in one["examples"]}
    assert shown == set(kinds)


def test_the_document_of_this_repository_is_valid_and_the_same_each_time(tmp_path: Path) -> None:
    """What is committed is compared by --check, and so must not depend on a hash's seed."""
    first = mill("openapi", "--title", "Millwright", cwd=REPOSITORY, env={"PYTHONHASHSEED": "1"})
    second = mill("openapi", "--title", "Millwright", cwd=REPOSITORY, env={"PYTHONHASHSEED": "2"})

    assert first.stdout == second.stdout
    made = json.loads(first.stdout)
    validate(made)
    assert made["info"]["title"] == "Millwright"
    assert "local-import-key" not in first.stdout  # what is public here is another workspace's secret


def test_a_document_that_is_out_of_date_is_named(tmp_path: Path) -> None:
    routes(tmp_path)
    file = tmp_path / "openapi.json"
    file.write_text(mill_here("openapi", cwd=tmp_path).stdout, "utf-8")
    fresh = mill_here("openapi", "--check", "openapi.json", cwd=tmp_path)
    page = mill_here("openapi", "--html", "openapi.html", cwd=tmp_path)
    (tmp_path / "f/a/send.script.yaml").write_text("summary: Another\n", "utf-8")
    stale = [
        mill_here("openapi", "--check", name, cwd=tmp_path) for name in ("openapi.json", "openapi.html", "no")
    ]

    assert (fresh.returncode, page.returncode) == (0, 0)
    assert [one.returncode for one in stale] == [1, 1, 2]
    assert (
        stale[0].stderr
        == "openapi.json is out of date: run `mill openapi > openapi.json` again, with the same options.\n"
    )
    assert "--html openapi.html" in stale[1].stderr
    assert stale[2].stderr.startswith("mill: no cannot be read")
