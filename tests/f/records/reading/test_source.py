"""Where the bytes come from: each way works alone, and each way that fails says what to do."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, TryLater
from f.records.reading import source as source_module
from f.records.reading.source import open_source
from tests.loopback import Asked, Reply, serve

CSV = b"name,email\nAda,ada@example.com\n"


def read(max_url_bytes: int = 1000, **given: Any) -> bytes:
    arguments = {"csv": None, "text": None, "file": None, "url": None, **given}
    return b"".join(open_source(**arguments, max_url_bytes=max_url_bytes).chunks)


@pytest.mark.parametrize(
    "given", [{"csv": CSV}, {"csv": base64.b64encode(CSV).decode()}, {"text": CSV.decode()}]
)
def test_a_file_comes_by_upload_or_as_text(given: dict[str, Any]) -> None:
    assert read(**given) == CSV


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    def answer(asked: Asked) -> Reply:
        match asked.path.split("?")[0]:
            case "/customers.csv":
                return Reply(body=CSV, headers={"Content-Type": "text/csv"})
            case "/big.csv":
                return Reply(body=b"x" * 5000)
            case "/secret.csv":
                return Reply(401)
            case _:
                return Reply(404)

    with serve(answer) as server:
        yield server.url


def test_a_file_comes_from_a_url(site: str) -> None:
    assert read(url=f"{site}/customers.csv?token=t") == CSV


def test_a_report_never_shows_the_query_or_the_credentials_of_a_url(site: str) -> None:
    host = site.removeprefix("http://")
    url = f"http://user:secret@{host}/customers.csv?token=hidden"
    title = open_source(None, None, None, url, max_url_bytes=10).title
    assert title.endswith("/customers.csv")
    assert not {"secret", "hidden", "user"} & set(title.replace(":", "/").replace("?", "/").split("/"))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("given", "kind", "code", "said"),
    [
        ({}, FixInput, "one_source_expected", "none was given"),
        (
            {"text": "a", "url": "http://x"},
            FixInput,
            "one_source_expected",
            "text and url were given together",
        ),
        ({"csv": ""}, FixInput, "empty_file", "is empty"),
        ({"csv": "not base64!"}, FixInput, "not_base64", "Upload the file"),
        ({"url": "ftp://example.com/x"}, FixInput, "bad_url", "not an http or https address"),
        ({"url": "http://[bad"}, FixInput, "bad_url", "cannot be read as an address"),
        ({"url": "http://host:99999/x"}, FixInput, "bad_url", "cannot be read as an address"),
        ({"url": "http://ho st/x"}, FixInput, "bad_url", "cannot be read as an address"),
        ({"url": "http://user:word@127.0.0.1:{closed}/x"}, FixInput, "url_not_found", "Check the address"),
        ({"url": "{site}/missing.csv"}, FixInput, "url_not_found", "answered 404"),
        ({"url": "{site}/secret.csv"}, FixInput, "url_not_found", "answered 401"),
        ({"url": "{site}/big.csv"}, FixInput, "url_too_large", "Raise max_url_mb"),
        ({"url": "http://127.0.0.1:{closed}/x"}, TryLater, "refused", "could not be reached"),
    ],
)
def test_a_source_that_cannot_be_read_says_what_to_do(
    site: str, given: dict[str, str], kind: type[ConnectError], code: str, said: str
) -> None:
    filled: dict[str, Any] = {
        name: text.format(site=site, closed=closed_port()) for name, text in given.items()
    }
    with pytest.raises(kind) as caught:
        read(**filled)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_server_that_never_answers_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TryLater) as caught:
            read(url=f"http://127.0.0.1:{port}/x")
    assert "did not" in str(caught.value) or "no answer" in str(caught.value)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_a_server_that_trickles_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(source_module, "_DOWNLOAD_SECONDS", 0.3)
    ended = threading.Event()

    def trickle(listener: socket.socket) -> None:
        with listener.accept()[0] as connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(head)
            while not ended.wait(0.02):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = threading.Thread(target=trickle, args=(listener,))
        sender.start()
        started = time.monotonic()
        with pytest.raises(TryLater, match=r"did not arrive.*not all of it within") as caught:
            read(10**6, url=f"http://127.0.0.1:{listener.getsockname()[1]}/x")
        ended.set()
        sender.join()
    assert time.monotonic() - started < 10
    assert caught.value.code == "timeout"


def test_on_a_server_a_url_into_the_network_around_it_is_refused(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILL", raising=False)
    monkeypatch.setenv("WM_BASE_URL", "https://windmill.example.com")
    with pytest.raises(FixInput, match="closed to what people enter") as caught:
        read(url=f"{site}/customers.csv")
    assert caught.value.code == "address_not_allowed"
    monkeypatch.setenv("MILL", "1")
    assert read(url=f"{site}/customers.csv") == CSV
