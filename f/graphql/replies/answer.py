"""Reading what a GraphQL server answered, whichever dialect of GraphQL over HTTP it speaks.

    {"data": {"customer": {"id": "1", "note": null}}, "errors": [{"path": ["customer", "note"], ...}]}

With `application/graphql-response+json` the status says what happened (200, 294 for a part, 400, 422), with
`application/json` it may be 200 for everything; the body decides.
https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import named, read_json, unreadable
from f.connect.calls.verdict import retry_after
from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.graphql.replies.refusals import (
    MOST_ERRORS,
    THROTTLED,
    GraphqlError,
    main_error,
    never_affordable,
    not_graphql,
    read_errors,
    refusal,
)

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.graphql.queries.document import OperationKind

_BEFORE_WORK = frozenset({400, 422})  # what only a request that was not carried out gets


@dataclass(slots=True)
class Answer:
    """What one operation got.

    `executed`: the server may have begun to carry it out. `wait`: seconds until its limit allows it again,
    None if it did not say. `data` is what people asked for, as it came. `is_cut`: there were more errors.
    """

    kind: OperationKind
    data: dict[str, Any] | None
    errors: list[GraphqlError] = field(default_factory=list)
    executed: bool = True
    wait: float | None = None
    affordable: bool = True
    response: Response | None = None
    is_cut: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether there is anything in it: an answer all of whose fields failed is none."""
        if self.data is None or not self.errors:
            return self.data is not None
        # A field may be null without having failed; an error whose path is not known may be about any.
        failed = {error["path"].partition(".")[0] for error in self.errors}
        return any(value is not None or not ({name, "", "?"} & failed) for name, value in self.data.items())

    @property
    def is_throttled(self) -> bool:
        """Whether a limit kept the server from answering at all."""
        return not self.is_usable and bool(self.errors) and main_error(self.errors)["code"] in THROTTLED

    def error(self) -> ConnectError:
        """Return what the errors of an answer that is not usable mean."""
        if self.is_throttled and not self.affordable:
            error: ConnectError = never_affordable(main_error(self.errors))
        elif not self.errors:
            error = FixSettings(
                "The GraphQL server answered with neither data nor errors.", code="not_graphql"
            )
        else:
            error = refusal(self.errors, self.kind, executed=self.executed, retry_after=self.wait)
        return named(error, self.response) if self.response is not None else error


def read_answer(response: Response, kind: OperationKind, variables: Mapping[str, Any]) -> Answer:
    """Read the answer to one operation; raises what a reply that is no GraphQL means.

    Errors in the answer are not raised: `Answer.error` says what they mean if nothing is usable.
    """
    body = read_json(response)
    if is_answer(body) and response.status not in {401, 404, 405}:
        answer = answer_of(body, kind, variables, status=response.status)
        answer.wait, answer.affordable = _limit(response, body)
        answer.response = response
        return answer
    raise no_answer(response, kind)


def no_answer(response: Response, kind: OperationKind) -> ConnectError:
    """Return what a reply that is no GraphQL means."""
    if response.success:
        if kind == "mutation":
            return unreadable(
                response,
                "The GraphQL server",
                "data or errors",
                in_doubt="The mutation may have been applied",
            )
        return named(not_graphql(response.status, response.headers.get("Content-Type", "")), response)
    if response.status == 413:
        return named(
            FixInput("The GraphQL server takes no documents of this size (413).", code="http_413"), response
        )
    if response.status in {404, 405, 415}:
        return named(
            FixSettings(
                f"{response.call} answered {response.status}: it serves no GraphQL by POST. Check base_url.",
                code=f"http_{response.status}",
            ),
            response,
        )
    if response.status == 403 and (seconds := retry_after(response.headers)) is not None:
        # GitHub's second limit.
        message = (
            f"The GraphQL server's limit is used up. Nothing was applied; try again in {seconds:.0f} seconds."
        )
        return named(TryLater(message, code="RATE_LIMITED", retry_after=seconds), response)
    try:
        response.raise_for_status()
    except ConnectError as error:
        return error
    raise AssertionError("a success was looked at before")


def is_answer(body: Any) -> bool:
    """Return whether a JSON value is what GraphQL answers."""
    if not isinstance(body, dict) or not ({"data", "errors"} & body.keys()):
        return False
    errors = body.get("errors")
    listed = isinstance(errors, list) and all(isinstance(one, dict) for one in errors)
    has_data = isinstance(body.get("data"), dict)
    return (listed and bool(errors)) or (has_data and (errors is None or listed))


def answer_of(
    body: Mapping[str, Any], kind: OperationKind, variables: Mapping[str, Any], *, status: int = 200
) -> Answer:
    """Return what `is_answer` took for one."""
    data = body.get("data")
    raw = body.get("errors") or []
    errors = read_errors(raw[:MOST_ERRORS], variables)
    return Answer(
        kind,
        data if isinstance(data, dict) else None,
        errors,
        _executed(body, errors, status),
        is_cut=len(raw) > MOST_ERRORS,
    )


def _executed(body: Mapping[str, Any], errors: list[GraphqlError], status: int) -> bool:
    """Return whether the operation may have been begun.

    It was not if there is no data, no error has a path, and the status or a place in the document says that
    it is the request that is wrong. Some servers write `"data": null` then, too.
    """
    if isinstance(body.get("data"), dict) or any(error["path"] for error in errors):
        return True
    return status not in _BEFORE_WORK and not all(error["line"] is not None for error in errors)


def _limit(response: Response, body: Mapping[str, Any]) -> tuple[float | None, bool]:
    """Return the seconds until the limit allows the operation, and whether it ever will.

    Shopify tells points in the reply's extensions: {"cost": {"requestedQueryCost": 500, "throttleStatus":
    {"maximumAvailable": 1000, "currentlyAvailable": 100, "restoreRate": 50}}}. GitHub tells when its hour is
    over.
    """
    if (asked := retry_after(response.headers)) is not None:
        return asked, True
    extensions = body.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if isinstance(cost, dict) and isinstance(status, dict):
        wanted = _number(cost.get("requestedQueryCost"))
        there, rate = _number(status.get("currentlyAvailable")), _number(status.get("restoreRate"))
        most = _number(status.get("maximumAvailable"))
        if wanted is not None and there is not None and rate:
            return max(0.0, (wanted - there) / rate), most is None or wanted <= most
    if response.headers.get("X-RateLimit-Remaining") == "0":
        renews = response.headers.get("X-RateLimit-Reset", "")
        if renews.isascii() and renews.isdigit() and len(renews) < 12:
            return max(0.0, float(renews) - time.time()), True
    return None, True


def _number(value: object) -> float | None:
    return (
        float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
        else None
    )
