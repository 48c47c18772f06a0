"""A GraphQL endpoint: its resource, and operations as requests.

https://graphql.github.io/graphql-over-http/draft/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from f.connect.calls.message import IDEMPOTENCY_HEADER, Request
from f.connect.errors import FixSettings
from f.connect.integration import BearerToken, Integration, NoAuth, url_faults
from f.connect.redact import is_secret_name, remember

if TYPE_CHECKING:
    from f.graphql.queries.document import OperationKind

ACCEPT = "application/graphql-response+json, application/json;q=0.9"
BATCHING = ("auto", "array", "aliases", "single")

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")


class graphql(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A GraphQL API, as Windmill's own resource type has it, and what few servers need.

    `base_url` is the whole address of the endpoint. `ws_url`: where subscriptions go, if it is another.
    `batching`: auto, array, aliases or single. `idempotency_header`: the header by which this server knows a
    mutation again, if it does.
    """

    base_url: str
    bearer_token: str
    custom_headers: dict[str, str]
    ws_url: str
    batching: str
    idempotency_header: str


def integration_of(resource: Mapping[str, Any]) -> tuple[Integration, str]:
    """Return the endpoint's server as the connection layer sees it, and the endpoint's path there.

    FixSettings for what is missing or wrong.
    """
    url = _text(resource, "base_url")
    if not url:
        raise FixSettings(
            "The GraphQL resource has no base_url: give the address of the endpoint.", code="bad_settings"
        )
    token = token_of(resource)
    base, path = _parted(url)
    return (
        Integration(
            name="graphql",
            base_url=base,
            authentication=BearerToken(token=token) if token else NoAuth(),
            default_headers=headers_of(resource),
        ),
        path,
    )


def _parted(url: str) -> tuple[str, str]:
    """Return server and path: a slash at the end of an endpoint's path counts."""
    if faults := list(url_faults("base_url", url)):
        raise FixSettings(f"The GraphQL resource: {'; '.join(faults)}.", faults=faults, code="bad_settings")
    if url.startswith("/"):
        return url, ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")


def headers_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the resource's own headers; the values of those that are secrets are masked from now on."""
    given = resource.get("custom_headers") or {}
    if not isinstance(given, Mapping):
        raise FixSettings(
            "custom_headers must be an object: a value under each header's name.", code="bad_settings"
        )
    headers: dict[str, str] = {}
    for name, value in given.items():
        if not _HEADER.fullmatch(str(name)) or not isinstance(value, str | int | float):
            raise FixSettings(
                "custom_headers holds what is no header: names and texts only.", code="bad_settings"
            )
        headers[str(name)] = str(value)
        if is_secret_name(str(name)):
            remember(str(value))
    return headers


def token_of(resource: Mapping[str, Any]) -> str:
    """Return the bearer token, empty if there is none."""
    token = _text(resource, "bearer_token").strip()
    if any(character in token for character in "\r\n") or not token.isascii():
        raise FixSettings("bearer_token must be one line of ASCII.", code="bad_settings")
    remember(token)
    return token


def batching_of(resource: Mapping[str, Any]) -> str:
    """Return how several queries are to be sent: auto, array, aliases or single."""
    chosen = _text(resource, "batching") or "auto"
    if chosen not in BATCHING:
        raise FixSettings(f"batching must be one of {', '.join(BATCHING)}.", code="bad_settings")
    return chosen


def idempotency_header_of(resource: Mapping[str, Any]) -> str:
    """Return the name of the header by which the server knows a mutation again, empty if there is none."""
    name = _text(resource, "idempotency_header").strip()
    if name and not _HEADER.fullmatch(name):
        raise FixSettings("idempotency_header must be the name of a header.", code="bad_settings")
    return name


def _text(resource: Mapping[str, Any], name: str) -> str:
    value = resource.get(name) or ""
    if not isinstance(value, str):
        raise FixSettings(f"{name} of the GraphQL resource must be a text.", code="bad_settings")
    return value


def request_of(path: str, body: Any, kind: OperationKind = "query") -> Request:
    """Return the request for an operation, or for a list of queries. A mutation goes by POST, as all do."""
    reads = kind != "mutation"
    return Request(
        method="POST",
        path=path,
        json=body,
        headers={"Accept": ACCEPT},
        reads=reads,
        repeatable=True if reads else None,
    )


def with_key(request: Request, key: str, header: str) -> Request:
    """Return a mutation's request with its key under the header that the server reads, if it reads one."""
    if not header:
        return request
    if header.lower() == IDEMPOTENCY_HEADER.lower():
        return replace(request, idempotency_key=key)
    return replace(request, headers={**(request.headers or {}), header: key}, repeatable=True)
