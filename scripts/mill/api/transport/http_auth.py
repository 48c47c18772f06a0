"""Who may call a route: API keys, HTTP basic, and the signatures of webhook senders.

Windmill's rules (its `http_trigger_auth`), and its statuses: 400 for what is malformed, missing or out
of time, 401 for what does not match. Every comparison takes constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import PlainTextResponse, Response

from mill.api.transport.replies import Refusal, json_response, to_json
from mill.strict_values import loads

_ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
_ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64uri": lambda digest: base64.urlsafe_b64encode(digest).decode(),
}


class Denied(Refusal):
    """The sender is not who the route lets in; the body is Windmill's `{"error": ...}`."""

    def response(self) -> Response:
        """Return the refusal as Windmill writes it for a route."""
        return Response(
            to_json({"error": str(self)}), self.status, headers=self.headers, media_type="application/json"
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """What a sender claims: the signed text, the signature, and when (None: the sender gives no time)."""

    text: str
    signature: str
    prefix: str = ""
    timestamp: float | None = None
    tolerance: float = 300.0


def check_api_key(settings: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Refuse unless the header that the resource names carries its secret."""
    given = headers.get(_setting(settings, "api_key_header").lower(), "")
    if not _same(given, _setting(settings, "api_key_secret")):
        raise Denied(401, "Unauthorized")


def check_basic(settings: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Refuse unless `Authorization: Basic` carries the resource's user name and password."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    expected = f"{_setting(settings, 'username')}:{_setting(settings, 'password')}"
    # Windmill's own comparison knows only one colon; a password with another never matches there.
    if scheme != "Basic" or expected.count(":") != 1 or not _same(given, expected):
        challenge = {"WWW-Authenticate": 'Basic realm="Restricted Area"'}
        raise Denied(401, "Unauthorized", headers=challenge)


def check_signature(
    settings: Mapping[str, Any], headers: Mapping[str, str], body: str, now: float
) -> Response | None:
    """Refuse unless the body is signed as its provider does; a Response answers the provider's handshake."""
    provider = _setting(settings, "signature_provider")
    secret = _setting(settings, "secret_key")
    if provider == "Zoom" and (challenge := _zoom_challenge(secret, body)) is not None:
        return challenge
    if provider == "Custom":
        return _check_custom(settings, secret, headers, body)
    if provider not in _PROVIDERS:
        known = ", ".join([*_PROVIDERS, "Custom"])
        raise Refusal(400, f"signature_provider {provider} is not one of {known}.")
    signed = _PROVIDERS[provider](headers, body)
    if not _same(signed.signature, signed.prefix + _digest("sha256", "hex", secret, signed.text)):
        raise Denied(401, "signature invalid")
    if signed.timestamp is not None and signed.timestamp < now - signed.tolerance:
        raise Denied(400, "signature timestamp too old")
    if signed.timestamp is not None and signed.timestamp > now + signed.tolerance:
        raise Denied(400, "signature timestamp too far in future")
    return _twitch_challenge(headers, body) if provider == "Twitch" else None


def _check_custom(
    settings: Mapping[str, Any], secret: str, headers: Mapping[str, str], body: str
) -> Response | None:
    config = settings.get("authentication_config")
    if not isinstance(config, dict):
        raise Denied(400, "invalid custom config")
    algorithm, encoding = str(config.get("algorithm")), str(config.get("encoding"))
    if algorithm not in _ALGORITHMS or encoding not in _ENCODINGS:
        raise Denied(400, "invalid custom config")
    given = _header(headers, _setting(config, "signature_header_name"))
    expected = str(config.get("signature_prefix") or "") + _digest(algorithm, encoding, secret, body)
    if not _same(given, expected):
        raise Denied(401, "signature invalid")
    return None


def _github(headers: Mapping[str, str], body: str) -> Signed:
    return Signed(body, _header(headers, "X-Hub-Signature-256"), "sha256=")


def _slack(headers: Mapping[str, str], body: str) -> Signed:
    signature = _header(headers, "X-Slack-Signature")
    time = _header(headers, "X-Slack-Request-Timestamp")
    return Signed(f"v0:{time}:{body}", signature, "v0=", _seconds(time))


def _zoom(headers: Mapping[str, str], body: str) -> Signed:
    signature = _header(headers, "x-zm-signature")
    time = _header(headers, "x-zm-request-timestamp")
    return Signed(f"v0:{time}:{body}", signature, "v0=", _seconds(time))


def _stripe(headers: Mapping[str, str], body: str) -> Signed:
    return _time_and_signature(_header(headers, "Stripe-Signature"), "v1", body)


def _tiktok(headers: Mapping[str, str], body: str) -> Signed:
    return _time_and_signature(_header(headers, "TikTok-Signature"), "s", body)


def _twitch(headers: Mapping[str, str], body: str) -> Signed:
    signature = _header(headers, "Twitch-Eventsub-Message-Signature")
    message = _header(headers, "Twitch-Eventsub-Message-Id")
    time = _header(headers, "Twitch-Eventsub-Message-Timestamp")
    try:
        moment = datetime.fromisoformat(time)
        seconds = moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise Denied(400, "failed to parse timestamp") from error
    if moment.tzinfo is None:
        raise Denied(400, "failed to parse timestamp")
    return Signed(message + time + body, signature, "sha256=", seconds, tolerance=600.0)


_PROVIDERS: dict[str, Callable[[Mapping[str, str], str], Signed]] = {
    "Github": _github,
    "Slack": _slack,
    "Stripe": _stripe,
    "TikTok": _tiktok,
    "Twitch": _twitch,
    "Zoom": _zoom,
}


def _time_and_signature(header: str, key: str, body: str) -> Signed:
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    if "t" not in parts:
        raise Denied(400, "failed to parse timestamp")
    if key not in parts:
        raise Denied(401, "signature invalid")
    return Signed(f"{parts['t']}.{body}", parts[key], timestamp=_seconds(parts["t"]))


def _zoom_challenge(secret: str, body: str) -> Response | None:
    """Zoom's URL validation: it comes unsigned and is answered with its token, signed."""
    try:
        message = loads(body)
        if message["event"] != "endpoint.url_validation":
            return None
        token = message["payload"]["plainToken"]
        signed = _digest("sha256", "hex", secret, token)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return json_response({"plainToken": token, "encryptedToken": signed})


def _twitch_challenge(headers: Mapping[str, str], body: str) -> Response | None:
    if _header(headers, "Twitch-Eventsub-Message-Type") != "webhook_callback_verification":
        return None
    try:
        return PlainTextResponse(loads(body)["challenge"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Denied(400, "invalid challenge response: Twitch") from error


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower())
    if value is None:
        raise Denied(400, f"missing header {name}")
    return value


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdigit()):
        raise Denied(400, "failed to parse timestamp")
    return float(text)


def _setting(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"The route's authentication resource has no {name}: add it to the resource.")
    return value


def _digest(algorithm: str, encoding: str, secret: str, text: str) -> str:
    mac = hmac.new(secret.encode(), text.encode(), _ALGORITHMS[algorithm])
    return _ENCODINGS[encoding](mac.digest())


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
