"""Malformed requests by the thousand, from a seed, for a server that listens on loopback.

`python -m tests.mill.api.fuzz 50000` starts `mill serve` on a small workspace and says what it answered.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from mill.api.endpoints.approvals import ApprovalsApi
from mill.api.endpoints.jobs_api import JobsApi
from mill.api.endpoints.objects_api import ObjectsApi
from mill.api.endpoints.run_api import RunApi
from mill.api.endpoints.scripts_api import ScriptsApi
from mill.api.endpoints.values_api import ValuesApi
from mill.twins import registry
from mill.twins.twin import Setup
from tests.mill.api.stage import OPEN_ROUTE

ROOT = Path(__file__).parents[3]
TOKEN = "fuzz-token"
NOT_OFFERED = 501  # what Windmill does and `mill` says it does not
_PATIENCE = 5.0  # seconds: a request whose length was garbled is waited for by both sides
_NOBODY = cast("Any", None)
_ECHO = """
def preprocessor(event: dict):
    return {"value": event["body"]}


def main(value: object = None):
    return value
"""
# No limits that would keep the requests from what lies behind them.
_ROOMY = {
    "hubspot": {"ten_secondly_limit": 10**9, "daily_limit": 10**9, "search_limit": 10**9},
    "salesforce": {"daily_limit": 10**6},
}
_CREDENTIALS = {
    "slack": "Bearer xoxb-1",
    "resend": "Bearer re_1",
    "sendgrid": "Bearer SG.1.1",
    "twilio": "Basic " + base64.b64encode(b"AC1:token").decode(),
}
_TEXTS = (
    "", " ", "a", "0", "-1", "1", "9" * 30, "9" * 5000, "1e999", "NaN", "inf", "null", "true", "x" * 300,
    "y" * 9000, "\x00", "a\x00b", "\r\nSet-Cookie: a=b", "é€", "\u202eabc", "\U0001f600",
    "../../etc/passwd", "f/demo/echo", "f/../../x", "a/b/c", "%", "%s%n{0}", "' OR 1=1 --", "<script>",
    "ada@example.com", "@", "+15005550006", "[", "\\", "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "External_Id__c", "email", "C0ALERTS", "*", "application/json",
)  # fmt: skip
_RAW_SEGMENTS = ("%00", "%ff", "%", "%zz", "%2e%2e", "%2F", "%ED%A0%80", "..", ".", "", "%0d%0a", "[", "%5b")
_SENSIBLE_SEGMENTS = (
    "v65.0",
    "v65.0",
    "1",
    "2",
    "email",
    "External_Id__c",
    "2026-03",
    "p",
    "f",
    "f/demo/new",
    "AC1",
)
_RAW_JSON = (
    "Infinity", "-Infinity", "NaN", "1e999", "-1e999", "1e-999", "9" * 30, "9" * 400, "9" * 5000,
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"a\\r\\nb"', "[" * 200 + "]" * 200, "[" * 5000,
    '{"a":' * 150 + "1" + "}" * 150, "{}", "[]", "null", "true", "0", "-0", "1.5", '""', "tru", '"', "{",
    "1 2", "'a'",
)  # fmt: skip
_SENSIBLE: Mapping[str, Any] = {
    "path": "f/demo/new",
    "value": "v",
    "resource_type": "any",
    "description": "d",
    "percent": 5,
    "reason": "r",
    "s3_objects": [{"s3": "a/b"}],
    "expiry_secs": 60,
    "content": "def main():\n    return 1\n",
    "language": "rust",
    "args": {"a": 1},
    "is_secret": True,
    "customers": [{"name": "Ada", "email": "ada@example.com"}],
    "name": "Ada",
    "email": "ada@example.com",
    "inputs": [{"id": "1", "idProperty": "email", "properties": {"email": "a@b.co"}}],
    "properties": {"email": "ada@example.com", "firstname": "Ada"},
    "filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a"}]}],
    "after": 1,
    "limit": 10,
    "sorts": ["email"],
    "records": [{"attributes": {"type": "Contact"}, "LastName": "L"}],
    "allOrNone": True,
    "LastName": "L",
    "Email": "a@b.co",
    "External_Id__c": "1",
    "object": "Contact",
    "operation": "upsert",
    "externalIdFieldName": "External_Id__c",
    "contentType": "CSV",
    "lineEnding": "LF",
    "state": "UploadComplete",
    "channel": "C0ALERTS",
    "text": "hello",
    "attachments": [{"text": "a"}],
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "a"}}],
    "thread_ts": "1.2",
    "from": "a@example.com",
    "to": ["b@example.com"],
    "subject": "s",
    "html": "<p>",
    "headers": {"X-A": "b"},
    "personalizations": [{"to": [{"email": "b@example.com"}]}],
    "keys": ["a"],
    "kind": "created",
    "seed": 1,
    "retry_after": 1,
    "script": [{"operation": "*", "answer": {"status": 200, "headers": {"X-A": "b"}}}],
    "rates": {"nothing": 0.5},
    "token": "t",
    "daily_limit": 5,
    "metadata": {"event_type": "a", "event_payload": {}},
    "windmill_headers": {"X-A": "b"},
    "windmill_status_code": 200,
    "windmill_content_type": "text/plain",
    "result": 1,
    "grant_type": "client_credentials",
    "client_id": "client",
    "client_secret": "secret",
    "To": "+15005550006",
    "From": "+15005550006",
    "Body": "b",
    "MediaUrl": "http://a/b",
}
_NAMES = tuple(_SENSIBLE)
_QUERY_NAMES = (
    "token", "file_key", "storage", "prefix", "marker", "max_keys", "content_type", "content_disposition",
    "page", "per_page", "exp", "sig", "payload", "approver", "raw", "wrap_body", "include_header",
    "scheduled_in_secs", "src_file_key", "dest_file_key", "email", "q", "oldest", "limit", "after",
    "kind", "key", "PageSize", "To", "idProperty", "properties", "channel", "resource_type",
    "update_if_exists", "s3_resource_path", "file_extension",
)  # fmt: skip
_HEADER_NAMES = (
    "X-A", "Cookie", "Range", "If-Range", "If-None-Match", "Accept", "Origin", "Referer",
    "Sec-Fetch-Site", "Idempotency-Key", "X-API-Key", "Content-Encoding", "X-Batch-Validation",
    "Sforce-Duplicate-Rule-Header", "Expect",
)  # fmt: skip
_METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "BREW",
    "get",
)
_RAW_REQUESTS = (
    b"\x00" * 40, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /api/version\r\n\r\n", b"GET http://[bad/ $HEAD\r\n",
    b"OPTIONS * $HEAD\r\n", b"CONNECT a:1 $HEAD\r\n", b"GET /\xff\xfe $HEAD\r\n",
    b"GET /api/version $HEADHost: $HOST\r\n\r\n", b"GET /api/version HTTP/1.1\r\n\r\n",
    b"GET /api/version $HEADno colon here\r\n\r\n", b"GET /api/version HTTP/1.0\r\n\r\n",
    b"GET /api/version $HEADX: a\x00b\r\n\r\n", b"GET /api/version HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET /api/version $HEADX: a\r\n b\r\n\r\n", b"GET /api/version HTTP/1.1\nHost: $HOST\n\n",
    b"GET /api/version HTTP/1.1\r\nHost: [::1\r\n\r\n",
    b"GET /api/version HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"POST /twins/customers/customers $HEADContent-Length: -1\r\n\r\n",
    b"POST /twins/customers/customers $HEADContent-Length: 999999999999999999999999\r\n\r\n",
    b"POST /twins/customers/customers $HEADContent-Length: 999999999999\r\n\r\nabc",
    b"POST /twins/customers/customers $HEADContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"POST /twins/customers/customers $HEADContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/r/f/demo/echo $HEADTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /api/r/f/demo/echo $HEADTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /api/r/f/demo/echo $HEADTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: a\r\n\r\n",
    b"POST /api/r/f/demo/echo $HEADTransfer-Encoding: gzip, x\r\n\r\n",
    b"GET /api/version $HEADUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /api/version $HEADUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" $HEAD\r\n", b"GET /?" + b"a=1&" * 10_000 + b" $HEAD\r\n",
    b"GET /api/version $HEAD" + b"X: y\r\n" * 5000 + b"\r\n", b"GET /" + b"b" * 400_000,
    b"GET /api/version $HEADX: " + b"c" * 400_000,
)  # fmt: skip
_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass
class Tally:
    """What came back: how often each status, and each request that was answered with a 5xx."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[tuple[bytes, bytes]] = field(default_factory=list)


class Requests:
    """An endless supply of requests, the same for the same seed."""

    def __init__(self, seed: int, host: str) -> None:
        self._random = random.Random(seed)
        self._host = host.encode()
        self._routes = list(all_routes())

    def next(self) -> bytes:
        """Return the bytes of one request."""
        if self._random.random() < 0.1:
            return (
                self._mutated(self._pick(_RAW_REQUESTS), 0.5)
                .replace(b"$HEAD", b"HTTP/1.1\r\nHost: $HOST\r\n")
                .replace(b"$HOST", self._host)
            )
        method, path, twin = self._pick(self._routes)
        if self._random.random() < 0.1:
            method = self._pick(_METHODS)
        path = _PARAMETER.sub(lambda _: self._segment(), path)
        if self._random.random() < 0.05:
            path += self._pick(("/", "//", "/..", "%00", ";a", "#a"))
        kind, body = self._body(path)
        head = f"{method} {path}{self._query()} HTTP/1.1\r\n".encode()
        lines = [b"Host: " + self._host, b"Connection: close", *self._headers(twin)]
        if kind:
            lines.append(b"Content-Type: " + kind.encode())
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(b"Content-Length: %d" % len(body))
        return self._mutated(head + b"\r\n".join(lines) + b"\r\n\r\n", 0.02) + body

    def _pick(self, among: Any) -> Any:
        return self._random.choice(among)

    def _segment(self) -> str:
        roll = self._random.random()
        if roll < 0.3:
            return str(self._pick(_SENSIBLE_SEGMENTS))
        if roll < 0.5:
            return str(self._pick(_RAW_SEGMENTS))
        return quote(self._pick(_TEXTS), safe=self._pick(("", "/")))

    def _query(self) -> str:
        if self._random.random() < 0.4:
            return ""
        pairs = [(self._pick(_QUERY_NAMES), self._pick(_TEXTS)) for _ in range(self._random.randint(1, 4))]
        text = urlencode(pairs)
        return "?" + (
            text if self._random.random() < 0.8 else text + self._pick(("&%", "&=&=", "&a[", "%zz=%ff"))
        )

    def _headers(self, twin: str) -> Iterator[bytes]:
        if self._random.random() < 0.9:
            yield f"Authorization: {_CREDENTIALS.get(twin, f'Bearer {TOKEN}')}".encode()
        for _ in range(self._pick((0, 0, 0, 1, 2))):
            text = re.sub("[\r\n\0]", "?", self._pick(_TEXTS))
            yield f"{self._pick(_HEADER_NAMES)}: ".encode() + text.encode()

    def _body(self, path: str) -> tuple[str, bytes]:
        roll = self._random.random()
        if roll < 0.15:
            return "", b""
        if roll < 0.75 or "/_" in path:
            return "application/json", self._mutated(self._json(2).encode(), 0.1)
        if roll < 0.85:
            names = [self._pick(_NAMES) for _ in range(4)]
            form = urlencode(
                {name: _SENSIBLE[name] if self._coin() else self._pick(_TEXTS) for name in names}
            )
            return "application/x-www-form-urlencoded", self._mutated(form.encode(), 0.2)
        rows = "\n".join(",".join(self._pick(_TEXTS)[:50] for _ in range(3)) for _ in range(3))
        return self._pick(("text/csv", "text/plain", "multipart/form-data", "a/b; charset=x")), rows.encode()

    def _coin(self) -> bool:
        return self._random.random() < 0.6

    def _json(self, depth: int) -> str:
        """Return an object of known names, each with a value that fits or one that does not."""
        if depth == 0 or self._random.random() < 0.1:
            return str(self._pick(_RAW_JSON)) if self._coin() else json.dumps(self._pick(_TEXTS))
        members = []
        for _ in range(self._random.randint(0, 6)):
            name = self._pick(_NAMES)
            value = json.dumps(_SENSIBLE[name]) if self._coin() else self._json(depth - 1)
            members.append(f"{json.dumps(name)}: {value}")
        text = "{" + ", ".join(members) + "}"
        return f"[{text}]" if self._random.random() < 0.1 else text

    def _mutated(self, data: bytes, chance: float) -> bytes:
        if self._random.random() >= chance or not data:
            return data
        changed = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(changed))
            changed[at : at + self._random.randint(0, 2)] = self._random.randbytes(self._random.randint(0, 3))
            if not changed:
                break
        return bytes(changed)


def all_routes() -> Iterator[tuple[str, str, str]]:
    """Yield method, path and twin ("" for the API) of everything that answers."""
    parts = (
        ValuesApi(_NOBODY, "local"),
        ObjectsApi(_NOBODY),
        JobsApi(_NOBODY, "local", "user"),
        RunApi(_NOBODY, _NOBODY, _NOBODY),
        ScriptsApi(_NOBODY),
        ApprovalsApi(_NOBODY, "local", "", b""),
    )
    for part in parts:
        for route in part.routes():
            yield from ((method, f"/api/w/local{route.path}", "") for method in sorted(route.methods or ()))
    for path in (
        "/api/version",
        "/api/users/whoami",
        "/approve/local/{id}/{n}/{s}",
        "/{any}",
        "/api/r/{any}",
    ):
        yield "GET", path, ""
    for path in ("echo", "keyed", "signed", "basic", "closed", "echo", "wait/{name}"):
        yield "POST", f"/api/r/f/demo/{path}", ""
    yield "POST", "/api/w/local/jobs/run_wait_result/p/f/demo/echo", ""
    for name in registry.NAMES:
        twin = registry.build(name, Setup(_NOBODY, _NOBODY))
        for twin_route in twin.routes:
            yield twin_route.method, f"/twins/{name}{twin_route.path}", name
        for control in ("GET _faults", "PUT _faults", "GET _settings", "PUT _settings", "GET _ledger"):
            method, _, path = control.partition(" ")
            yield method, f"/twins/{name}/{path}", name
        yield "POST", f"/twins/{name}/_ledger/check", name


def fire(url: str, count: int, seed: int) -> Tally:
    """Send requests one after the other, each on a connection of its own."""
    host, port = url.removeprefix("http://").split(":")
    requests, tally = Requests(seed, f"{host}:{port}"), Tally()
    for _ in range(count):
        request = requests.next()
        with socket.create_connection((host, int(port)), timeout=_PATIENCE) as connection:
            answer = _exchange(connection, request)
        match = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        status = int(match[1]) if match else 0
        tally.statuses[status] += 1
        if status >= 500 and status != NOT_OFFERED:
            tally.failures.append((request[:1500], answer[:500]))
        if b"/_settings" in request[:100] or b"/_faults" in request[:100]:
            _reset(host, int(port), request)
    return tally


def _exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send, and read until the server closes; one that waits for the rest of a request says nothing."""
    if b"Connection: close" not in request:
        connection.settimeout(0.02)
    answer = b""
    with contextlib.suppress(OSError):
        connection.sendall(request)
    with contextlib.suppress(OSError):
        while piece := connection.recv(65_536):
            answer = answer or piece
    return answer


def _reset(host: str, port: int, request: bytes) -> None:
    """Undo what a change of settings or faults did to one twin."""
    match = re.search(rb" /twins/(\w+)/_", request[:60])
    if match is None:
        return
    name = match[1].decode()
    for control, value in (("_settings", _ROOMY.get(name, {})), ("_faults", {})):
        body = json.dumps(value).encode()
        head = f"PUT /twins/{name}/{control} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((host, port), timeout=_PATIENCE) as connection:
            _exchange(connection, head.encode() + body)


@dataclass
class Server:
    """`mill serve` in a process of its own."""

    url: str
    process: subprocess.Popen[str]
    errors: Path

    @property
    def megabytes(self) -> float:
        """What it holds in memory."""
        match = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{self.process.pid}/status").read_text("ascii"))
        assert match is not None
        return int(match[1]) / 1024


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a small workspace with routes of every kind until the end of the block."""
    root = folder / "workspace"

    def write(path: str, value: Any) -> None:
        _write(root / path, value)

    write("wmill.yaml", "defaultTs: bun\n")
    write("f/demo/echo.py", _ECHO)
    routes: dict[str, dict[str, Any]] = {
        "echo": {},
        "keyed": {"authentication_method": "api_key", "authentication_resource_path": "f/demo/key"},
        "basic": {"authentication_method": "basic_http", "authentication_resource_path": "f/demo/basic"},
        "signed": {"authentication_method": "signature", "authentication_resource_path": "f/demo/signature"},
        "closed": {"authentication_method": "windmill", "allowed_origins": ["https://app.example.com"]},
        "wait": {"route_path": "f/demo/wait/:name", "wrap_body": True},
    }
    for name, fields in routes.items():
        trigger = OPEN_ROUTE | {"script_path": "f/demo/echo", "route_path": f"f/demo/{name}"} | fields
        write(f"f/demo/{name}.http_trigger.yaml", trigger)
    secrets = {
        "key": {"api_key_header": "X-API-Key", "api_key_secret": "k"},
        "basic": {"username": "u", "password": "p"},
        "signature": {"signature_provider": "Twitch", "secret_key": "s"},
    }
    for name, value in secrets.items():
        write(f"resources/mock/f/demo/{name}.resource.yaml", {"value": value, "resource_type": "any"})
    write("resources/mock/twins.yaml", {name: {"settings": settings} for name, settings in _ROOMY.items()})
    command = [
        sys.executable,
        "-u",
        "-m",
        "mill",
        "serve",
        "--port",
        "0",
        "--quiet",
        "--state",
        str(folder / "state"),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}",
        "MILL_TOKEN": TOKEN,
        "COLUMNS": "300",
    }
    errors = folder / "errors"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
        try:
            assert process.stdout is not None
            yield Server(
                process.stdout.readline().partition(" on ")[2].partition(". Ctrl-C")[0], process, errors
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def _write(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def main() -> None:
    """Fire as many requests as the command line says, with the seed it says."""

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")

    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        fire(server.url, 300, seed + 1)
        before, started = server.megabytes, time.monotonic()
        tally = fire(server.url, count, seed)
        seconds = time.monotonic() - started
        say(f"{count:,} requests in {seconds:.0f} s: {dict(sorted(tally.statuses.items()))}")
        sys.stdout.write(
            f"memory {before:.0f} MB before, {server.megabytes:.0f} MB after; {len(tally.failures)} failures"
        )
        for request, answer in tally.failures[:40]:
            say(f"{request[:400]!r}\n    {answer[:200]!r}")
        say(server.errors.read_text()[-6000:])


if __name__ == "__main__":
    main()
