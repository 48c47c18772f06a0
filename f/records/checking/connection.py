"""Whether a target can be reached, trusts the credential and answers as an API does. Only reads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, FixSettings, SignInAgain
from f.connect.integration import NoAuth, is_loopback, resolve_url, script_path
from f.records.target.lookup_proof import form_of
from f.records.target.replies import body_of, explanation

if TYPE_CHECKING:
    from f.connect.client import Client
    from f.records.checking.findings import Findings
    from f.records.rows.row import Row
    from f.records.target.target import Target

_REFUSED = frozenset({401, 403})


def check_connection(target: Target, client: Client, nobody: Row, health: str, findings: Findings) -> None:
    """Find out whether the target can be talked to at all. `nobody`: a record it cannot have.

    Raises the ConnectError that says what to do if it cannot: every import would end so.
    """
    _tell_encryption(target, findings)
    if health:
        response = _ask(client, Request(method="GET", path=health, endpoint="health"), findings)
        meaning = "The API says that it is up." if response.success else "Look at endpoints.health."
        findings.add("health", _answer(response), meaning)
    lookup = target.lookup
    if lookup is None:
        _ask_for_list(target, client, findings)
    else:
        response = _ask(client, next(iter(lookup.lookups_for([nobody], target, []))), findings)
        _refuse_page(response, findings)
        _tell_credential(target, response, findings)
        reading = lookup.read_lookup(response, [nobody], target, target.proven.lookup)
        findings.add(
            "look-up of a record never made",
            "not there" if reading.absent else form_of(response, ""),
            "It says so in a way that is known to mean it."
            if reading.absent
            else "Whether this means that a record is not there is known once it has found one that is.",
        )
    _tell_quota(target, client, findings)


def _ask_for_list(target: Target, client: Client, findings: Findings) -> None:
    """Ask at the address where records are made: an API without a list there says so, and is reached."""
    response = _ask(client, Request(method="GET", path=target.endpoint, endpoint="records"), findings)
    if response.success:
        _refuse_page(response, findings)
    _tell_credential(target, response, findings)
    findings.add(
        "look-up",
        "none",
        "A row whose answer was lost cannot be asked for. If the API can find one, give endpoints.lookup.",
    )


def _ask(client: Client, request: Request, findings: Findings) -> Response:
    """The reply to the first request says that the target is reached, and any may refuse the credential."""
    began = time.monotonic()
    try:
        response = client.request(request)
        if response.status in _REFUSED or 300 <= response.status < 400:
            response.raise_for_status()
    except SignInAgain as error:
        status = f"refused with {error.status}" if error.status else "refused"
        findings.add("credential", status, "No call would be taken. Check `authentication` and its rights.")
        raise
    except ConnectError as error:
        findings.add("reachable", f"no ({error.code or type(error).__name__})", str(error))
        raise
    if not any(row["aspect"] == "reachable" for row in findings.rows):
        seconds = time.monotonic() - began
        findings.add("reachable", f"yes, {seconds * 1000:.0f} ms", "The first answer took so long.")
    return response


def _refuse_page(response: Response, findings: Findings) -> None:
    if "html" not in response.headers.get("Content-Type", "").lower() or not response.success:
        return
    message = (
        f"{response.call} answered {response.status} with a page for people, as a sign-in or a proxy does, "
        "and not as an API: check base_url, endpoints and the credential."
    )
    findings.add("answers", "a page (HTML)", "This is not an API, or the credential does not reach it.")
    raise FixSettings(message, code="not_an_api", call=response.call, status=response.status)


def _tell_credential(target: Target, response: Response, findings: Findings) -> None:
    if isinstance(target.integration.authentication, NoAuth):
        findings.add("credential", "none", "Requests carry no credential.")
    elif response.success:
        findings.add("credential", "accepted", "It may read. Whether it may create, only a write shows.")
    else:
        findings.add("credential", f"not refused ({response.status})", "Only a write shows what it may do.")


def _tell_encryption(target: Target, findings: Findings) -> None:
    integration = target.integration
    parts = urlsplit(resolve_url(integration.base_url))
    if is_loopback(parts.hostname or "") or script_path(integration.base_url) is not None:
        findings.add("encryption", "not needed", "Nothing that is sent leaves this machine.")
    elif parts.scheme != "https":
        findings.add("encryption", "none (plain http)", "Anyone on the way can read what is sent.")
    elif not integration.verify_ssl:
        findings.add(
            "encryption", "TLS, certificate not checked", "Whoever stands between can pose as the API."
        )
    else:
        findings.add("encryption", "TLS, certificate checked", "Nobody on the way can read along.")


def _tell_quota(target: Target, client: Client, findings: Findings) -> None:
    quota = target.kind.quota
    if quota is None:
        return
    try:
        response = client.request(quota.quota_request(target))
    except ConnectError as error:
        findings.add("daily quota", "not known", str(error))
        return
    left = quota.quota_in(response, time.time())
    if left is None:
        findings.add(
            "daily quota", f"not known ({response.status})", "An import cannot say beforehand what is left."
        )
        return
    findings.add(
        "daily quota", f"{left.left:,} of {left.daily_limit:,} calls left", "An import plans with these."
    )


def _answer(response: Response) -> str:
    said = "" if response.success else explanation(body_of(response))
    return f"{response.status} {said}".strip()
