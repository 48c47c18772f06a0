"""The server itself: its port, its token, its end."""

from __future__ import annotations

import socket
import threading

import pytest

from mill.errors import MillError
from tests.mill.api.stage import Stage


def port_of(stage: Stage) -> int:
    return int(stage.api.url.rpartition(":")[2])


def test_it_ends_with_its_block_and_leaves_neither_port_nor_thread(stage: Stage) -> None:
    stage.trigger("f/demo/a")
    stage.jobs.functions["f/demo/a"] = lambda _: 1
    before = set(threading.enumerate())
    with stage.serve():
        assert stage.post("/api/r/f/demo/a", {}).status == 200
        assert stage.send("GET", "/api/w/local/users/whoami", token=True).status == 200
        idle = socket.create_connection(("127.0.0.1", port_of(stage)))
    with idle:
        assert idle.recv(1) == b""
    for thread in set(threading.enumerate()) - before:
        thread.join(5)  # a pool's thread that has just been told to end
        assert not thread.is_alive(), thread.name
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port_of(stage)))


def test_it_ends_while_a_caller_still_waits(stage: Stage) -> None:
    held = stage.jobs.add("script", "f/demo/slow", status="running")
    stage.jobs.start = lambda *_, **__: held.id  # type: ignore[method-assign]  # a job that never ends by itself
    replies = []
    asked = threading.Event()
    plain_wait = stage.jobs.wait

    def wait(job_id: str, timeout: float | None = None) -> object:
        asked.set()
        return plain_wait(job_id, timeout)

    stage.jobs.wait = wait  # type: ignore[method-assign,assignment]  # tells when the caller waits

    def ask() -> None:
        replies.append(stage.post("/api/w/local/jobs/run_wait_result/p/f/demo/slow", {}, token=True))

    with stage.serve():
        caller = threading.Thread(target=ask)
        caller.start()
        assert asked.wait(10)
    caller.join(10)
    assert [reply.status for reply in replies] == [503]


def test_a_port_in_use_is_named_with_the_remedy(stage: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MillError) as caught, stage.serve(port=port):
            pass
    assert str(caught.value).startswith(f"Port {port} on 127.0.0.1 is in use.")
    assert "--port" in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_state_directory_that_cannot_be_written_is_named(stage: Stage) -> None:
    stage.state.write_text("a file", encoding="utf-8")
    with pytest.raises(MillError, match="--state"), stage.serve():
        pass


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/w/local/variables/get_value/f/a/b", 401),
        ("/api/w/local/jobs/run/p/f/a/b", 401),
        ("/api/users/whoami", 401),
        ("/", 401),
        ("/api/version", 200),
        ("/api/w/local/jobs_u/resume/j/1/bad", 401),
        ("/api/w/local/s3_proxy/_default_/a", 403),
        ("/approve/local/j/1/bad", 401),
    ],
)
def test_without_the_token_only_what_carries_its_own_proof_opens(
    empty: Stage, path: str, status: int
) -> None:
    assert empty.send("GET", path).status == status


def test_every_session_has_its_own_token(stage: Stage) -> None:
    with stage.serve() as first, stage.serve() as second:
        assert first.token != second.token
        assert (
            stage.send("GET", "/api/users/whoami", headers={"Authorization": f"Bearer {first.token}"}).status
            == 401
        )
        assert stage.send("GET", "/api/users/whoami", token=True).status == 200


def test_an_unknown_endpoint_is_named_as_not_offered(stage: Stage) -> None:
    with stage.serve():
        reply = stage.send("GET", "/api/w/local/schedules/list", token=True)
        wrong_method = stage.send("POST", "/api/w/local/users/whoami", b"", token=True)
    assert (reply.status, wrong_method.status) == (404, 405)
    assert reply.text.startswith("GET /api/w/local/schedules/list is not offered by `mill`")


def test_whoever_presses_a_button_of_the_approval_page_sees_what_came_of_it(stage: Stage) -> None:
    flow = stage.jobs.add("flow", "f/demo/flow")
    stage.jobs.waiting.add(flow.id)
    browser = {"Accept": "text/html,*/*", "Content-Type": "application/x-www-form-urlencoded"}
    with stage.serve() as api:
        urls = stage.send("GET", f"/api/w/local/jobs/resume_urls/{flow.id}/7", token=True).json()
        refused = stage.send("POST", urls["cancel"].removeprefix(api.url), b"", headers=browser)
        again = stage.send("POST", urls["cancel"].removeprefix(api.url), b"", headers=browser)
    assert refused.status == 201
    assert "<h1>Refused</h1><p>Your answer has arrived. You can close this page.</p>" in refused.text
    assert (again.status, "Nothing waits for this answer" in again.text) == (404, True)


def test_flow_level_resume_urls_belong_to_the_flow_and_a_refusal_is_told(stage: Stage) -> None:
    flow = stage.jobs.add("flow", "f/demo/flow")
    step = stage.jobs.add("script", "f/demo/step", parent=flow.id)
    stage.jobs.waiting.add(flow.id)
    with stage.serve() as api:
        path = f"/api/w/local/jobs/resume_urls/{step.id}/7?flow_level=true&approver=a%26b"
        urls = stage.send("GET", path, token=True).json()
        page = stage.send("GET", urls["approvalPage"].removeprefix(api.url))
        tampered = stage.send("POST", urls["cancel"].removeprefix(api.url).replace("a%26b", "c"))
        refused = stage.send("POST", urls["cancel"].removeprefix(api.url), b"")
        bad_payload = stage.send("GET", urls["resume"].removeprefix(api.url) + "&payload=!")
    assert flow.id in urls["resume"]
    assert "f/demo/flow waits for an answer" in page.text
    assert (tampered.status, refused.status, bad_payload.status) == (401, 201, 400)
    (resume,) = stage.jobs.resumes[flow.id]
    assert (resume.resume_id, resume.approved, resume.payload, resume.approver) == (7, False, None, "a&b")
