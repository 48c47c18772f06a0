"""What the conformance suite asks a server to have, beside tools that are scripts.

`python everything.py` prints its address. The scripts of `SCRIPTS` run as jobs, as those of any workspace do.
What no script can be (a tool that asks the client something, prompts, resources of the protocol) is given to
the same server's protocol.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types

from mill.mcp.catalogue import Selection
from mill.mcp.http import serving_http
from mill.mcp.running import Settings, tool_server
from mill.mcp.server import ToolServer
from mill.repository.workspace import Workspace
from mill.signals import signals_heard_at_once, stop_signal
from tests.mill.trees import write_tree

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
_NO_INPUTS = {"type": "object", "properties": {}}
SCRIPTS = {
    "f/suite/test_simple_text.py": 'def main():\n    return "This is a simple text response for testing."\n',
    "f/suite/test_image_content.py": f'def main():\n    return {{"png": "{PIXEL}"}}\n',
    "f/suite/test_error_handling.py": (
        'def main():\n    raise ValueError("This tool intentionally returns an error for testing")\n'
    ),
    "f/suite/test_tool_with_progress.py": (
        "import wmill\n\n\ndef main():\n    for percent in (0, 50, 100):\n"
        '        wmill.set_progress(percent)\n    return "done"\n'
    ),
}

Call = Callable[[Any, dict[str, Any]], Awaitable[list[types.ContentBlock]]]


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def _embedded(uri: str, mime_type: str, text: str) -> types.EmbeddedResource:
    contents = types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return types.EmbeddedResource(type="resource", resource=contents)


async def _audio(_context: Any, _arguments: dict[str, Any]) -> list[types.ContentBlock]:
    return [types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")]


async def _resource(_context: Any, _arguments: dict[str, Any]) -> list[types.ContentBlock]:
    return [_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]


async def _mixed(_context: Any, _arguments: dict[str, Any]) -> list[types.ContentBlock]:
    embedded = _embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return [_text("Multiple content types test:"), _image(), embedded]


async def _logging(context: Any, _arguments: dict[str, Any]) -> list[types.ContentBlock]:
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message("info", line, related_request_id=context.request_id)
        await anyio.sleep(0.05)
    return [_text("done")]


async def _sampling(context: Any, arguments: dict[str, Any]) -> list[types.ContentBlock]:
    asked = types.SamplingMessage(role="user", content=_text(arguments["prompt"]))
    said = await context.session.create_message(
        [asked], max_tokens=100, related_request_id=context.request_id
    )
    return [_text(f"LLM response: {said.content.text}")]


def _eliciting(properties: dict[str, Any]) -> Call:
    async def elicit(context: Any, arguments: dict[str, Any]) -> list[types.ContentBlock]:
        schema = {"type": "object", "properties": properties, "required": []}
        message = str(arguments.get("message", "Please fill this in"))
        said = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
        return [_text(f"User response: action={said.action}, content={json.dumps(said.content)}")]

    return elicit


async def _nothing(_context: Any, _arguments: dict[str, Any]) -> list[types.ContentBlock]:
    return [_text("done")]


_OPTIONS = ["option1", "option2", "option3"]
_TITLED = [{"const": f"value{number}", "title": f"Choice {number}"} for number in (1, 2, 3)]
_ENUMS = {
    "untitledSingle": {"type": "string", "enum": _OPTIONS},
    "titledSingle": {"type": "string", "oneOf": _TITLED},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
}
_DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
_PERSON = {"username": {"type": "string"}, "email": {"type": "string"}}
_ADDRESS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}
_ONE_TEXT = {"type": "object", "properties": {"prompt": {"type": "string"}, "message": {"type": "string"}}}
TOOLS: dict[str, tuple[dict[str, Any], Call]] = {
    "test_audio_content": (_NO_INPUTS, _audio),
    "test_embedded_resource": (_NO_INPUTS, _resource),
    "test_multiple_content_types": (_NO_INPUTS, _mixed),
    "test_tool_with_logging": (_NO_INPUTS, _logging),
    "test_sampling": (_ONE_TEXT, _sampling),
    "test_elicitation": (_ONE_TEXT, _eliciting(_PERSON)),
    "test_elicitation_sep1034_defaults": (_NO_INPUTS, _eliciting(_DEFAULTS)),
    "test_elicitation_sep1330_enums": (_NO_INPUTS, _eliciting(_ENUMS)),
    "json_schema_2020_12_tool": (_ADDRESS, _nothing),
    "test_reconnection": (_NO_INPUTS, _nothing),
}


def register(server: ToolServer) -> None:
    """Give a server of scripts all that the suite asks for beside them."""
    protocol = server.protocol
    scripts_list = protocol.get_request_handler("tools/list")
    scripts_call = protocol.get_request_handler("tools/call")
    assert scripts_list is not None
    assert scripts_call is not None

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        listed = await scripts_list.handler(context, params)
        assert isinstance(listed, types.ListToolsResult)
        more = [
            types.Tool(name=name, description="Of the conformance suite.", input_schema=schema)
            for name, (schema, _) in TOOLS.items()
        ]
        return types.ListToolsResult(tools=[*listed.tools, *more])

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> Any:
        if params.name not in TOOLS:
            return await scripts_call.handler(context, params)
        content = await TOOLS[params.name][1](context, params.arguments or {})
        return types.CallToolResult(content=content)

    protocol.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    protocol.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)
    for method, params_type, handler in _OTHERS:
        protocol.add_request_handler(method, params_type, handler)


# --- prompts, resources, completion, logging ------------------------------------------------------


async def _list_prompts(_context: Any, _params: Any) -> types.ListPromptsResult:
    wanted = {
        "test_simple_prompt": [],
        "test_prompt_with_arguments": ["arg1", "arg2"],
        "test_prompt_with_embedded_resource": ["resourceUri"],
        "test_prompt_with_image": [],
    }
    return types.ListPromptsResult(
        prompts=[
            types.Prompt(
                name=name,
                description="Of the conformance suite.",
                arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
            )
            for name, arguments in wanted.items()
        ]
    )


async def _get_prompt(_context: Any, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    given = params.arguments or {}
    said: list[types.ContentBlock] = [_text("This is a simple prompt for testing.")]
    if params.name == "test_prompt_with_arguments":
        said = [_text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]
    elif params.name == "test_prompt_with_embedded_resource":
        said = [_embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing.")]
    elif params.name == "test_prompt_with_image":
        said = [_image(), _text("Please analyze the image above.")]
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=one) for one in said])


async def _list_resources(_context: Any, _params: Any) -> types.ListResourcesResult:
    names = ("static-text", "static-binary", "watched-resource")
    return types.ListResourcesResult(
        resources=[types.Resource(uri=f"test://{name}", name=name, description="A test.") for name in names]
    )


async def _list_templates(_context: Any, _params: Any) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(uri_template="test://template/{id}/data", name="template")
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def _read_resource(_context: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    uri = str(params.uri)
    if uri == "test://static-binary":
        blob = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
        return types.ReadResourceResult(contents=[blob])
    text = types.TextResourceContents(uri=uri, mime_type="text/plain", text=f"The contents of {uri}.")
    return types.ReadResourceResult(contents=[text])


async def _complete(_context: Any, _params: Any) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=[], total=0, has_more=False))


async def _accept(_context: Any, _params: Any) -> types.EmptyResult:
    return types.EmptyResult()


_OTHERS: list[tuple[str, Any, Any]] = [
    ("prompts/list", types.PaginatedRequestParams, _list_prompts),
    ("prompts/get", types.GetPromptRequestParams, _get_prompt),
    ("resources/list", types.PaginatedRequestParams, _list_resources),
    ("resources/templates/list", types.PaginatedRequestParams, _list_templates),
    ("resources/read", types.ReadResourceRequestParams, _read_resource),
    ("resources/subscribe", types.SubscribeRequestParams, _accept),
    ("resources/unsubscribe", types.UnsubscribeRequestParams, _accept),
    ("completion/complete", types.CompleteRequestParams, _complete),
    ("logging/setLevel", types.SetLevelRequestParams, _accept),
]


def main() -> None:
    """Serve on a free port until a signal; the address is the first line."""
    with tempfile.TemporaryDirectory(prefix="mill-suite-") as folder:
        workspace = Workspace.find(write_tree(Path(folder), SCRIPTS))
        settings = Settings(Selection(("f/suite",)))
        with signals_heard_at_once(), tool_server(workspace, settings) as server, stop_signal() as stopped:
            register(server)
            with serving_http(server, 0) as url:
                sys.stdout.write(f"{url}\n")
                sys.stdout.flush()
                stopped.wait(240)


if __name__ == "__main__":
    main()
