"""The server itself: the protocol by its official library, the tools by a catalogue, the calls by jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from mill.errors import MillError
from mill.mcp.arguments import faults, given_arguments
from mill.mcp.catalogue import Catalogue, Tool
from mill.mcp.jobs import Calls
from mill.mcp.replies import refusal, reply, status_of

Context = Any  # a request's, whose type names two more that nobody here needs

NAME = "millwright"
_INSTRUCTIONS = (
    "Tools that write take a once_key: a name you choose for the one effect you want, such as "
    "invoice-4711-reminder. Repeat a call whose answer you did not get with the same once_key and the same "
    "arguments: it is made once. Choose another key only for another effect. What has the status running is "
    "under way: ask effect_status. The status unknown means that nobody can say whether the effect was had: "
    "ask effect_status later, or a person, and do not try with a new key."
)


class ToolServer:
    """Answers tools/list and tools/call. `protocol` is what a transport serves."""

    def __init__(self, catalogue: Catalogue, calls: Calls, version: str, log: Callable[[str], None]) -> None:
        self._catalogue, self._calls, self._log = catalogue, calls, log
        self.protocol: Server[Any] = Server(
            NAME,
            version=version,
            title="Millwright",
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    @property
    def open_calls(self) -> int:
        """How many calls are under way."""
        return self._calls.open

    def count(self) -> int:
        """Return how many tools there are."""
        return len(self._catalogue.tools())

    async def _list(self, _context: Context, _params: Any) -> types.ListToolsResult:
        try:
            tools = await anyio.to_thread.run_sync(self._catalogue.tools)
        except MillError as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from error
        return types.ListToolsResult(tools=[described(tool) for tool in tools.values()])

    async def _call(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            tool = await anyio.to_thread.run_sync(self._catalogue.tool, params.name)
        except MillError as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from error
        arguments = given_arguments(tool.input_schema, params.arguments or {})
        wrong = faults(tool.input_schema, tool.resources, arguments)
        if wrong:
            self._log(f"{tool.name}: not run, {len(wrong)} of its arguments wrong")
            return refusal(*wrong)
        return await self._run(context, tool, arguments)

    async def _run(self, context: Context, tool: Tool, arguments: dict[str, Any]) -> types.CallToolResult:
        async def progress(percent: float) -> None:
            await context.session.report_progress(percent, 100.0)

        began = time.monotonic()
        how, job = "taken back by the client", "none"
        try:
            job, completed = await self._calls.run(tool.target, arguments, progress)
            how = status_of(completed)
            return reply(completed)
        except MillError as error:
            how = "cannot run"
            return refusal(str(error))
        finally:
            self._log(f"{tool.name}: {how} in {time.monotonic() - began:.2f} s (job {job})")


def described(tool: Tool) -> types.Tool:
    """Return a tool as the protocol writes it."""
    said = tool.traits
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(tool.input_schema),
        output_schema=dict(tool.output_schema) if tool.output_schema is not None else None,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=said.reads,
            destructive_hint=not said.reads and said.destroys,
            idempotent_hint=said.reads or tool.is_once,
            open_world_hint=True,
        ),
    )
