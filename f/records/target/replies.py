"""Reading other people's replies: bodies that may be anything, explanations that may hold anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from f.connect.calls.body_text import read_json
from f.connect.redact import mask_start
from f.records.rows.outcome import RowOutcome
from f.records.rows.row import Found

if TYPE_CHECKING:
    from f.connect.calls.message import Response

_LONGEST_DETAIL = 300
_MOST_SENTENCES = 50
_DEEPEST = 20  # levels of an error body that are looked into
# Where APIs put their explanation, in order of preference.
_EXPLAINING = ("message", "detail", "error_description", "title", "error", "msg")
_LISTING = ("errors", "details", "fields", "violations")


def body_of(response: Response) -> Any:
    """Return the JSON body; None if it is not JSON, which is not an error: the status decides."""
    try:
        return read_json(response.body)
    except ValueError:
        return None


def object_of(response: Response) -> dict[str, Any]:
    """Return the JSON body if it is an object, else an empty one."""
    body = body_of(response)
    return body if isinstance(body, dict) else {}


def value_at(record: Any, path: Iterable[str]) -> Any:
    """Return the value at a path of nested objects; None if it is missing."""
    value = record
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def dicts(items: Any) -> list[dict[str, Any]]:
    """Return the objects among what should be a list of objects."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def found_by_key(
    lines: Mapping[str, int], records: Iterable[tuple[Any, Any, Mapping[str, Any]]]
) -> dict[int, Found]:
    """Join what a target has, as (key, id, record), to the lines that were asked for by key in lower case.

    Of several records with one key the first counts.
    """
    found: dict[int, Found] = {}
    for key, remote_id, record in records:
        line = lines.get(str(key or "").casefold())
        if line is not None and remote_id:
            found.setdefault(line, Found(str(remote_id), record))
    return found


def refusal(response: Response) -> RowOutcome:
    """Return the outcome of a 4xx about the row itself, with the API's own explanation."""
    return RowOutcome.because(
        "rejected_by_api", f"{response.status} {explanation(body_of(response))}".strip()
    )


def refusal_of_batch(response: Response) -> RowOutcome:
    """Return the outcome of a 4xx to several rows that names none: one row may have kept the others out."""
    return RowOutcome.because("batch_refused", f"{response.status} {explanation(body_of(response))}".strip())


def unreadable(response: Response) -> RowOutcome:
    """Return the outcome of a row of which a success says nothing."""
    code = "answer_lost_keyed" if response.request.may_repeat else "answer_lost"
    return RowOutcome.because(code, f"{response.call} answered {response.status} without a word on this row.")


def explanation(body: Any) -> str:
    """Return the sentences in an error body, masked and cut to a readable length."""
    return mask_start("; ".join(dict.fromkeys(_sentences(body))), _LONGEST_DETAIL)


def _sentences(body: Any, depth: int = _DEEPEST) -> list[str]:
    if isinstance(body, str):
        return [body]
    if not depth:
        return []
    if isinstance(body, list):
        return [sentence for item in body[:_MOST_SENTENCES] for sentence in _sentences(item, depth - 1)]
    if not isinstance(body, dict):
        return []
    found = next((_sentences(body[name], depth - 1) for name in _EXPLAINING if body.get(name)), [])
    field = body.get("field") or body.get("param")
    if isinstance(field, str) and found:
        found = [f"{field}: {sentence}" for sentence in found]
    for name in _LISTING:
        inner = body.get(name)
        if isinstance(inner, dict):
            members = islice(inner.items(), _MOST_SENTENCES)
            found = found + [
                f"{key}: {text}" for key, value in members for text in _sentences(value, depth - 1)
            ]
        elif inner:
            found = found + _sentences(inner, depth - 1)
    return found
