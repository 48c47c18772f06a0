"""What an error of a GraphQL server means: a class to act by, and a sentence.

Where an error says what it is differs: `extensions.code` (Apollo, Yoga, Shopify), `type` (GitHub), or nothing
but a message. https://spec.graphql.org/September2025/#sec-Errors
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.calls.reply_reader import line_of, number_of, word_of
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.redact import MASK

if TYPE_CHECKING:
    from f.graphql.queries.document import OperationKind

MOST_ERRORS = 100
QUOTA_SECONDS = 300.0  # a limit that renews later than this is a quota: park the work

THROTTLED = frozenset(
    {"THROTTLED", "RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "RATELIMITED", "TOO_MANY_REQUESTS"}
)
_SIGN_IN = frozenset({"UNAUTHENTICATED", "AUTHENTICATION_ERROR", "AUTHENTICATION_FAILED", "INVALID_TOKEN"})
_NOT_ALLOWED = frozenset(
    {"FORBIDDEN", "ACCESS_DENIED", "INSUFFICIENT_SCOPES", "UNAUTHORIZED", "AUTH_NOT_AUTHORIZED"}
)
_BAD_QUERY = frozenset({
    "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "OPERATION_RESOLUTION_FAILURE", "MAX_COST_EXCEEDED",
    "MAX_NODE_LIMIT_EXCEEDED", "undefinedField", "argumentNotAccepted", "missingRequiredArguments",
    "variableMismatch", "selectionMismatch", "parse_error",
})  # fmt: skip
_BAD_INPUT = frozenset({"BAD_USER_INPUT", "INVALID_VARIABLE", "NOT_FOUND", "argumentLiteralsIncompatible"})
_PERSISTED = frozenset(
    {"PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED", "PERSISTED_QUERY_ID_REQUIRED"}
)
_FAILED = frozenset({
    "INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "INTERNAL", "SERVICE_UNAVAILABLE", "TIMEOUT",
    "GATEWAY_TIMEOUT", "DOWNSTREAM_SERVICE_ERROR", "SUBREQUEST_HTTP_ERROR", "UNEXPECTED_ERROR",
    "UNKNOWN", "UNKNOWN_ERROR",
})  # fmt: skip
_SHORTEST_SECRET = 4  # characters of a variable's text that are masked where an error repeats them
_SHORTEST_NUMBER = 6  # digits; a shorter number is a count or a limit
_ECHO = 12  # characters of a text in a row that are a part of it, and not there by chance
_MOST_TEXTS = 500
_MOST_LOOKED_THROUGH = 100_000  # characters
_MOST_OF_A_MESSAGE = 1000  # characters, of which fewer are shown


class GraphqlError(TypedDict):
    """One error of a reply. `path` is dotted, such as customers.0.name; `line` and `column` count from 1."""

    message: str
    code: str
    path: str
    line: int | None
    column: int | None


def read_errors(errors: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> list[GraphqlError]:
    """Return a reply's errors, their texts masked and cut; what the variables held does not stand in them."""
    held = _Held(variables)
    return [_read(error, held) for error in errors[:MOST_ERRORS]]


def _read(error: Mapping[str, Any], held: _Held) -> GraphqlError:
    extensions = error.get("extensions")
    known = extensions if isinstance(extensions, Mapping) else {}
    locations = error.get("locations")
    first = locations[0] if isinstance(locations, list) and locations else {}
    place = first if isinstance(first, Mapping) else {}
    return {
        "message": held.hidden_in(error.get("message")),
        "code": word_of(known.get("code")) or word_of(error.get("type")) or word_of(known.get("type")),
        "path": path_of(error),
        "line": number_of(place.get("line")),
        "column": number_of(place.get("column")),
    }


def path_of(error: Mapping[str, Any]) -> str:
    """Return where in the answer an error is, dotted; empty if it is about the request as a whole."""
    path = error.get("path")
    steps = path if isinstance(path, list) else []
    return ".".join(
        word_of(one) or str(number_of(one) if number_of(one) is not None else "?") for one in steps[:50]
    )


def shown(message: object, variables: Mapping[str, Any]) -> str:
    """Return what a server says as one line, masked and cut, without what the variables held."""
    return _Held(variables).hidden_in(message)


class _Held:
    """What the variables held, in the spellings in which a server repeats it: as it is, and as in JSON."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        plain = _texts(variables)
        spelled = [json.dumps(text, ensure_ascii=only)[1:-1] for text in plain for only in (False, True)]
        self._texts = sorted({*plain, *spelled}, key=len, reverse=True)
        self._all = "\0".join(text for text in self._texts if len(text) > _ECHO)[:_MOST_LOOKED_THROUGH]

    def hidden_in(self, message: object) -> str:
        """Return a message as one line, masked and cut; parts of a text are masked as well, if it was cut."""
        if not isinstance(message, str):
            return ""
        shown = message[:_MOST_OF_A_MESSAGE]
        for text in self._texts:
            shown = shown.replace(text, MASK)
        kept, at = [], 0
        while at < len(shown):
            end = at + _ECHO
            if len(shown) < end or shown[at:end] not in self._all:
                kept.append(shown[at])
                at += 1
                continue
            while end < len(shown) and shown[end - _ECHO + 1 : end + 1] in self._all:
                end += 1
            kept.append(MASK)
            at = end
        return line_of("".join(kept))


def _texts(value: Any, depth: int = 20) -> list[str]:
    """Return the texts among the variables: what a person or a record is called has no place in an error."""
    if isinstance(value, str):
        return [value] if len(value) >= _SHORTEST_SECRET else []
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = str(value)
        except ValueError:  # Python writes no more than 4,300 digits
            return []
        return [number] if len(number) >= _SHORTEST_NUMBER else []
    if not depth or not isinstance(value, Mapping | list | tuple):
        return []
    found: list[str] = []
    for item in value.values() if isinstance(value, Mapping) else value:
        if len(found) > _MOST_TEXTS:
            break
        found += _texts(item, depth - 1)
    return found


def main_error(errors: Sequence[GraphqlError]) -> GraphqlError:
    """Return the error that says most about what to do: a credential, a limit, then the first with a code."""
    for codes in (_SIGN_IN | _NOT_ALLOWED, THROTTLED):
        for error in errors:
            if error["code"] in codes:
                return error
    return next((error for error in errors if error["code"]), errors[0])


def refusal(
    errors: Sequence[GraphqlError],
    kind: OperationKind,
    *,
    executed: bool,
    retry_after: float | None = None,
) -> ConnectError:
    """Return what errors without a usable answer mean for the caller.

    `executed`: the server may have begun to carry the operation out. A mutation of which that is so was
    certainly not applied only if the error is one that a server gives before it changes anything.
    """
    error = main_error(errors)
    code, told = error["code"], _told(error)
    failed = code in _FAILED
    if kind == "mutation" and _may_be_applied(errors, failed=failed, executed=executed):
        return OutcomeUnknown(
            f"The GraphQL server failed while it carried the mutation out{told}. "
            "It may have been applied: look there before sending it again.",
            code=code or "resolver_failed",
        )
    if code in THROTTLED:
        return _busy(error, retry_after)
    for codes, raised, begin, advice in _REFUSALS:
        if code in codes:
            return raised(f"{begin}{told}. {advice}", code=code)
    if not code and not executed:
        return FixInput(
            f"The GraphQL server cannot carry out this {kind}{told}. Correct it.", code="bad_query"
        )
    if failed:
        return TryLater(f"The GraphQL server failed{told}. Try again later.", code=code)
    return GiveUpRecord(f"The GraphQL server refused the {kind}{told}.", code=code or "refused")


_REFUSALS: tuple[tuple[frozenset[str], type[ConnectError], str, str], ...] = (
    (
        _SIGN_IN,
        SignInAgain,
        "The GraphQL server refused the credential",
        "Check bearer_token in the resource.",
    ),
    (_NOT_ALLOWED, SignInAgain, "The credential may not do this", "Give it the right, or ask for less."),
    (_PERSISTED, FixInput, "The GraphQL server takes only operations it knows", "Register this one there."),
    (_BAD_QUERY, FixInput, "The GraphQL server cannot carry out this operation", "Correct it."),
    (_BAD_INPUT, FixInput, "The GraphQL server refused what it was given", "Correct it."),
)


def _may_be_applied(errors: Sequence[GraphqlError], *, failed: bool, executed: bool) -> bool:
    """Return whether a mutation that answered with errors alone may have taken effect.

    An error below the mutation's own field came after it; one of the field itself that has no code may have
    come at any time.
    """
    return (
        failed
        or any("." in error["path"] for error in errors)
        or (executed and not all(error["code"] for error in errors))
    )


def _busy(error: GraphqlError, retry_after: float | None) -> TryLater:
    code = error["code"]
    when = "later" if retry_after is None else f"in {retry_after:.0f} seconds"
    message = f"The GraphQL server's limit is used up{_told(error)}. Nothing was applied; try again {when}."
    kind = WaitForQuota if retry_after is not None and retry_after > QUOTA_SECONDS else TryLater
    return kind(message, code=code, retry_after=retry_after)


def never_affordable(error: GraphqlError) -> ConnectError:
    """Return the error for an operation that costs more than its limit ever allows."""
    return FixInput(
        f"The operation costs more than the server's limit ever allows{_told(error)}. Ask for less.",
        code="MAX_COST_EXCEEDED",
    )


def _told(error: GraphqlError) -> str:
    """Return in brackets and quotes what the server says, and where."""
    place = f" at {error['path']}" if error["path"] else ""
    if error["line"] is not None and not place:
        place = f" in line {error['line']}, column {error['column'] or 1}"
    code = f" ({error['code']})" if error["code"] else ""
    message = error["message"].rstrip(".")
    return f"{code}{place}" + (f": {message}" if message else "")


def not_graphql(response_status: int, content_type: str) -> FixSettings:
    """Return the error for a success that is no GraphQL."""
    kind = re.sub(r"[^\w/+.-]", "", content_type.partition(";")[0])[:60] or "no content type"
    what = "a web page" if "html" in kind else f"something else ({kind})"
    return FixSettings(
        f"The address answered {response_status} with {what} and not with GraphQL. Check base_url: it is "
        "the whole address of the endpoint, which often ends in /graphql.",
        code="not_graphql",
    )
