"""From a Request to the bytes of one attempt: URL, headers, body. Pure; nothing here knows a credential."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import orjson

from f.connect.calls.message import Outgoing, Request
from f.connect.errors import FixInput, FixSettings

USER_AGENT = "millwright"
IDEMPOTENCY_HEADER = "Idempotency-Key"
# What json.dumps does not write, orjson shall not write either.
_ONLY_JSON = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_DEFAULT_PORTS = {"http": 80, "https": 443}

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.~:@!$&'()*+,;=?%-]*")
_UNFIT_FOR_HEADER = re.compile(r"[\r\n\0]")
_DOT_SEGMENT = re.compile(r"(^|/)\.\.?(/|\?|$)")


def base_headers(default_headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers every request of an integration starts from."""
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
    }
    return merge_headers(headers, default_headers)


def merge_headers(headers: dict[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` overlaid by `more`; names compare without case."""
    spelled = {name.lower(): name for name in headers}
    merged = dict(headers)
    for name, value in more.items():
        if _UNFIT_FOR_HEADER.search(name) or _UNFIT_FOR_HEADER.search(value):
            raise FixInput(f"The header {name!r} holds a line break; a header must be one line.")
        merged.pop(spelled.get(name.lower(), ""), None)
        merged[name] = value
    return merged


def prepare(request: Request, base_url: str, headers: dict[str, str]) -> Outgoing:
    """Build the attempt of `request`, without credential and request id. FixInput where it cannot be sent."""
    body, content_type = encode_body(request)
    url = target_url(base_url, request.path, request.params)
    mine = dict(headers) if same_origin(url, base_url) else base_headers({})
    if content_type:
        mine["Content-Type"] = content_type
    if request.idempotency_key is not None:
        mine[IDEMPOTENCY_HEADER] = request.idempotency_key
    if request.headers or request.idempotency_key:
        mine = merge_headers(mine, request.headers or {})
        _check_header(mine.get(IDEMPOTENCY_HEADER, ""))
    if body is not None or request.method in {"POST", "PUT", "PATCH"}:
        mine["Content-Length"] = str(len(body or b""))
    return Outgoing(request.method, url, mine, body, request.sink)


def encode_body(request: Request) -> tuple[bytes | None, str | None]:
    """Return the body's bytes and content type: `json` as JSON, a `data` mapping as a form, text as UTF-8."""
    if request.json is not None:
        if request.data is not None:
            raise FixInput("A request has either json or data, not both.")
        return encode_json(request.json), "application/json"
    if request.data is None or isinstance(request.data, bytes):
        return request.data, None
    if isinstance(request.data, str):
        return request.data.encode(), None
    return urlencode(_pairs(request.data)).encode(), "application/x-www-form-urlencoded"


def encode_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; FixInput for what JSON cannot say (NaN, a datetime, half a surrogate pair)."""
    try:
        quick = orjson.dumps(value, option=_ONLY_JSON)
    except TypeError:
        return _encode_strictly(value)
    return _encode_strictly(value) if b"null" in quick else quick  # it writes NaN so, and may mean None


def _encode_strictly(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise FixInput(
            f"The body cannot be written as JSON: {type(error).__name__} in one of its values."
        ) from error


def target_url(base_url: str, path: str, params: Mapping[str, Any] | None) -> str:
    """Join base_url and path, which may be absolute, and add the parameters; None among them is left out."""
    if path.startswith(("http://", "https://")):
        url = path.partition("#")[0]
    else:
        if _DOT_SEGMENT.search(path):
            raise FixInput("The path holds a '..' or '.' segment: quote ids before they go into a path.")
        url = f"{base_url}/{path.lstrip('/')}" if path else base_url
    if not url.isascii() or not _PLAIN_PATH.fullmatch(url):
        url = quote(url, safe="/:@!$&'()*+,;=?%~[]")
    if params and (query := urlencode(_pairs(params))):
        url += ("&" if "?" in url else "?") + query
    return url


def _pairs(fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in fields.items():
        values = value if isinstance(value, list | tuple) else (value,)
        pairs += [
            (name, str(one).lower() if isinstance(one, bool) else one) for one in values if one is not None
        ]
    return pairs


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what a credential belongs to (RFC 6454)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def same_origin(url: str, base_url: str) -> bool:
    """Whether a credential for `base_url` may go to `url`: the same origin."""
    return url.startswith(base_url + "/") or url == base_url or origin(url) == origin(base_url)


def redirected(request: Request, name: str, status: int, url: str, location: str | None) -> str:
    """Return where a read is to be repeated. A write is never redirected by us: FixSettings says so."""
    if not location:
        raise FixSettings(
            f"{name} answered {status} without saying where to go.", code="redirected", status=status
        )
    target = urljoin(url, location)
    parts = urlsplit(target)
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if parts.scheme not in _DEFAULT_PORTS or (url.startswith("https:") and parts.scheme == "http"):
        raise FixSettings(
            f"{name} redirects to {where}, which is not https.", code="redirected", status=status
        )
    if not request.is_read:
        raise FixSettings(
            f"{name} is redirected to {where}; a write is not sent on. "
            "Set base_url to the address it names, if you trust it.",
            code="redirected",
            status=status,
        )
    return target


def _check_header(value: str) -> None:
    if _UNFIT_FOR_HEADER.search(value) or not value.isascii():
        raise FixInput("The idempotency key must be one line of ASCII.")
