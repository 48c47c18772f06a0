"""An HTTP request as Windmill turns it into the arguments of a job. Pure: bytes in, arguments out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mill.api.transport.replies import Refusal
from mill.strict_values import loads

_NOT_OFFERED = {
    "multipart/form-data": "Files by multipart/form-data need Windmill's object storage",
    "application/cloudevents": "CloudEvents bodies are Windmill's own",
}


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of a request: an object whose members are arguments, or other JSON, which becomes `body`."""

    value: Any
    is_object: bool
    raw_string: str | None

    def arguments(self, *, wrap_body: bool, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What `main` gets: the object's members, or the whole under `body`; then `raw_string` and `extra`.

        These last two win over members of the body, so that a sender cannot forge what was verified.
        """
        whole = wrap_body or not self.is_object
        arguments = {"body": self.value} if whole else dict(self.value)
        arguments.update(extra or {})
        if self.raw_string is not None:
            arguments["raw_string"] = self.raw_string
        return arguments


def read_payload(content_type: str | None, body: bytes, *, keep_raw: bool) -> Payload:
    """Return the body by its content type: JSON (also where none is named), a form, or text.

    Text, XML and anything unknown arrive only as `raw_string`. JSON counts as an object only if its
    very first character is `{`, as on Windmill: after a blank, an object is wrapped in `body`.
    """
    kind = (content_type or "").lower()
    for prefix, reason in _NOT_OFFERED.items():
        if kind.startswith(prefix):
            raise Refusal(415, f"{reason}; `mill` takes JSON, forms and text: send one of these.")
    text = _decoded(body)
    raw = text if keep_raw else None
    if not kind and not text:
        return Payload({}, is_object=True, raw_string=raw)
    if not kind or kind.startswith("application/json"):
        return Payload(_json(text), is_object=text.startswith("{"), raw_string=raw)
    if kind.startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(text, keep_blank_values=True))
        return Payload(form, is_object=True, raw_string=raw)
    return Payload({}, is_object=True, raw_string=text)


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, f"The body is not UTF-8 (byte {error.start}): send text as UTF-8.") from error


def _json(text: str) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise Refusal(400, f"The body is not valid JSON: {error}.") from error
