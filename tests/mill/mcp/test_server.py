"""Tools as an agent meets them: listed, called, failing, reporting, taken back."""

import asyncio
import base64
import time
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, ImageContent, TextContent

from tests.mill.mcp.conftest import Ask

_SECONDS = 60.0


def _text(answer: CallToolResult) -> str:
    assert isinstance(answer.content[0], TextContent)
    return answer.content[0].text


def test_tools_are_listed_with_what_they_say_of_themselves(ask: Ask) -> None:
    tools = {tool.name: tool for tool in ask(lambda client: client.list_tools()).tools}
    assert set(tools) == {"answer", "fail", "picture", "say", "die", "count", "wait"}
    said = tools["say"].annotations
    assert (said.read_only_hint, said.destructive_hint, said.open_world_hint) == (True, False, True)
    once = tools["answer"].annotations
    assert (once.title, once.read_only_hint, once.idempotent_hint) == ("Answer, once", False, True)
    assert tools["fail"].annotations.destructive_hint is True  # it says nothing of itself


@pytest.mark.parametrize("status", ["done", "unknown", "refused"])
def test_a_result_is_structured_and_text_whatever_its_status(ask: Ask, status: str) -> None:
    arguments = {"once_key": "k", "text": status, "account": "$res:f/kit/team"}
    answer = ask(lambda client: client.call_tool("answer", arguments))
    assert answer.is_error is False
    assert answer.structured_content["status"] == status
    assert answer.structured_content["account"] == {"token": "the-token"}
    assert _text(answer).startswith(f'{{"status": "{status}"')


def test_a_text_is_a_text_and_a_picture_a_picture(ask: Ask) -> None:
    async def both(client: Client) -> list[Any]:
        return [await client.call_tool("say", {}), await client.call_tool("picture", {})]

    said, shown = ask(both)
    assert _text(said) == "Grüße"
    assert said.structured_content is None
    picture = shown.content[0]
    assert isinstance(picture, ImageContent)
    assert (picture.mime_type, base64.b64decode(picture.data)[:4]) == ("image/png", b"\x89PNG")


def test_a_failed_job_is_a_sentence_and_no_traceback(ask: Ask, logged: list[str]) -> None:
    answer = ask(lambda client: client.call_tool("fail", {}))
    assert answer.is_error is True
    assert _text(answer) == "FixInput: There is no such order. Give another number."
    assert logged[-1].startswith("fail: FixInput in ")
    assert "order" not in logged[-1]


def test_a_process_that_dies_is_said(ask: Ask) -> None:
    answer = ask(lambda client: client.call_tool("die", {}))
    assert answer.is_error is True
    assert "exit code" in _text(answer)


def test_wrong_arguments_run_nothing_and_each_is_named(ask: Ask, logged: list[str]) -> None:
    wrong = {"once_key": "k", "text": "x" * 21, "acount": "$res:f/kit/team"}
    answer = ask(lambda client: client.call_tool("answer", wrong))
    assert answer.is_error is True
    assert _text(answer).splitlines() == [
        "There is no argument acount. Did you mean account?",
        "Argument text must have no more than 20 characters.",
    ]
    assert logged[-1] == "answer: not run, 2 of its arguments wrong"


def test_a_tool_that_is_not_there_is_a_protocol_error_with_the_nearest_name(ask: Ask) -> None:
    error = ask(lambda client: client.call_tool("anser", {}))
    assert isinstance(error, MCPError)
    assert error.error.message == "There is no tool anser. Did you mean answer?"


def test_progress_of_a_script_reaches_the_client(ask: Ask) -> None:
    heard: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total))

    answer = ask(lambda client: client.call_tool("count", {}, progress_callback=note))
    assert answer.structured_content == {"counted": 2}
    assert heard == [(10, 100), (60, 100)]


def test_a_call_that_is_taken_back_ends_its_job(ask: Ask, tmp_path: Path, logged: list[str]) -> None:
    async def begin_and_leave(client: Client) -> None:
        call = asyncio.create_task(client.call_tool("wait", {"folder": str(tmp_path)}))
        await _until(tmp_path / "begun")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await _until(tmp_path / "ended")

    ask(begin_and_leave)
    assert logged[-1].startswith("wait: taken back by the client")


def test_calls_run_side_by_side(ask: Ask) -> None:
    async def many(client: Client) -> list[Any]:
        asked = ({"once_key": str(number), "text": "done"} for number in range(6))
        return list(await asyncio.gather(*(client.call_tool("answer", one) for one in asked)))

    answers = ask(many)
    assert [one.structured_content["once_key"] for one in answers] == [str(number) for number in range(6)]


async def _until(file: Path) -> None:
    end = time.monotonic() + _SECONDS
    while not file.exists():  # noqa: ASYNC240 - another process makes it
        assert time.monotonic() < end, f"{file.name} never came"
        await asyncio.sleep(0.05)
