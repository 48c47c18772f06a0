"""A script in place of a service: real HTTP on loopback, inside the process that asks."""

from __future__ import annotations

import json
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.calls.message import Request
from f.connect.calls.urls import normal_url
from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings
from f.connect.integration import ApiKey, Integration
from f.connect.limits.shared_key import origin_of, title_of
from f.connect.transport.addresses import GivenAddresses
from f.connect.transport.script_server import KEY_HEADER, ScriptServer, reply_of

ECHO = """
def preprocessor(event):
    if event["path"] == "boom":
        raise ValueError("no good")
    return {"event": event, "unknown": 1, "status": None}

def main(event, status=201):
    if event["path"] == "nothing":
        return None
    return {"windmill_status_code": status, "windmill_headers": {"X-Seen": event["method"]}, "result": event}
"""
PLAIN = "def main(name, size=3, **more):\n    return [name, size, more]\n"


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of scripts beside those of the workspace."""
    import f  # noqa: PLC0415 - a namespace package: its path is what is changed

    folder = tmp_path / "f" / "loopback"
    folder.mkdir(parents=True)
    for name, code in {"echo": ECHO, "plain": PLAIN, "broken": "1 / 0\n", "library": "x = 1\n"}.items():
        (folder / f"{name}.py").write_text(code)
    monkeypatch.setattr(f, "__path__", [*f.__path__, str(tmp_path / "f")])
    yield
    for name in [name for name in sys.modules if name.startswith("f.loopback")]:
        del sys.modules[name]


def at(script: str, **settings: Any) -> Integration:
    return Integration(name="mock", base_url=f"script:{script}", **settings)


@pytest.mark.usefixtures("scripts")
def test_a_script_gets_the_request_as_behind_a_route_and_its_result_is_the_reply() -> None:
    with Client(at("f/loopback/echo", authentication=ApiKey(key="k", name="X-Key"))) as client:
        response = client.post("/things?mode=a%20b", json={"é": 1})
    event = response.json
    assert (response.status, response.headers["X-Seen"]) == (201, "post")
    assert (event["kind"], event["method"], event["path"]) == ("http", "post", "things")
    assert (event["query"], event["body"], event["raw_string"]) == ({"mode": "a b"}, {"é": 1}, '{"é":1}')
    assert event["headers"]["x-key"] == "k"
    assert KEY_HEADER.lower() not in event["headers"]


@pytest.mark.usefixtures("scripts")
def test_many_requests_and_every_method_reach_it() -> None:
    with Client(at("f/loopback/echo")) as client:
        requests = (Request(method="PUT", path=f"/{n}") for n in range(200))
        paths = {response.json["path"] for _, response in client.send_many(requests, 50)}  # type: ignore[union-attr]
        assert client.get("/nothing").status == 204
        assert client.delete("/x").json["method"] == "delete"
    assert paths == {str(n) for n in range(200)}


@pytest.mark.usefixtures("scripts")
def test_a_script_without_a_preprocessor_gets_the_fields_of_the_body() -> None:
    with Client(at("f/loopback/plain")) as client:
        assert client.post("/", json={"name": "a", "size": None, "x": 1}).json == ["a", 3, {"x": 1}]


@pytest.mark.usefixtures("scripts")
def test_what_a_script_raises_is_a_failed_call_without_a_traceback() -> None:
    with Client(at("f/loopback/echo")) as client:
        response = client.get("/boom")
    assert (response.status, response.json) == (422, {"error": {"name": "ValueError", "message": "no good"}})


@pytest.mark.usefixtures("scripts")
def test_nobody_but_the_client_is_answered_and_nobody_after_it_is_closed() -> None:
    server = ScriptServer("script:f/loopback/echo")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(server.url, timeout=5)
    asked = urllib.request.Request(server.url, headers=server.headers)
    assert json.load(urllib.request.urlopen(asked, timeout=5))["method"] == "get"
    server.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server.url, timeout=5)
    assert not [one for one in threading.enumerate() if one.name.startswith("script:")]


@pytest.mark.usefixtures("scripts")
def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Client(at("f/loopback/echo")) as client:
        assert client.get("/x").status == 201
        [(_, response)] = client.send_many([Request(method="GET", path="/y")])
    assert getattr(response, "status", response) == 201


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("f/loopback/nowhere", "cannot be loaded (ModuleNotFoundError)"),
        ("f/loopback/broken", "cannot be loaded (ZeroDivisionError)"),
        ("f/loopback/library", "has no main to call"),
    ],
)
def test_a_script_that_cannot_be_called_is_named(script: str, said: str) -> None:
    with pytest.raises(FixSettings) as caught:
        Client(at(script))
    assert script in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("path", ["", "u/eve/x", "f/x", "f/a/../b", "os", "f/a/b-c", "f.a.b", "f/a/b?x=1"])
def test_only_a_script_of_a_folder_can_be_named(path: str) -> None:
    with pytest.raises(FixSettings, match="must name a script of a folder"):
        at(path)


def test_an_address_that_a_person_enters_cannot_name_a_script() -> None:
    with pytest.raises(FixInput, match="names a script"):
        Client(at("f/customers/mock_customer_api"), given=GivenAddresses(closed=lambda: True))


def test_a_token_is_not_fetched_from_a_script() -> None:
    from f.connect.integration import OAuth2  # noqa: PLC0415 - for this case alone

    with pytest.raises(FixSettings, match="token_url must be like"):
        OAuth2(token_url="script:f/a/b", client_id="c")


def test_what_is_shared_and_journalled_names_the_script_and_no_port() -> None:
    mock = at("f/customers/mock_customer_api/")
    assert origin_of(mock) == "script:f/customers/mock_customer_api"
    assert title_of(mock) == "the script f/customers/mock_customer_api"
    assert normal_url(mock.base_url, "/customers?a=1") == (
        "script:f/customers/mock_customer_api/customers?a=1"
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, (204, b"", {})),
        ({"a": 1}, (200, b'{"a": 1}', {"Content-Type": "application/json"})),
        ([1], (200, b"[1]", {"Content-Type": "application/json"})),
        ({"wm_status_code": 503, "result": None}, (503, b"", {})),
        (
            {"windmill_content_type": "text/plain", "result": "hi"},
            (200, b"hi", {"Content-Type": "text/plain"}),
        ),
        (
            {"windmill_status_code": 429, "windmill_headers": {"Retry-After": "0"}, "result": {}},
            (429, b"{}", {"Content-Type": "application/json", "Retry-After": "0"}),
        ),
    ],
)
def test_a_result_becomes_a_reply_as_behind_a_route(
    result: Any, expected: tuple[int, bytes, dict[str, str]]
) -> None:
    assert reply_of(result) == expected
