"""Under which keys the state of an integration is shared: by what it is about, never by a name it was given.

Two integrations that differ in origin, account or credential share no limit and no breaker, whatever their
names; two that agree in them do share, also if they are written in different resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from f.connect.calls.urls import origin
from f.connect.integration import resolve_url, script_path
from f.connect.redact import digest_of

if TYPE_CHECKING:
    from f.connect.calls.exchange import Auth
    from f.connect.integration import Integration


def account_key(integration: Integration, auth: Auth) -> str:
    """Return the key of what holds for one account at one origin: its limits and its circuit breaker.

    Without a name, what a request carries to say who it is tells accounts apart.
    """
    account = integration.account or credential_digest(integration, auth)
    return f"{origin_of(integration)} {account}".strip()


def credential_key(integration: Integration, auth: Auth) -> str:
    """Return the key of what is known of one credential at one origin."""
    return f"{origin_of(integration)} credential {credential_digest(integration, auth)}"


def title_of(integration: Integration) -> str:
    """Return what a person calls it: the host, and the account if it has a name."""
    if (script := script_path(integration.base_url)) is not None:
        return f"the script {script}"
    host = urlsplit(resolve_url(integration.base_url)).netloc.rpartition("@")[2]
    return f"{host} ({integration.account})" if integration.account else host


def origin_of(integration: Integration) -> str:
    """Return scheme, host and port. A route of this Windmill is a service of its own, and keeps its path.

    So is a script, wherever it happens to answer.
    """
    if script_path(integration.base_url) is not None:
        return integration.base_url.rstrip("/")
    url = resolve_url(integration.base_url)
    scheme, host, port = origin(url)
    where = f"{scheme}://{host.rstrip('.')}:{port}"
    return where + urlsplit(url).path if integration.base_url.startswith("/") else where


def credential_digest(integration: Integration, auth: Auth) -> str:
    """Return a digest of credential and fixed headers, which may name a tenant; "" if there are neither."""
    fingerprint = auth.fingerprint()
    if not fingerprint and not integration.default_headers:
        return ""
    return digest_of(fingerprint, dict(integration.default_headers))
