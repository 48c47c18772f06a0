"""What a check of an API is, and what it can come to. Pure.

A check is a small conversation: a generator that yields requests, gets their answers, and returns a verdict.
It never sends: `tester` does, and the clock and the network are its.

    answer = yield Request(...)          an answer of whatever status, or the error there is instead
    return passed("404 in the API's own words")
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import urlencode

from f.connect.errors import ConnectError
from f.connect.redact import mask_path, mask_text

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response

Group = Literal["authentication", "reading", "writing", "errors", "limits", "pagination"]
Outcome = Literal["passed", "failed", "skipped"]

Answer = "Response | ConnectError"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to, and the sentence that says why. `remains`: what it left at the service."""

    outcome: Outcome
    found: str
    remains: str = ""


Steps = Generator["Request", "Response | ConnectError", Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is tried. `expects` says what would be right; `steps` begins the conversation.

    `broken`: whether it goes with a credential that is wrong on purpose.
    """

    group: Group
    name: str
    expects: str
    steps: Callable[[], Steps]
    broken: bool = False


class CheckResult(TypedDict):
    """The result of one check. `sent`: each request, without credential and without values of people."""

    group: Group
    name: str
    outcome: Outcome
    sent: list[str]
    expected: str
    found: str
    milliseconds: float


def passed(found: str, remains: str = "") -> Verdict:
    """Return that it is as expected."""
    return Verdict("passed", found, remains)


def failed(found: str, remains: str = "") -> Verdict:
    """Return that it is not as expected."""
    return Verdict("failed", found, remains)


def skipped(why: str) -> Verdict:
    """Return that nothing can be said, and why."""
    return Verdict("skipped", why)


def skip(group: Group, name: str, expects: str, why: str) -> Check:
    """Return a check that is not made, so that the report names it with its reason."""

    def steps() -> Steps:
        yield from ()
        return skipped(why)

    return Check(group=group, name=name, expects=expects, steps=steps)


def sent_as(request: Request) -> str:
    """Return a request in a line: method, path with ids masked, and the names of what is sent."""
    query = f"?{urlencode(dict(request.params))}" if request.params else ""
    line = f"{request.method} {mask_path(request.path) or '/'}{mask_text(query)}"
    body = request.json if request.json is not None else request.data
    if isinstance(body, dict):
        line += f" with {', '.join(sorted(map(str, body))) or 'an empty body'}"
    elif body is not None:
        line += " with a body"
    return line


def told(answer: Response | ConnectError) -> str:
    """Return an answer in a few words."""
    if isinstance(answer, ConnectError):
        return mask_text(str(answer))
    kind = answer.headers.get("Content-Type", "").split(";")[0] or "no content type"
    return f"status {answer.status}, {len(answer.body)} bytes of {kind}"
