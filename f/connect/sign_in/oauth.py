"""OAuth 2.0 (RFC 6749) with client credentials or a refresh token, safe for many jobs at once.

A token is kept in the store under what it was asked for with: token URL, client, secret or consent, grant,
scope and audience. It is fetched by one process at a time (a lease), about a minute before it expires. A
rotated refresh token is stored before the new access token is used, because the old one is dead from then on,
and using it again makes many servers revoke the whole family.
Tokens lie in the store as they are: keep a SQLite file or a Postgres table as safe as the secret itself.
"""

# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# requests==2.34.2
# urllib3==2.8.0

# ruff: noqa: D102 - Auth says what its methods are for

from __future__ import annotations

import functools
import json
import queue
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from f.connect.calls.exchange import Auth, S
from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.redact import digest_of, fingerprint_of, mask_start, mask_url, remember
from f.connect.sign_in.seal import Seal
from f.connect.times import REAL, Clock
from f.store.store import HELD, Lease, Store, release, renew, take, write_held

if TYPE_CHECKING:
    from f.connect.integration import Integration, OAuth2

T = TypeVar("T")

# The whole token request, all addresses of the server and an answer that trickles included. The lease is far
# longer: whoever holds it has given up before another may take it.
TOKEN_SECONDS = 30.0
LEASE_SECONDS = 90.0
WAIT_SECONDS = LEASE_SECONDS + TOKEN_SECONDS  # for a holder that died, and for the one after it
POLL_SECONDS = 0.1
KEEP_TRIES, KEEP_PAUSE = 5, 2.0  # within the lease, if the store answers or fails at once
_CONNECT_AND_READ = (5.0, 15.0)  # seconds for one address, and between two parts of the answer
_MOST_BYTES = 2**20

# What tells one token from another.
_ASKED_WITH = ("token_url", "client_id", "client_secret", "refresh_token", "grant", "scope", "audience")
_SETTINGS_WRONG = frozenset(
    {"invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "invalid_request"}
)

# `lease_until` and `holder` are of an older version, which kept the lease here: its tables want a value.
TABLE = """CREATE TABLE IF NOT EXISTS connect_token (
    key TEXT PRIMARY KEY, access_token TEXT NOT NULL, expires_at DOUBLE PRECISION NOT NULL,
    refresh_token TEXT NOT NULL, lease_until DOUBLE PRECISION NOT NULL, holder TEXT NOT NULL)"""
READ = "SELECT access_token, expires_at, refresh_token FROM connect_token WHERE key = :key"
KEEP = f"""INSERT INTO connect_token SELECT :key, :access_token, :expires_at, :refresh_token, 0, ''
    WHERE {HELD} ON CONFLICT (key) DO UPDATE SET access_token = :access_token, expires_at = :expires_at,
    refresh_token = :refresh_token"""
FORGET = f"DELETE FROM connect_token WHERE key = :old_key AND {HELD}"  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at`: seconds since the epoch by the store's clock; 0 if the server did not say."""

    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    refresh_token: str = field(default="", repr=False)

    def is_fresh(self, now: float, early: float) -> bool:
        """Return whether the token holds for more than `early` seconds."""
        return bool(self.access_token) and (not self.expires_at or now < self.expires_at - early)


class _TokenRow:
    """The token in the store, where all jobs with the same credential find it and nobody else reads it."""

    def __init__(self, settings: OAuth2, integration: Integration, store: Store) -> None:
        asked_with = [getattr(settings, name) for name in _ASKED_WITH]
        self.key = digest_of(*asked_with)
        # No earlier version kept one in a data table, and any member of the workspace may write there.
        self._seal = Seal(self.key, *asked_with, takes_plain=not store.is_remote)
        # An older version kept the refresh token under the integration's name. The one in the settings is
        # dead since it was rotated.
        self._old_key = _old_key(settings, integration) if settings.grant == "refresh_token" else ""
        self._store = store

    def prepare(self) -> None:
        """Make the table, once for each Store instance."""

        def make() -> bool:
            self._store.create(TABLE)
            return True

        self._store.shared("connect_token", make)

    def read(self) -> Token:
        """Return the token; an empty one if there is none."""
        return self._read(self.key)

    def rotated_before(self) -> str:
        """Return the refresh token that an older version kept, which is taken over once."""
        return self._read(self._old_key).refresh_token if self._old_key else ""

    def keep(self, token: Token, lease: Lease) -> bool:
        """Keep the token, unless another job has taken the lease since; return whether it was kept."""
        values = {
            "key": self.key,
            "access_token": self._seal.close(token.access_token),
            "expires_at": token.expires_at,
            "refresh_token": self._seal.close(token.refresh_token),
            "old_key": self._old_key,
        }
        return write_held(self._store, lease, (KEEP, values), (FORGET, values)) is not None

    def _read(self, key: str) -> Token:
        rows = self._store.execute(READ, {"key": key})
        if not rows:
            return Token()
        access_token, expires_at, refresh_token = rows[0]
        return Token(self._seal.open(access_token), expires_at, self._seal.open(refresh_token))


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
        self._row = _TokenRow(settings, integration, store)
        self._token = Token()
        self._lock = threading.Lock()

    def __call__(self, outgoing: S, /) -> S:
        outgoing.headers["Authorization"] = f"Bearer {self._token.access_token}"
        return outgoing

    def is_ready(self) -> bool:
        return self._is_fresh(self._token)

    def fingerprint(self) -> str:
        return self._row.key

    def renew(self, *, refused: bool) -> bool:
        """Adopt the token another process fetched, or fetch one as the only process that does."""
        with self._lock:
            stale = self._token.access_token if refused else ""
            if not refused and self.is_ready():
                return True  # another thread was faster
            self._row.prepare()
            self._token = self._shared(stale) or self._fetch_alone(stale)
            remember(self._token.access_token, self._token.refresh_token)
            return True

    def _shared(self, stale: str) -> Token | None:
        token = self._row.read()
        return token if self._is_fresh(token) and token.access_token != stale else None

    def _is_fresh(self, token: Token) -> bool:
        return token.is_fresh(self._store.now(), self._settings.refresh_early)

    def _fetch_alone(self, stale: str) -> Token:
        """Hold the lease while asking; whoever does not get it waits for the one who did."""
        holder, waited = secrets.token_hex(8), 0.0
        while waited < WAIT_SECONDS:
            if lease := take(self._store, f"token:{self._row.key}", holder, LEASE_SECONDS):
                try:
                    if token := self._shared(stale) or self._fetch_leased(lease, stale):
                        return token
                finally:
                    release(self._store, lease)
            if self._clock.sleep(POLL_SECONDS):
                raise TryLater("A token was waited for, and the job is to stop.", code="cancelled")
            waited += POLL_SECONDS
            if token := self._shared(stale):
                return token
        raise TryLater("Another job is fetching a token and does not finish. Try again later.", code="token")

    def _fetch_leased(self, lease: Lease, stale: str) -> Token | None:
        """Fetch a token and keep it, unless another job took the lease meanwhile: then its token counts.

        None if it took the lease before anything was sent.
        """
        rotated = self._row.read().refresh_token or self._row.rotated_before()
        # This process may have been stopped since it got the lease. Two that send one refresh token would
        # kill the whole family: so the lease begins anew right here, or is another's by now.
        if renew(self._store, lease, LEASE_SECONDS) is None:
            return None
        token = self._fetch(rotated)
        if self._keep(token, lease):
            return token
        return self._shared(stale) or token

    def _keep(self, token: Token, lease: Lease) -> bool:
        """Keep the token; try again if the store is away: a refresh token that is not kept is lost."""
        for left in reversed(range(KEEP_TRIES)):
            try:
                return self._row.keep(token, lease)
            except TryLater:
                if not left:
                    raise
                self._clock.sleep(KEEP_PAUSE)
        raise AssertionError

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
        call = functools.partial(
            requests.post,
            settings.token_url,
            data=form,
            auth=auth,
            headers={"Accept": "application/json"},
            timeout=_CONNECT_AND_READ,
            allow_redirects=False,
            verify=self._verify,
            stream=True,
        )
        answered = _within(TOKEN_SECONDS, functools.partial(_status_and_body, call))
        if isinstance(answered, requests.RequestException):
            url, why = mask_url(settings.token_url), type(answered).__name__
            raise TryLater(f"The token server {url} was not reached ({why}).", code="token") from answered
        if isinstance(answered, Exception):
            raise answered
        status, body = answered
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = {}
        if not isinstance(answer, dict):
            answer = {}
        if status >= 400 or "error" in answer:  # GitHub states errors with status 200
            raise _refusal(mask_url(settings.token_url), status, answer)
        return answer


def _status_and_body(call: Callable[[], requests.Response]) -> tuple[int, bytes]:
    with call() as reply:
        body = b""
        for part in reply.iter_content(2**16):
            body += part
            if len(body) > _MOST_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer is far too long for a token")
        return reply.status_code, body


def _within(seconds: float, work: Callable[[], T]) -> T | Exception:
    """Return what `work` returns or raises, or a timeout after so many seconds.

    The timeouts of `requests` are per address and per read: a server that sends a byte now and then holds a
    call for ever. What has not ended by then is left behind and ends with the process at the latest.
    """
    results: queue.SimpleQueue[T | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put(work())
        except Exception as error:  # noqa: BLE001 - handed to the caller, who names it
            results.put(error)

    threading.Thread(target=run, name="token", daemon=True).start()
    try:
        return results.get(timeout=seconds)
    except queue.Empty:
        return requests.Timeout(f"no whole answer within {seconds:.0f} s")


def _old_key(settings: OAuth2, integration: Integration) -> str:
    """Return the key under which an older version kept a token; it told too little of them apart."""
    told = [settings.client_id, settings.client_secret, settings.refresh_token or "", settings.scope or ""]
    return f"{integration.name}:{integration.account or 'default'}:{fingerprint_of(chr(10).join(told))}"


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
