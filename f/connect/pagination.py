"""Walks through a list that comes page by page; lazy, and sure to end.

A pager reads a response and states the next request; it never sends. A page whose token or link was
seen before ends the walk with an error instead of running for ever.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from urllib.parse import urljoin

from f.connect.calls.message import Request, Response
from f.connect.errors import FixSettings

Next = Request | None
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_REL_NEXT = re.compile(r"""rel\s*=\s*("[^"]*\bnext\b[^"]*"|'[^']*\bnext\b[^']*'|next\b)""", re.IGNORECASE)


class Pager(Protocol):
    """States the request for the page after `response`, or None after the last."""

    def __call__(self, response: Response) -> Next:
        """Read one page; nothing is sent."""


def pages(send: Callable[[Request], Response], first: Request, pager: Pager) -> Iterator[Response]:
    """Yield page after page, each fetched when asked for; one that failed raises what its status means."""
    request: Next = first
    seen: set[str] = set()
    while request is not None:
        mark = repr((request.path, sorted((request.params or {}).items()), request.json))
        if mark in seen:
            raise FixSettings(
                f"The list at {first!r} leads back to an earlier page: the service repeats its page token.",
                code="pages_repeat",
            )
        seen.add(mark)
        response = send(request).raise_for_status()
        yield response
        request = pager(response)


def items(responses: Iterator[Response], path: str) -> Iterator[Any]:
    """Yield the elements of the list at `path` ("results", "data.items", "" for the body) of every page."""
    for response in responses:
        found = at(response.json, path)
        if not isinstance(found, list):
            raise FixSettings(
                f"{response.call} answered without a list at {path or 'the top'!r}.", code="no_list"
            )
        yield from found


def at(value: Any, path: str) -> Any:
    """Return what lies at a dotted path of a JSON value, None if there is nothing."""
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


def by_cursor(token_at: str, param: str) -> Pager:
    """Send the token found at `token_at` of a page as parameter `param` of the next; none or empty ends."""

    def following(response: Response) -> Next:
        token = at(response.json, token_at)
        return _with(response.request, {param: token}) if token not in (None, "", False) else None

    return following


def by_link(url_at: str | None = None) -> Pager:
    """Follow the URL found at `url_at`, or the Link header's rel=next (RFC 8288)."""

    def following(response: Response) -> Next:
        url = (
            at(response.json, url_at) if url_at is not None else _next_link(response.headers.get("Link", ""))
        )
        if not url:
            return None
        try:
            path = urljoin(response.url, str(url))
        except ValueError as error:
            raise FixSettings(
                f"{response.call} names a next page that is not a URL.", code="bad_link"
            ) from error
        return dataclasses.replace(response.request, path=path, params=None)

    return following


def by_offset(list_at: str, *, limit: int, offset_param: str = "offset", limit_param: str = "limit") -> Pager:
    """Ask for `limit` more after as many as came; a page with fewer is the last."""

    def following(response: Response) -> Next:
        count = len(at(response.json, list_at) or ())
        params = response.request.params or {}
        if count < int(params.get(limit_param, limit)):
            return None
        return _with(
            response.request, {offset_param: int(params.get(offset_param, 0)) + count, limit_param: limit}
        )

    return following


def by_page(list_at: str, *, param: str = "page", first: int = 1) -> Pager:
    """Ask for page after page until one is empty."""

    def following(response: Response) -> Next:
        if not at(response.json, list_at):
            return None
        return _with(response.request, {param: int((response.request.params or {}).get(param, first)) + 1})

    return following


def _with(request: Request, params: dict[str, Any]) -> Request:
    return dataclasses.replace(request, params={**(request.params or {}), **params})


def _next_link(header: str) -> str | None:
    return next((url for url, rest in _LINK.findall(header) if _REL_NEXT.search(rest)), None)
