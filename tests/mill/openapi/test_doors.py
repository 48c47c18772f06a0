"""What the document says of a request is true: sent to a running `mill serve`, each part becomes its input.

What is served is a copy of the repository in which scripts and flows return their inputs. Routes, triggers
and preprocessors are the real ones.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from ruamel.yaml import YAML

from mill.openapi.document import Where, document
from mill.repository.workspace import Workspace
from tests.mill.openapi.fuzzing import ROOT, TOKEN, key_of, serving

_ECHO = "\n\ndef main(**inputs):\n    return {'inputs': inputs}\n"
# Of a type, a text that no default is, and what may become of it.
_TEXTS = {"integer": "7", "number": "0.5", "boolean": "true", "array": '["seen"]', "object": '{"seen": 1}'}
_RESOURCE = "f/customers/mock_api"


@functools.cache
def whole_document() -> dict[str, Any]:
    """Every file of the workspace is read for it, which takes seconds: not before a test asks."""
    return document(Workspace(ROOT), where=Where("", "local"))


def described() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation that says of a part of a request which input it becomes."""
    for url, methods in whole_document()["paths"].items():
        for method, operation in methods.items():
            if "/jobs/run/" not in url and list(parts(operation)):
                yield url, method, operation


def parts(operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each documented part: where it stands, its name there, and the input it becomes."""
    for one in operation["parameters"]:
        if "x-input" in one:
            yield one["in"], one["name"], one["x-input"]
    for media, one in operation.get("requestBody", {}).get("content", {}).items():
        if "x-input" in one:
            yield "body", media, one["x-input"]
        elif "additionalProperties" in one["schema"] and media == "application/json":
            yield "json", media, ""
        elif "file itself" in one["schema"].get("description", ""):
            yield "body", media, "text"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("echo")
    for name in ("f", "resources"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wmill.yaml", root)
    for file in (root / "f").rglob("*.py"):
        code = file.read_text("utf-8")
        if re.search(r"^def preprocessor", code, re.MULTILINE) and "__flow" not in str(file):
            file.write_text(code + _ECHO, "utf-8")
    yaml = YAML()
    for file in (root / "f").rglob("flow.yaml"):
        flow = yaml.load(file.read_text("utf-8"))
        if "preprocessor_module" in flow["value"]:
            flow["value"]["modules"] = []
            flow["value"].pop("failure_module", None)
            with file.open("w", encoding="utf-8") as stream:
                yaml.dump(flow, stream)
    with serving(root, tmp_path_factory.mktemp("state")) as address:
        yield address


def test_there_are_doors_of_each_kind() -> None:
    kinds = {place for _, _, operation in described() for place, _, _ in parts(operation)}
    assert kinds == {"path", "query", "header", "body", "json"}


def test_each_part_of_a_request_becomes_the_input_that_is_documented(
    url: str, subtests: pytest.Subtests
) -> None:
    for path, method, operation in described():
        with subtests.test(f"{method} {path}"):
            without = inputs(url, path, method, operation)
            for sent, expected in requests_of(operation):
                check_inputs(inputs(url, path, method, operation, sent), without, sent, expected)


def check_inputs(
    found: Mapping[str, Any],
    without: Mapping[str, Any],
    sent: Mapping[str, Any],
    expected: Mapping[str, str],
) -> None:
    """What was sent has come to the inputs; an input that is no part of a path is there only then."""
    for input_name, text in expected.items():
        value = value_at(found, input_name)
        assert fits(value, text), (input_name, text, found)
        assert "path" in sent or value != value_at(without, input_name), (input_name, found)


def requests_of(operation: Mapping[str, Any]) -> Iterator[tuple[dict[str, dict[str, str]], dict[str, str]]]:
    """Yield what to send by place and name, and which text each input has to come of; one request a place."""
    places: dict[str, list[tuple[str, str]]] = {}
    for place, name, input_name in parts(operation):
        if place == "json":
            properties = operation["requestBody"]["content"][name]["schema"]["properties"]
            texts = {one: json_text(spec) for one, spec in properties.items()}
            members = ", ".join(f"{json.dumps(one)}: {text}" for one, text in texts.items())
            yield {"body": {name: f"{{{members}}}"}}, texts
        elif place == "body":
            text = text_for(operation, place, name)
            yield {place: {name: text}}, {input_name: text}
        else:
            places.setdefault(place, []).append((name, input_name))
    for place, named in places.items():
        sent = {name: text_for(operation, place, name) for name, _ in named}
        yield {place: sent}, {input_name: sent[name] for name, input_name in named}


def text_for(operation: Mapping[str, Any], place: str, name: str) -> str:
    """Return a text for the part, which is of its type and is no default."""
    if place == "body":
        if name == "application/json":
            return '{"seen": "anna"}'
        return "seen=anna" if "form" in name else "name,email\nAnna,anna@example.com\n"
    one = next(one for one in operation["parameters"] if (one["name"], one["in"]) == (name, place))
    schema = one.get("schema") or one["content"]["application/json"]["schema"]
    if "path of a resource" in one["description"].lower():
        return _RESOURCE
    if schema.get("enum"):
        return str(schema["enum"][-1])
    return str(one.get("example") or _TEXTS.get(kind_of(schema), "seen"))


def json_text(spec: Mapping[str, Any]) -> str:
    """Return a value of an input, as JSON."""
    if "oneOf" in spec:
        return json.dumps(("$res:" if "?" not in spec["oneOf"][0]["pattern"] else "") + _RESOURCE)
    if spec.get("enum"):
        return json.dumps(spec["enum"][-1])
    return _TEXTS.get(kind_of(spec), '"seen"')


def kind_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    return str(kind[0] if isinstance(kind, list) else kind)


def fits(value: Any, text: str) -> bool:
    """Whether a value can have come of a text: itself, read as JSON, its only entry, the resource there."""
    try:
        read = json.loads(text)
    except ValueError:
        read = text
    if _RESOURCE in text:
        return value not in (None, "", _RESOURCE)
    return value in (text, read, [text])


def value_at(found: Mapping[str, Any], name: str) -> Any:
    value: Any = found
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def inputs(
    url: str,
    template: str,
    method: str,
    operation: Mapping[str, Any],
    sent: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Send a request that has these parts, and return the inputs that it became."""
    sent = sent or {}
    for one in operation["parameters"]:
        if one["in"] == "path":
            text = sent.get("path", {}).get(one["name"], str(one.get("example", one["name"])))
            template = template.replace("{" + one["name"] + "}", quote(text))
    address = f"{url}{template}" + (f"?{urlencode(sent['query'])}" if "query" in sent else "")
    headers = {**credential(operation), **sent.get("header", {})}
    media, body = next(iter(sent.get("body", {}).items()), ("", None))
    if body is not None:
        headers["Content-Type"] = media
    data = None if body is None else body.encode()
    status, text = answered(Request(address, data, headers, method=method.upper()))
    if status == 201:
        return ended(url, text)
    assert status == 200, text
    read = json.loads(text)
    found: dict[str, Any] = read.get("inputs", read)
    return found


def credential(operation: Mapping[str, Any]) -> dict[str, str]:
    for one in operation["security"]:
        scheme = whole_document()["components"]["securitySchemes"][next(iter(one))]
        if "scheme" in scheme:
            return {"Authorization": f"Bearer {TOKEN}"}
        if scheme["description"].startswith("The key"):
            return {scheme["name"]: key_of(scheme)}
    return {}


def ended(url: str, job: str) -> dict[str, Any]:
    address = f"{url}/api/w/local/jobs_u/completed/get_result_maybe/{job}"
    for _ in range(200):
        _, text = answered(Request(address, headers={"Authorization": f"Bearer {TOKEN}"}))
        done = json.loads(text)
        if done.get("completed"):
            assert done.get("success") is not False, done
            result: dict[str, Any] = done["result"]
            return result
        time.sleep(0.05)
    raise AssertionError(f"job {job} did not end")


def answered(request: Request) -> tuple[int, str]:
    try:
        with urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
