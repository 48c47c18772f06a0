"""Who is let in: programs, this server's own pages, and nobody in the name of another."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mill.errors import MillError
from tests.mill.api import fuzz
from tests.mill.api.stage import Stage
from tests.mill.twins.stage import TwinProcess

PAGE = "/twins/inbox/"
LEDGER = "/twins/slack/_ledger"


def ask(
    url: str, path: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes | None = None
) -> tuple[int, str]:
    """Send these headers and no others; `{port}` in a value is the server's."""
    port = url.rpartition(":")[2].partition("/")[0]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        sent = {"Host": "127.0.0.1:{port}", "Content-Length": str(len(body or b"")), **headers}
        for name, value in sent.items():
            connection.putheader(name, value.format(port=port))
        connection.endheaders(body)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "LocalHost:{port}"}, 200),
        ({"Host": "[::1]:{port}"}, 200),
        ({"Host": "tunnel.example"}, 200),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "rebound.example:{port}"}, 403),
        ({"Host": "localhost.evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1:{port}@evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Origin": "http://localhost:{port}"}, 200),
        ({"Origin": "https://tunnel.example", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:{port}.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Referer": "http://localhost:{port}/twins/inbox/"}, 200),
        ({"Referer": "https://evil.example/page"}, 403),
    ],
)
def test_a_request_names_this_server_and_comes_from_no_other_page(
    stage: Stage, headers: dict[str, str], status: int
) -> None:
    with stage.serve(hosts=["tunnel.example"]) as api:
        answer = ask(api.url, LEDGER, headers)
    assert answer[0] == status
    assert status == 200 or "use that address" in answer[1] or "only pages of 127.0.0.1" in answer[1]


def test_a_page_of_another_site_starts_no_route_unless_the_route_names_it(stage: Stage) -> None:
    stage.trigger("f/demo/open")
    stage.trigger("f/demo/named", allowed_origins=["https://App.example.com"])
    ran: list[Any] = []
    stage.jobs.functions |= {"f/demo/open": ran.append, "f/demo/named": ran.append}
    origin = {"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"}
    with stage.serve() as api:
        refused = ask(api.url, "/api/r/f/demo/open", origin, method="POST", body=b"{}")
        preflight = ask(api.url, "/api/r/f/demo/open", origin, method="OPTIONS")
        named = ask(api.url, "/api/r/f/demo/named", origin, method="POST", body=b"{}")
        asked = ask(api.url, "/api/r/f/demo/named", origin, method="OPTIONS")
    assert (refused[0], preflight[0], named[0], asked[0]) == (403, 403, 200, 200)
    assert "allowed_origins" in refused[1]
    assert ran == [{}]


def test_another_site_may_lead_a_person_to_an_approval_and_to_the_inbox_but_not_answer(stage: Stage) -> None:
    job = stage.jobs.add("flow", "f/demo/order", status="suspended")
    stage.jobs.waiting.add(job.id)
    click = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Referer": "https://mail.example/"}
    with stage.serve() as api:
        urls = stage.send("GET", f"/api/w/local/jobs/resume_urls/{job.id}/1", token=True).json()
        page, resume = (urls[name].removeprefix(api.url) for name in ("approvalPage", "resume"))
        assert ask(api.url, page, click)[0] == 200
        assert ask(api.url, PAGE, click)[0] == 200
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert ask(api.url, resume, foreign, method="POST")[0] == 403
        assert ask(api.url, page, foreign)[0] == 403
        own = {"Origin": "http://localhost:{port}", "Sec-Fetch-Site": "cross-site"}  # the page's own form
        assert ask(api.url, resume, own, method="POST")[0] == 201


VISIT = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("route", "method", "headers", "status"),
    [
        ("open", "GET", VISIT, 200),
        ("open", "GET", {**VISIT, "Sec-Fetch-Site": "same-site", "Referer": "http://localhost:1/"}, 200),
        ("open", "GET", {**VISIT, "Sec-Fetch-Dest": "iframe"}, 403),
        ("open", "GET", {**VISIT, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
        ("open", "GET", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("open", "GET", {**VISIT, "Origin": "https://evil.example"}, 403),
        ("open", "POST", VISIT, 403),
        ("keyed", "GET", VISIT, 403),
        ("later", "GET", VISIT, 403),
    ],
)
def test_another_site_may_send_a_browser_to_a_route_that_anybody_may_read_and_to_no_other(
    stage: Stage, route: str, method: str, headers: dict[str, str], status: int
) -> None:
    """As an identity provider does after a sign-in."""
    stage.trigger("f/demo/open", http_method="get")
    stage.trigger("f/demo/keyed", http_method="get", authentication_method="windmill")
    stage.trigger("f/demo/later", http_method="get", request_type="async")
    stage.jobs.functions.update({f"f/demo/{name}": len for name in ("open", "keyed", "later")})
    with stage.serve() as api:
        assert ask(api.url, f"/api/r/f/demo/{route}", headers, method=method)[0] == status


def test_the_twins_alone_hold_to_it_as_well(tmp_path: Path) -> None:
    with TwinProcess(tmp_path) as process:
        assert ask(process.url, LEDGER, {})[0] == 200
        assert ask(process.url, LEDGER, {"Host": "rebound.example:{port}"})[0] == 403
        assert ask(process.url, LEDGER, {"Origin": "https://evil.example"})[0] == 403
        assert ask(process.url, PAGE, {"Sec-Fetch-Site": "cross-site"})[0] == 200


@pytest.mark.parametrize("path", ["/api/r/f/demo/keyed", "/twins/customers/customers", "/api/w/local/x"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_before_it_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, path: str, chunked: bool
) -> None:
    monkeypatch.setattr("mill.admission.LARGEST_BODY", 1000)
    stage.trigger("f/demo/keyed")
    stage.jobs.functions["f/demo/keyed"] = len
    with stage.serve() as api:
        port = int(api.url.rpartition(":")[2])
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            if chunked:
                connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
                # Not where it answers before it reads: a reset would overtake the answer.
                for _ in range(0 if path == "/api/w/local/x" else 2):
                    with contextlib.suppress(BrokenPipeError):  # it may have answered and closed by now
                        connection.sendall(b"258\r\n" + b"x" * 600 + b"\r\n")
            else:
                connection.sendall(f"{head}Content-Length: 1001\r\n\r\n".encode())  # and not a byte of it
            answer = connection.makefile("rb").read().decode()
    if chunked and path == "/api/w/local/x":
        assert answer.startswith("HTTP/1.1 401")  # nothing of it was read at all
    else:
        assert answer.startswith("HTTP/1.1 413")
        assert "larger than 1,000 bytes" in answer


@pytest.mark.parametrize("path", ["/api/r/f/demo/keyed", "/api/w/local/jobs/run/p/f/demo/keyed"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_route_and_a_webhook_take_as_much_as_windmill_does(
    stage: Stage, path: str, *, chunked: bool
) -> None:
    """2 MiB, which is what its REQUEST_SIZE_LIMIT says if nobody has set it."""
    stage.trigger("f/demo/keyed")
    stage.jobs.functions["f/demo/keyed"] = len
    size = 2 * 1024 * 1024
    fits = b'"%s"' % (b"x" * (size - 2))
    with stage.serve() as api:
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {api.token}"}
        assert stage.send("POST", path, fits, head).status in {200, 201}
        port = int(api.url.rpartition(":")[2])
        first = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        first += f"Authorization: Bearer {api.token}\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            if chunked:
                connection.sendall(f"{first}Transfer-Encoding: chunked\r\n\r\n".encode())
                with contextlib.suppress(ConnectionError):  # it may have answered and closed by now
                    connection.sendall(b"%x\r\n%s \r\n" % (size + 1, fits))  # and no end of it
            else:
                connection.sendall(f"{first}Content-Length: {size + 1}\r\n\r\n".encode())  # and not a byte
            answer = connection.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "larger than 2,097,152 bytes" in answer


def test_the_limit_of_routes_is_a_setting_and_the_rest_of_the_api_has_its_own(stage: Stage) -> None:
    stage.trigger("f/demo/keyed")
    stage.jobs.functions["f/demo/keyed"] = len
    large = b'"%s"' % (b"x" * 3_000_000)
    with stage.serve(environment={"MILL_REQUEST_SIZE_LIMIT": "4000000"}):
        assert stage.send("POST", "/api/r/f/demo/keyed", large).status == 200
    with stage.serve() as api:
        announced = {
            "Content-Length": str(len(large))
        }  # and not a byte: it may answer and close before the last
        assert ask(api.url, "/api/r/f/demo/keyed", announced, method="POST")[0] == 413
        fields = json.dumps({"path": "f/demo/large", "value": "x" * 3_000_000, "is_secret": False}).encode()
        assert stage.send("POST", "/api/w/local/variables/create", fields, token=True).status == 201
    with (
        pytest.raises(MillError, match="number of bytes"),
        stage.serve(environment={"MILL_REQUEST_SIZE_LIMIT": "2MB"}),
    ):
        pass


def test_a_client_that_sends_drop_by_drop_holds_nobody_up_and_starts_nothing(stage: Stage) -> None:
    stage.trigger("f/demo/keyed")
    stage.jobs.functions["f/demo/keyed"] = len
    with stage.serve() as api:
        port = int(api.url.rpartition(":")[2])
        head = f"POST /api/r/f/demo/keyed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 20\r\n\r\n"
        slow = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(100)]
        for drop in (head[:30], head[30:], "{", '"'):
            for connection in slow:
                connection.sendall(drop.encode())
            assert stage.send("POST", "/api/r/f/demo/keyed", b"{}").status == 200
        assert len(stage.jobs.events) == 4  # of those that sent a whole body
        for connection in slow:
            connection.close()
        assert stage.send("POST", "/api/r/f/demo/keyed", b"{}").status == 200
        assert len(stage.jobs.events) == 5


def test_a_head_without_an_end_is_refused(stage: Stage) -> None:
    with stage.serve() as api:
        port = int(api.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 500_000)
            answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 431")
    assert "The headers are longer than" in answer


def test_half_a_body_is_not_applied_by_a_twin(stage: Stage) -> None:
    body = b'{"name": "Ada", "email": "ada@example.com"}'
    with stage.serve() as api:
        port = int(api.url.rpartition(":")[2])
        head = f"POST /twins/customers/customers HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: k\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body) + 5}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + body)  # whole JSON, and five bytes short of what was said
        created = stage.send("GET", "/twins/customers/_ledger").json()["entries"]
    assert created == []


def test_nothing_malformed_is_a_server_error_or_costs_memory(tmp_path: Path) -> None:
    with fuzz.serving(tmp_path) as server:
        fuzz.fire(server.url, 200, seed=1)
        before = server.megabytes
        tally = fuzz.fire(server.url, 2000, seed=4)
        assert tally.failures == []
        assert min(tally.statuses[status] for status in (200, 400, 403, 404, 413, 415, 422, 431)) > 0
        assert server.megabytes < before + 50
        assert ask(server.url, "/api/version", {})[0] == 200
        assert server.errors.read_text() == ""
