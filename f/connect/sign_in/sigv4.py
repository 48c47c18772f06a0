"""Signature Version 4 of AWS, which S3 and what speaks its language asks for: headers and URLs signed by us.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Nothing but the standard library is needed. A request is signed anew for each attempt, as a signature is good
for minutes.
"""

# ruff: noqa: D102 - Auth says what its methods are for

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from f.connect.errors import FixInput
from f.connect.redact import digest_of
from f.connect.sign_in.auth import NoCredential, fit_for_header, register
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.calls.exchange import S

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
LONGEST_EXPIRY = 7 * 86_400  # seconds a signed URL may be good for
_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Beside what begins with x-amz-. Not those that a proxy may change on the way.
_SIGNED = frozenset({"host", "content-type", "content-md5", "if-match", "if-none-match"})
_BLANKS = re.compile(r" +")


@dataclass(frozen=True, kw_only=True)
class SigV4:
    """An access key of AWS or of a service that speaks its language; `session_token` of a temporary one."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    session_token: str = field(default="", repr=False)
    service: str = "s3"


class SigV4Auth(NoCredential):
    """Signs each attempt: method, path, query, headers, and the body's hash.

    A request that has no `X-Amz-Content-Sha256` gets that of its body, which then has to be bytes.
    """

    def __init__(self, key: SigV4, *, clock: Clock = REAL) -> None:
        self._key, self._clock = key, clock
        fit_for_header(key.access_key, "accessKey")
        if key.session_token:
            fit_for_header(key.session_token, "sessionToken")
        self._fingerprint = digest_of(
            "sigv4", key.access_key, key.secret_key, key.session_token, key.region, key.service
        )

    def __call__(self, outgoing: S, /) -> S:
        headers: Any = outgoing.headers
        names = {name.lower(): name for name in headers}
        hashed = names.get("x-amz-content-sha256", "X-Amz-Content-Sha256")
        if hashed not in headers:
            headers[hashed] = hashlib.sha256(outgoing.body or b"").hexdigest()
        headers["Host"] = host_of(outgoing.url)
        headers["X-Amz-Date"] = _stamp(self._clock.now())
        if self._key.session_token:
            headers["X-Amz-Security-Token"] = self._key.session_token
        signed = {
            name.lower(): str(value)
            for name, value in headers.items()
            if name.lower() in _SIGNED or name.lower().startswith("x-amz-")
        }
        method = str(getattr(outgoing, "method", "GET"))
        headers["Authorization"] = authorization(
            self._key, method, outgoing.url, signed, headers[hashed], headers["X-Amz-Date"]
        )
        return outgoing

    def fingerprint(self) -> str:
        return self._fingerprint


def teach() -> None:
    """Make SigV4 known to `auth_for`."""
    register(SigV4, lambda settings, _integration, _store: SigV4Auth(settings))


def authorization(
    key: SigV4, method: str, url: str, headers: Mapping[str, str], payload_hash: str, stamp: str
) -> str:
    """Return the value of the Authorization header. `headers` are those to sign; `stamp` is X-Amz-Date."""
    request = canonical_request(method, url, headers, payload_hash)
    return (
        f"{_ALGORITHM} Credential={key.access_key}/{scope_of(key, stamp)}, "
        f"SignedHeaders={_names(headers)}, Signature={_signature(key, request, stamp)}"
    )


def presigned_url(
    key: SigV4,
    method: str,
    url: str,
    *,
    expires: int,
    at: float | None = None,
    headers: Mapping[str, str] | None = None,
    payload_hash: str = UNSIGNED_PAYLOAD,
) -> str:
    """Return `url` with a signature in its query, good for `expires` seconds from `at`.

    Whoever uses it has to send `headers` just as they are here. FixInput for a time that AWS does not allow.
    """
    if not 1 <= expires <= LONGEST_EXPIRY:
        raise FixInput(
            f"A signed URL can be good for 1 to {LONGEST_EXPIRY:,} seconds (7 days), not for {expires:,}.",
            code="bad_expiry",
        )
    stamp = _stamp(time.time() if at is None else at)
    signed = {"host": host_of(url), **{name.lower(): value for name, value in (headers or {}).items()}}
    fields = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{key.access_key}/{scope_of(key, stamp)}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": _names(signed),
    }
    if key.session_token:
        fields["X-Amz-Security-Token"] = key.session_token
    url += ("&" if "?" in url else "?") + query_of(list(fields.items()))
    request = canonical_request(method, url, signed, payload_hash)
    return f"{url}&X-Amz-Signature={_signature(key, request, stamp)}"


def canonical_request(method: str, url: str, headers: Mapping[str, str], payload_hash: str) -> str:
    """Return what the signature is about. The path is encoded already, once, as S3 has it."""
    parts = urlsplit(url)
    lines = (f"{name}:{_BLANKS.sub(' ', headers[name].strip())}\n" for name in sorted(headers))
    return "\n".join(
        (
            method,
            parts.path or "/",
            _canonical_query(parts.query),
            "".join(lines),
            _names(headers),
            payload_hash,
        )
    )


def scope_of(key: SigV4, stamp: str) -> str:
    """Return what a signing key is made for: a day, a region and a service."""
    return f"{stamp[:8]}/{key.region}/{key.service}/aws4_request"


def query_of(fields: Sequence[tuple[str, str]]) -> str:
    """Return a query as it is signed: everything is encoded but A-Z a-z 0-9 - . _ ~, a blank as %20."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in fields)


def path_of(*segments: str) -> str:
    """Return a path as it is signed: as `query_of` encodes, with the slashes left as they are."""
    return "/" + "/".join(quote(segment, safe="/~") for segment in segments if segment)


def host_of(url: str) -> str:
    """Return the Host header for a URL: without the port that its scheme has anyway."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return host if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


def _signature(key: SigV4, request: str, stamp: str) -> str:
    scope = scope_of(key, stamp)
    hashed = hashlib.sha256(request.encode()).hexdigest()
    made = f"AWS4{key.secret_key}".encode()
    for part in scope.split("/"):
        made = hmac.digest(made, part.encode(), "sha256")
    return hmac.digest(made, f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashed}".encode(), "sha256").hex()


def _canonical_query(query: str) -> str:
    pairs = []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        pairs.append((_recoded(name), _recoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _recoded(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="-._~")


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _stamp(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
