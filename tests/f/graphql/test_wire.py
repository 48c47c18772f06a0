"""For the same subscription our frames and headers are those of graphql-ws's own client."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from websockets.datastructures import Headers
from websockets.sync.server import ServerConnection

from tests.f.graphql.test_subscriptions import Peer, event, peer, read, say
from tests.foreign import node

HERE = Path(__file__).parent


def recorded(subscribe: Any) -> tuple[list[Any], Headers, str]:
    """What a client says to a server with a ping and two events; the ids of operations as one name."""
    frames: list[Any] = []

    def behave(connection: ServerConnection) -> None:
        frames.append(read(connection))
        say(connection, type="connection_ack")
        frames.append(read(connection))
        name = frames[-1]["id"]
        say(connection, type="ping", payload={"n": 1})
        frames.append(read(connection))
        for number in (3, 2):
            event(connection, number, id=name)
        frames.append(read(connection))

    with peer(behave) as server:
        printed = subscribe(server)
        time.sleep(0.2)
    for frame in frames:
        if "id" in frame:
            frame["id"] = "ID"
    return frames, server.opened[0], printed


def theirs(server: Peer) -> str:
    command = node(HERE / "ws_client.mjs", "graphql-ws", "ws")
    done = subprocess.run([*command, server.url], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ours(server: Peer) -> str:
    result = server.collect(max_events=2, resource={"bearer_token": "t"}, payload={"tenant": "t1"})
    return json.dumps(result["events"])


def test_our_frames_are_those_of_graphql_ws() -> None:
    their_frames, their_headers, their_events = recorded(theirs)
    our_frames, our_headers, our_events = recorded(ours)
    assert our_frames == their_frames
    assert [frame["type"] for frame in our_frames] == ["connection_init", "subscribe", "pong", "complete"]
    for name in ("Sec-WebSocket-Protocol", "Authorization"):
        assert our_headers[name] == their_headers[name]
    assert json.loads(our_events) == [one["data"] for one in json.loads(their_events)]
