"""GitHub: what is left of a token's limit, which costs nothing of it.

https://docs.github.com/en/rest/rate-limit/rate-limit
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import number_of, read_object, unreadable
from f.connect.times import http_date
from f.operate.services.service import Service, client_for
from f.webhooks.healing.github_deliveries import integration_of

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.store.store import Store

_EXPIRES = "GitHub-Authentication-Token-Expiration"
_SCOPES = "X-OAuth-Scopes"  # of classic tokens only
_SCOPE = re.compile(r"[a-z_:]{1,40}")


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a token."""
    return client_for(integration_of(resource), store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the GET of the limits."""
    del resource
    return Request(method="GET", path="/rate_limit", endpoint="rate_limit")


def account_in(response: Response) -> str:
    """Return the token's limit and, of a classic one, its scopes."""
    limit = _core(response.raise_for_status()).get("limit")
    if number_of(limit) is None:
        raise unreadable(response, "GitHub", "a rate limit")
    scopes = [one for one in response.headers.get(_SCOPES, "").split(", ") if _SCOPE.fullmatch(one)]
    return f"{limit} calls an hour" + (f"; scopes {', '.join(scopes[:10])}" if scopes else "")


def expires_at(response: Response) -> float | None:
    """Return when the token ends: "2026-12-30 09:00:00 UTC", or with an offset; without the header, never."""
    text = response.headers.get(_EXPIRES, "").strip().replace(" UTC", " +0000")
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError:
        return http_date(text)


def left_in(response: Response) -> int | None:
    """Return how many calls are left in this hour."""
    return number_of(_core(response).get("remaining"))


def _core(response: Response) -> Mapping[str, Any]:
    resources = read_object(response).get("resources")
    core = resources.get("core") if isinstance(resources, dict) else None
    return core if isinstance(core, dict) else {}


SERVICES = {
    "github": Service(
        name="github",
        title="GitHub",
        resource_type="github",
        purpose="webhooks",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="https://github.com/settings/tokens",
        expires_at=expires_at,
        left_in=left_in,
    )
}
