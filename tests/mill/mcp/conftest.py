"""A small workspace whose scripts do what tools do: answer, fail, take their time, report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from mcp import Client, MCPError

from mill.mcp.catalogue import Selection
from mill.mcp.running import Settings, tool_server
from mill.mcp.server import ToolServer
from mill.repository.workspace import Workspace
from tests.mill.trees import write_tree

_INPUTS = """
    summary: {summary}
    description: For tests.
    schema:
      type: object
      order: [once_key, text, account]
      required: [once_key, text]
      properties:
        once_key: {{type: string, description: Names the effect.}}
        text: {{type: string, maxLength: 20}}
        account: {{type: object, format: resource-slack, description: The account.}}
"""
FILES = {
    "f/kit/answer.py": """
        TOOL = {"title": "Answer, once", "reads": False}


        def main(once_key: str, text: str, account: dict | None = None):
            return {"status": text, "once_key": once_key, "account": account, "message": ""}
        """,
    "f/kit/answer.script.yaml": _INPUTS.format(summary="Answer"),
    "f/kit/fail.py": """
        from f.kit.errors import FixInput


        def main():
            print("nothing of this reaches anybody")
            raise FixInput("There is no such order. Give another number.")
        """,
    "f/kit/errors.py": "class FixInput(Exception):\n    pass\n",
    "f/kit/picture.py": 'def main():\n    return {"png": "iVBORw0KGgo="}\n',
    "f/kit/say.py": 'TOOL = {"title": "Say", "reads": True}\n\n\ndef main():\n    return "Grüße"\n',
    "f/kit/die.py": "import os\n\n\ndef main():\n    os._exit(3)\n",
    "f/kit/count.py": """
        import wmill


        def main():
            for percent in (10, 60):
                wmill.set_progress(percent)
            return {"counted": 2}
        """,
    "f/kit/wait.py": """
        import pathlib
        import time


        def main(folder: str):
            place = pathlib.Path(folder)
            (place / "begun").touch()
            try:
                time.sleep(60)
            except KeyboardInterrupt:
                (place / "ended").touch()
                raise
        """,
    "resources/mock/f/kit/team.resource.yaml": "resource_type: slack\nvalue: {token: the-token}\n",
}

Ask = Callable[[Callable[[Client], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace."""
    return Workspace.find(write_tree(tmp_path_factory.mktemp("kit"), FILES))


@pytest.fixture(scope="session")
def logged() -> list[str]:
    """The lines that the server logs."""
    return []


@pytest.fixture(scope="session")
def server(kit: Workspace, logged: list[str]) -> Iterator[ToolServer]:
    """A server of all its scripts."""
    with tool_server(kit, Settings(Selection(("f/kit",)), log=logged.append)) as made:
        yield made


@pytest.fixture(scope="session")
def ask(server: ToolServer) -> Ask:
    """Run what asks the server something, over the official client."""

    def run(conversation: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
        async def go() -> Any:
            async with Client(server.protocol) as client:
                try:
                    return await conversation(client)
                except MCPError as error:  # else it arrives in a group
                    return error

        return asyncio.run(go())

    return run
