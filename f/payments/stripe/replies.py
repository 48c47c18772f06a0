"""Stripe's replies: objects, lists, and what an error means for the caller.

https://docs.stripe.com/api/errors, https://docs.stripe.com/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import (
    detail_of,
    id_of,
    line_of,
    named,
    objects_at,
    read_object,
    unreadable,
    word_of,
)
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
)
from f.payments.stripe.reasons import ERROR_CODES, MISSING, failure_sentence

if TYPE_CHECKING:
    from f.connect.calls.message import Response

IN_DOUBT = "It may have been applied at Stripe"


def object_of(response: Response, kind: str) -> dict[str, Any]:
    """Return the object a reply holds; raises what an error means, and what a reply without one means.

    `kind` as in its `object`, such as "customer". A deleted object is one too: its `deleted` is true.
    """
    if not response.success:
        raise refusal(response)
    body = read_object(response)
    if body.get("object") != kind or not id_of(body.get("id")):
        raise unreadable(
            response, "Stripe", f"the {kind.replace('_', ' ')} that was asked for", in_doubt=IN_DOUBT
        )
    return body


def list_of(response: Response) -> tuple[list[dict[str, Any]], bool]:
    """Return the objects of a page, and whether there are more behind it.

    {"object": "list", "data": [{"id": "cus_1", "object": "customer"}], "has_more": false}

    A result of a search is the same under another name.
    """
    if not response.success:
        raise refusal(response)
    body = read_object(response)
    data, has_more = objects_at(body, "data"), body.get("has_more")
    if data is None or body.get("object") not in {"list", "search_result"} or not isinstance(has_more, bool):
        raise unreadable(response, "Stripe", "a list", in_doubt=IN_DOUBT)
    return data, has_more


def refusal(response: Response) -> ConnectError:
    """Return what a reply that is no success means for the caller.

    {"error": {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
               "advice_code": "try_again_later", "message": "Your card has insufficient funds."}}
    """
    error = error_of(response)
    if error is None:
        return _foreign(response)
    return named(_read(response, error), response)


def error_of(response: Response) -> dict[str, Any] | None:
    """Return the error a reply holds; None if it is not in Stripe's shape."""
    found = read_object(response).get("error")
    return found if isinstance(found, dict) and word_of(found.get("type")) else None


def _read(response: Response, error: Mapping[str, Any]) -> ConnectError:
    kind, code = word_of(error.get("type")), word_of(error.get("code"))
    status = response.status
    if kind == "idempotency_error" or code in {"idempotency_error", "idempotency_key_in_use"}:
        return _about_the_key(response, code)
    if status in {408, 409, 424, 425, 429} or status >= 500:
        return _busy(response, code)
    if status == 401:
        return _unless_in_doubt(
            response,
            SignInAgain("Stripe refused the key. Check the token of the resource.", code=code or "http_401"),
        )
    if status == 403:
        return _unless_in_doubt(
            response,
            FixSettings(
                "Stripe's key may not do this. Give the restricted key this right, or use another key.",
                code=code or "http_403",
            ),
        )
    if kind == "card_error" or status == 402:
        return _declined(error, code)
    return _invalid(response, error, code)


def _about_the_key(response: Response, code: str) -> ConnectError:
    """Another request has the key: with other inputs for good, with the same ones until it is done."""
    if response.status == 409 or code == "idempotency_key_in_use":
        return _unless_in_doubt(
            response,
            TryLater(
                "Stripe is still working on the same request. Try again in a minute.",
                code="idempotency_key_in_use",
            ),
        )
    return FixInput(
        "This request_key belongs to another request, with other inputs: use another key, or give the inputs "
        "of then. Nothing was applied.",
        code="idempotency_error",
    )


def _busy(response: Response, code: str) -> ConnectError:
    status = response.status
    if status == 424 or status >= 500 or status == 408:
        if response.request.is_read:
            return TryLater(f"Stripe failed ({status}). Try again later.", code=code or f"http_{status}")
        return OutcomeUnknown(
            f"Stripe failed ({status}). {IN_DOUBT}: look there before it is sent anew.",
            code=code or f"http_{status}",
            repeat_safe=response.request.may_repeat,
        )
    reason = word_of(response.headers.get("Stripe-Rate-Limited-Reason"))
    if code == "lock_timeout" or status == 409:
        why = "another request is changing the same object"
    else:
        why = _LIMITS.get(reason, "there were too many requests")
    name = code or (reason and f"rate_limited_{reason}") or f"http_{status}"
    return _unless_in_doubt(
        response, TryLater(f"Stripe did not apply this: {why}. Try again in a minute.", code=name)
    )


_LIMITS = {
    "global-rate": "this account sends too many requests a second",
    "global-concurrency": "this account has too many requests under way at once",
    "endpoint-rate": "this account asks this endpoint too often a second",
    "endpoint-concurrency": "too many requests to this endpoint are under way at once",
    "resource-specific": "this object was changed too often (a payment takes 1,000 updates an hour)",
}


def _declined(error: Mapping[str, Any], code: str) -> ConnectError:
    decline = word_of(error.get("decline_code"))
    sentence = failure_sentence(decline, code, word_of(error.get("advice_code")))
    return GiveUpRecord(f"{sentence}{_left_open(error)}", code=decline or code or "card_error")


def _left_open(error: Mapping[str, Any]) -> str:
    """Say which payment the refusal left behind: a declined one can be confirmed in another way."""
    intent = error.get("payment_intent")
    if not isinstance(intent, dict) or not id_of(intent.get("id")):
        return ""
    return (
        f" The payment {id_of(intent['id'])} is there, in state {word_of(intent.get('status')) or 'unknown'}."
    )


def _invalid(response: Response, error: Mapping[str, Any], code: str) -> ConnectError:
    name = code or f"http_{response.status}"
    if response.status == 404 and response.request.method == "DELETE" and response.in_doubt:
        # The attempt before may have ended it: what is gone is not found.
        return _unless_in_doubt(response, FixInput(MISSING, code=name))
    if code in ERROR_CODES:
        kind, sentence = ERROR_CODES[code]
        return kind(f"{sentence}{_at(error)}{_left_open(error)}", code=name)
    if response.status == 404:
        return FixInput(f"{MISSING}{_at(error)}", code=name)
    detail = detail_of(response, error.get("message"))
    about = f": {detail.rstrip('.')}" if detail else ""
    if code.startswith("parameter_") or error.get("param"):
        return FixInput(f"Stripe refused an input{about}.{_at(error)}", code=name)
    return GiveUpRecord(f"Stripe refused this as it is ({name}){about}.", code=name)


def _at(error: Mapping[str, Any]) -> str:
    param = line_of(error.get("param"))[:80]
    return f" It is about {param}." if param and word_of(param) else ""


def _unless_in_doubt(response: Response, error: ConnectError) -> ConnectError:
    """Return the error, unless an earlier attempt of the same call may have been applied."""
    if not response.in_doubt or response.request.is_read:
        return error
    return OutcomeUnknown(
        f"An earlier attempt was sent without an answer, then: {error}",
        code=error.code,
        repeat_safe=response.request.may_repeat,
    )


def _foreign(response: Response) -> ConnectError:
    """Name an error that is not in Stripe's shape: a proxy's, or of something that is not Stripe."""
    status = response.status
    if status in {404, 405, 410} or status < 400:
        error: ConnectError = FixSettings(
            f"What answered ({status}) is not Stripe. Check the base_url of the resource.",
            code=f"http_{status}",
        )
        return named(_unless_in_doubt(response, error), response)
    if response.request.is_read or status in response.request.not_applied:
        later = TryLater(f"Stripe was not reached: {status}. Try again later.", code=f"http_{status}")
        return named(_unless_in_doubt(response, later), response)
    return unreadable(response, "Stripe", "an error in its own words", in_doubt=IN_DOUBT)
