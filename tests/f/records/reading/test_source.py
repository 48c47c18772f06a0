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
    assert open_source(None, None, None, url, max_url_bytes=10).title == "customers.csv"
    no_name = open_source(
        None, None, None, f"http://user:secret@{host}/export?token=hidden", max_url_bytes=10
    )
    assert no_name.title == f"http://{host.split(':')[0]}/export"


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"csv": CSV}, "uploaded file"),
        ({"text": CSV.decode()}, "pasted text"),
        ({"file": {"s3": "inbox/2026/customers.xlsx"}}, "customers.xlsx"),
        ({"url": "https://example.com/a/Kunden%20M%C3%BCller.csv?x=1"}, "Kunden Müller.csv"),
        ({"url": "https://example.com/a%0Ab.csv"}, "ab.csv"),
        ({"url": "https://example.com"}, "https://example.com"),
        ({"url": "https://example.com/.csv"}, "https://example.com/.csv"),
    ],
)
def test_a_file_is_called_by_its_own_name(given: dict[str, Any], title: str) -> None:
    arguments = {"csv": None, "text": None, "file": None, "url": None, **given}
    assert open_source(**arguments, max_url_bytes=10).title == title


@pytest.mark.parametrize("name", ["csv", "text", "url"])
@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/home/me/customers.csv", "mill import /home/me/customers.csv"),
        ("customers.csv", "mill import customers.csv"),
        ("  data/my customers.csv\n", "mill import 'data/my customers.csv'"),
        ("./a.csv", "mill import ./a.csv"),
        ("~/Kunden; alt.xlsx", "mill import ~/'Kunden; alt.xlsx'"),
        ("C:\\a.csv", "mill import 'C:\\a.csv'"),
        ("file:///home/me/a%20b.csv", "mill import '/home/me/a b.csv'"),
        ("file://localhost/tmp/a.csv", "mill import /tmp/a.csv"),
        ("/tmp/it's", """mill import '/tmp/it'"'"'s'"""),
        ("/tmp/data", "mill import /tmp/data"),
        ("/tmp/abc", "mill import /tmp/abc"),  # which happens to be base64
    ],
)
def test_a_path_is_answered_with_the_command_that_imports_it(name: str, path: str, command: str) -> None:
    given: dict[str, Any] = {name: path}
    with pytest.raises(FixInput) as refused:
        read(**given)
    assert refused.value.code == "path_given"
    assert str(refused.value).endswith(f"run: {command}")
    assert str(refused.value).startswith(f"The input {name} ")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"url": "s3://bucket/customers.csv"}, "bad_url"),
        ({"url": "example.com/customers.csv"}, "bad_url"),
        ({"url": "//example.com/customers.csv"}, "bad_url"),
        ({"csv": "name,email\nAda,ada@example.com\n"}, "not_base64"),
    ],
)
def test_what_is_no_path_is_not_taken_for_one(given: dict[str, Any], code: str) -> None:
    with pytest.raises(FixInput) as refused:
        read(**given)
    assert refused.value.code == code


def test_pasted_rows_given_as_an_upload_belong_into_text() -> None:
    with pytest.raises(FixInput, match="look like pasted rows, so give them as text"):
        read(csv=CSV.decode())


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_file_whose_base64_begins_like_a_path_is_no_path(mark: bytes) -> None:
    content = mark + "name".encode("utf-16-le" if mark[0] == 0xFF else "utf-16-be")
    assert read(csv=base64.b64encode(content).decode()) == content


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
        ({"csv": "not base64!"}, FixInput, "not_base64", "upload the file"),
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
