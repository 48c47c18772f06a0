"""Which checks are made of one API, by what is known of it and what a person allows. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from f.connect.calls.message import Request
from f.connect.integration import is_loopback, script_path
from f.connect.redact import is_secret_name
from f.operate.contracts.known_calls import KnownCalls, calls_of, kind_in
from f.operate.testing.reading import (
    burst_understood,
    credential_accepted,
    credential_refused,
    limits_told,
    list_read,
    needs_collection,
    no_burst,
    not_refused,
    pages_differ,
)
from f.operate.testing.refusals import method_refused, missing_refused, nonsense_refused
from f.operate.testing.writing import not_asked, not_known, writing_checks, writing_of, writing_of_sample

if TYPE_CHECKING:
    from f.operate.services.service import Service
    from f.operate.testing.verdicts import Check

_PREFIX = re.compile(r"(?:[sr]k_(?:test|live)_|xox[a-z]-|SG\.|re_)?")
_PLACES_OF_KEYS = frozenset(
    {"token", "key", "password", "client_secret", "bearer_token", "api_key", "secretKey"}
)
_LIST_PARAMETERS = frozenset({400, 401, 403, 404, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person allows, and knows of an API that we do not. `burst`: calls in a row, 0 for none."""

    write: bool = False
    wrong_credential: bool = False
    burst: int = 0
    list_path: str = ""
    items_at: str = ""
    id_at: str = ""
    sample: Mapping[str, Any] | None = None


def plan(
    service: Service,
    resource: Mapping[str, Any],
    canary: Request | None,
    wishes: Wishes,
    mark: str,
    now: Callable[[], float],
) -> Iterator[Check]:
    """Yield the checks in the order in which they are made; what cannot be tried is one that says why.

    `canary`: None if the service has no call that changes nothing.
    """
    kind = kind_in(service.resource_type, resource)
    known = _with_wishes(calls_of(kind), wishes)
    other = known.missing(resource) if known.missing else None
    yield from _authentication(service, resource, canary, other, wishes)
    yield from _reading(known, resource)
    yield from _refusals(known, resource, canary)
    if canary is not None:
        yield limits_told(canary, now)
        yield burst_understood(canary, wishes.burst) if wishes.burst else no_burst()
    yield from _pagination(known, resource)
    yield from _writing(kind, resource, wishes, mark)


def break_credential(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource with every secret in it wrong, in the form that the service's own have."""

    def broken(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {inner: broken(inner, item) for inner, item in value.items()}
        is_key = isinstance(value, str) and bool(value) and (name in _PLACES_OF_KEYS or is_secret_name(name))
        if not is_key or name in {"token_url", "location"}:
            return value
        prefix = _PREFIX.match(value)
        return f"{prefix[0] if prefix else ''}wrong"

    return {name: broken(name, value) for name, value in resource.items()}


def is_stand_in(resource: Mapping[str, Any]) -> bool:
    """Return whether the resource points at this machine, this Windmill or one of its scripts."""
    address = str(resource.get("base_url") or resource.get("url") or "")
    if address.startswith("/") or script_path(address) is not None:
        return True
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return is_loopback(host)


def _with_wishes(known: KnownCalls, wishes: Wishes) -> KnownCalls:
    if not wishes.list_path:
        return dataclasses.replace(
            known, id_at=wishes.id_at or known.id_at, items_at=wishes.items_at or known.items_at
        )
    path = wishes.list_path

    def page(_: Mapping[str, Any], size: int) -> Request:
        return Request(
            method="GET",
            path=path,
            params={"limit": size},
            endpoint="list",
            caller_reads=_LIST_PARAMETERS,
        )

    return dataclasses.replace(
        known, page=page, pager=None, items_at=wishes.items_at, id_at=wishes.id_at or "id"
    )


def _authentication(
    service: Service,
    resource: Mapping[str, Any],
    canary: Request | None,
    other: Request | None,
    wishes: Wishes,
) -> Iterator[Check]:
    if canary is None:
        return
    yield credential_accepted(service, canary)
    if break_credential(resource) == dict(resource):
        yield not_refused("The resource has no credential.")
    elif wishes.wrong_credential or is_stand_in(resource):
        yield credential_refused(service, service.canary(break_credential(resource)), other)
    else:
        yield not_refused(
            "Not asked for, as services lock accounts for it. Set wrong_credential to send a wrong one."
        )


def _reading(known: KnownCalls, resource: Mapping[str, Any]) -> Iterator[Check]:
    if known.page is None:
        yield needs_collection("reading", "a list can be read", "2xx and a list")
    else:
        yield list_read(known.page(resource, 2), known.items_at, known.id_at)


def _refusals(known: KnownCalls, resource: Mapping[str, Any], canary: Request | None) -> Iterator[Check]:
    if known.missing is not None:
        yield missing_refused(known.missing(resource), known.refused_with)
    if known.page is not None:
        yield nonsense_refused(known.page(resource, 1))
    some = canary or (known.page(resource, 1) if known.page else None)
    if some is not None and some.path:
        yield method_refused(some.path.partition("?")[0])


def _pagination(known: KnownCalls, resource: Mapping[str, Any]) -> Iterator[Check]:
    if known.page is None:
        yield needs_collection("pagination", "two pages have no item in common", "a second page")
    else:
        pager = known.pager() if known.pager else None
        yield pages_differ(known.page(resource, 1), known.items_at, known.id_at, pager)


def _writing(kind: str, resource: Mapping[str, Any], wishes: Wishes, mark: str) -> Iterator[Check]:
    how = writing_of(kind, resource, mark)
    if how is None and wishes.list_path and wishes.sample:
        how = writing_of_sample(wishes.list_path, wishes.sample, wishes.id_at or "id")
    if how is None:
        yield not_known(kind)
    elif not wishes.write:
        yield not_asked()
    else:
        yield from writing_checks(how, mark)
