"""Servers that take webhooks, and what sends to them: `python webhook_server_worker.py verify|receive|load`.

`verify` is a bare ASGI application on uvicorn that checks an HMAC over the body and answers; `receive` is the
same one with our way of taking an event in behind it: verified, read, kept in a file that outlives a power
cut. Both print their port and end with their input. `load URL EVENTS SENDERS SECRET` sends signed events,
each sender the next one when it has its answer, and prints what each took.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from mill.senders.envelope import envelope, new_id
from mill.senders.posting import Signer, signed

SECRET = "bench-secret"  # noqa: S105 - it guards nothing
_ORDER = {"type": "order.created", "order": {"id": "A-1001", "total": "403.00", "customer": "Anna Müller"}}
_TOLERANCE = 300

Take = Callable[[Mapping[str, str], bytes], None]


class Application:
    """POST anything: 200 if `take` does not complain, 401 if it does."""

    def __init__(self, take: Take, thread: Executor | None = None) -> None:
        self._take, self._thread = take, thread

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status = 200
        try:
            if self._thread:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._take, headers, body)
            else:
                self._take(headers, body)
        except ValueError:
            status = 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def verify_only(headers: Mapping[str, str], body: bytes) -> None:
    """Check an HMAC and its time, and no more; ValueError if it does not fit."""
    seconds = headers["x-webhook-timestamp"]
    mac = hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    fits = hmac.compare_digest(f"sha256={mac}", headers["x-webhook-signature"])
    if not fits or abs(time.time() - int(seconds)) > _TOLERANCE:
        raise ValueError


def our_take(file: str) -> Take:
    """Return our way of taking an event in, without the job around it."""
    from f.store.stores import sqlite_store  # noqa: PLC0415 - the bare server is to load nothing of ours
    from f.webhooks.inbox.inbox import Inbox  # noqa: PLC0415 - as above
    from f.webhooks.providers.reading import read_events  # noqa: PLC0415 - as above
    from f.webhooks.requests.refusal import RefuseRequest  # noqa: PLC0415 - as above
    from f.webhooks.requests.request import WebhookRequest  # noqa: PLC0415 - as above
    from f.webhooks.requests.source import source_of  # noqa: PLC0415 - as above
    from f.webhooks.verifying.signature import verify  # noqa: PLC0415 - as above

    key = "the storage key of events that never were"
    source = source_of("bench", {"kind": "generic", "secret": SECRET, "storage_key": key})
    inbox = Inbox(sqlite_store(file, durable=True))

    def take(headers: Mapping[str, str], body: bytes) -> None:
        request = WebhookRequest("POST", "", headers, body)
        try:
            verify(request, source, time.time())
        except RefuseRequest as refusal:
            raise ValueError from refusal
        inbox.receive(source, read_events(request, source).events)

    return take


def serve(application: Application) -> None:
    """Print the port, and answer until the input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", access_log=False, lifespan="off"))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()

    def end() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
    server.run(sockets=[listener])


async def load(url: str, events: int, senders: int, secret: str) -> dict[str, Any]:
    """Send events, all different, and return the seconds of each and of all."""
    address = urlsplit(url)
    waiting = [_request(address.path, f"{address.hostname}:{address.port}", secret) for _ in range(events)]
    took: list[float] = []
    statuses: dict[str, int] = {}

    async def send_all() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while waiting:
            request = waiting.pop()
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _length(head)
            if length:
                await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            status = head[9:12].decode("ascii")
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(send_all() for _ in range(senders)))
    return {"seconds": time.perf_counter() - began, "took": sorted(took), "statuses": statuses}


def _request(path: str, host: str, secret: str) -> bytes:
    event_id, now = new_id("generic"), time.time()
    what = envelope("generic", "order.created", _ORDER, event_id=event_id, now=now)
    posted = signed(Signer("generic", secret, ""), what, event_id=event_id, now=now)
    headers = {"Host": host, "Content-Length": str(len(posted.body)), **posted.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + posted.body


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def main() -> None:
    """Be what the first argument says."""
    match sys.argv[1:]:
        case ["verify"]:
            serve(Application(verify_only))
        case ["receive", file]:
            # One thread: a SQLite file has one writer at a time, and who waits for its lock only polls.
            serve(Application(our_take(file), ThreadPoolExecutor(1)))
        case ["load", url, events, senders, secret]:
            result = asyncio.run(load(url, int(events), int(senders), secret))
            sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
