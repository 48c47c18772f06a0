"""Whether a request is from whom it says. Ask this before anything of the request is read or believed.

| kind | Signed | Time signed |
| --- | --- | --- |
| stripe | `t.body` | yes |
| slack | `v0:time:body` | yes |
| twilio | address and fields, or address and hash of the body | no |
| sendgrid | `time` and body | yes |
| github | body | no |
| shopify | body | no |
| hubspot | method, address, body, time | yes |
| standard | `id.time.body` | yes |
| generic | `time.body` | yes |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from f.connect.errors import FixSettings
from f.webhooks.requests.source import SIGN_URL
from f.webhooks.verifying.address_schemes import check_hubspot, check_twilio
from f.webhooks.verifying.body_schemes import (
    check_generic,
    check_github,
    check_shopify,
    check_slack,
    check_stripe,
)
from f.webhooks.verifying.keys import BadKeyError, sendgrid_key, shared_key, standard_key
from f.webhooks.verifying.sendgrid_scheme import check_sendgrid
from f.webhooks.verifying.standard_scheme import check_standard

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Kind, Source

_SCHEMES: dict[Kind, Callable[[WebhookRequest, Source, float], None]] = {
    "stripe": check_stripe,
    "slack": check_slack,
    "twilio": check_twilio,
    "sendgrid": check_sendgrid,
    "github": check_github,
    "shopify": check_shopify,
    "hubspot": check_hubspot,
    "standard": check_standard,
    "generic": check_generic,
}
_READ_KEY: dict[str, Callable[[str], object]] = {"sendgrid": sendgrid_key, "standard": standard_key}


def verify(request: WebhookRequest, source: Source, now: float) -> None:
    """Return if one of the source's secrets signed the request, and a signed time is near enough to now.

    `now`: seconds since the epoch. Whatever is wrong with the request is RefuseRequest (invalid_signature),
    with one text for all of them and the exact `reason` for the log. The one other error is FixSettings
    (bad_settings): a secret of the resource cannot check anything, so no request could ever be let in; that
    is our fault, and the sender must try again later. `secret_faults` finds it before there is a request. A
    body's size is not looked at: bound it before.
    """
    faults = secret_faults(source)
    if faults:
        raise FixSettings(
            f"The webhook source {source.name}: {'; '.join(faults)}.", faults=faults, code="bad_settings"
        )
    _SCHEMES[source.kind](request, source, now)


def secret_faults(source: Source) -> list[str]:
    """Return what is wrong with the secrets, and with the address where that is signed; a sentence each."""
    read = _READ_KEY.get(source.kind, shared_key)
    faults = [] if source.secrets else ["secret is missing"]
    for number, secret in enumerate(source.secrets):
        try:
            read(secret)
        except BadKeyError as error:
            faults.append(f"{f'previous secret {number}' if number else 'secret'} {error}")
    if source.kind in SIGN_URL and not (source.url and source.url.isprintable()):
        faults.append(f"url is missing or not on one line: {source.kind} signs the address that it calls")
    return faults
