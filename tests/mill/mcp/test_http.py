"""`mill mcp --http`: who may speak to it, and how it ends."""

import asyncio
import signal
from pathlib import Path

import pytest
import requests
from mcp import Client

from mill.repository.workspace import Workspace
from tests.mill.commands import mill
from tests.mill.mcp.processes import serving

_JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_calls_tools_and_a_signal_ends_the_server(
    kit: Workspace, tmp_path: Path, mode: str
) -> None:
    async def say(url: str) -> str:
        async with Client(url, mode=mode) as client:
            answer = await client.call_tool("say", {})
            return answer.content[0].text  # type: ignore[union-attr]  # the next line sees what it is

    with serving(kit.root, "--folder", "f/kit", "--state", str(tmp_path)) as (url, process):
        assert url.startswith("http://127.0.0.1:")
        assert asyncio.run(say(url)) == "Grüße"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "say: done in " in errors
        assert errors.rstrip().endswith("Stopped.")


def test_strangers_are_sent_away(kit: Workspace, tmp_path: Path) -> None:
    options = ("--folder", "f/kit", "--state", str(tmp_path), "--token-env", "KIT_TOKEN", "-q")
    pages = ("--origin", "http://app.example:3000")
    with serving(kit.root, *options, *pages, env={"KIT_TOKEN": "open-sesame"}) as (url, _):
        right = {**_JSON, "Authorization": "Bearer open-sesame"}
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}

        def status(**headers: str) -> int:
            return requests.post(url, json=ping, headers={**right, **headers}, timeout=30).status_code

        refused = requests.post(url, json=ping, headers=_JSON, timeout=30)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "sesame" not in refused.text
        assert status(Authorization="Bearer open-sesam") == 401
        assert status(Host="kit.example") == 403
        assert status(Origin="http://kit.example") == 403
        assert status(Origin="http://app.example:3000") == status() == 400  # a ping without a session
        other = requests.get(url.replace("/mcp", "/tools"), headers=right, timeout=30)
        assert (other.status_code, other.text) == (404, "The tools are at /mcp.")


def test_what_cannot_be_served_is_a_sentence(kit: Workspace) -> None:
    for arguments, sentence in (
        (("--token-env", "KIT_TOKEN"), "--token-env and --origin are for --http"),
        (("--http", "--token-env", "NO_SUCH_TOKEN"), "NO_SUCH_TOKEN is not set in the environment."),
        (("--folder", "f/nothing"), "There is no script in f/nothing. Name a folder such as f/tools."),
        (("--flow", "f/kit/say"), "There is no flow f/kit/say."),
    ):
        done = mill("mcp", *arguments, cwd=kit.root)
        assert done.returncode == 2, (arguments, done.stderr)
        assert done.stdout == ""
        assert sentence in done.stderr
