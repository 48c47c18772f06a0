"""The import desk at `mill serve`: who may use it, what it runs, and how it says that it cannot."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mill.desk.page import POLICY
from mill.desk.served import APP as APP_PATH
from mill.desk.served import Desk, address
from mill.desk.sessions import IDLE_SECONDS, Sessions
from mill.repository.workspace import Workspace
from tests.mill.api.stage import Reply, Stage
from tests.mill.desk.tiny_app import APP, TINY

TOKEN = "token-of-the-server"


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Visitor:
    """A browser without a screen: it keeps the cookie it was given, and says where its requests come from."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rpartition(":")[2])
        self.cookie = ""

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request from a page of this server, unless `headers` say otherwise."""
        sent = {"Host": f"127.0.0.1:{self._port}", "Sec-Fetch-Site": "same-origin", "Cookie": self.cookie}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            reply = connection.getresponse()
            return Reply(reply.status, reply.read(), reply.headers)
        finally:
            connection.close()

    def enter(self, token: str = TOKEN, host: str = "") -> Reply:
        """Open the desk with a token, as the address that `mill` prints does."""
        headers = {"Host": f"{host}:{self._port}"} if host else {}
        reply = self.send("GET", f"/desk?token={token}", headers={"Sec-Fetch-Site": "none", **headers})
        self.cookie = str(reply.headers.get("Set-Cookie", "")).partition(";")[0]
        return reply

    def run(self, id: str, args: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for a runnable."""
        body = json.dumps({"args": args}).encode()
        return self.send(
            "POST", f"/desk/run/{id}", body, {"Content-Type": "application/json", **(headers or {})}
        )

    def result(self, id: str, args: Any) -> dict[str, Any]:
        """Run and wait."""
        job = self.run(id, args).json()["job"]
        told: dict[str, Any] = self.send("GET", f"/desk/jobs/{job}?wait=10").json()
        return told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitor(stage: Stage, clock: Clock) -> Iterator[Visitor]:
    """Somebody who has not entered yet, at a server with the tiny app."""
    for name, text in TINY.items():
        stage.write(name, text)
    desk = Desk(Workspace(stage.root), stage.state, stage.jobs, TOKEN, Sessions(clock))
    with stage.serve(token=TOKEN, pages=lambda _url, _workspace: desk.routes()) as api:
        yield Visitor(api.url)


def greet(args: Mapping[str, Any]) -> dict[str, Any]:
    if args.get("name") == "nobody":
        raise RuntimeError("There is nobody to greet.")
    return {"text": f"Hello {args['name']}"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_token_opens_a_session_and_is_in_no_address_page_or_file_after_that(
    visitor: Visitor, host: str
) -> None:
    entered = visitor.enter(host=host)
    assert (entered.status, entered.headers["Location"], entered.body) == (303, "/desk", b"")
    cookie = entered.headers["Set-Cookie"]
    assert re.fullmatch(
        r"mill_desk_\d+=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/desk; SameSite=strict", cookie
    )
    shown = [visitor.send("GET", path) for path in ("/desk", "/desk/app.js", "/desk/app.css")]
    for reply in (entered, *shown):
        assert TOKEN not in f"{reply.headers}{reply.text}"
        assert reply.headers["Content-Security-Policy"] == POLICY
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert [reply.status for reply in shown] == [200, 200, 200]
    assert "<title>A &lt;tiny&gt; desk</title>" in shown[0].text
    assert "<style" not in shown[0].text
    assert " style=" not in shown[0].text
    assert b"Tiny desk" in shown[1].body
    assert shown[2].text == "h1{color:#005a00}\n"


def test_the_policy_is_the_one_that_lets_in_nothing_from_elsewhere() -> None:
    rules = dict(rule.partition(" ")[::2] for rule in POLICY.split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_a_session_runs_what_backend_names_and_is_told_of_the_job_as_by_windmill(
    stage: Stage, visitor: Visitor
) -> None:
    stage.jobs.functions["f/desk/greet"] = greet
    visitor.enter()
    told = visitor.result("greet", {"name": "Kim"})
    assert (told["type"], told["completed"], told["success"]) == ("CompletedJob", True, True)
    assert told["result"] == {"text": "Hello Kim"}
    failed = visitor.result("greet", {"name": "nobody"})
    assert (failed["type"], failed["success"]) == ("CompletedJob", False)
    assert failed["result"]["error"]["message"] == "There is nobody to greet."
    assert failed["result"]["error"]["name"] == "RuntimeError"
    assert "args" not in failed


def test_a_job_that_runs_is_waited_for_as_long_as_asked_and_no_longer(stage: Stage, visitor: Visitor) -> None:
    stage.jobs.functions["f/desk/greet"] = lambda args: time.sleep(args["seconds"])
    visitor.enter()
    job = visitor.run("greet", {"seconds": 1.5}).json()["job"]
    began = time.monotonic()
    looked = visitor.send("GET", f"/desk/jobs/{job}").json()
    assert time.monotonic() - began < 1.4
    assert (looked["type"], looked["completed"], looked["success"]) == ("QueuedJob", False, False)
    assert visitor.send("GET", f"/desk/jobs/{job}?wait=10").json()["completed"] is True


def test_a_part_of_a_large_file_passes_and_more_than_a_windmill_server_takes_does_not(
    stage: Stage, visitor: Visitor
) -> None:
    stage.jobs.functions["f/desk/greet"] = lambda args: len(args["data"])
    visitor.enter()
    assert visitor.result("greet", {"data": "A" * 1_400_000})["result"] == 1_400_000
    refused = visitor.run("greet", {"data": "A" * 2_100_000})
    assert (refused.status, "larger than 2,097,152 bytes" in refused.text) == (413, True)


@pytest.mark.parametrize(
    ("id", "args", "headers", "status", "name"),
    [
        ("other", {}, {}, 404, "NotOffered"),
        ("..", {}, {}, 404, "NotOffered"),
        ("%2e%2e", {}, {}, 404, "NotOffered"),
        ("greet.yaml", {}, {}, 404, "NotOffered"),
        ("inline", {}, {}, 501, "NotOffered"),
        ("gone", {}, {}, 400, "NotStarted"),
        ("greet", [], {}, 400, "NotJson"),
        ("greet", {"a": [{"b": "$var:f/customers/key"}]}, {}, 400, "NotAllowed"),
        ("greet", {"a": "$res:f/customers/crm"}, {}, 400, "NotAllowed"),
        ("greet", {}, {"Content-Type": "text/plain"}, 415, "NotJson"),
        ("greet", {}, {"Cookie": ""}, 401, "Unauthorized"),
        ("greet", {}, {"Cookie": "mill_desk_1=x"}, 401, "Unauthorized"),
        ("greet", {}, {"Cookie": "", "Authorization": f"Bearer {TOKEN}"}, 401, "Unauthorized"),
    ],
)
def test_nothing_else_is_run_and_a_sentence_says_so(
    stage: Stage, visitor: Visitor, id: str, args: Any, headers: dict[str, str], status: int, name: str
) -> None:
    stage.jobs.functions["f/desk/greet"] = greet
    stage.write(f"{APP}/backend/inline.yaml", "type: inline\n")
    stage.write(f"{APP}/backend/gone.yaml", "type: script\npath: f/desk/gone\n")
    visitor.enter()
    refused = visitor.run(id, args, headers)
    told = refused.json()["error"]
    assert (refused.status, told["name"]) == (status, name)
    assert told["message"].endswith((".", "}."))
    assert stage.jobs.events == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:{port}"}, 201),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "rebound.example:{port}"}, 403),
    ],
)
def test_pages_of_other_sites_run_nothing_though_the_browser_has_the_cookie(
    stage: Stage, visitor: Visitor, headers: dict[str, str], status: int
) -> None:
    stage.jobs.functions["f/desk/greet"] = greet
    visitor.enter()
    port = stage.api.url.rpartition(":")[2]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    assert visitor.run("greet", {"name": "Kim"}, sent).status == status
    assert len(stage.jobs.events) == (status == 201)


@pytest.mark.parametrize(
    ("path", "destination", "status"),
    [("/desk", "document", 200), ("/desk", "iframe", 403), ("/desk/app.js", "script", 403)],
)
def test_a_link_elsewhere_leads_to_the_page_and_no_other_page_may_hold_it(
    visitor: Visitor, path: str, destination: str, status: int
) -> None:
    mode = "navigate" if destination != "script" else "no-cors"
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    assert visitor.send("GET", path, headers=headers).status == status


def test_a_session_ends_when_it_was_not_used_for_half_a_day_and_the_page_is_told(
    stage: Stage, visitor: Visitor, clock: Clock
) -> None:
    stage.jobs.functions["f/desk/greet"] = greet
    visitor.enter()
    clock.now += IDLE_SECONDS
    assert visitor.result("greet", {"name": "Kim"})["success"] is True
    clock.now += IDLE_SECONDS + 1
    ended = visitor.run("greet", {"name": "Kim"})
    assert ended.status == 401
    assert ended.json()["error"]["message"].startswith(
        "Your session has ended. Open the desk again with `mill desk`"
    )


def test_the_token_of_another_run_opens_nothing_and_the_page_says_what_to_do(visitor: Visitor) -> None:
    refused = visitor.enter("yesterday")
    assert (refused.status, visitor.cookie) == (401, "")
    assert "Open the desk again with `mill desk`" in refused.text
    assert visitor.send("GET", "/desk?token=%C3%A9").status == 401


def test_sessions_are_bounded_and_the_one_that_was_not_used_for_longest_makes_room() -> None:
    sessions = Sessions()
    first, second = sessions.open(), sessions.open()
    assert sessions.is_open(first)
    for _ in range(99):
        sessions.open()
    assert (sessions.is_open(first), sessions.is_open(second)) == (True, False)


def test_the_page_is_told_of_no_job_that_it_did_not_start(stage: Stage, visitor: Visitor) -> None:
    other = stage.jobs.add("script", "f/demo/other", status="running")
    visitor.enter()
    for job in (other.id, "nothing"):
        refused = visitor.send("GET", f"/desk/jobs/{job}")
        assert (refused.status, refused.json()["error"]["name"]) == (404, "NoJob")


def test_an_edit_shows_when_the_page_is_loaded_again_and_a_fault_is_shown_with_its_line(
    stage: Stage, visitor: Visitor
) -> None:
    visitor.enter()
    before = visitor.send("GET", "/desk").text
    stage.write(f"{APP}/index.css", "h1 { color: blue }")
    after = visitor.send("GET", "/desk").text
    assert before != after
    assert visitor.send("GET", "/desk/app.css").text == "h1{color:#00f}\n"
    stage.write(f"{APP}/index.tsx", "const <b> = 1;\n")
    broken = visitor.send("GET", "/desk")
    assert broken.status == 503
    assert "index.tsx:1:6" in broken.text
    assert "const &lt;b&gt; = 1;" in broken.text


def test_without_node_or_app_the_page_says_what_to_do(
    stage: Stage, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        told = visitor.send("GET", "/desk")
        assert (told.status, visitor.send("GET", "/desk/app.js").status) == (503, 503)
    assert "needs Node.js 20 or newer, which is not on PATH: install it" in told.text
    stage.write(f"{APP}/raw_app.yaml", "").unlink()
    told = visitor.send("GET", "/desk")
    assert (told.status, f"there is no {APP_PATH}__raw_app/raw_app.yaml" in told.text) == (503, True)
    visitor.enter()
    assert visitor.run("greet", {}).status == 400


def test_an_address_carries_any_token_whole_and_the_import_to_show() -> None:
    assert address("http://127.0.0.1:1", "a&b", "20260101-1") == (
        "http://127.0.0.1:1/desk?token=a%26b#/draft/20260101-1/reading"
    )
