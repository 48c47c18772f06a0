"""How long the thread and the connections of send_many last, and how they end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import FixSettings, TryLater
from f.connect.integration import Integration, Retry
from tests.f.connect.wire import Wire, reply, silence
from tests.loopback import Asked, Reply, serve

ROOT = Path(__file__).parents[3]
OK = reply(200, {"id": "1"})


def client_of(wire: Wire) -> Client:
    return Client(Integration(name="svc", base_url=wire.url))


def gets(count: int, name: str = "x") -> Iterator[Request]:
    return (Request(method="GET", path=f"/{name}/{number}") for number in range(count))


def statuses(results: Iterator[tuple[Request, Any]]) -> list[int]:
    return [result.status for _, result in results]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "send_many"]


def test_calls_one_after_the_other_share_connections() -> None:
    with Wire([OK]) as wire, client_of(wire) as client:
        for _ in range(5):
            assert statuses(client.send_many(gets(20), concurrency=4)) == [200] * 20
        assert wire.connections <= 4
        assert threads() == ["send_many"]
    assert threads() == []


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f.connect.transport.async_transport._IDLE_SECONDS", 0.0)
    with Wire([OK]) as wire, client_of(wire) as client:
        for _ in range(3):
            assert statuses(client.send_many(gets(1))) == [200]
        assert wire.connections == 3


def test_two_iterators_of_one_client_may_be_read_in_turns() -> None:
    with Wire([OK]) as wire, client_of(wire) as client:
        one, two = (client.send_many(gets(30, name), concurrency=3) for name in ("one", "two"))
        for (mine, _), (other, _) in zip(one, two, strict=True):
            assert mine.path.startswith("/one")
            assert other.path.startswith("/two")
    assert len(wire.seen) == 60


def test_threads_may_send_at_once() -> None:
    counts: list[int] = []
    with Wire([OK]) as wire, client_of(wire) as client:

        def send() -> None:
            counts.append(len(statuses(client.send_many(gets(50), concurrency=4))))

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert threads() == ["send_many"]
    assert counts == [50] * 4


def test_leaving_the_loop_early_cancels_what_is_under_way_and_nothing_else() -> None:
    left = threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.path == "/left/1":
            left.wait(20)
        return Reply(200, {})

    with serve(answer) as server, Client(Integration(name="svc", base_url=server.url)) as client:
        other = client.send_many(gets(100, "other"), concurrency=1)
        next(other)
        for request, _ in client.send_many(gets(2, "left"), concurrency=2):
            assert request.path == "/left/0"
            break
        assert statuses(other) == [200] * 99
        assert statuses(client.send_many(gets(10), concurrency=2)) == [200] * 10
        left.set()


def test_a_client_can_be_closed_while_requests_are_under_way() -> None:
    with Wire([OK, silence]) as wire:
        client = client_of(wire)
        results = client.send_many(gets(5), concurrency=1)
        next(results)
        client.close()
        client.close()
        assert threads() == []
        with pytest.raises(RuntimeError, match="The client was closed"):
            list(results)


def test_a_fault_of_an_interceptor_ends_its_own_call_only() -> None:
    def refuse(request: Request) -> Request:
        if request.path == "/bad/0":
            raise ZeroDivisionError
        return request

    with Wire([OK]) as wire, client_of(wire) as client:
        client.on_request(refuse)
        other = client.send_many(gets(20, "good"), concurrency=1)
        next(other)
        with pytest.raises(ZeroDivisionError):
            list(client.send_many(gets(1, "bad")))
        assert len(statuses(other)) == 19


def test_authorities_that_cannot_be_read_are_a_setting_to_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authorities.pem")
    with (
        Client(Integration(name="svc", base_url="https://api.example.com")) as client,
        pytest.raises(FixSettings, match=r"cannot be read from /nowhere/authorities\.pem"),
    ):
        client.send_many(gets(1))
    assert threads() == []


PROGRAM = """
import os, sys
from f.connect.client import Client
from f.connect.integration import Integration, Retry
from f.connect.calls.message import Request

def send(count):
    return client.send_many((Request(method="GET", path="/x") for _ in range(count)), concurrency=2)

client = Client(Integration(name="svc", base_url=sys.argv[1]))
results = send(9)
next(results)
"""


def run(url: str, ending: str) -> subprocess.CompletedProcess[str]:
    """A program of its own that has begun to send, and how it ended."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM + ending, url],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "client.close()", "results.close()"])
def test_a_program_ends_whatever_is_still_under_way(ending: str) -> None:
    with Wire([OK, silence]) as wire:
        done = run(wire.url, ending)
    assert (done.returncode, done.stderr) == (0, "")


FORK = """
child = os.fork()
if child == 0:
    results.close()
    print(len(list(send(5))), flush=True)
    client.close()
    os._exit(0)
os.waitpid(child, 0)
print(len(list(results)))
"""


def test_a_forked_process_sends_over_connections_of_its_own() -> None:
    with Wire([OK]) as wire:
        done = run(wire.url, FORK)
    assert done.stdout.split() == ["5", "8"]
    assert len(wire.seen) == 14


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example.com", "xn--"])
def test_a_host_that_no_name_can_be_is_an_error_of_ours_and_nothing_was_sent(host: str) -> None:
    integration = Integration(name="odd", base_url=f"https://{host}", retry=Retry(max_retries=0))
    with Client(integration) as client:
        [(_, result)] = client.send_many([Request(method="POST", path="/rows", json={})])
    assert isinstance(result, FixSettings | TryLater)
