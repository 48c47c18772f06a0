"""The twin of Google's and GitHub's sign-in: consent, codes, devices, tokens, and who somebody is.

Everybody is Ada, and consents at once, unless the settings say otherwise. Each answers as its documents
say: GitHub states errors with status 200 and rotates its refresh tokens, each good for one use; Google keeps
one, and gives it only to who asks for offline access.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_CODE, _ACCESS, _REFRESH, _DEVICE = "code", "access", "refresh", "device"
_CODE_SECONDS = 600.0
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_MESSAGES = {
    "bad_verification_code": "The code passed is incorrect or expired.",
    "bad_refresh_token": "The refresh token passed is incorrect or expired.",
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
    "authorization_pending": "The authorization request is still pending.",
    "slow_down": "You polled too quickly.",
    "expired_token": "The device_code has expired.",
    "invalid_grant": "Bad Request",
    "invalid_client": "The OAuth client was not found.",
}
Service = Literal["google", "github"]


class Settings(BaseModel):
    """What the app and its people are like. A client secret that starts with `wrong` is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consents: bool = True
    redirect_uris: list[str] = []  # registered; none: any
    granted: list[str] | None = None  # scopes that the person leaves; None: all
    expires_in: Annotated[int, Field(ge=1)] = 3599
    expiring: bool = True  # whether this GitHub app's tokens expire
    refuses_refresh: bool = False  # as after a revoked consent
    device_polls: int = 1  # questions that are answered with "pending" before the person has entered the code
    device_interval: Annotated[int, Field(ge=1)] = 1


def error(status: int, message: str) -> Reply:
    """Return an error in the shape that both use outside of tokens."""
    return Reply(status, {"error": f"http_{status}", "error_description": message})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    google, github = _Provider(setup, settings, "google"), _Provider(setup, settings, "github")
    return Twin(
        name="oauth",
        settings=settings,
        error=error,
        routes=[
            Route("GET", "/o/oauth2/v2/auth", "google_consent", google.consent),
            Route("POST", "/token", "google_token", google.token),
            Route("POST", "/revoke", "google_revoke", google.revoke),
            Route("GET", "/v1/userinfo", "google_user", google.user),
            Route("POST", "/device/code", "google_device", google.device),
            Route("GET", "/login/oauth/authorize", "github_consent", github.consent),
            Route("POST", "/login/oauth/access_token", "github_token", github.token),
            Route("DELETE", "/applications/{client}/grant", "github_revoke", github.delete_grant),
            Route("GET", "/user", "github_user", github.user),
            Route("POST", "/login/device/code", "github_device", github.device),
        ],
    )


class _Provider:
    def __init__(self, setup: Setup, settings: Settings, service: Service) -> None:
        self._ledger, self._records, self._clock = setup.ledger, setup.records, setup.clock
        self._settings, self._service = settings, service

    # Consent

    def consent(self, request: Request) -> Reply:
        """302 back to the app with a code or access_denied; 400 for a request that cannot be trusted."""
        query = request.query
        redirect = query.get("redirect_uri", "")
        if not query.get("client_id") or query.get("response_type", "code") != "code":
            return error(400, "Missing required parameter: client_id or response_type")
        if not self._is_registered(redirect):
            return error(400, "redirect_uri_mismatch")
        answer = {"state": query.get("state", "")}
        if self._service == "google":
            answer["iss"] = "https://accounts.google.com"
        if not self._settings.consents:
            return _redirect(redirect, {"error": "access_denied", **answer})
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            return _redirect(redirect, {"error": "invalid_request", **answer})
        code = self._new(_CODE, self._grant(query) | {
            "redirect_uri": redirect,
            "challenge": query.get("code_challenge", ""),
            "until": self._clock() + _CODE_SECONDS,
        })  # fmt: skip
        self._ledger.append("consented", query["client_id"], {"scope": query.get("scope", "")})
        return _redirect(redirect, {"code": code, **answer})

    def _grant(self, query: Mapping[str, str]) -> dict[str, Any]:
        scopes = query.get("scope", "").split()
        granted = self._settings.granted
        return {
            "client_id": query["client_id"],
            "scopes": [one for one in scopes if granted is None or one in granted],
            "offline": query.get("access_type") == "offline" and query.get("prompt") == "consent",
        }

    def _is_registered(self, redirect: str) -> bool:
        registered = self._settings.redirect_uris
        return redirect in registered if registered else bool(urlsplit(redirect).netloc)

    # Tokens

    def token(self, request: Request) -> Reply:
        """Exchange a code, a refresh token or a device code."""
        form = {name: values[0] for name, values in request.form().items()}
        if not form.get("client_id") or not _is_secret(form.get("client_secret", "")):
            raise self._refused("invalid_client", "incorrect_client_credentials", status=401)
        match form.get("grant_type", "authorization_code"):
            case "authorization_code":
                return self._exchange(form)
            case "refresh_token":
                return self._refresh(form)
            case grant if grant == _DEVICE_GRANT:
                return self._poll(form)
        raise self._refused("unsupported_grant_type", "unsupported_grant_type")

    def _exchange(self, form: Mapping[str, str]) -> Reply:
        number, code = self._find(_CODE, form.get("code", ""))
        if code.get("used"):  # RFC 6749, 4.1.2: what a code gave that comes twice is taken back
            self._forget(code["grant_id"])
        is_good = (
            number
            and not code.get("used")
            and self._clock() < code["until"]
            and code["client_id"] == form["client_id"]
            and _fits(code["challenge"], form.get("code_verifier", ""))
        )
        if not is_good or code["redirect_uri"] != form.get("redirect_uri", ""):
            return self._refusal("invalid_grant", "bad_verification_code", 400)  # not raised: see above
        code["grant_id"] = secrets.token_hex(8)
        self._records.replace(_CODE, number, {**code, "used": True}, {"name": _digest(form["code"])})
        return self._tokens(code, offline=code["offline"])

    def _refresh(self, form: Mapping[str, str]) -> Reply:
        number, grant = self._find(_REFRESH, form.get("refresh_token", ""))
        if not number or self._settings.refuses_refresh or grant["client_id"] != form["client_id"]:
            raise self._refused("invalid_grant", "bad_refresh_token")
        if self._service == "github":  # good for one use
            self._records.remove(_REFRESH, number)
        self._ledger.append("refreshed", grant["client_id"], {})
        return self._tokens(grant, offline=self._service == "github", refreshed=True)

    def _tokens(self, grant: Mapping[str, Any], *, offline: bool, refreshed: bool = False) -> Reply:
        kept = {name: grant[name] for name in ("client_id", "scopes", "grant_id")}
        between, expires = (" ", True) if self._service == "google" else (",", self._settings.expiring)
        until = self._clock() + self._settings.expires_in if expires else None
        body: dict[str, Any] = {
            "access_token": self._new(_ACCESS, {**kept, "until": until}),
            "token_type": "Bearer" if self._service == "google" else "bearer",
            "scope": between.join(grant["scopes"]),
        }
        if expires:
            body["expires_in"] = self._settings.expires_in
        if (offline and self._service == "google") or (expires and self._service == "github"):
            body["refresh_token"] = self._new(_REFRESH, kept)
        if self._service == "github" and expires:
            body["refresh_token_expires_in"] = 15_897_600
        if not refreshed:
            self._ledger.append("signed_in", kept["client_id"], {"scope": body["scope"]})
        return Reply(200, body, {"cache-control": "no-store"})

    # Other devices

    def device(self, request: Request) -> Reply:
        """A code for another device, which somebody enters there after so many questions."""
        form = {name: values[0] for name, values in request.form().items()}
        if not form.get("client_id"):
            raise self._refused("invalid_client", "incorrect_client_credentials", status=401)
        user_code = "-".join(secrets.token_hex(2).upper() for _ in range(2))
        facts = {
            **self._grant(form),
            "grant_id": secrets.token_hex(8),
            "polls": 0,
            "asked": 0.0,
            "offline": True,
        }
        facts["until"] = self._clock() + _CODE_SECONDS
        device_code = self._new(_DEVICE, facts)
        url = "verification_url" if self._service == "google" else "verification_uri"
        body = {
            "device_code": device_code,
            "user_code": user_code,
            url: f"{request.url}/device",
            "expires_in": int(_CODE_SECONDS),
            "interval": self._settings.device_interval,
        }
        return Reply(200, body)

    def _poll(self, form: Mapping[str, str]) -> Reply:
        number, facts = self._find(_DEVICE, form.get("device_code", ""))
        if not number:
            raise self._refused("invalid_grant", "incorrect_device_code")
        keys = {"name": _digest(form["device_code"])}
        early = self._clock() - facts["asked"] < self._settings.device_interval * 0.9
        facts = {**facts, "asked": self._clock(), "polls": facts["polls"] + 1}
        self._records.replace(_DEVICE, number, facts, keys)
        if early and facts["polls"] > 1:
            return self._refusal("slow_down", "slow_down", 403)
        if not self._settings.consents:
            return self._refusal("access_denied", "access_denied", 403)
        if facts["polls"] <= self._settings.device_polls:
            return self._refusal("authorization_pending", "authorization_pending", 428)
        self._records.remove(_DEVICE, number)
        return self._tokens(facts, offline=True)

    # Who it is, and the end

    def user(self, request: Request) -> Reply:
        """Ada."""
        number, access = self._find(_ACCESS, request.bearer or "")
        if not number or (access["until"] and self._clock() >= access["until"]):
            raise Refused(
                Reply(401, {"error": "invalid_token", "error_description": "Invalid Credentials"})
                if self._service == "google"
                else Reply(401, {"message": "Bad credentials", "status": "401"})
            )
        if self._service == "github":
            return Reply(200, {"id": 1815, "login": "ada", "name": "Ada Lovelace", "email": None})
        who: dict[str, Any] = {"sub": "118150000000000000000"}
        if "profile" in access["scopes"]:
            who |= {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace"}
        if "email" in access["scopes"]:
            who |= {"email": "ada@example.com", "email_verified": True}
        return Reply(200, who)

    def revoke(self, request: Request) -> Reply:
        """Take a token back, and with it all of its consent."""
        token = (request.form().get("token") or [""])[0]
        for kind in (_REFRESH, _ACCESS):
            number, grant = self._find(kind, token)
            if number:
                self._forget(grant["grant_id"])
                self._ledger.append("revoked", grant["client_id"], {})
                return Reply(200, {})
        return Reply(400, {"error": "invalid_token", "error_description": "Token expired or revoked"})

    def delete_grant(self, request: Request) -> Reply:
        """204: the consent is over, with all of its tokens."""
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        try:
            client, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client = secret = ""
        if scheme.lower() != "basic" or client != request.params["client"] or not _is_secret(secret):
            return Reply(404, {"message": "Not Found", "status": "404"})
        body = request.json()
        token = body.get("access_token") if isinstance(body, dict) else None
        number, grant = self._find(_ACCESS, token if isinstance(token, str) else "")
        if not number:
            return Reply(422, {"message": "Validation Failed", "status": "422"})
        self._forget(grant["grant_id"])
        self._ledger.append("revoked", client, {})
        return Reply(204)

    # What it keeps

    def _new(self, kind: str, facts: Mapping[str, Any]) -> str:
        starts = {
            "google": {_CODE: "4/0A", _ACCESS: "ya29.", _REFRESH: "1//0", _DEVICE: "AH-1Ng"},
            "github": {_CODE: "", _ACCESS: "ghu_", _REFRESH: "ghr_", _DEVICE: ""},
        }
        text = starts[self._service][kind] + secrets.token_hex(20)
        facts = {"grant_id": secrets.token_hex(8), **facts, "service": self._service}
        self._records.add(kind, facts, {"name": _digest(text), "grant": facts["grant_id"]})
        return text

    def _find(self, kind: str, text: str) -> tuple[int, dict[str, Any]]:
        """Return the record of a code or token of this provider; 0 without one."""
        for number in self._records.find(kind, "name", _digest(text)):
            facts = self._records.get(kind, number)
            if facts and facts["service"] == self._service:
                return number, facts
        return 0, {}

    def _forget(self, grant_id: str) -> None:
        for kind in (_ACCESS, _REFRESH):
            for number in self._records.find(kind, "grant", grant_id):
                self._records.remove(kind, number)

    def _refused(self, google: str, github: str, *, status: int = 400) -> Refused:
        return Refused(self._refusal(google, github, status))

    def _refusal(self, google: str, github: str, status: int) -> Reply:
        code = google if self._service == "google" else github
        body = {"error": code, "error_description": _MESSAGES.get(code, code)}
        if self._service == "google":
            return Reply(status, body)
        return Reply(200, {**body, "error_uri": "https://docs.github.com/apps"})


def _redirect(redirect: str, answer: Mapping[str, str]) -> Reply:
    between = "&" if "?" in redirect else "?"
    return Reply(302, None, {"location": redirect + between + urlencode(answer)})


def _is_secret(text: str) -> bool:
    return bool(text) and not text.startswith("wrong")


def _fits(challenge: str, verifier: str) -> bool:
    """RFC 7636, 4.6."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge) if challenge else not verifier


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
