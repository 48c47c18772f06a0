"""Bodies that are read while they are sent, and replies that are kept as they came."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from f.connect.client import Client
from f.connect.errors import FixSettings
from f.connect.integration import Integration, Retry
from f.connect.transport.file_sink import FileSink
from tests.loopback import Asked, Reply, serve

QUICK = Retry(initial_delay=0.0, max_retries=2)


@dataclass
class Pieces:
    """Three pieces, and how often they were read."""

    read: int = 0
    size: int = 9

    def chunks(self) -> Iterator[bytes]:
        self.read += 1
        yield from (b"abc", b"def", b"ghi")


def test_a_source_is_streamed_with_its_length_and_read_again_for_each_attempt() -> None:
    answers = iter([Reply(503), Reply(200, {})])
    pieces = Pieces()
    with (
        serve(lambda _: next(answers)) as server,
        Client(Integration(name="x", base_url=server.url, retry=QUICK)) as client,
    ):
        client.put("/a", data=pieces)
    assert [asked.body for asked in server.asked] == [b"abcdefghi"] * 2
    assert [asked.headers.get("Content-Length") for asked in server.asked] == ["9", "9"]
    assert pieces.read == 2


async def send(url: str, pieces: Pieces) -> None:
    async with Client(Integration(name="x", base_url=url)) as client:
        await client.put_async("/a", data=pieces)


def test_a_source_goes_out_from_an_event_loop_too() -> None:
    import asyncio  # noqa: PLC0415 - for this one

    with serve(lambda _: Reply(200, {})) as server:
        asyncio.run(send(server.url, Pieces()))
    assert server.asked[0].body == b"abcdefghi"


def test_a_source_that_ends_early_is_a_lost_request_and_no_success() -> None:
    class Short(Pieces):
        def chunks(self) -> Iterator[bytes]:
            yield b"abc"
            raise OSError("the file is gone")

    with serve(lambda _: Reply(200, {})) as server:
        integration = Integration(name="x", base_url=server.url, retry=Retry(enabled=False))
        with Client(integration) as client, pytest.raises(Exception, match="broke the connection off"):
            client.put("/a", data=Short())


PACKED = gzip.compress(b"x" * 9, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "kept"), [("identity", PACKED), ("gzip", b"x" * 9)], ids=["identity", "gzip"]
)
def test_who_asks_for_identity_gets_the_bytes_as_they_came(
    tmp_path: Path, encoding: str, kept: bytes
) -> None:
    with (
        serve(lambda _: Reply(200, PACKED, {"Content-Encoding": "gzip"})) as server,
        Client(Integration(name="x", base_url=server.url)) as client,
        FileSink(tmp_path / "part", 1000) as sink,
    ):
        client.get("/a", sink=sink, headers={"Accept-Encoding": encoding})
        sink.keep_as(tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == kept


def test_a_redirect_that_is_not_followed_is_an_answer() -> None:
    def answer(_asked: Asked) -> Reply:
        return Reply(301, b"<Error/>", {"X-Where": "elsewhere"})

    with serve(answer) as server, Client(Integration(name="x", base_url=server.url)) as client:
        response = client.get("/a", follow=False)
        assert (response.status, response.headers["X-Where"]) == (301, "elsewhere")
        with pytest.raises(FixSettings):
            client.get("/a")
