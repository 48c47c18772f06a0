"""A list that comes in pages, as a person says in a form how it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from f.connect.calls.urls import same_origin
from f.connect.errors import FixInput, FixSettings
from f.connect.pagination import at, by_cursor, by_link, by_offset, by_page, pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.connect.calls.message import Request, Response
    from f.connect.pagination import Next, Pager

Paging = Literal["", "link", "cursor", "offset", "page"]

MOST_ROWS, MOST_PAGES = 100_000, 1_000


def pager_of(paging: Paging, *, rows_at: str, next_at: str, next_param: str, page_size: int) -> Pager:
    """Return what states the next page; FixInput for what is missing.

    link: the header Link, or the address at `next_at`. cursor: what stands at `next_at` goes into the
    parameter `next_param`. offset, page: a number in the parameter `next_param`, or in the one of that name.
    """
    match paging:
        case "link":
            return by_link(next_at or None)
        case "cursor":
            if not next_at or not next_param:
                raise FixInput(
                    "Pages by cursor need next_at, where an answer holds the cursor, such as "
                    "paging.next.after, and next_param, the parameter that takes it, such as after.",
                    code="bad_paging",
                )
            return by_cursor(next_at, next_param)
        case "offset":
            return by_offset(rows_at, limit=page_size, offset_param=next_param or "offset")
        case "page":
            return by_page(rows_at, param=next_param or "page")
    raise FixInput("paging must be link, cursor, offset or page.", code="bad_paging")


def read_pages(
    send: Callable[[Request], Response],
    first: Request,
    pager: Pager,
    *,
    base_url: str,
    rows_at: str,
    max_rows: int,
    max_pages: int,
) -> tuple[list[Any], Response, int, bool]:
    """Return the rows, the last answer, how many pages were read, and whether there are more rows.

    A next page on another host is a FixSettings: a list there is another API's.
    """
    rows: list[Any] = []
    count, more, last = 0, False, None

    def following(response: Response) -> Next:
        request = pager(response)
        if request is not None and "://" in request.path and not same_origin(request.path, base_url):
            raise FixSettings(
                f"{response.call} names a next page on another host. Call that with a resource of its own.",
                code="page_elsewhere",
            )
        return request

    for page in pages(send, first, following):
        last, count = page, count + 1
        found = at(page.json, rows_at)
        if not isinstance(found, list):
            raise FixInput(
                f"{page.call} answered without a list at {rows_at or 'the top'!r}. Say in rows_at where it "
                "stands, such as data or result.items.",
                code="no_list",
            )
        rows += found
        if len(rows) >= max_rows or count >= max_pages:
            more = len(rows) > max_rows or following(page) is not None
            break
    assert last is not None, "there is a first page, or an error"
    return rows[:max_rows], last, count, more
