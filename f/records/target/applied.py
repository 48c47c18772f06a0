"""Whether a reply to a write proves that it was applied, or that it was not. Pure.

201, 204, 200 with JSON, or a status the resource declares           applied
429, or a status the resource declares; 4xx in the API's own shape   not applied
202                                                                  accepted: it may be applied later
anything else: 5xx, an empty 200, a page of HTML, `{"ok": false}`    in doubt
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from f.connect.calls.message import REFUSED_BEFORE_WORK
from f.records.rows.outcome import RowOutcome
from f.records.target.replies import body_of, explanation

if TYPE_CHECKING:
    from f.connect.calls.message import Response

Effect = Literal["applied", "not_applied", "accepted", "in_doubt"]

# Refused for their form, by whoever stands before the service as well: nobody has looked inside.
_REFUSED_UNREAD = frozenset({405, 411, 413, 414, 415, 417, 426, 428, 431})
_SAYS_NO = frozenset({"success", "succeeded", "successful", "issuccess", "is_success", "ok"})
_NO = (False, 0, "false", "no")
_ERRORS = frozenset({"error", "errors", "error_code", "errorcode", "error_message", "errormessage"})
# Where a body without a record says how it went, with such a word or an HTTP status (JSend, and many more).
_HOW = frozenset({"status", "result", "code", "statuscode", "status_code"})
_LONGEST = 20  # letters of such a word
_FAILED = frozenset({"error", "fail", "failed", "failure"})
_EXISTS = re.compile(
    r"already[ _](?:been[ _])?(?:exists?|taken|registered|in[ _]use|used)|has already been|\bduplicate"
    r"|not[ _]unique|must be unique|\bexists already\b|_exists\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """What a resource declares of its target's replies to a create.

    `applied_on` and `not_applied_on` are statuses with that meaning, whatever the body. `created_id` and
    `existing_id` are the dotted paths of the record's id in the reply to a create, and to one of a record
    that is there already; empty: where such APIs have it.
    """

    applied_on: frozenset[int] = frozenset()
    not_applied_on: frozenset[int] = REFUSED_BEFORE_WORK
    created_id: str = ""
    existing_id: str = ""


DEFAULT_RULES = ReplyRules()


def effect_of(response: Response, rules: ReplyRules) -> Effect:
    """Return what a reply to a write proves of its effect."""
    status = response.status
    if status in rules.applied_on:
        return "applied"
    if status in rules.not_applied_on or _is_refusal(response):
        return "not_applied"
    if status == 202:
        return "accepted"
    return "applied" if _is_success(response) else "in_doubt"


def unclear(response: Response, effect: Effect) -> RowOutcome:
    """Return the outcome of a row whose reply proves nothing, with what was wrong with it."""
    size = len(response.body)
    kind = response.headers.get("Content-Type", "no content type").split(";")[0].strip()[:60]
    what = f"{kind}, {size} bytes" if size else "nothing in it"
    said = explanation(body_of(response))
    detail = f"{response.call} answered {response.status} ({what}){': ' + said if said else ''}."
    if effect == "accepted":
        return RowOutcome.because("accepted", detail)
    code = "answer_unclear_keyed" if response.request.may_repeat else "answer_unclear"
    return RowOutcome.because(code, detail)


def says_it_exists(response: Response, exists_status: int | None) -> bool:
    """Return whether a refusal says that the record is there already, for a row that was sent before."""
    if response.status in {409, exists_status}:
        return True
    return response.status in {400, 422} and names_a_duplicate(response)


def names_a_duplicate(response: Response) -> bool:
    """Return whether a refusal says in words that the record is there."""
    return _EXISTS.search(explanation(body_of(response))) is not None


def _is_refusal(response: Response) -> bool:
    """Whether it is a 4xx of the service itself. A 408 says that nobody waited for the outcome."""
    if not 400 <= response.status < 500 or response.status == 408:
        return False
    return response.status in _REFUSED_UNREAD or not _is_page(response)


def _is_success(response: Response) -> bool:
    if response.status == 204:
        return True
    if response.status not in {200, 201} or _is_page(response):
        return False
    body = body_of(response)
    return _is_yes(body) or (response.status == 201 and body is None)


def _is_page(response: Response) -> bool:
    """Whether it is a page for a person to read: of a proxy, or to sign in."""
    kind = response.headers.get("Content-Type", "").lower()
    return "html" in kind or response.body.lstrip()[:1] == b"<"


def _is_yes(body: Any) -> bool:
    """Whether a JSON body does not deny what the status says. An empty list says nothing."""
    if isinstance(body, list):
        return bool(body)
    return isinstance(body, Mapping) and not denies(body)


def denies(body: Mapping[Any, Any]) -> bool:
    """Return whether an object says that what was asked for was not done."""
    says_how = not body.get("id")  # else it is the record, which may have a status of its own
    for key, value in body.items():
        name = str(key)
        kind = _kind_of(name) if len(name) <= _LONGEST else ""
        if kind and _is_denial(kind, value, says_how=says_how):
            return True
    return False


@lru_cache(maxsize=1024)
def _kind_of(name: str) -> str:
    """What a member of a reply may deny by: its "success", an "error", "how" it went; empty if by nothing."""
    folded = name.casefold()
    kinds = {"success": _SAYS_NO, "error": _ERRORS, "how": _HOW}
    return next((kind for kind, names in kinds.items() if folded in names), "")


def _is_denial(kind: str, value: Any, *, says_how: bool) -> bool:
    if isinstance(value, str):
        value = value.strip().casefold()
    if kind == "success":
        return isinstance(value, str | int) and value in _NO
    if kind == "error":
        return bool(value)
    if not says_how:
        return False
    return value in _FAILED if isinstance(value, str) else type(value) is int and 400 <= value < 600
