"""A sign-in from its begin to its end, and the tokens it leaves: for all jobs together, sealed in the store.

    begin -> the person consents -> finish -> fresh, fresh, ... -> revoke
                                                 `-> refused: begin again

`account` names whose sign-in it is. One that a script begins has the name it is given; one that a visitor
begins at the route gets the provider's own id of that person, so that no visitor takes the place of
another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain
from f.connect.integration import BearerToken
from f.connect.redact import remember
from f.connect.sign_in.auth import register
from f.connect.sign_in.oauth import tell_of_refusal, token_of
from f.connect.sign_in.seal import Seal
from f.connect.sign_in.shared_token import DEAD, SharedToken, SharedTokenAuth, Token, TokenRow
from f.connect.times import REAL, Clock
from f.identity.oauth.authorization import authorization_url, code_of, new_secret
from f.identity.oauth.client import (
    UserInfo,
    integration_of,
    read_revocation,
    read_user_info,
    revoke_authentication,
    revoke_request,
    user_info_request,
)
from f.identity.oauth.pending import STATE_SECONDS, Pending, unknown_sign_in
from f.identity.oauth.refusals import refused_by_server
from f.identity.oauth.return_paths import checked_return

if TYPE_CHECKING:
    from f.connect.calls.exchange import Auth
    from f.connect.integration import Integration
    from f.identity.oauth.app import App
    from f.store.store import Lease, Store

VISITOR = "visitor:"
_LINK = "link"  # the state of the sign-in whose link was opened
_LONGEST_ACCOUNT = 200
_EARLY = 60.0  # seconds before its end at which a token is replaced


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that waits for the person. Only who has `browser_key` may finish it."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    browser_key: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What came of a sign-in. `missing_scopes`: asked for, and not granted. `note`: what to know of it."""

    account: str
    scopes: tuple[str, ...]
    missing_scopes: tuple[str, ...]
    expires_at: float
    refreshable: bool
    return_to: str
    note: str


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """Settings of an integration that signs in with the tokens of an account."""

    app: App
    account: str


def checked_account(account: str) -> str:
    """Return the name under which a sign-in is kept; FixInput for what is none."""
    if (
        not account
        or len(account) > _LONGEST_ACCOUNT
        or not account.isprintable()
        or account != account.strip()
    ):
        raise FixInput(
            f"account must be a name of up to {_LONGEST_ACCOUNT} characters, such as default or "
            "ada@example.com.",
            code="bad_account",
        )
    return account


def begin(app: App, store: Store, *, account: str, return_to: str = "") -> Begun:
    """Begin a sign-in by code; `account` "" is named after who signs in."""
    if account.startswith(VISITOR):
        raise FixInput(f"account must not begin with {VISITOR}, as those of visitors do.", code="bad_account")
    return_to = checked_return(return_to, app.return_paths, by_visitor=not account)
    state, verifier, browser_key = new_secret(), new_secret(), new_secret()
    url = authorization_url(app, state, verifier)
    facts = {"verifier": verifier, "account": account, "return_to": return_to}
    expires_at = Pending(app, store, "code").begin(state, browser_key, facts, STATE_SECONDS)
    return Begun(url, state, browser_key, expires_at)


def resume(app: App, store: Store, state: str, browser_key: str) -> Begun:
    """Hand a sign-in that a script has begun to the browser that opened its link.

    It gets secrets of its own: a code that whoever sent the link has got by himself is worth nothing there,
    and the state, which the provider and histories see, does not lead back here. Of all who open the link,
    one finishes.
    """
    pending = Pending(app, store, "code")
    facts = pending.read(state, browser_key)
    if not facts["account"] or _LINK in facts:  # a browser's own, which is nobody's link
        raise unknown_sign_in()
    own_state, verifier, own_key = new_secret(), new_secret(), new_secret()
    url = authorization_url(app, own_state, verifier)
    own = {
        "verifier": verifier,
        "account": facts["account"],
        "return_to": facts["return_to"],
        _LINK: state,
    }
    seconds = max(1.0, facts["expires_at"] - store.now())
    return Begun(url, own_state, own_key, pending.begin(own_state, own_key, own, seconds))


def finish(
    app: App, store: Store, *, browser_key: str, answer: Mapping[str, str], clock: Clock = REAL
) -> SignedIn:
    """Exchange the code of a callback, and keep the tokens. The state is used up, whatever comes of it.

    The exchange is sent once: a code is good for one use, and some providers revoke what it gave if it comes
    twice.
    """
    pending = Pending(app, store, "code")
    facts = pending.use(answer.get("state", ""), browser_key)
    if _LINK in facts:
        pending.use(facts[_LINK])
    form = {
        "grant_type": "authorization_code",
        "code": code_of(app, answer),
        "redirect_uri": app.redirect_uri,
        "code_verifier": facts["verifier"],
    }
    remember(form["code"])
    granted = ask(app, form)
    return keep(app, store, granted, facts["account"], facts["return_to"], clock=clock)


def keep(
    app: App,
    store: Store,
    granted: Mapping[str, Any],
    account: str,
    return_to: str = "",
    *,
    clock: Clock = REAL,
) -> SignedIn:
    """Keep what a consent gave, in the place of what the account had before."""
    token = token_of(granted, app.provider.token_url, store)
    remember(token.access_token, token.refresh_token)
    if str(granted.get("token_type") or "bearer").lower() != "bearer":
        raise SignInAgain(
            f"{app.provider.title} gave a token that is no bearer token, which nothing here can use.",
            code="token_type",
        )
    account = account or VISITOR + _who(app, token, store).id
    shared_token(app, account, store, clock=clock).replace(token)
    scopes = scopes_of(app, granted)
    missing = tuple(one for one in app.scopes if scopes and one not in scopes)
    return SignedIn(
        account=account,
        scopes=scopes or app.scopes,
        missing_scopes=missing,
        expires_at=token.expires_at,
        refreshable=bool(token.refresh_token),
        return_to=return_to,
        note="" if token.refresh_token else app.provider.refresh,
    )


def scopes_of(app: App, granted: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scopes in an answer, by the provider's separator; none means: as asked (RFC 6749, 5.1)."""
    text = granted.get("scope")
    if not isinstance(text, str):
        return ()
    return tuple(one for one in text.replace(app.provider.joins_scopes, " ").split() if one.isprintable())


def shared_token(app: App, account: str, store: Store, *, clock: Clock = REAL) -> SharedToken:
    """Return the token of an account, which all jobs that ask for the same scopes share."""
    key = app.key("sign_in", account, *sorted(set(app.scopes)))

    def fetch(refresh_token: str) -> Token:
        if not refresh_token:
            raise SignInAgain(
                f"Nobody has signed in to {app.provider.title} as {account!r} for these scopes, the sign-in "
                "is over and has no refresh token, or it was sealed by another seal_key. Run start_sign_in.",
                code="not_signed_in",
            )
        remember(refresh_token)
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            answer = ask(app, form, about="refresh_token")
        except (SignInAgain, FixSettings) as error:
            if error.code not in DEAD:  # which is told once it is kept
                refused(error)
            raise
        return token_of(answer, app.provider.token_url, store, refresh_token)

    def refused(error: ConnectError) -> None:
        tell_of_refusal(app.provider.title, error, store, about=key)

    row = TokenRow(store, key, Seal(key, app.seal_key, takes_plain=False))
    return SharedToken(row, fetch, store, early=_EARLY, on_refused=refused, clock=clock)


def ask(app: App, form: Mapping[str, str], *, about: str = "code") -> Mapping[str, Any]:
    """Return what the token endpoint answers; raises what its refusal means."""
    status, answer = app.server.post(form)
    if status >= 400 or answer.get("error"):  # GitHub states errors with status 200
        raise refused_by_server(app, status, answer, about=about)
    return answer


def user_info(app: App, account: str, store: Store) -> UserInfo:
    """Return who signed in. A token that is refused is renewed once."""
    with client_of(app, account, store, app.provider.userinfo_url) as client:
        return read_user_info(client.request(user_info_request(app)), app)


def client_of(app: App, account: str, store: Store, base_url: str) -> Client:
    """Return a client whose calls carry the account's token, for any API that takes it."""

    def make(settings: StoredSignIn, _integration: Integration, store: Store) -> Auth:
        return SharedTokenAuth(shared_token(settings.app, settings.account, store))

    register(StoredSignIn, make)
    return Client(integration_of(app, base_url, StoredSignIn(app, account)), store)


def revoke(app: App, account: str, store: Store) -> Literal["revoked", "already_revoked", "forgotten"]:
    """Take the account's tokens back at the provider, then forget them. Nobody refreshes them meanwhile.

    `forgotten`: the provider takes none back, so what it gave lives until it expires.
    """
    shared = shared_token(app, account, store)

    def work(lease: Lease) -> Literal["revoked", "already_revoked", "forgotten"] | None:
        token = shared.row.read()
        if not token.access_token and not token.refresh_token:
            raise FixInput(
                f"Nobody is signed in to {app.provider.title} as {account!r} for these scopes.",
                code="not_signed_in",
            )
        done = _revoke(app, token, store)
        return done if shared.row.forget(lease) else None

    return shared.alone(work)


def _revoke(app: App, token: Token, store: Store) -> Literal["revoked", "already_revoked", "forgotten"]:
    if not app.provider.revoke_url:
        return "forgotten"
    kind = "refresh_token" if token.refresh_token and app.provider.revoke != "consent" else "access_token"
    text = token.refresh_token if kind == "refresh_token" else token.access_token
    if not text:
        return "forgotten"
    remember(text)
    integration = integration_of(app, app.provider.revoke_url, revoke_authentication(app))
    with Client(integration, store) as client:
        response = client.request(revoke_request(app, text, kind))
        return "revoked" if read_revocation(response, app) else "already_revoked"


def _who(app: App, token: Token, store: Store) -> UserInfo:
    """Return whose token this is, before it is kept for anybody."""
    integration = integration_of(app, app.provider.userinfo_url, BearerToken(token=token.access_token))
    with Client(integration, store) as client:
        return read_user_info(client.request(user_info_request(app)), app)
