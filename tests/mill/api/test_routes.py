"""HTTP routes and webhooks, as the source of Windmill's `http_trigger_*` and `args` says they behave."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from mill.errors import MillError
from tests.mill.api.stage import Stage

JSON = {"Content-Type": "application/json"}
ROUTES: dict[str, dict[str, Any]] = {
    "list": {"route_path": "customers"},
    "one": {"route_path": "customers/:id"},
    "new": {"route_path": "customers/new"},
    "orders": {"route_path": "customers/:customer/orders"},
    "rest": {"route_path": "files/*path"},
    "read": {"route_path": "customers/:id", "http_method": "get"},
    "workspaced": {"route_path": "tenant", "workspaced_route": True},
    "off": {"route_path": "off", "mode": "disabled"},
}
ECHOES: dict[str, dict[str, Any]] = {"plain": {}, "wrapped": {"wrap_body": True}, "raw": {"raw_string": True}}


def echo(args: Mapping[str, Any]) -> Any:
    return dict(args)


def say(name: str, _: Mapping[str, Any]) -> Any:
    return name


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server for the tables: routes that say their name, routes that echo, one that obeys."""
    stage = Stage(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("state"))
    for name, fields in ROUTES.items():
        stage.trigger(f"f/demo/{name}", **fields)
        stage.jobs.functions[f"f/demo/{name}"] = partial(say, name)
    for name, flags in ECHOES.items():
        stage.trigger(f"f/echo/{name}", **flags)
        stage.jobs.functions[f"f/echo/{name}"] = echo
    stage.trigger("f/demo/reply")
    stage.jobs.functions["f/demo/reply"] = lambda args: args["result"]
    with stage.serve():
        yield stage
    stage.jobs.close()


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "/api/r/customers", "list"),
        ("POST", "/api/r/customers/", "list"),
        ("POST", "/api/r/customers/7", "one"),
        ("POST", "/api/r/customers/new", "new"),
        ("POST", "/api/r/customers/7/orders", "orders"),
        ("POST", "/api/r/files/a/b/c.txt", "rest"),
        ("GET", "/api/r/customers/7", "read"),
        ("POST", "/api/r/local/tenant", "workspaced"),
        ("POST", "/api/r/tenant", 404),
        ("POST", "/api/r/files", 404),
        ("POST", "/api/r/customers/7/none", 404),
        ("DELETE", "/api/r/customers", 404),
        ("POST", "/api/r/off", 404),
    ],
)
def test_a_request_reaches_the_route_that_fits_best(
    served: Stage, method: str, path: str, route: str | int
) -> None:
    reply = served.send(method, path)
    assert (reply.status if reply.status == 404 else reply.json()) == route


def test_a_route_of_another_method_is_named_in_the_refusal(stage: Stage) -> None:
    stage.trigger("f/demo/a")
    with stage.serve():
        assert stage.send("PUT", "/api/r/f/demo/a").text == (
            "No route answers PUT f/demo/a; it answers POST."
        )


@pytest.mark.parametrize(
    ("route", "content_type", "body", "arguments"),
    [
        ("plain", "application/json", b'{"a": 1}', {"a": 1}),
        ("plain", None, b"", {}),
        ("plain", "application/json", b"[1]", {"body": [1]}),
        ("plain", "application/json", b"null", {"body": None}),
        ("plain", "application/json", b' {"a": 1}', {"body": {"a": 1}}),
        ("wrapped", "application/json", b'{"a": 1}', {"body": {"a": 1}}),
        ("raw", "application/json", b'{"a": 1}', {"a": 1, "raw_string": '{"a": 1}'}),
        (
            "raw",
            "application/json",
            b'{"raw_string": "x"}',
            {"raw_string": '{"raw_string": "x"}'},
        ),
        ("plain", "text/plain", b"hi", {"raw_string": "hi"}),
        ("plain", "application/xml; charset=utf-8", b"<a/>", {"raw_string": "<a/>"}),
        ("plain", "application/x-www-form-urlencoded", b"a=1&b=", {"a": "1", "b": ""}),
        (
            "raw",
            "application/x-www-form-urlencoded",
            b"a=%C3%A9",
            {"a": "é", "raw_string": "a=%C3%A9"},
        ),
    ],
)
def test_a_body_becomes_arguments(
    served: Stage, route: str, content_type: str | None, body: bytes, arguments: dict[str, Any]
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    assert served.send("POST", f"/api/r/f/echo/{route}", body or None, headers).json() == arguments


@pytest.mark.parametrize(
    ("content_type", "body", "status", "words"),
    [
        ("application/json", b"{", 400, "not valid JSON"),
        ("application/json", b"", 400, "not valid JSON"),
        ("application/json", b'{"a": NaN}', 400, "NaN is not a JSON number"),
        ("application/json", b'{"a": Infinity}', 400, "Infinity is not a JSON number"),
        ("application/json", b'{"a": -1e999}', 400, "-1e999 is larger than any number"),
        ("application/json", b'{"a": ' + b"9" * 5000 + b"}", 400, "a number has 5,000 digits"),
        ("application/json", rb'{"a": ["\ud800"]}', 400, "half a character"),
        ("application/json", b"[" * 100_000, 400, "nested too deeply"),
        ("application/json", b"[" * 200 + b"]" * 200, 400, "nested too deeply"),
        ("text/plain", b"\xff", 400, "not UTF-8 (byte 0)"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "multipart/form-data"),
        ("application/cloudevents+json", b"{}", 415, "CloudEvents"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    served: Stage, content_type: str, body: bytes, status: int, words: str
) -> None:
    reply = served.send("POST", "/api/r/f/echo/plain", body, {"Content-Type": content_type})
    assert reply.status == status
    assert words in reply.text


@pytest.mark.parametrize(("query", "told"), [("", True), ("?skip_preprocessor=true", False)])
def test_a_webhook_is_told_to_a_preprocessor_unless_it_says_not_to(
    stage: Stage, query: str, told: bool
) -> None:
    stage.jobs.functions["f/demo/order"] = echo
    with stage.serve():
        stage.post(f"/api/w/local/jobs/run/f/f/demo/order{query}", {"n": 1}, token=True)
    [event] = stage.jobs.events
    assert (event is not None) is told


def test_a_preprocessor_is_told_the_whole_request(stage: Stage) -> None:
    stage.trigger("f/demo/order", route_path="shops/:shop/*rest", http_method="put", raw_string=True)
    stage.jobs.functions["f/demo/order"] = echo
    with stage.serve():
        reply = stage.send("PUT", "/api/r/shops/7/a/b/?q=1&x=%20y", b'{"n": 1}', JSON | {"X-Trace-Id": "abc"})
    (event,) = stage.jobs.events
    assert reply.json() == {"n": 1, "raw_string": '{"n": 1}'}
    assert event is not None
    assert event["headers"]["x-trace-id"] == "abc"
    assert {name: value for name, value in event.items() if name != "headers"} == {
        "kind": "http",
        "route": "shops/:shop/*rest",
        "path": "shops/7/a/b",
        "trigger_path": "f/demo/order",
        "body": {"n": 1},
        "raw_string": '{"n": 1}',
        "params": {"shop": "7", "rest": "a/b"},
        "query": {"q": "1", "x": " y"},
        "method": "put",
    }


@pytest.mark.parametrize(
    ("result", "status", "body", "headers"),
    [
        ({"a": 1}, 200, b'{"a":1}', {"content-type": "application/json"}),
        (None, 200, b"null", {}),
        ({"windmill_status_code": 201, "result": {"id": 1}}, 201, b'{"id":1}', {}),
        ({"wm_status_code": 404, "result": "no"}, 404, b'"no"', {}),
        ({"windmill_status_code": 418}, 418, b"", {}),
        ({"windmill_headers": {"X-Id": "7"}}, 204, b"", {"x-id": "7"}),
        (
            {"windmill_content_type": "text/csv", "result": "a,b"},
            200,
            b"a,b",
            {"content-type": "text/csv"},
        ),
        (
            {"wm_content_type": "application/x", "wm_headers": {"Content-Type": "y/z"}, "result": [1]},
            200,
            b"[1]",
            {"content-type": "application/x"},
        ),
        ({"windmill_status_code": "201", "result": 1}, 200, b'{"windmill_status_code":"201","result":1}', {}),
        ({"windmill_status_code": 204, "result": "dropped"}, 204, b"", {}),
        ({"windmill_headers": {"X-Id": "a\r\nSet-Cookie: b"}}, 422, b"The result's header X-Id has", {}),
        ({"windmill_headers": {"X Id": "a"}}, 422, b"The result asks for a header named 'X Id'", {}),
        (
            {"windmill_headers": {"Content-Length": "7"}},
            422,
            b"The result asks for the header Content-Length",
            {},
        ),
        ({"windmill_content_type": "a\u20ac", "result": 1}, 422, b"The result's header content-type has", {}),
        ({"windmill_status_code": 101}, 422, b"The result asks for status 101", {}),
        ({"windmill_headers": {"X-Id": "\u20ac"}}, 422, b"The result's header X-Id has", {}),
        ({"windmill_headers": {"X-Id": "a" * 20_000}}, 422, b"The result's header X-Id has", {}),
        ({"windmill_headers": {"X" * 300: "a"}}, 422, b"The result asks for a header named 'XX", {}),
    ],
)
def test_a_result_shapes_the_reply(
    served: Stage, result: Any, status: int, body: bytes, headers: dict[str, str]
) -> None:
    reply = served.post("/api/r/f/demo/reply", {"result": result})
    assert reply.status == status
    assert reply.body.startswith(body)
    assert {name: reply.headers[name] for name in headers} == headers


def test_a_failed_job_answers_422_with_its_error(stage: Stage) -> None:
    def fail(_: Mapping[str, Any]) -> Any:
        raise RuntimeError("out of stock")

    stage.trigger("f/demo/fail")
    stage.jobs.functions["f/demo/fail"] = fail
    with stage.serve():
        reply = stage.post("/api/r/f/demo/fail", {})
    assert (reply.status, reply.json()["error"]["message"]) == (422, "out of stock")


def test_an_asynchronous_route_and_a_flow_are_jobs(stage: Stage) -> None:
    stage.trigger("f/demo/later", request_type="async")
    stage.trigger("f/demo/flow", is_flow=True)
    stage.jobs.functions |= {"f/demo/later": echo, "f/demo/flow": echo}
    with stage.serve():
        started = stage.post("/api/r/f/demo/later", {"a": 1})
        job = stage.jobs.get(started.text)
        flow = stage.post("/api/r/f/demo/flow", {"a": 2})
    assert started.status == 201
    assert job is not None
    assert (job.target.path, job.args) == ("f/demo/later", {"a": 1})
    assert flow.json() == {"a": 2}


def test_a_route_answers_preflight_and_carries_cors_headers(stage: Stage) -> None:
    stage.trigger("f/demo/open")
    stage.trigger("f/demo/closed", allowed_origins=["https://App.example.com"])
    stage.jobs.functions |= {"f/demo/open": echo, "f/demo/closed": echo}
    name = "access-control-allow-origin"
    with stage.serve():
        assert stage.send("OPTIONS", "/api/r/f/demo/open").headers[name] == "*"
        asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
        assert stage.send("OPTIONS", "/api/r/f/demo/closed", headers=asked).status == 200
        assert stage.post("/api/r/f/demo/open", {}).headers[name] == "*"
        for origin, allowed in [("https://app.example.com", True), ("https://example.org", False)]:
            reply = stage.post("/api/r/f/demo/closed", {}, headers={"Origin": origin})
            assert reply.headers.get(name) == (origin if allowed else None)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"request_type": "sync_sse"}, "request_type sync_sse"),
        ({"is_static_website": True}, "is_static_website"),
        ({"static_asset_config": {"s3": "a"}}, "static_asset_config"),
        ({"retry": {"constant": {"attempts": 1, "seconds": 1}}}, "retry"),
        ({"error_handler_path": "script/f/a/b"}, "error_handler_path"),
        ({"mode": "suspended"}, "mode suspended"),
    ],
)
def test_a_trigger_that_asks_for_more_than_mill_has_is_refused_by_name(
    stage: Stage, fields: dict[str, Any], words: str
) -> None:
    stage.trigger("f/demo/more", **fields)
    with stage.serve():
        reply = stage.post("/api/r/f/demo/more", {})
    assert (reply.status, reply.text) == (501, f"f/demo/more asks for {words}, which `mill` does not offer.")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"route_path": "/slash"}, "route_path '/slash' is not a route"),
        ({"route_path": "a/*rest/b"}, "is not a route"),
        ({"http_method": "head"}, "http_method is 'head'"),
        ({"authentication_method": "magic"}, "authentication_method is 'magic'"),
        ({"authentication_method": "api_key"}, "needs authentication_resource_path"),
        ({"authentication_method": "custom_script"}, "needs raw_string: true"),
        ({"script_path": None}, "script_path is missing"),
    ],
)
def test_a_wrong_trigger_file_is_named_with_its_field(
    stage: Stage, fields: dict[str, Any], words: str
) -> None:
    file = stage.trigger("f/demo/wrong", **fields)
    with pytest.raises(MillError) as caught:
        stage.serve()
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


def test_two_triggers_for_one_route_are_both_named(stage: Stage) -> None:
    first = stage.trigger("f/demo/a", route_path="x/:id")
    second = stage.trigger("f/demo/b", route_path="x/:name")
    with pytest.raises(MillError) as caught:
        stage.serve()
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_a_webhook_takes_what_windmill_takes(stage: Stage) -> None:
    stage.jobs.functions |= {"f/demo/echo": echo}
    run, wait = "/api/w/local/jobs/run", "/api/w/local/jobs/run_wait_result"
    with stage.serve() as api:
        query = "?include_header=X-Trace-Id,No&include_query=page&page=2&raw=true&wrap_body=true"
        posted = stage.post(f"{wait}/p/f/demo/echo{query}", {"a": 1}, headers={"X-Trace-Id": "t"}, token=True)
        payload = quote("eyJhIjogMX0=")
        got = stage.send("GET", f"{wait}/f/f/demo/echo?payload={payload}&token={api.token}")
        started = stage.post(f"{run}/f/f/demo/echo?scheduled_in_secs=0", {"a": 1}, token=True)
        refused = [
            stage.post(f"{run}/p/f/demo/echo", {}),
            stage.post(f"{run}/p/f/demo/echo?token=wrong", {}),
            stage.send("GET", f"{run}/p/f/demo/echo", token=True),
            stage.post(f"{run}/p/f/demo/none", {}, token=True),
            stage.post("/api/w/other/jobs/run/p/f/demo/echo", {}, token=True),
            stage.send("GET", f"{wait}/p/f/demo/echo?payload=%21", token=True),
        ]
    assert posted.json() == {"body": {"a": 1}, "x_trace_id": "t", "page": "2", "raw_string": '{"a": 1}'}
    assert got.json() == {"a": 1}
    assert (started.status, stage.jobs.get(started.text) is not None) == (201, True)
    assert [reply.status for reply in refused] == [401, 401, 405, 400, 404, 400]
    event = stage.jobs.events[0]
    assert event is not None
    assert (event["kind"], event["body"], event["raw_string"]) == ("webhook", {"a": 1}, '{"a": 1}')


def test_a_webhooks_event_has_all_headers_and_all_of_the_query(stage: Stage) -> None:
    stage.jobs.functions |= {"f/demo/echo": echo}
    with stage.serve():
        path = "/api/w/local/jobs/run/f/f/demo/echo?dry_run=true&colour=red"
        stage.post(path, {"a": 1}, headers={"X-Trace-Id": "t"}, token=True)
    event = stage.jobs.events[0]
    assert event is not None
    assert event["query"] == {"dry_run": "true", "colour": "red"}
    assert (event["headers"]["x-trace-id"], event["headers"]["content-type"]) == ("t", "application/json")


def test_a_caller_who_hangs_up_cancels_the_job_it_waits_for(stage: Stage) -> None:
    held = stage.jobs.add("script", "f/demo/slow", status="running")
    stage.jobs.start = lambda *_, **__: held.id  # type: ignore[method-assign]  # a job that never ends by itself
    with stage.serve() as api:
        port = int(api.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = f"POST /api/w/local/jobs/run_wait_result/p/f/demo/slow?token={api.token} HTTP/1.1\r\n"
            connection.sendall(
                head.encode() + f"Host: 127.0.0.1:{port}\r\n".encode() + b"Content-Length: 0\r\n\r\n"
            )
        completed = stage.jobs.wait(held.id, 10)
    assert completed is not None
    assert completed.result["error"]["message"] == "http connection broke"
