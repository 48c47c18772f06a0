"""Reading what a service answered, whatever it is: the one edge between its bytes and our clients.

Nothing here raises for the shape of a reply. What is not there, or is of another type than documented, reads
as empty; a client then asks `unreadable` for the error. For a write that was answered with success but not in
the service's words (a proxy's page, an empty body, no id), that is OutcomeUnknown: it may have been sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from f.connect.errors import ConnectError, OutcomeUnknown, TryLater
from f.connect.redact import mask_text

if TYPE_CHECKING:
    from f.connect.calls.message import Response

E = TypeVar("E", bound=ConnectError)

_ID = re.compile(r"[!-+\--~]{1,200}")
_WORD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LONGEST_DETAIL = 200
_ECHO = 12  # characters of an e-mail's content that may stand in an error by chance
_ADDRESSING = frozenset({"from", "to", "cc", "bcc", "reply_to", "To", "From", "channel", "filename", "type"})


def read_json(response: Response) -> Any:
    """Return the body as JSON; None if it is not, or is nested too deeply to be anything we asked for."""
    try:
        return response.json
    except (ConnectError, RecursionError):
        return None


def read_object(response: Response) -> dict[str, Any]:
    """Return the JSON object that is the body; empty if it is anything else."""
    body = read_json(response)
    return body if isinstance(body, dict) else {}


def objects_at(body: Mapping[str, Any], name: str) -> list[dict[str, Any]] | None:
    """Return the list of objects under a name; None unless it is just that."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return None
    return found


def id_of(value: object) -> str:
    """Return a service's id; empty unless it is a number, or ASCII without spaces and commas."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def word_of(value: object) -> str:
    """Return a name out of a service's vocabulary, such as an error's; empty if it is not one."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def number_of(value: object) -> int | None:
    """Return a whole number, which may be written as text; None if it is not one of up to nine digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    return None


def line_of(value: object) -> str:
    """Return a text for people as one line, masked and cut; empty if it is not a text."""
    if not isinstance(value, str):
        return ""
    return mask_text(_UNPRINTABLE.sub(" ", value[: 4 * _LONGEST_DETAIL])).strip()[:_LONGEST_DETAIL]


def detail_of(response: Response, value: object) -> str:
    """Return a service's explanation as `line_of` does; empty if it quotes what was to be sent."""
    if not isinstance(value, str):
        return ""
    quoted = value[: 4 * _LONGEST_DETAIL]
    for text in _contents(
        response.request.json if response.request.json is not None else response.request.data
    ):
        if 4 <= len(text) <= _ECHO and text in quoted:
            return ""
        if any(quoted[at : at + _ECHO] in text for at in range(len(quoted) - _ECHO + 1)):
            return ""
    return line_of(value)


def _contents(value: object, name: str = "") -> Iterator[str]:
    """Yield the texts of a request's body that are content, and not addresses."""
    if isinstance(value, str):
        if name not in _ADDRESSING:
            yield value
    elif isinstance(value, Mapping):
        if "filename" not in value:  # an attachment: large, and no text
            for key, item in value.items():
                yield from () if key in _ADDRESSING else _contents(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _contents(item, name)


def unreadable(
    response: Response, service: str, what: str, *, in_doubt: str = "The message may have been sent"
) -> ConnectError:
    """Return the error for a success that does not say what it should.

    `what`: what it lacks. `in_doubt`: what a write may have done.
    """
    message = f"{service} answered {response.status} without {what}."
    if response.request.is_read:
        return named(TryLater(f"{message} Try again later.", code="unreadable_reply"), response)
    hint = (
        "the same request may be sent again"
        if response.request.may_repeat
        else "look there before sending it again"
    )
    return named(
        OutcomeUnknown(
            f"{message} {in_doubt}: {hint}.",
            code="unreadable_reply",
            repeat_safe=response.request.may_repeat,
        ),
        response,
    )


def named(error: E, response: Response) -> E:
    """Return an error with the call it is about."""
    error.call, error.status, error.request_id = response.call, response.status, response.request_id
    error.attempts = response.attempts
    return error
