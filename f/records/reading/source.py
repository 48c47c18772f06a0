"""Where an import's bytes come from: an upload, pasted text, an object, or a URL. Always streamed."""

# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0
# wmill==1.850.0

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain, TryLater
from f.records.reading.opening import Source
from f.store.database import postgresql
from f.windmill.objects import object_size, read_object

if TYPE_CHECKING:
    from wmill import S3Object

_CHUNK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 60.0  # for the next bytes to come
_DOWNLOAD_SECONDS = 600.0  # for the whole file
_UTF16_MARKS = ("//4", "/v8")  # in base64: what may begin with a slash and is text


def open_source(
    csv: bytes | str | None,
    text: str | None,
    file: S3Object | None,
    url: str | None,
    *,
    max_url_bytes: int,
) -> Source:
    """Return the one source that has a value. Raises FixInput if there is none, or more than one.

    `csv` is the file's content, as bytes or in base64, as Windmill's upload field hands it over.
    """
    named = [name for name, value in {"csv": csv, "text": text, "file": file, "url": url}.items() if value]
    if not named and csv is not None:
        raise FixInput("The uploaded file is empty. Choose a file with a header and rows.", code="empty_file")
    if len(named) != 1:
        problem = f"{' and '.join(named)} were given together" if named else "none was given, or it is empty"
        raise FixInput(
            f"Give exactly one of csv (an uploaded file), text (pasted), file (an object of the workspace's "
            f"storage) or url; {problem}.",
            code="one_source_expected",
        )
    if csv:
        data = _decoded(csv)
        return Source("uploaded file", _pieces(data), len(data))
    if text:
        _refuse_path("text", text)
        data = text.encode(errors="replace")  # half a character is none
        return Source("pasted text", _pieces(data), len(data))
    if file:
        return Source(_base_name(file["s3"]) or "stored object", read_object(file), object_size(file))
    assert url is not None
    _refuse_path("url", url)
    _check(url)
    return Source(_title_of(url), _download(url, max_url_bytes))


def _refuse_path(name: str, text: str) -> None:
    if text.startswith(("http://", "https://")) or "\n" in text.strip():
        return
    from f.records.reading.local_path import refuse_path  # a module less for all others

    refuse_path(name, text)


def _base_name(path: str) -> str:
    return "".join(sign for sign in path.rpartition("/")[2] if sign.isprintable())


def _title_of(url: str) -> str:
    """The name of the file, if the address has one: `orders.csv`, but not `export`."""
    name = _base_name(unquote(urlsplit(url).path))
    return name if "." in name.strip(".") else _masked(url)


def _masked(url: str) -> str:
    """A URL for reports and errors: no credentials, no query, which may hold a token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        readable = parts.port != 0 and not any(character.isspace() for character in parts.netloc)
    except ValueError:  # a bracket that is not closed, a port that is no number
        readable = False
    if not readable:
        raise FixInput(
            "The url cannot be read as an address. It looks like https://example.com/rows.csv.",
            code="bad_url",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FixInput(f"The url {_masked(url)!r} is not an http or https address.", code="bad_url")


def _decoded(csv: bytes | str) -> bytes:
    if isinstance(csv, bytes):
        return csv
    try:
        content = base64.b64decode("".join(csv.split()), validate=True)
    except binascii.Error as error:
        _refuse_path("csv", csv)
        if any(sign in csv for sign in ",;\t|@"):
            remedy = "these look like pasted rows, so give them as text"
        else:
            remedy = "upload the file in the form, or paste its rows as text"
        raise FixInput(
            f"The input csv is not base64, which is how a file is uploaded: {remedy}.", code="not_base64"
        ) from error
    if not csv.startswith(_UTF16_MARKS):
        _refuse_path("csv", csv)  # a path may happen to be base64 too
    return content


def _pieces(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(view), _CHUNK_BYTES):
        yield bytes(view[start : start + _CHUNK_BYTES])


def _download(url: str, max_bytes: int) -> Iterator[bytes]:
    """The body of a GET, whole on this machine's disk before its first bytes are read."""
    from f.connect.client import Client  # thirty modules less for a file that is uploaded or pasted
    from f.connect.integration import Integration
    from f.connect.transport.addresses import GivenAddresses

    parts = urlsplit(url)
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        file = Path(folder) / "download"
        try:
            site = Integration(
                name="csv_source",
                base_url=f"{parts.scheme}://{parts.netloc}",
                timeout=_TIMEOUT_SECONDS,
                allow_plain_http=True,  # what is fetched carries no credential of ours
            )
            with Client(site, given=GivenAddresses(), download_seconds=_DOWNLOAD_SECONDS) as client:
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                client.download(path or "/", file, max_bytes=max_bytes)
        except (FixSettings, GiveUpRecord, SignInAgain) as error:
            raise _refused(url, error, max_bytes) from error
        except TryLater as error:
            if error.code != "timeout":
                raise
            raise _too_slow(url, error) from error
        with file.open("rb") as content:
            while piece := content.read(_CHUNK_BYTES):
                yield piece


def _too_slow(url: str, error: TryLater) -> TryLater:
    return TryLater(
        f"The file at {_masked(url)} did not arrive: nothing came for {_TIMEOUT_SECONDS:.0f} seconds, or not "
        f"all of it within {_DOWNLOAD_SECONDS / 60:.0f} minutes. Try again later, or put it into the "
        "workspace's object storage and import it as file.",
        code="timeout",
        call=error.call,
        request_id=error.request_id,
    )


def _refused(url: str, error: ConnectError, max_bytes: int) -> FixInput:
    """Why a file cannot be had from a URL, and what to do."""
    if error.code == "too_large":
        return FixInput(
            f"The file at {_masked(url)} is larger than {max_bytes // 1_000_000} MB. Raise max_url_mb, or "
            "put it into the workspace's object storage and import it as file.",
            code="url_too_large",
        )
    answer = f"answered {error.status}" if error.status else "cannot be read"
    return FixInput(
        f"{_masked(url)} {answer}. Check the address, and that it needs no sign-in.",
        code="url_not_found",
        status=error.status,
    )
