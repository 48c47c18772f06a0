"""What only reads: the credential, the list and its pages, what the service says of its limits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import id_of
from f.connect.errors import ConnectError, SignInAgain
from f.connect.limits.guard import observe
from f.connect.pagination import at
from f.connect.redact import mask_text
from f.operate.testing.paging import pager_of
from f.operate.testing.verdicts import Check, Steps, Verdict, failed, passed, skip, skipped, told

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.pagination import Pager
    from f.operate.services.service import Service

_MOST_BURST = 50
_WRONG, _REFUSAL = "a wrong credential is refused", "401 or 403, or the service's own word for it"


def credential_accepted(service: Service, canary: Request) -> Check:
    """Return the check that the credential opens the door."""

    def steps() -> Steps:
        answer = yield canary
        if isinstance(answer, ConnectError):
            return failed(mask_text(str(answer)))
        try:
            account = service.account_in(answer)
        except ConnectError as error:
            return failed(mask_text(str(error)))
        return passed(f"Accepted as {mask_text(account)}." if account else f"Accepted: {told(answer)}.")

    return Check(
        group="authentication",
        name="the credential is accepted",
        expects="the canary's answer, in the service's words",
        steps=steps,
    )


def credential_refused(service: Service, canary: Request, other: Request | None) -> Check:
    """Return the check that another credential does not: if it does, the first check proves nothing.

    `other`: asked where the canary's path is open to everybody, as that of a health check may be.
    """

    def steps() -> Steps:
        answer = yield canary
        verdict = _refusal(service, answer)
        if verdict.outcome == "passed" or isinstance(answer, ConnectError) or other is None:
            return verdict
        another = yield other
        if isinstance(another, SignInAgain) or (
            not isinstance(another, ConnectError) and another.status in {401, 403}
        ):
            return passed(
                f"Refused where it matters: {told(another)}. The canary's path is open to everybody."
            )
        return verdict

    return Check(group="authentication", name=_WRONG, expects=_REFUSAL, steps=steps, broken=True)


def _refusal(service: Service, answer: Response | ConnectError) -> Verdict:
    try:
        if isinstance(answer, ConnectError):
            raise answer
        service.account_in(answer)
    except SignInAgain as error:
        return passed(f"Refused: {mask_text(str(error))}")
    except ConnectError as error:
        return failed(f"Not refused as a credential: {mask_text(str(error))}")
    return failed(f"Accepted: {told(answer)}. The service does not look at the credential of this call.")


def not_refused(why: str) -> Check:
    """Return the check that no wrong credential is sent for."""
    return skip("authentication", _WRONG, _REFUSAL, why)


def list_read(page: Request, items_at: str, id_at: str) -> Check:
    """Return the check that a list comes, and that its items have ids."""

    def steps() -> Steps:
        answer = yield page
        if isinstance(answer, ConnectError) or not answer.success:
            return failed(told(answer))
        items = items_in(answer, items_at)
        if items is None:
            return failed(f"No list at {items_at or 'the top'!r} of the answer: {told(answer)}.")
        if not items:
            return passed("A list, and it is empty.")
        if not any(identity(one, id_at) for one in items):
            return failed(f"{len(items)} items, and none has the field {id_at}.")
        return passed(f"{len(items)} items, each known by {id_at}.")

    return Check(
        group="reading",
        name="a list can be read",
        expects=f"2xx and a list at {items_at or 'the top'!r}",
        steps=steps,
    )


def pages_differ(page: Request, items_at: str, id_at: str, pager: Pager | None) -> Check:
    """Return the check that two pages follow each other, and that no item is on both."""
    name, expects = "two pages have no item in common", "a second page, with other items"

    def steps() -> Steps:
        first = yield page
        if isinstance(first, ConnectError) or not first.success:
            return failed(told(first))
        items = items_in(first, items_at) or []
        try:
            following = (pager or pager_of(first, items_at, id_at))(first) if items else None
        except ConnectError as error:
            return failed(mask_text(str(error)))
        if following is None:
            return skipped(f"The first page has {len(items)} items and names no second one.")
        second = yield following
        return _compared(items, second, items_at, id_at)

    return Check(group="pagination", name=name, expects=expects, steps=steps)


def _compared(items: list[Any], second: Response | ConnectError, items_at: str, id_at: str) -> Verdict:
    if isinstance(second, ConnectError) or not second.success:
        return failed(f"The second page: {told(second)}")
    more = items_in(second, items_at)
    if more is None:
        return failed(f"The second page has no list at {items_at or 'the top'!r}.")
    twice = {identity(one, id_at) for one in items} & {identity(one, id_at) for one in more} - {""}
    if twice:
        return failed(f"{len(twice)} of {len(more)} items of the second page were on the first.")
    return passed(f"{len(items)} and {len(more)} items, none on both.")


def limits_told(canary: Request, now: Callable[[], float]) -> Check:
    """Return the check that the service says what is left of its limit, as our limiter reads it."""

    def steps() -> Steps:
        answer = yield canary
        if isinstance(answer, ConnectError):
            return failed(mask_text(str(answer)))
        seen = observe(answer.status, answer.headers, now())
        if seen.remaining is None:
            return skipped("The service names no limit in its headers; ours alone keeps the pace.")
        when = "" if seen.reset_after is None else f", renewed in {seen.reset_after:.0f} s"
        return passed(f"{seen.remaining} calls left{when}.")

    return Check(
        group="limits",
        name="the limit is told",
        expects="RateLimit headers, or X-RateLimit-*",
        steps=steps,
    )


def burst_understood(canary: Request, calls: int) -> Check:
    """Return the check that a refusal for too many calls is one that our layer obeys. `calls`: at most 50."""
    count = min(calls, _MOST_BURST)

    def steps() -> Steps:
        for number in range(1, count + 1):
            answer = yield canary
            if isinstance(answer, ConnectError):
                if answer.code in {"rate_limited", "http_429"} or answer.status == 429:
                    return passed(f"Refused after {number} calls, and understood: {mask_text(str(answer))}")
                return failed(f"Call {number}: {mask_text(str(answer))}")
            if answer.status == 429:
                wait = answer.headers.get("Retry-After", "")
                return passed(f"Refused after {number} calls{f', with Retry-After {wait}' if wait else ''}.")
        return passed(f"{count} calls in a row, none refused.")

    return Check(
        group="limits",
        name=f"{count} calls in a row",
        expects="answers, or 429 that says when to come back",
        steps=steps,
    )


def no_burst() -> Check:
    """Return the check that was not asked for."""
    return skip(
        "limits",
        "many calls in a row",
        "answers, or 429 that says when to come back",
        "Not asked for: give burst, the number of calls, to try it. It uses up the account's limit.",
    )


def items_in(answer: Response, items_at: str) -> list[Any] | None:
    """Return the items of a page; None if there is no list. Of S3's XML its objects."""
    try:
        found = at(answer.json, items_at)
    except (ConnectError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def identity(item: Any, id_at: str) -> str:
    """Return what tells an item from others; "" if it has none."""
    return id_of(item.get(id_at)) if isinstance(item, Mapping) else ""


def needs_collection(group: Any, name: str, expects: str) -> Check:
    """Return the check that a path is missing for."""
    return skip(
        group,
        name,
        expects,
        "No list of this API is known. Give list_path, such as /customers, and items_at.",
    )
