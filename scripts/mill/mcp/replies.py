"""What a call answers: the result of its job, or the sentence that says why there is none."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as types

from mill.engine.jobs.outcome import error_of
from mill.ports import Completed

_PICTURES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_NAMELESS = {"ExecutionErr", "InternalError", "Exception"}  # names that tell an agent nothing


def reply(completed: Completed) -> types.CallToolResult:
    """Return the reply to a call whose job has ended.

    An object is the structured content, and stands as JSON in the text for clients that know no such thing.
    What Windmill shows as a picture is one. Whatever status a result has, it is a result: only a failed job
    is an error.
    """
    if not completed.success:
        return refusal(_sentence(completed.result))
    result = completed.result
    if isinstance(result, dict) and len(result) == 1:
        kind, data = next(iter(result.items()))
        if kind in _PICTURES and isinstance(data, str):
            return types.CallToolResult(
                content=[types.ImageContent(type="image", data=data, mime_type=_PICTURES[kind])]
            )
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    if isinstance(result, dict):
        return types.CallToolResult(content=content, structured_content=result)
    return types.CallToolResult(content=content)


def refusal(*sentences: str) -> types.CallToolResult:
    """Return the reply to a call that failed: something the agent can read and act on, no protocol error."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text="\n".join(sentences))], is_error=True
    )


def status_of(completed: Completed) -> str:
    """Return in a word how a call ended, for the log: nothing of anybody's data."""
    if not completed.success:
        return str(error_of(completed.result).get("name") or "failed")
    status = completed.result.get("status") if isinstance(completed.result, dict) else None
    return status if isinstance(status, str) and status.isidentifier() and len(status) < 30 else "done"


def _sentence(result: Any) -> str:
    error = error_of(result)
    name = str(error.get("name") or "")
    message = str(error.get("message") or "").strip() or "The job failed and did not say why."
    return message if not name or name in _NAMELESS else f"{name}: {message}"
