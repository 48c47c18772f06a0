"""What a session that ends in the middle of a request does to the server: nothing."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from mill.mcp.catalogue import Selection
from mill.mcp.http import PATH, Endpoint
from mill.mcp.running import Settings, tool_server
from mill.repository.workspace import Workspace

_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "a test", "version": "1"},
    },
}
_READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Client:
    """Speaks to the application itself, so that it can do two things at a moment of its choice."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.session = b""

    async def ask(
        self, method: str, body: dict[str, Any] | None = None, *, hangs_up: bool = False
    ) -> list[int]:
        """Return the status of each reply. `hangs_up`: the session is ended once the reply begins."""
        statuses = []
        asked = asyncio.Event()

        async def receive() -> Message:
            if asked.is_set():
                await asyncio.sleep(60)
                return {"type": "http.disconnect"}
            asked.set()
            return {"type": "http.request", "body": json.dumps(body).encode() if body else b""}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                self.session = dict(message["headers"]).get(b"mcp-session-id", self.session)
                if hangs_up:
                    assert await self.ask("DELETE") == [200]

        await self._endpoint(self._scope(method), receive, send)
        return statuses

    def _scope(self, method: str) -> dict[str, Any]:
        headers = [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/json"),
            (b"accept", b"application/json, text/event-stream"),
            (b"mcp-session-id", self.session),
        ]
        return {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": PATH,
            "query_string": b"",
            "headers": [(name, value) for name, value in headers if value],
        }


def test_a_notification_whose_session_ends_after_it_was_accepted_has_one_reply(
    kit: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def statuses(endpoint: Endpoint) -> list[int]:
        async with endpoint.manager.run():
            client = Client(endpoint)
            assert await client.ask("POST", _HELLO) == [200]
            return await client.ask("POST", _READY, hangs_up=True)

    with tool_server(kit, Settings(Selection(folders=("f/kit",)), state=tmp_path)) as server:
        assert asyncio.run(statuses(Endpoint(server))) == [202]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
