"""SendGrid and Resend: what their keys may do.

https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions
https://resend.com/docs/api-reference/domains/list-domains
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import named, objects_at, read_object, unreadable, word_of
from f.connect.errors import SignInAgain
from f.notify.email.resend import integration_of as resend_integration
from f.notify.email.resend import refusal as resend_refusal
from f.notify.email.sendgrid import integration_of as sendgrid_integration
from f.notify.email.sendgrid import refusal as sendgrid_refusal
from f.operate.services.service import Service, client_for, refused

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.store.store import Store

_SENDS = "mail.send"
_RESTRICTED = "restricted_api_key"  # Resend's word for a key that may do nothing but send


def sendgrid_client(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a SendGrid account."""
    return client_for(sendgrid_integration(resource), store)


def scopes_request(resource: Mapping[str, Any]) -> Request:
    """Return the GET of what the key may do; every key may ask that."""
    del resource
    return Request(method="GET", path="/scopes", endpoint="scopes")


def scopes_in(response: Response) -> str:
    """Return what the key may do, in words; raises if sending is not among it."""
    body = read_object(response)
    if response.status >= 400:
        raise refused(sendgrid_refusal("", "", response.status), response)
    scopes = body.get("scopes")
    if not isinstance(scopes, list):
        raise unreadable(response, "SendGrid", "the key's scopes")
    if _SENDS not in scopes:
        raise named(
            SignInAgain(
                "SendGrid's API key may not send. Give it the right Mail Send.", code="missing_scope"
            ),
            response,
        )
    others = len({scope for scope in scopes if isinstance(scope, str)}) - 1
    return "a key that may only send" if not others else f"a key with mail.send and {others} more scopes"


def resend_client(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a Resend team."""
    return client_for(resend_integration(resource), store)


def domains_request(resource: Mapping[str, Any]) -> Request:
    """Return the GET of the domains. A key that may only send is answered 401, which is no refusal of it."""
    del resource
    return Request(method="GET", path="/domains", endpoint="domains", caller_reads=frozenset({401}))


def domains_in(response: Response) -> str:
    """Return how many of the team's domains are verified, or that the key may only send."""
    body = read_object(response)
    if response.status >= 400:
        name = word_of(body.get("name"))
        if name == _RESTRICTED:
            return "a key that may only send"
        raise refused(resend_refusal(name, "", response.status), response)
    domains = objects_at(body, "data")
    if domains is None:
        raise unreadable(response, "Resend", "a list of domains")
    verified = sum(domain.get("status") == "verified" for domain in domains)
    return f"a full key; {verified} of {len(domains)} domains verified"


SERVICES = {
    "sendgrid": Service(
        name="sendgrid",
        title="SendGrid",
        resource_type="sendgrid",
        purpose="notify",
        client_of=sendgrid_client,
        canary=scopes_request,
        account_in=scopes_in,
        credential_page="https://app.sendgrid.com/settings/api_keys",
    ),
    "resend": Service(
        name="resend",
        title="Resend",
        resource_type="resend",
        purpose="notify",
        client_of=resend_client,
        canary=domains_request,
        account_in=domains_in,
        credential_page="https://resend.com/api-keys",
    ),
}
