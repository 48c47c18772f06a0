"""Twins in a process of their own, as other programs meet them, and a plain HTTP client."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

SCRIPTS = Path(__file__).parents[3] / "scripts"


@dataclass(frozen=True)
class Answer:
    """An HTTP reply, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class TwinClient:
    """Speaks to one twin. `token` goes out as a bearer token unless a call brings its own Authorization."""

    url: str
    token: str | None = "token"

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
    ) -> Answer:
        """One request on a connection of its own. A `body` that is not bytes is sent as JSON."""
        sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        try:
            connection.request(method, parts.path + path, body, {**sent, **(headers or {})})
            reply = connection.getresponse()
            names = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, names, reply.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.send("POST", path, body, {name.replace("_", "-"): text for name, text in headers.items()})

    def patch(self, path: str, body: Any) -> Answer:
        return self.send("PATCH", path, body)

    def put_faults(self, **faults: Any) -> None:
        answer = self.send("PUT", "/_faults", faults)
        assert answer.status == 200, answer.body

    def put_settings(self, **settings: Any) -> None:
        answer = self.send("PUT", "/_settings", settings)
        assert answer.status == 200, answer.body

    def ledger(self, kind: str | None = None) -> list[tuple[str, str]]:
        """What was applied so far, as (kind, key)."""
        query = "" if kind is None else f"?kind={kind}"
        return [(entry["kind"], entry["key"]) for entry in self.get(f"/_ledger{query}").json["entries"]]

    def forget(self) -> None:
        """No records, no ledger, no faults, settings as they are by default."""
        assert self.send("DELETE", "/_ledger").status == 200
        self.put_faults()
        self.put_settings()


def taking_any_customer(twins: TwinProcess) -> TwinClient:
    """A customer API with no customers yet, which takes the same one twice: so that one sent twice shows."""
    twin = twins.client("customers")
    twin.forget()
    twin.put_settings(unique_email=False)
    return twin


class TwinProcess:
    """`python -m mill.twins.serve` for the time of a `with` block."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.state = state
        self._arguments = arguments
        self._asked_for: set[str] = set()

    def __enter__(self) -> Self:
        # It ends with this process; the seconds are for the whole suite on a machine that is busy.
        command = [sys.executable, "-m", "mill.twins.serve", "--state", str(self.state), "--seconds", "5400"]
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*command, *self._arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGTERM)

    def client(self, name: str) -> TwinClient:
        self._asked_for.add(name)
        return TwinClient(f"{self.url}/{name}")

    def forget(self) -> None:
        """Have each twin that was asked for forget what it was told."""
        for name in self._asked_for:
            TwinClient(f"{self.url}/{name}").forget()
        self._asked_for.clear()

    def end(self, number: signal.Signals) -> None:
        """Send the process a signal and wait until it is gone. It may have nothing to complain about."""
        if self._errors.closed:
            return
        self.process.send_signal(number)
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        with self._errors as errors:
            errors.seek(0)
            assert errors.read().decode() == ""
