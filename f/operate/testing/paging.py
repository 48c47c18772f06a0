"""How a list goes on, found out from its first page: nobody has to say it. Pure.

Link: <https://...?page=2>; rel="next"                            RFC 8288
{"next": "https://..."}, {"links": {"next": ...}}, {"next_page_uri": "/..."}, {"nextRecordsUrl": "/..."}
{"next_cursor": "x"}, {"paging": {"next": {"after": "x"}}}, {"response_metadata": {"next_cursor": "x"}}
{"has_more": true, "data": [{"id": "x"}]}                         the last id is where the next page begins
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError
from f.connect.pagination import at, by_cursor, by_link

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.pagination import Pager

_LINKS_AT = ("next", "links.next", "_links.next.href", "next_page_uri", "nextRecordsUrl", "paging.next.link")
_CURSORS_AT = (  # where it stands, and the parameter that takes it
    ("next_cursor", "cursor"),
    ("paging.next.after", "after"),
    ("response_metadata.next_cursor", "cursor"),
    ("meta.next_cursor", "cursor"),
    ("nextPageToken", "pageToken"),
    ("next_page_token", "page_token"),
    ("cursor", "cursor"),
)


def pager_of(first: Response, items_at: str, id_at: str) -> Pager:
    """Return what states the request for the next page, as this page suggests; with no hint there is none."""
    try:
        body = first.json
    except (ConnectError, RecursionError):
        return _none
    for place, parameter in _CURSORS_AT:
        token = at(body, place)
        if isinstance(token, str | int) and not isinstance(token, bool) and token != "":
            return by_cursor(place, parameter)
    for place in _LINKS_AT:
        link = at(body, place)
        if isinstance(link, str) and ("/" in link or "?" in link):
            return by_link(place)
    if "next" in first.headers.get("Link", ""):
        return by_link()
    if at(body, "has_more") is True:
        return _after_last_id(items_at, id_at)
    return _none


def _none(response: Response) -> None:
    del response


def _after_last_id(items_at: str, id_at: str) -> Pager:
    def following(response: Response) -> Request | None:
        items: Any = at(response.json, items_at)
        last = items[-1] if isinstance(items, list) and items else None
        known = last.get(id_at) if isinstance(last, dict) else None
        if known is None:
            return None
        params = {**(response.request.params or {}), "starting_after": known}
        return replace(response.request, params=params)

    return following
