"""The providers of sign-ins, one row each: where they are asked, and in what they differ.

A further provider is a further row of PROVIDERS; nothing else knows one by name. Where a quirk is new, it
becomes a field with a default.

Google: https://developers.google.com/identity/protocols/oauth2/web-server
GitHub: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An authorization server. An empty URL: it has no such endpoint.

    `revoke`: how it takes a token back: RFC 7009 (`form`), the same without credential (`open`), or GitHub's
    DELETE of the whole consent (`consent`).
    `authorize_params` are added to every authorization URL. `issuer` is compared with the `iss` of an answer
    (RFC 9207), which has to be there if `sends_issuer`. `joins_scopes`: what stands between granted scopes.
    `dead_grant`: why it says that a refresh token is dead; `errors`: its own words for what RFC 6749 calls
    otherwise, each with what to do.
    """

    title: str
    authorize_url: str
    token_url: str
    revoke_url: str = ""
    revoke: Literal["form", "open", "consent"] = "form"
    userinfo_url: str = ""
    userinfo_headers: Mapping[str, str] = field(default_factory=dict)
    device_url: str = ""
    issuer: str = ""
    sends_issuer: bool = False
    client_auth: Literal["basic", "body"] = "body"
    scopes: tuple[str, ...] = ()
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    joins_scopes: str = " "
    subject: str = "sub"  # the field of the user's id, which never changes
    login: str = "email"  # the field by which people know the user
    refresh: str = ""  # a sentence where no refresh token came
    dead_grant: str = "it was revoked or has expired"
    errors: Mapping[str, Refusal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a provider's error means. `kind`: what the caller does next."""

    kind: Literal["settings", "sign_in_again", "later"]
    sentence: str


_REDIRECT = Refusal(
    "settings",
    "redirect_uri is not one of those registered for this client. Both must be the same to the letter, with "
    "scheme, port and trailing slash",
)

PROVIDERS: Mapping[str, Provider] = {
    "google": Provider(
        title="Google",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        revoke_url="https://oauth2.googleapis.com/revoke",
        revoke="open",
        userinfo_url="https://openidconnect.googleapis.com/v1/userinfo",
        device_url="https://oauth2.googleapis.com/device/code",
        issuer="https://accounts.google.com",
        scopes=("openid", "email", "profile"),
        # Without both there is no refresh token, or only one with the first consent.
        authorize_params={"access_type": "offline", "prompt": "consent"},
        refresh="Google gave no refresh token, as it does not for a consent that is asked for without "
        "access_type=offline and prompt=consent. The sign-in ends with its access token",
        dead_grant="the person took the consent back or changed the password, it was not used for six "
        "months, the app is in the publishing status Testing (its refresh tokens live seven days), more "
        "than a hundred were given to this client for this account, or this machine's clock is wrong",
        errors={
            "redirect_uri_mismatch": _REDIRECT,
            "deleted_client": Refusal("settings", "the client was deleted. Make another one"),
            "org_internal": Refusal("settings", "the client is for accounts of its own organisation only"),
            "admin_policy_enforced": Refusal(
                "sign_in_again", "the administrator of the account does not allow these scopes"
            ),
            "disallowed_useragent": Refusal(
                "settings",
                "Google does not sign in inside an embedded browser. Open the address in a browser",
            ),
        },
    ),
    "github": Provider(
        title="GitHub",
        authorize_url="https://github.com/login/oauth/authorize",
        token_url="https://github.com/login/oauth/access_token",  # noqa: S106 - an address
        revoke_url="https://api.github.com/applications/{client_id}/grant",
        revoke="consent",
        userinfo_url="https://api.github.com/user",
        userinfo_headers={
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "millwright",
        },
        device_url="https://github.com/login/device/code",
        scopes=("read:user", "user:email"),
        joins_scopes=",",
        subject="id",
        login="login",
        refresh="This GitHub app gives tokens that do not expire, so there is nothing to refresh",
        dead_grant="it was used before (GitHub's refresh tokens are good for one use), is older than six "
        "months, or the person took the consent back",
        errors={
            "bad_verification_code": Refusal(
                "sign_in_again", "the code was used before, or is older than ten minutes"
            ),
            "bad_refresh_token": Refusal("sign_in_again", ""),  # as invalid_grant, see `dead_grant`
            "incorrect_client_credentials": Refusal("settings", "client_id or client_secret is wrong"),
            "redirect_uri_mismatch": _REDIRECT,
            "application_suspended": Refusal("settings", "the app was suspended by GitHub"),
            "unverified_user_email": Refusal(
                "sign_in_again", "the person has not confirmed the e-mail address of the account yet"
            ),
            "device_flow_disabled": Refusal(
                "settings", "the app does not allow the device flow. Enable it in the app's settings"
            ),
            "incorrect_device_code": Refusal("sign_in_again", "the device code is not one of this client"),
        },
    ),
}

# What RFC 6749 (4.1.2.1, 5.2) and RFC 8628 (3.5) call it, where a provider has no other word.
ERRORS: Mapping[str, Refusal] = {
    "access_denied": Refusal("sign_in_again", "the person did not consent"),
    "consent_required": Refusal("sign_in_again", "the person has to consent"),
    "login_required": Refusal("sign_in_again", "the person has to sign in"),
    "interaction_required": Refusal("sign_in_again", "the person has to sign in"),
    "account_selection_required": Refusal("sign_in_again", "the person has to choose an account"),
    "expired_token": Refusal("sign_in_again", "the code was not entered in time"),
    "invalid_request": Refusal("settings", "the request is not as it expects. Check the settings"),
    "invalid_client": Refusal("settings", "client_id or client_secret is wrong"),
    "invalid_scope": Refusal("settings", "one of the scopes is not known there. Check scopes"),
    "unauthorized_client": Refusal("settings", "the client may not sign in in this way"),
    "unsupported_grant_type": Refusal("settings", "the client may not sign in in this way"),
    "unsupported_response_type": Refusal("settings", "the client may not sign in in this way"),
    "redirect_uri_mismatch": _REDIRECT,
    "server_error": Refusal("later", "it failed"),
    "temporarily_unavailable": Refusal("later", "it is busy"),
    "slow_down": Refusal("later", "it was asked too often"),
}
DEAD_CODE = (
    "the code was used before, is too old, was given to another client, redirect_uri or verifier differs "
    "from those it was asked with, or this machine's clock is wrong"
)
