"""OAuth 2.0 (RFC 6749) with client credentials or a refresh token, safe for many jobs at once.

A token is kept in the store and fetched by one process at a time (a lease), about a minute before
it expires. A rotated refresh token is stored before the new access token is used, because the old
one is dead from then on, and using it again makes many servers revoke the whole family.
Tokens lie in the store as they are: keep a SQLite file or a Postgres table as safe as the secret itself.
"""

# ruff: noqa: D102 - Auth says what its methods are for

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from f.connect.calls.exchange import Auth, S
from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.redact import fingerprint_of, mask_start, mask_url, remember
from f.connect.times import REAL, Clock
from f.store.store import Lease, Store, holds, release, take

if TYPE_CHECKING:
    from f.connect.integration import Integration, OAuth2

# Longer than a token request takes: 5 s for each address of the server, 15 s for its answer.
LEASE_SECONDS = 60.0
POLL_SECONDS = 0.1
TOKEN_TIMEOUT = (5.0, 15.0)

_SETTINGS_WRONG = frozenset(
    {"invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "invalid_request"}
)

# `lease_until` and `holder` are of an older version, which kept the lease here: its tables want a value.
TABLE = """CREATE TABLE IF NOT EXISTS connect_token (
    key TEXT PRIMARY KEY, access_token TEXT NOT NULL, expires_at DOUBLE PRECISION NOT NULL,
    refresh_token TEXT NOT NULL, lease_until DOUBLE PRECISION NOT NULL, holder TEXT NOT NULL)"""
READ = "SELECT access_token, expires_at, refresh_token FROM connect_token WHERE key = :key"
KEEP = """INSERT INTO connect_token VALUES (:key, :access_token, :expires_at, :refresh_token, 0, '')
    ON CONFLICT (key) DO UPDATE SET access_token = :access_token, expires_at = :expires_at,
    refresh_token = :refresh_token"""


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at`: seconds since the epoch by the store's clock; 0 if the server did not say."""

    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    refresh_token: str = field(default="", repr=False)

    def is_fresh(self, now: float, early: float) -> bool:
        """Return whether the token holds for more than `early` seconds."""
        return bool(self.access_token) and (not self.expires_at or now < self.expires_at - early)


class OAuth2Auth(Auth):
    """Sends `Authorization: Bearer` with a token that is shared by all jobs of the store."""

    def __init__(
        self,
        settings: OAuth2,
        integration: Integration,
        store: Store,
        *,
        clock: Clock = REAL,
    ) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._verify = integration.verify_ssl
        self._fingerprint = fingerprint_of(
            "\n".join(
                [
                    settings.client_id,
                    settings.client_secret,
                    settings.refresh_token or "",
                    settings.scope or "",
                ]
            )
        )
        self._key = f"{integration.name}:{integration.account}:{self._fingerprint}"
        self._token = Token()
        self._lock = threading.Lock()

    def __call__(self, outgoing: S, /) -> S:
        outgoing.headers["Authorization"] = f"Bearer {self._token.access_token}"
        return outgoing

    def is_ready(self) -> bool:
        return self._is_fresh(self._token)

    def fingerprint(self) -> str:
        return self._fingerprint

    def renew(self, *, refused: bool) -> bool:
        """Adopt the token another process fetched, or fetch one as the only process that does."""
        with self._lock:
            stale = self._token.access_token if refused else ""
            if not refused and self.is_ready():
                return True  # another thread was faster
            self._store.shared("connect_token", self._make_table)
            self._token = self._shared(stale) or self._fetch_alone(stale)
            remember(self._token.access_token, self._token.refresh_token)
            return True

    def _make_table(self) -> bool:
        self._store.create(TABLE)
        return True

    def _shared(self, stale: str) -> Token | None:
        token = self._stored()
        return token if self._is_fresh(token) and token.access_token != stale else None

    def _stored(self) -> Token:
        rows = self._store.execute(READ, {"key": self._key})
        return Token(*rows[0]) if rows else Token()

    def _is_fresh(self, token: Token) -> bool:
        return token.is_fresh(self._store.now(), self._settings.refresh_early)

    def _fetch_alone(self, stale: str) -> Token:
        """Hold the lease while asking; whoever does not get it waits for the one who did."""
        holder, waited = secrets.token_hex(8), 0.0
        while waited < LEASE_SECONDS:
            if lease := take(self._store, f"token:{self._key}", holder, LEASE_SECONDS):
                try:
                    return self._shared(stale) or self._fetch_leased(lease, stale)
                finally:
                    release(self._store, lease)
            self._clock.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            if token := self._shared(stale):
                return token
        raise TryLater("Another job is fetching a token and does not finish. Try again later.", code="token")

    def _fetch_leased(self, lease: Lease, stale: str) -> Token:
        """Fetch a token and keep it, unless another job took the lease meanwhile: then its token counts."""
        token = self._fetch(self._stored().refresh_token)
        values = {
            "key": self._key,
            "access_token": token.access_token,
            "expires_at": token.expires_at,
            "refresh_token": token.refresh_token,
        }
        with self._store.transaction():
            if holds(self._store, lease):
                self._store.execute(KEEP, values)
                return token
        return self._shared(stale) or token

    def _fetch(self, rotated: str) -> Token:
        settings = self._settings
        refresh_token = rotated or settings.refresh_token or ""
        form = {"grant_type": settings.grant, "scope": settings.scope, "audience": settings.audience}
        if settings.grant == "refresh_token":
            form["refresh_token"] = refresh_token
        answer = self._ask({name: value for name, value in form.items() if value})
        access_token = answer.get("access_token")
        if not isinstance(access_token, str) or not access_token.isprintable():
            raise TryLater(f"{mask_url(settings.token_url)} answered without an access_token.", code="token")
        expires_in = _seconds(answer.get("expires_in"))
        return Token(
            access_token,
            self._store.now() + expires_in if expires_in else 0.0,
            str(answer.get("refresh_token") or refresh_token),
        )

    def _ask(self, form: dict[str, str]) -> Mapping[str, Any]:
        settings, auth = self._settings, None
        if settings.client_auth == "basic":
            auth = requests.auth.HTTPBasicAuth(settings.client_id, settings.client_secret)
        else:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        try:
            reply = requests.post(
                settings.token_url,
                data=form,
                auth=auth,
                headers={"Accept": "application/json"},
                timeout=TOKEN_TIMEOUT,
                allow_redirects=False,
                verify=self._verify,
            )
        except requests.RequestException as error:
            raise TryLater(
                f"The token server {mask_url(settings.token_url)} was not reached ({type(error).__name__}).",
                code="token",
            ) from error
        try:
            answer = reply.json()
        except (ValueError, RecursionError):
            answer = {}
        if not isinstance(answer, dict):
            answer = {}
        if not reply.ok or "error" in answer:  # GitHub states errors with status 200
            raise _refusal(mask_url(settings.token_url), reply.status_code, answer)
        return answer


def _refusal(url: str, status: int, answer: Mapping[str, Any]) -> ConnectError:
    """Name what RFC 6749, 5.2 calls `error`."""
    code = str(answer.get("error") or f"http_{status}")[:60]
    detail = mask_start(str(answer.get("error_description") or ""), 200)
    message = f"The token server {url} answered {status} {code}{': ' + detail if detail else ''}"
    if status >= 500 or status == 429 or code in {"temporarily_unavailable", "server_error", "slow_down"}:
        return TryLater(f"{message}. Try again later.", code="token", status=status)
    if code in _SETTINGS_WRONG:
        return FixSettings(
            f"{message}. Check client_id, client_secret, grant and scope.", code=code, status=status
        )
    return SignInAgain(
        f"{message}. Somebody has to sign in and give consent again.", code=code, status=status
    )


def _seconds(value: Any) -> float:
    """Read expires_in, which some servers send as text; 0 if it is missing or not a number."""
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0
