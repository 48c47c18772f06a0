"""Tries one API: is it reached, is the credential right, what is left of its limits, when does it end.

The call obeys the limits and the breaker that the jobs of this account share: it meets what a job would meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain
from f.connect.integration import Retry
from f.connect.limits.guard import observe
from f.connect.redact import mask_text
from f.connect.sign_in.signed_jwt import claims_in
from f.connect.times import REAL, to_iso

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.integration import Integration
    from f.connect.limits.circuit_states import Status as Circuit
    from f.store.store import Store

Status = Literal["ok", "failing", "not_set_up", "not_tried"]

SOON = 14 * 86_400.0  # seconds before its end at which a credential is named
_ENDLESS = 4_102_444_800.0  # the year 2100: a time after it is a slip, such as milliseconds
_NOT_TRIED = "not_tried"  # the code of the error by which a canary says that there is nothing to send
_SECONDS = 10.0  # of one attempt at a canary


def _unknown(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkable:
    """What is to be known of an API to check it: its client, and a call to try it.

    `canary`: the cheapest call that needs the credential and changes nothing; it raises `not_tried` if a
    resource has no such call. `account_in`: who the canary's answer says we are ("sandbox acct_123"), never a
    secret or a person; it raises the ConnectError that the answer means if it is a refusal, whatever its
    status. `credential_page`: where a person gets or renews the credential. `expires_at`: when the credential
    ends, in seconds since the epoch, and `left_in`: how many calls are left, where the answer says so.
    """

    name: str
    title: str
    client_of: Callable[[Mapping[str, Any], Store], Client]
    canary: Callable[[Mapping[str, Any]], Request]
    account_in: Callable[[Response], str]
    credential_page: str
    expires_at: Callable[[Response], float | None] = _unknown
    left_in: Callable[[Response], int | None] = _unknown


def client_for(integration: Integration, store: Store) -> Client:
    """Return a client that is not patient, and whose troubles raise no events: a check reports them itself.

    It obeys the limits and the breaker of the jobs that work with this account.
    """
    impatient = replace(
        integration,
        retry=Retry(max_retries=1, initial_delay=0.2, max_delay=1.0, max_elapsed=5.0, longest_wait=2.0),
        timeout=min(integration.timeout, _SECONDS),
        connect_timeout=min(integration.connect_timeout, 5.0),
        raises_events=False,
    )
    return Client(impatient, store)


def not_tried(why: str) -> FixInput:
    """Return the error by which a canary says that nothing can be sent without an effect."""
    return FixInput(why, code=_NOT_TRIED)


class Check(TypedDict):
    """How one service stands. Nothing in it is a secret or about a person.

    `status`: not_set_up if the resource is wrong or not filled in, so that nothing was sent; not_tried if it
    has no call that changes nothing. `detail` is a sentence with what to do next. `account`: who the service
    says we are. `circuit`: None where there is no client. `limit_left`: calls left by the service's word, or
    else by our own limit. `credential_expires`: ISO 8601. `code`: what is wrong, or will be soon.
    """

    path: str
    service: str
    title: str
    status: Status
    detail: str
    account: str
    milliseconds: float | None
    circuit: Circuit | None
    limit_left: int | None
    credential_expires: str | None
    code: str | None


def check(service: Checkable, path: str, resource: Mapping[str, Any], store: Store) -> Check:
    """Send the service's canary and say how it went. Never raises for the resource or the service."""
    found = unchecked(service.name, service.title, path)
    try:
        if not isinstance(resource, Mapping):
            raise FixSettings("The resource is not an object of settings.", code="bad_settings")
        request = service.canary(resource)
        client = service.client_of(resource, store)
    except ConnectError as error:
        status: Status = "not_tried" if error.code == _NOT_TRIED else "not_set_up"
        return {**found, "status": status, "detail": sentence_of(error), "code": error.code}
    with client:
        try:
            response = client.request(request)
            account = service.account_in(response)
        except ConnectError as error:
            return _with_state(_failed(found, error, service), client)
        found["milliseconds"] = round(response.elapsed * 1000, 1)
        found["account"] = mask_text(account)
        return _with_state(_judged(found, service, response, client), client)


def unchecked(name: str, title: str, path: str) -> Check:
    """Return a check that has yet to find anything out."""
    return Check(
        path=path,
        service=name,
        title=title,
        status="ok",
        detail="",
        account="",
        milliseconds=None,
        circuit=None,
        limit_left=None,
        credential_expires=None,
        code=None,
    )


def sentence_of(error: ConnectError) -> str:
    """Return an error's sentence, fit to show."""
    return mask_text(str(error))


def _failed(found: Check, error: ConnectError, service: Checkable) -> Check:
    found["status"] = "failing"
    if error.code == _NOT_TRIED:
        found["status"] = "not_tried"
    elif isinstance(error, FixSettings | FixInput) and not error.attempts:
        found["status"] = "not_set_up"
    detail = sentence_of(error)
    if isinstance(error, SignInAgain) and service.credential_page:
        detail += f" Get a new one at {service.credential_page}."
    found["detail"], found["code"] = detail, error.code or type(error).__name__
    return found


def _judged(found: Check, service: Checkable, response: Response, client: Client) -> Check:
    """Say how an answer that is none of a refusal stands: the credential may end soon, or calls run out."""
    seen = observe(response.status, response.headers, REAL.now())
    left = service.left_in(response)
    found["limit_left"] = seen.remaining if left is None else left
    ends = service.expires_at(response) or _own_end(client)
    took = f"{found['title']} answered in {found['milliseconds']:.0f} ms"
    where = " from the twin" if response.source == "twin" else ""
    found["detail"] = f"{took}{where}{': ' + found['account'] if found['account'] else ''}."
    if ends is not None:
        found["credential_expires"] = to_iso(ends)
        days = (ends - REAL.now()) / 86_400
        if days * 86_400 < SOON:
            renew = f" at {service.credential_page}" if service.credential_page else ""
            when = "has ended" if days < 0 else f"ends in {days:.0f} days" if days >= 1 else "ends today"
            found["detail"] += f" Its credential {when}: renew it{renew}."
            found["code"] = "credential_ends"
    if found["limit_left"] == 0:
        found["detail"] += " No calls are left in its limit: wait until it renews."
        found["code"] = "limit_used_up"
    return found


def _with_state(found: Check, client: Client) -> Check:
    """Add what the jobs of this account share."""
    try:
        found["circuit"] = client.breaker.status()
        if found["limit_left"] is None and client.integration.rate_limit is not None:
            found["limit_left"] = client.limiter.available()
    except ConnectError as error:
        found["detail"] += f" What jobs share of it cannot be read: {sentence_of(error)}"
    return found


def _own_end(client: Client) -> float | None:
    """Return the end of a credential that says it itself, as a token that is a JWT does; None for others.

    One that is fetched anew before its end has no end of its own.
    """
    settings: Any = client.integration.authentication
    text = getattr(settings, "token", None) or getattr(settings, "key", None)
    if not isinstance(text, str) or text.count(".") != 2 or not text.startswith("eyJ"):
        return None
    try:
        claims = claims_in(text)
    except FixInput:
        return None
    ends = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        return None
    return float(ends) if 0 < ends < _ENDLESS else None
