"""What the stand-in answers with: refusals as a sentence, job results as Windmill turns them into HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import PlainTextResponse, Response

from mill.ports import Completed

_LOWEST_FINAL_STATUS, _HIGHEST_STATUS = 200, 999  # 1xx are interim replies: no HTTP server may end with one
_WITHOUT_BODY = (204, 304)
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # RFC 9110, sections 5.1 and 5.5
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_LONGEST_NAME, _LONGEST_VALUE = 256, 16_384  # what clients commonly take
_SHOWN = 80
_FRAMING = ("content-length", "transfer-encoding", "connection")


class Refusal(Exception):
    """A request that is answered with an error status and a sentence saying what to do."""

    def __init__(self, status: int, sentence: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers

    def response(self) -> Response:
        """Return the refusal as Windmill writes its own: plain text."""
        return PlainTextResponse(str(self), self.status, headers=self.headers)


def time_text(seconds: float | None) -> str | None:
    """Return a time since the epoch in ISO 8601, as Windmill writes it; None for none."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def to_json(value: Any) -> str:
    """Return compact JSON in ASCII: a result may hold half of a surrogate pair, which UTF-8 cannot."""
    return json.dumps(value, separators=(",", ":"))


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as a JSON reply."""
    return Response(to_json(value), status, headers=headers, media_type="application/json")


def result_response(completed: Completed) -> Response:
    """Return a job's result as the reply of a route or of `run_wait_result`.

    A dict with `windmill_status_code`, `windmill_content_type` or `windmill_headers` (or the same
    with `wm_`) shapes the reply and `result` is its body: none there means 204. Anything else is
    JSON with 200, or 422 where the job failed. Keys of the wrong type are data, as they are on
    Windmill, where they do not parse as the shape.
    """
    result = completed.result
    shape = _shape(result) if isinstance(result, dict) else None
    if shape is None:
        return json_response(result, 200 if completed.success else 422)
    status, content_type, headers = shape
    body = result.get("result")
    if status is None:
        status = 422 if not completed.success else 204 if body is None else 200
    if not _LOWEST_FINAL_STATUS <= status <= _HIGHEST_STATUS:
        raise Refusal(422, f"The result asks for status {status}; an HTTP reply needs 200 to 999.")
    reply = _reply(body, status, content_type)
    for name, value in headers.items():
        if name.lower() != "content-type" or content_type is None:
            reply.headers[_header_name(name)] = _header_value(name, value)
    return reply


def _reply(body: Any, status: int, content_type: str | None) -> Response:
    if status in _WITHOUT_BODY:
        body = None
    if content_type is not None:
        text = body if isinstance(body, str) else "" if body is None else to_json(body)
        named = {"content-type": _header_value("content-type", content_type)}
        return Response(text.encode(errors="replace"), status, headers=named)
    return Response(status_code=status) if body is None else json_response(body, status)


def _header_name(name: str) -> str:
    if len(name) > _LONGEST_NAME or not _HEADER_NAME.fullmatch(name):
        raise Refusal(
            422, f"The result asks for a header named {name[:_SHOWN]!r}: use letters, digits and -."
        )
    if name.lower() in _FRAMING:
        raise Refusal(422, f"The result asks for the header {name}, which the server sets: leave it out.")
    return name


def _header_value(name: str, value: str) -> str:
    if not is_header_value(value):
        raise Refusal(
            422,
            f"The result's header {name} has characters no header can carry, such as line ends or letters "
            f"beyond Latin, or more than {_LONGEST_VALUE:,} of them.",
        )
    return value.strip()


def is_header_value(text: str) -> bool:
    """Return whether a header can carry the text."""
    return len(text) <= _LONGEST_VALUE and _HEADER_VALUE.fullmatch(text) is not None


def _shape(result: dict[str, Any]) -> tuple[int | None, str | None, dict[str, str]] | None:
    status = _key(result, "status_code")
    content_type = _key(result, "content_type")
    headers = _key(result, "headers")
    if status is None and content_type is None and headers is None:
        return None
    if status is not None and (not isinstance(status, int) or isinstance(status, bool)):
        return None
    if content_type is not None and not isinstance(content_type, str):
        return None
    if headers is None:
        headers = {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        return None
    return status, content_type, headers


def _key(result: dict[str, Any], name: str) -> Any:
    value = result.get(f"windmill_{name}")
    return result.get(f"wm_{name}") if value is None else value
