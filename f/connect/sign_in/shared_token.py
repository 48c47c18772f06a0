"""One token for all jobs: kept in the store under a seal, and fetched by one process at a time.

fresh    -> used by everybody
stale    -> one job takes the lease and asks; the others wait for what it stores
rotated  -> the new refresh token is stored before the new access token is used: the old one is dead from
then on, and using it again makes many servers revoke the whole family
refused  -> the refresh token is dead for good (`invalid_grant`). That is stored too, so that no job asks
with it again, and one event tells of it
"""

# ruff: noqa: D102 - Auth says what its methods are for

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from f.connect.calls.exchange import Auth, S
from f.connect.errors import SignInAgain, TryLater
from f.connect.redact import remember
from f.connect.sign_in.token_server import TOKEN_SECONDS
from f.connect.times import REAL, Clock
from f.store.store import HELD, Lease, Store, release, renew, take, write_held

if TYPE_CHECKING:
    from f.connect.sign_in.seal import Seal

T = TypeVar("T")

# The lease is far longer than a token request: whoever holds it has given up before another may take it.
LEASE_SECONDS = 90.0
WAIT_SECONDS = LEASE_SECONDS + TOKEN_SECONDS  # for a holder that died, and for the one after it
POLL_SECONDS = 0.1
KEEP_TRIES, KEEP_PAUSE = 5, 2.0  # within the lease, if the store answers or fails at once
DEAD = frozenset({"invalid_grant", "bad_refresh_token"})  # RFC 6749, 5.2; GitHub's word for it
_REFUSED = -1.0  # instead of the time at which a token expires
# What a row holds, each sealed as what it is: who may write into the store may change the time beside it,
# and the column it lies in.
_ACCESS, _REFRESH, _SENTENCE = "access_token", "refresh_token", "refused"

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
    """`expires_at`: seconds since the epoch by the store's clock; 0 if the server did not say.

    `refused`: the sentence with which its refresh token was refused for good.
    """

    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    refresh_token: str = field(default="", repr=False)
    refused: str = ""

    def is_fresh(self, now: float, early: float) -> bool:
        """Return whether the token holds for more than `early` seconds."""
        return bool(self.access_token) and (not self.expires_at or now < self.expires_at - early)


class TokenRow:
    """The token in the store, where all jobs with the same credential find it and nobody else reads it."""

    def __init__(self, store: Store, key: str, seal: Seal, *, old_key: str = "") -> None:
        """`old_key`: where an older version kept a rotated refresh token; it is taken over once."""
        self.key = key
        self._seal, self._store, self._old_key = seal, store, old_key

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
        """Return the refresh token that an older version kept."""
        return self._read(self._old_key).refresh_token if self._old_key else ""

    def keep(self, token: Token, lease: Lease) -> bool:
        """Keep the token, unless another job has taken the lease since; return whether it was kept."""
        values = {
            "key": self.key,
            "access_token": self._seal.close(
                token.refused or token.access_token, _SENTENCE if token.refused else _ACCESS
            ),
            "expires_at": _REFUSED if token.refused else token.expires_at,
            "refresh_token": self._seal.close(token.refresh_token, _REFRESH),
            "old_key": self._old_key,
        }
        return write_held(self._store, lease, (KEEP, values), (FORGET, values)) is not None

    def forget(self, lease: Lease) -> bool:
        """Forget the token, unless another job has taken the lease since."""
        return write_held(self._store, lease, (FORGET, {"old_key": self.key})) is not None

    def _read(self, key: str) -> Token:
        rows = self._store.execute(READ, {"key": key})
        if not rows:
            return Token()
        text, expires_at, refresh_token = rows[0]
        refresh_token = self._seal.open(refresh_token, _REFRESH)
        if expires_at == _REFUSED:
            return Token(refresh_token=refresh_token, refused=self._seal.open(text, _SENTENCE))
        return Token(self._seal.open(text, _ACCESS), expires_at, refresh_token)


class SharedToken:
    """The token of one row: `fetch` gets the stored refresh token, or "", and returns the next token."""

    def __init__(
        self,
        row: TokenRow,
        fetch: Callable[[str], Token],
        store: Store,
        *,
        early: float = 60.0,
        on_refused: Callable[[SignInAgain], None] | None = None,
        clock: Clock = REAL,
    ) -> None:
        """`on_refused` is called by the one job that learns that the refresh token is dead.

        Without it a refusal is not kept: no refresh token was sent.
        """
        self.row, self._fetch, self._store = row, fetch, store
        self._early, self._on_refused, self._clock = early, on_refused, clock

    def get(self, stale: str = "", early: float | None = None) -> Token:
        """Return a token that holds for `early` seconds and is not the `stale` one, fetched if need be.

        SignInAgain if the refresh token was refused, by now or before.
        """
        self.row.prepare()
        early = self._early if early is None else early
        return self._shared(stale, early) or self._fetch_alone(stale, early)

    def is_fresh(self, token: Token) -> bool:
        """Return whether a token needs no other yet."""
        return token.is_fresh(self._store.now(), self._early)

    def alone(self, work: Callable[[Lease], T | None], otherwise: Callable[[], T | None] = lambda: None) -> T:
        """Return what `work` returns while no other job works on this token.

        Who has to wait takes what `otherwise` returns meanwhile, if that is not None. `work` that returns
        None has lost the lease: it is tried again.
        """
        self.row.prepare()
        holder, waited = secrets.token_hex(8), 0.0
        while waited < WAIT_SECONDS:
            if lease := take(self._store, f"token:{self.row.key}", holder, LEASE_SECONDS):
                try:
                    if (done := work(lease)) is not None:
                        return done
                finally:
                    release(self._store, lease)
            if self._clock.sleep(POLL_SECONDS):
                raise TryLater("A token was waited for, and the job is to stop.", code="cancelled")
            waited += POLL_SECONDS
            if (done := otherwise()) is not None:
                return done
        raise TryLater("Another job is fetching a token and does not finish. Try again later.", code="token")

    def replace(self, token: Token) -> None:
        """Keep the token of a new consent in the place of whatever is there."""
        self.alone(lambda lease: self._keep(token, lease) or None)

    def _shared(self, stale: str, early: float) -> Token | None:
        token = self.row.read()
        if token.refused:
            raise SignInAgain(token.refused, code="invalid_grant")
        is_fresh = token.is_fresh(self._store.now(), early)
        return token if is_fresh and token.access_token != stale else None

    def _fetch_alone(self, stale: str, early: float) -> Token:
        def shared() -> Token | None:
            return self._shared(stale, early)

        def fetch(lease: Lease) -> Token | None:
            return shared() or self._fetch_leased(lease)

        return self.alone(fetch, shared)

    def _fetch_leased(self, lease: Lease) -> Token | None:
        """Fetch a token and keep it, unless another job took the lease meanwhile: then its token counts.

        None if it took the lease before anything was sent.
        """
        refresh_token = self.row.read().refresh_token or self.row.rotated_before()
        # This process may have been stopped since it got the lease. Two that send one refresh token would
        # kill the whole family: so the lease begins anew right here, or is another's by now.
        if renew(self._store, lease, LEASE_SECONDS) is None:
            return None
        try:
            token = self._fetch(refresh_token)
        except SignInAgain as error:
            if self._on_refused and error.code in DEAD:
                if not self._keep(Token(refresh_token=refresh_token, refused=str(error)), lease):
                    return None  # another job has a better token, or the same answer
                self._on_refused(error)
            raise
        if self._keep(token, lease):
            return token
        kept = self.row.read()
        return kept if self.is_fresh(kept) else token

    def _keep(self, token: Token, lease: Lease) -> bool:
        """Keep the token; try again if the store is away: a refresh token that is not kept is lost."""
        for left in reversed(range(KEEP_TRIES)):
            try:
                return self.row.keep(token, lease)
            except TryLater:
                if not left:
                    raise
                self._clock.sleep(KEEP_PAUSE)
        raise AssertionError


class SharedTokenAuth(Auth):
    """Sends `Authorization: Bearer` with a token that is shared by all jobs of the store."""

    def __init__(self, shared: SharedToken) -> None:
        self.shared, self._row = shared, shared.row
        self._token = Token()
        self._lock = threading.Lock()

    def __call__(self, outgoing: S, /) -> S:
        outgoing.headers["Authorization"] = f"Bearer {self._token.access_token}"
        return outgoing

    def is_ready(self) -> bool:
        return self.shared.is_fresh(self._token)

    def fingerprint(self) -> str:
        return self._row.key

    def renew(self, *, refused: bool) -> bool:
        """Adopt the token another process fetched, or fetch one as the only process that does."""
        with self._lock:
            stale = self._token.access_token if refused else ""
            if not refused and self.is_ready():
                return True  # another thread was faster
            self._token = self.shared.get(stale)
            remember(self._token.access_token, self._token.refresh_token)
            return True
