"""Sign-in on another device (RFC 8628): a code to enter there, and asking until it was entered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput, FixSettings, TryLater
from f.connect.redact import remember
from f.connect.sign_in.token_server import seconds_of
from f.connect.times import REAL, Clock
from f.identity.oauth.authorization import new_secret
from f.identity.oauth.pending import Pending
from f.identity.oauth.refusals import refused_by_server
from f.identity.oauth.sign_ins import SignedIn, keep
from f.store.store import Store, release, take

if TYPE_CHECKING:
    from f.identity.oauth.app import App

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MOST_WAIT = 600  # seconds that one run asks
_INTERVAL = 5.0  # seconds between two questions, where the provider does not say (RFC 8628, 3.2)
_LEAST_INTERVAL = 1.0  # whatever the provider says
_SLOWER = 5.0  # more of them after a slow_down (RFC 8628, 3.5)
_LEASE_MARGIN = 60.0  # a question that is on its way when the time is over


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person enters, and where. `device_key` is what the sign-in is finished with."""

    device_key: str = field(repr=False)
    user_code: str
    url: str
    url_with_code: str
    expires_at: float
    interval: float


def start_device(app: App, store: Store, account: str) -> DeviceCode:
    """Ask for a code that a person enters on another device."""
    if not app.provider.device_url:
        raise FixSettings(
            f"{app.provider.title} has no device_url, so nobody can sign in there on another device.",
            code="bad_settings",
        )
    server = replace(app.server, url=app.provider.device_url)
    form = {"client_id": app.client_id, "scope": " ".join(app.scopes)}
    status, answer = server.post({name: text for name, text in form.items() if text})
    if status >= 400 or answer.get("error"):
        raise refused_by_server(app, status, answer)
    device_code, user_code = (answer.get(name) for name in ("device_code", "user_code"))
    url = answer.get("verification_uri") or answer.get("verification_url")  # Google's name for it
    if not all(isinstance(one, str) and one.isprintable() for one in (device_code, user_code, url)):
        raise TryLater(f"{app.provider.title} answered without a device code.", code="token", status=status)
    remember(str(device_code))
    key, seconds = new_secret(), seconds_of(answer.get("expires_in")) or 600.0
    interval = max(_LEAST_INTERVAL, seconds_of(answer.get("interval")) or _INTERVAL)
    facts = {"device_code": device_code, "account": account, "interval": interval, "next": 0.0}
    expires_at = Pending(app, store, "device").begin(key, "", facts, seconds)
    complete = answer.get("verification_uri_complete")
    return DeviceCode(
        key,
        str(user_code),
        str(url),
        complete if isinstance(complete, str) and complete.isprintable() else "",
        expires_at,
        interval,
    )


def finish_device(
    app: App, store: Store, device_key: str, wait_seconds: float, *, clock: Clock = REAL
) -> SignedIn | None:
    """Ask until the person has entered the code; None if not within `wait_seconds`: then ask again.

    The provider's interval holds over several runs, too. One job asks at a time.
    """
    if not 0 <= wait_seconds <= MOST_WAIT:
        raise FixInput(f"wait_seconds must be from 0 to {MOST_WAIT}.", code="bad_wait")
    pending = Pending(app, store, "device")
    pending.read(device_key)
    holder = secrets.token_hex(8)
    lease = take(store, f"device:{app.key('device', device_key)}", holder, MOST_WAIT + _LEASE_MARGIN)
    if lease is None:
        raise TryLater("Another job is waiting for this sign-in.", code="token")
    try:
        return _ask_until(app, store, pending, device_key, store.now() + wait_seconds, clock)
    finally:
        release(store, lease)


def _ask_until(
    app: App, store: Store, pending: Pending, device_key: str, until: float, clock: Clock
) -> SignedIn | None:
    while True:
        facts = pending.read(device_key)
        pause = max(0.0, float(facts["next"]) - store.now())
        if store.now() + pause > until or (pause and clock.sleep(pause)):
            return None
        granted, interval = _ask(app, facts)
        if granted is not None:
            pending.use(device_key)
            return keep(app, store, granted, facts["account"], clock=clock)
        next_facts = {name: facts[name] for name in ("device_code", "account")} | {
            "interval": interval,
            "next": store.now() + interval,
        }
        pending.change(device_key, next_facts)


def _ask(app: App, facts: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, float]:
    """Return what was granted, or None and after how many seconds to ask again."""
    interval = float(facts["interval"])
    form = {"grant_type": GRANT, "device_code": facts["device_code"], "client_id": app.client_id}
    try:
        status, answer = app.server.post(form)
    except TryLater:
        return None, interval * 2  # RFC 8628, 3.5: slower after a lost answer
    match answer.get("error") or None:
        case "authorization_pending":
            return None, interval
        case "slow_down":
            return None, max(interval + _SLOWER, seconds_of(answer.get("interval")))
        case None if status < 400:
            return answer, interval
    raise refused_by_server(app, status, answer)
