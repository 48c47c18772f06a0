"""Tools that are kept loaded: what is left of them when the server ends, however it ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from tests.mill.mcp.processes import serving
from tests.mill.trees import write_tree

pytestmark = pytest.mark.timeout(400)
_SECONDS = 120.0  # for each of the three things that are waited for
_STARTS_OTHERS = """
    import os
    import subprocess
    import time

    TOOL = {"title": "Start others", "reads": False}


    def main(file: str):
        own = subprocess.Popen(["sleep", "300"])
        alone = subprocess.Popen(["sleep", "300"], start_new_session=True)
        with open(file + ".draft", "w") as marks:
            marks.write(f"{os.getpid()} {os.getppid()} {own.pid} {alone.pid}")
        os.rename(file + ".draft", file)
        time.sleep(300)
"""


def _text(answer: CallToolResult) -> str:
    assert isinstance(answer.content[0], TextContent)
    return answer.content[0].text


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_leaves_no_process_of_a_tool(tmp_path: Path, number: signal.Signals) -> None:
    root = write_tree(tmp_path / "workspace", {"f/kit/start.py": _STARTS_OTHERS})
    marks = tmp_path / "marks"
    with serving(root, "--folder", "f/kit", "--state", str(tmp_path / "state")) as (url, process):
        pids = asyncio.run(_begin_and_end(url, process, number, marks))
        assert len(set(pids)) == 4
        process.wait(_SECONDS)
        assert _all_gone(pids)


async def _begin_and_end(
    url: str, process: subprocess.Popen[str], number: signal.Signals, marks: Path
) -> Sequence[int]:
    async with Client(url) as client:
        call = asyncio.create_task(client.call_tool("start", {"file": str(marks)}))
        end = time.monotonic() + _SECONDS
        while not marks.exists():  # noqa: ASYNC240 - another process makes it
            assert time.monotonic() < end, "the tool never began"
            await asyncio.sleep(0.05)
        process.send_signal(number)
        call.cancel()
        await asyncio.wait({call})
    return [int(pid) for pid in marks.read_text("ascii").split()]  # noqa: ASYNC240 - four numbers


def _all_gone(pids: Sequence[int]) -> bool:
    end = time.monotonic() + _SECONDS
    while any(_is_alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
