"""Sends what a person asks for in a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f.connect.by_hand.call import CallResult, explain, preview_of, request_of, result_of
from f.connect.by_hand.paging import MOST_PAGES, MOST_ROWS, pager_of, read_pages
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown
from f.connect.integration import resolve_url, script_path
from f.connect.integration_resource import PURPOSE, integration_of
from f.store.stores import open_store

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response

_SHOWN_BYTES = 1_000_000  # of an answer: a result of Windmill's cloud may have 2 MB
_SHOWN_ROWS = 100  # in a page for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the form holds; `paging` "no" is one call."""

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, Any] | None = None
    body: Any = None
    idempotency_key: str = ""
    paging: str = "none"
    rows_at: str = ""
    next_at: str = ""
    next_param: str = ""
    page_size: int = 100
    max_rows: int = 1000
    max_pages: int = 20
    fail_if_refused: bool = True
    dry_run: bool = False


def carry_out(
    wish: Wish, resource: Mapping[str, Any] | None, database: Mapping[str, object] | None
) -> CallResult:
    """Return what became of the call; raises what went wrong with it.

    Unless `fail_if_refused`, what the API refused is a result, too.
    """
    request = request_of(
        wish.method,
        wish.path,
        params=wish.params,
        headers=wish.headers,
        body=wish.body,
        idempotency_key=wish.idempotency_key,
    )
    is_paged = wish.paging not in {"", "none"}
    _check(wish, request, is_paged=is_paged)
    with open_store(database, PURPOSE) as store, Client(integration_of(resource), store) as client:
        if wish.dry_run:
            return _dry_run(request, client)
        if is_paged:
            return _paged(wish, request, client)
        response = client.request(request)
    result = result_of(response, shown_bytes=_SHOWN_BYTES)
    if wish.fail_if_refused and result["outcome"] in {"refused", "in_doubt"}:
        raise _error_of(response)
    return result


def _check(wish: Wish, request: Request, *, is_paged: bool) -> None:
    for name, value, most in (
        ("max_rows", wish.max_rows, MOST_ROWS),
        ("max_pages", wish.max_pages, MOST_PAGES),
        ("page_size", wish.page_size, MOST_ROWS),
    ):
        if not 1 <= value <= most:
            raise FixInput(f"{name} is {value}, and must be from 1 to {most:,}.", code="bad_argument")
    if is_paged and request.method != "GET":
        raise FixInput("Only a GET is read page by page. Set paging to none.", code="bad_paging")


def _dry_run(request: Request, client: Client) -> CallResult:
    integration = client.integration
    where = integration.base_url
    # A script answers at an address that only this job has; its name says more.
    base_url = where if script_path(where) else resolve_url(where)
    shown = preview_of(request, integration, base_url)
    notes = []
    if client.breaker.status() == "open":
        notes.append("The circuit breaker is open: now it would not be sent.")
    mode = client.mode_of(request)
    if mode == "mock":
        notes.append("The mode is mock: the stand-in would answer, without the credential.")
    elif mode == "hybrid" and request.is_read:
        notes.append("The mode is hybrid: the stand-in would answer if the API were down.")
    if not request.is_read and not request.may_repeat:
        notes.append("Without an idempotency_key it is sent once: if the answer is lost, that is in doubt.")
    return CallResult(
        outcome="not_sent",
        message=" ".join(["Nothing was sent: this is a dry run.", *notes]),
        call=f"{shown['method']} {shown['url'].partition('?')[0]}",
        status=None,
        headers={},
        body=None,
        rows=None,
        pages=0,
        more=False,
        milliseconds=None,
        attempts=0,
        request_id="",
        request=shown,
    )


def _paged(wish: Wish, request: Request, client: Client) -> CallResult:
    pager = pager_of(
        wish.paging,  # type: ignore[arg-type]  # pager_of refuses what is none
        rows_at=wish.rows_at,
        next_at=wish.next_at,
        next_param=wish.next_param,
        page_size=wish.page_size,
    )
    rows, last, count, more = read_pages(
        client.request,
        request,
        pager,
        base_url=resolve_url(client.integration.base_url),
        rows_at=wish.rows_at,
        max_rows=wish.max_rows,
        max_pages=wish.max_pages,
    )
    result = result_of(last, shown_bytes=0)
    are = "There are more: raise max_rows or max_pages." if more else "That is all."
    result["message"] = (
        f"{last.call} gave {len(rows):,} row{'' if len(rows) == 1 else 's'} on {count} "
        f"page{'' if count == 1 else 's'}. {are}"
    )
    result["body"], result["rows"], result["pages"], result["more"] = None, rows, count, more
    return result


def _error_of(response: Response) -> ConnectError:
    """Return what a refusal, or an answer that proves nothing, means for who goes on from here."""
    outcome, message = explain(response)
    if outcome == "in_doubt":
        return _like(response, OutcomeUnknown(message, repeat_safe=response.request.may_repeat))
    try:
        response.raise_for_status()
    except ConnectError as error:
        return _like(response, type(error)(message, code=error.code))
    return _like(response, GiveUpRecord(message))


def _like(response: Response, error: ConnectError) -> ConnectError:
    error.code = error.code or f"http_{response.status}"
    error.call, error.status, error.request_id = response.call, response.status, response.request_id
    error.attempts = response.attempts
    return error


def page_of(result: CallResult) -> dict[str, Any]:
    """Return the result as people see it: what it proves, then the rows as a table, or the answer."""
    facts = f"**{result['message']}**"
    items: list[dict[str, Any]] = [{"md": facts}]
    if result["request"] is not None:
        items.append({"request": result["request"]})
    rows = result["rows"] if result["rows"] is not None else result["body"]
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        if len(rows) > _SHOWN_ROWS:
            items[0] = {"md": f"{facts} The first {_SHOWN_ROWS} are shown; as_data has all."}
        items.append({"table-row-object": rows[:_SHOWN_ROWS]})
    elif rows is not None:
        items.append({"answer": rows})  # under a name of ours: the API's own might be shown as a page
    return {"render_all": items}
