"""Signature Version 4 as a service checks it: in headers, or in the query of a signed URL.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from mill.twins.message import Request

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
MOST_SKEW = 900  # seconds
LONGEST = 7 * 86_400
_HEADER = re.compile(rf"{ALGORITHM} Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)")


class BadSignature(Exception):
    """Why a request is refused: the service's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign, and for which region."""

    access_key: str
    secret_key: str
    session_token: str
    region: str


@dataclass(frozen=True, slots=True)
class _Claim:
    credential: str
    names: str
    signature: str
    stamp: str
    payload: str
    token: str
    expires: int | None


def verify(request: Request, account: Account, now: float) -> None:
    """Raise BadSignature unless the account signed this very request, and the signature is still good."""
    claim = _of_query(request.query) if "X-Amz-Algorithm" in request.query else _of_headers(request.headers)
    if claim.payload.startswith("STREAMING-"):
        raise BadSignature("NotImplemented")
    access_key, _, scope = claim.credential.partition("/")
    if access_key != account.access_key:
        raise BadSignature("InvalidAccessKeyId")
    if scope.split("/")[1:2] != [account.region]:
        raise BadSignature("AuthorizationHeaderMalformed")
    if scope != f"{claim.stamp[:8]}/{account.region}/s3/aws4_request":
        raise BadSignature("SignatureDoesNotMatch")
    _check_time(claim, now)
    if account.session_token and claim.token != account.session_token:
        raise BadSignature("ExpiredToken" if claim.token else "AccessDenied")
    names = claim.names.split(";")
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in names]
    if "host" not in names or unsigned:
        raise BadSignature("AccessDenied")
    if not hmac.compare_digest(_signature(request, claim, scope, account), claim.signature):
        raise BadSignature("SignatureDoesNotMatch")
    if claim.payload not in {UNSIGNED, hashlib.sha256(request.body).hexdigest()}:
        raise BadSignature("XAmzContentSHA256Mismatch")


def _of_headers(headers: Mapping[str, str]) -> _Claim:
    found = _HEADER.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise BadSignature("AccessDenied")
    payload = headers.get("x-amz-content-sha256", "")
    if not payload:
        raise BadSignature("MissingSecurityHeader")
    stamp, token = headers.get("x-amz-date", ""), headers.get("x-amz-security-token", "")
    return _Claim(found[1], found[2], found[3], stamp, payload, token, None)


def _of_query(query: Mapping[str, str]) -> _Claim:
    expires = query.get("X-Amz-Expires", "")
    if query["X-Amz-Algorithm"] != ALGORITHM or not expires.isdigit() or not 1 <= int(expires) <= LONGEST:
        raise BadSignature("AuthorizationQueryParametersError")
    return _Claim(
        query.get("X-Amz-Credential", ""),
        query.get("X-Amz-SignedHeaders", ""),
        query.get("X-Amz-Signature", ""),
        query.get("X-Amz-Date", ""),
        UNSIGNED,
        query.get("X-Amz-Security-Token", ""),
        int(expires),
    )


def _check_time(claim: _Claim, now: float) -> None:
    try:
        at = calendar.timegm(time.strptime(claim.stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise BadSignature("AccessDenied") from error
    if claim.expires is None:
        if abs(now - at) > MOST_SKEW:
            raise BadSignature("RequestTimeTooSkewed")
    elif now > at + claim.expires:
        raise BadSignature("AccessDenied")  # "Request has expired"
    elif at > now + MOST_SKEW:
        raise BadSignature("AccessDenied")


def _signature(request: Request, claim: _Claim, scope: str, account: Account) -> str:
    path = urlsplit(request.url).path + request.path
    query = sorted(
        (quote(name, safe="-._~"), quote(value, safe="-._~"))
        for name, value in request.query.items()
        if name != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in claim.names.split(";")
    )
    canonical = "\n".join(
        (
            request.method,
            quote(unquote(path), safe="/-._~"),
            "&".join(f"{name}={value}" for name, value in query),
            headers,
            claim.names,
            claim.payload,
        )
    )
    key = f"AWS4{account.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{claim.stamp}\n{scope}\n{hashed}"
    return hmac.digest(key, text.encode(), "sha256").hex()
