"""How an API refuses: what is not there, what makes no sense, a method it does not have. Pure.

Nothing of it can change anything: two reads, and TRACE, which is safe by its definition (RFC 9110, 9.3.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.errors import ConnectError
from f.connect.redact import mask_text
from f.operate.contracts.body import body_value
from f.operate.testing.verdicts import Check, Steps, failed, passed, skipped, told

if TYPE_CHECKING:
    from f.connect.calls.message import Response

_REFUSES_METHOD = frozenset({400, 401, 403, 404, 405, 501})
_READABLE = frozenset({400, 401, 403, 404, 405, 422, 500, 501})


def missing_refused(request: Request, refused_with: frozenset[int]) -> Check:
    """Return the check that what is not there is refused in words, and that our layer knows what to do."""
    expected = " or ".join(map(str, sorted(refused_with))) or "404"

    def steps() -> Steps:
        answer = yield request
        if isinstance(answer, ConnectError):
            return failed(mask_text(str(answer)))
        if answer.success and 200 not in refused_with:
            return failed(f"Answered as if it were there: {told(answer)}.")
        if refused_with and answer.status not in refused_with:
            return failed(f"{told(answer)}, where {expected} is documented.")
        if not answer.success and not 400 <= answer.status < 500:
            return failed(f"{told(answer)}: that is no refusal.")
        return passed(f"{_meaning(answer)} {_words(answer)}")

    return Check(
        group="errors",
        name="what is not there is refused",
        expects=f"{expected}, with a body that says what is wrong",
        steps=steps,
    )


def nonsense_refused(page: Request) -> Check:
    """Return the check that a parameter that makes no sense is no failure of the service."""
    request = replace(page, params={**(page.params or {}), "limit": "millwright"}, caller_reads=_READABLE)

    def steps() -> Steps:
        answer = yield request
        if isinstance(answer, ConnectError):
            return failed(mask_text(str(answer)))
        if answer.success:
            return passed(f"Ignored: {told(answer)}.")
        if answer.status >= 500:
            return failed(f"The service failed over it: {told(answer)}.")
        return passed(f"{_meaning(answer)} {_words(answer)}")

    return Check(
        group="errors",
        name="a parameter without sense is refused",
        expects="400 or 422, or that it is ignored; no 5xx",
        steps=steps,
    )


def method_refused(path: str) -> Check:
    """Return the check that a method that no API needs is refused."""
    request = Request(method="TRACE", path=path, endpoint="no such method", caller_reads=_READABLE)

    def steps() -> Steps:
        answer = yield request
        if isinstance(answer, ConnectError):
            return skipped(f"It did not come through: {mask_text(str(answer))}")
        if answer.status in _REFUSES_METHOD:
            return passed(f"{_meaning(answer)}")
        if answer.success:
            return failed(f"TRACE is answered ({told(answer)}): it may show headers. Have it switched off.")
        return failed(f"{told(answer)}, where 405 is right.")

    return Check(
        group="errors",
        name="a method it does not have is refused",
        expects="405, or another refusal; no 5xx but 501",
        steps=steps,
    )


def _meaning(answer: Response) -> str:
    """Say what our layer makes of it."""
    if answer.success:
        return f"Status {answer.status}."
    try:
        answer.raise_for_status()
    except ConnectError as error:
        return f"Status {answer.status}, which a job meets as {type(error).__name__}."
    raise AssertionError("a status above 299 raises")


def _words(answer: Response) -> str:
    """Say whether the body says what is wrong."""
    body = body_value(answer)
    if isinstance(body, Mapping | list) and body:
        return f"The body names {', '.join(_names(body))}."
    return "The body says nothing that a program could read."


def _names(body: Any) -> list[str]:
    first = body[0] if isinstance(body, list) else body
    return sorted(map(str, first))[:6] if isinstance(first, Mapping) else ["a list"]
