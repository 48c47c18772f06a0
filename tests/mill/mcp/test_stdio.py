"""`mill mcp` over standard input and output, with the official client and without."""

import asyncio
import json
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from mill.repository.workspace import Workspace
from tests.mill.mcp.processes import MILL, environment
from tests.mill.trees import REPOSITORY


def test_the_tools_of_this_repository_send_once_to_the_twins(tmp_path: Path) -> None:
    async def converse() -> list[Any]:
        server = StdioServerParameters(
            command=MILL[0],
            args=[*MILL[1:], "--state", str(tmp_path / "state")],
            cwd=REPOSITORY,
            env=environment(),
        )
        said: list[Any] = []
        async with stdio_client(server) as streams, ClientSession(*streams) as session:
            await session.initialize()
            said.append([tool.name for tool in (await session.list_tools()).tools])
            order = {"once_key": f"test-{uuid.uuid4()}", "channel": "ops", "text": "The order is ready."}
            said += [await session.call_tool("send_once", order) for _ in range(2)]
            said.append(await session.call_tool("effect_status", {"once_key": order["once_key"]}))
        return said

    names, first, again, status = asyncio.run(converse())
    assert {"send_once", "effect_status", "find_customer", "plan_import", "apply_plan"} <= set(names)
    assert first.structured_content["status"] == "done", first
    assert again.structured_content["status"] == "already_done"
    assert again.structured_content["result"] == first.structured_content["result"]
    assert status.structured_content["status"] == "done"


_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
_CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "fail", "arguments": {}}}


def test_standard_output_is_the_protocol_alone_and_its_end_is_ours(kit: Workspace, tmp_path: Path) -> None:
    lines = [_HELLO, {"jsonrpc": "2.0", "method": "notifications/initialized"}, _CALL]
    done = subprocess.run(
        [*MILL, "--folder", "f/kit", "--state", str(tmp_path)],
        cwd=kit.root,
        env=environment(),
        input="".join(f"{json.dumps(line)}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = {one["id"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert answers[1]["result"]["serverInfo"]["name"] == "millwright"
    assert answers[2]["result"]["isError"] is True
    assert "nothing of this reaches" not in done.stdout + done.stderr
    assert "fail: FixInput in " in done.stderr
    assert done.stderr.rstrip().endswith("Stopped.")


@pytest.fixture
def greeted(kit: Workspace, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server that has answered its client's greeting."""
    with subprocess.Popen(
        [*MILL, "--folder", "f/kit", "--state", str(tmp_path)],
        cwd=kit.root,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            say(process, _HELLO)
            assert json.loads(process.stdout.readline())["id"] == 1
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{json.dumps(message)}\n")
    process.stdin.flush()


def test_a_signal_ends_it_though_the_client_says_nothing(greeted: subprocess.Popen[str]) -> None:
    greeted.send_signal(signal.SIGTERM)
    assert greeted.wait(60) == 0


def test_a_client_that_leaves_ends_it_without_a_word_about_that(greeted: subprocess.Popen[str]) -> None:
    assert greeted.stdout is not None
    assert greeted.stderr is not None
    greeted.stdout.close()
    say(greeted, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    assert greeted.wait(60) == 0
    said = greeted.stderr.read()
    assert said.rstrip().endswith("Stopped.")
    assert "Traceback" not in said
