"""What an exception of `requests` proves: whether the request can have arrived, whatever came before it."""

from __future__ import annotations

import asyncio

import pytest

from f.connect.calls.message import Lost, Outgoing, Request
from f.connect.calls.verdict import lost_error
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, OutcomeUnknown, TryLater
from f.connect.integration import Integration, Retry
from f.connect.transport.sync_transport import Transport
from tests.f.connect.wire import Wire, free_port, reply, reset, silence

NO_RETRY = Retry(enabled=False)


def client_of(url: str, timeout: float = 5.0) -> Client:
    return Client(Integration(name="x", base_url=url, retry=NO_RETRY, timeout=timeout))


def test_a_write_sent_while_a_refused_call_is_handled_is_not_refused_itself() -> None:
    with (
        Wire([reset]) as wire,
        client_of(f"http://127.0.0.1:{free_port()}") as down,
        client_of(wire.url) as up,
    ):
        try:
            down.get("/a")
        except TryLater:
            with pytest.raises(OutcomeUnknown) as caught:
                up.post("/b", json={"n": 1})
        assert [seen.method for seen in wire.seen] == ["POST"]
        assert caught.value.code == "reset"


def test_it_holds_deep_in_handlers_of_handlers() -> None:
    with (
        Wire([silence]) as wire,
        client_of(f"http://127.0.0.1:{free_port()}") as down,
        client_of(wire.url, timeout=0.3) as up,
    ):
        try:
            down.get("/a")
        except TryLater:
            try:
                raise ValueError("of our caller")  # noqa: TRY301 - the handler within a handler is the point
            except ValueError:
                with pytest.raises(OutcomeUnknown) as caught:
                    up.post("/b", json={"n": 1})
        assert caught.value.code == "timeout"


def test_a_refused_write_is_refused_in_a_handler_too() -> None:
    with client_of(f"http://127.0.0.1:{free_port()}") as down:
        try:
            raise TimeoutError("of our caller")  # noqa: TRY301 - as above
        except TimeoutError:
            with pytest.raises(TryLater) as caught:
                down.post("/b", json={"n": 1})
    assert caught.value.code == "refused"


def test_the_asynchronous_side_goes_by_the_exception_alone() -> None:
    async def both() -> ConnectError:
        with Wire([reset]) as wire:
            async with client_of(f"http://127.0.0.1:{free_port()}") as down, client_of(wire.url) as up:
                try:
                    await down.get_async("/a")
                except TryLater:
                    with pytest.raises(OutcomeUnknown) as caught:
                        await up.post_async("/b", json={"n": 1})
                return caught.value

    assert asyncio.run(both()).code == "reset"


UNWRITABLE = [
    ("http://[bad/", {}),
    ("http://a..b/", {}),
    ("http://x:99999/", {}),
    ("http:///x", {}),
    ("http://%00/", {}),
    ("http://\ud800/", {}),
    ("http://127.0.0.1:1/", {"X-Name": "\u2028"}),
]


@pytest.mark.parametrize(("url", "headers"), UNWRITABLE)
def test_what_cannot_be_written_was_not_sent(url: str, headers: dict[str, str]) -> None:
    transport = Transport(connect_timeout=1, verify=True, max_reply_bytes=1000)
    lost = transport.send(Outgoing("POST", url, headers, b"x"), 2.0)
    assert isinstance(lost, Lost)
    assert (lost.kind, lost.sent) == ("address", False)
    error = lost_error(Request(method="POST", path="/"), "POST x", lost, in_doubt=False)
    assert isinstance(error, FixSettings)
    assert str(error).endswith("Check base_url, the path and the headers.")


@pytest.mark.parametrize("location", ["http://[bad", "http://x:99999/", "//["])
def test_a_redirect_to_what_is_no_url_is_a_sentence(location: str) -> None:
    with Wire([reply(302, headers={"Location": location})]) as wire, client_of(wire.url) as client:
        with pytest.raises(FixSettings, match="what is not a URL"):
            client.get("/a")
        assert len(wire.seen) == 1


def test_a_path_that_is_no_url_is_a_sentence() -> None:
    with client_of("http://127.0.0.1:1") as client, pytest.raises(FixInput, match="is none"):
        client.get("http://[bad")
