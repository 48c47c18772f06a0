"""Stripe's search over customers: a small language, and an index that lags behind what is written.

https://docs.stripe.com/search
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mill.twins.services.stripe.errors import StripeError
from mill.twins.services.stripe.objects import Body, Objects

_FIELDS = ("email", "name", "phone")
_TEXT = r"""(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")"""
_CLAUSE = re.compile(
    rf"\s*(-)?(?:(metadata)\[{_TEXT}\]|([a-z_]+))\s*(:|~|>=|<=|>|<)\s*(?:{_TEXT}|(null|\d+))\s*"
)
_JOIN = re.compile(r"(AND|OR)\s", re.IGNORECASE)
Test = Callable[[Body], bool]


def answer(objects: Objects, asked: Body, lag: float) -> Body:
    """Return the page of a search over customers as they were `lag` seconds ago."""
    test = _parse(asked["query"])
    before = objects.exact - lag
    found = [seen for body in objects.all("customer") if (seen := _seen(body, before)) and test(seen)]
    limit, start = asked.get("limit", 10), _start(asked.get("page"))
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": f"page_{start + limit}" if more else None,
        "url": "/v1/customers/search",
    }


def _seen(body: Body, before: float) -> Body | None:
    """The customer as the index has it."""
    if body.get("deleted"):
        return None
    if body["_changed"] <= before:
        return body
    older: Body | None = body["_before"]
    return older


def _start(page: str | None) -> int:
    number = (page or "page_0").removeprefix("page_")
    if not number.isdigit():
        raise StripeError(400, f"Invalid page: {page}", param="page")
    return int(number)


def _parse(query: str) -> Test:
    """Read clauses with AND between them, or with OR: never both."""
    tests: list[Test] = []
    joins: set[str] = set()
    at = 0
    while True:
        clause = _CLAUSE.match(query, at)
        if clause is None:
            raise _wrong(query)
        tests.append(_test(clause, query))
        at = clause.end()
        if at == len(query):
            break
        join = _JOIN.match(query, at)
        if join is None:
            raise _wrong(query)
        joins.add(join[1].upper())
        at = join.end()
    if len(joins) > 1:
        raise StripeError(400, "You may not mix AND and OR in one query.", param="query")
    whole = any if joins == {"OR"} else all
    return lambda body: whole(test(body) for test in tests)


def _test(clause: re.Match[str], query: str) -> Test:
    negated, is_metadata, key1, key2, field, operator, value1, value2, bare = clause.groups()
    if bare is None:
        wanted: Any = re.sub(r"\\(.)", r"\1", value1 if value1 is not None else value2)
    else:
        wanted = None if bare == "null" else int(bare)
    if is_metadata:
        name = key1 if key1 is not None else key2
        read: Callable[[Body], Any] = lambda body: body["metadata"].get(name)  # noqa: E731 - one of three
    elif field == "created":
        read = lambda body: body["created"]  # noqa: E731 - one of three
    elif field in _FIELDS:
        read = lambda body: body[field]  # noqa: E731 - one of three
    else:
        raise StripeError(400, f"Field `{field}` is an unsupported search field for resource `customers`.")
    compare = _comparison(operator, wanted, is_number=field == "created", query=query)
    return lambda body: compare(read(body)) is not bool(negated)


def _comparison(operator: str, wanted: Any, *, is_number: bool, query: str) -> Callable[[Any], bool]:
    if operator == ":":
        # Texts are compared without regard to case.
        return lambda value: _folded(value) == _folded(wanted)
    if operator == "~" and isinstance(wanted, str) and len(wanted) >= 3:
        return lambda value: isinstance(value, str) and wanted.casefold() in value.casefold()
    if is_number and isinstance(wanted, int) and operator != "~":
        tests = {"<": int.__lt__, ">": int.__gt__, "<=": int.__le__, ">=": int.__ge__}
        return lambda value: tests[operator](value, wanted)
    raise _wrong(query)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _wrong(query: str) -> StripeError:
    message = (
        f"We were unable to parse your search query: {query[:200]}. Try using the format "
        '`metadata["key"]:"value"` to search metadata or key:"value" to search a field.'
    )
    return StripeError(400, message, param="query")
