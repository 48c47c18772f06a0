"""A Stripe account in the hands of a job: objects read, lists walked, and writes that happen once.

Stripe knows an idempotency key for at least 24 hours. Until then a write whose answer was lost is sent again
under its first key, which does nothing a second time. After that it is looked up, by the mark in its metadata
or by the state it leads to, and sent only if it is not there. It is looked up in lists, which are never late,
and not by search, which is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from f.connect.calls.reply_reader import id_of, unreadable
from f.connect.calls.urls import normal_url
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown
from f.payments.stripe.client import (
    KEY_SECONDS,
    integration_of,
    is_test_key,
    read_request,
    write_request,
)
from f.payments.stripe.fields import MARK, object_in
from f.payments.stripe.replies import list_of, object_of
from f.store.once import Attempt, Candidate, OneTimeWrite, send_once
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.store.store import Store

Outcome = Literal["done", "already_done"]
MOST_AT_A_TIME = 100  # https://docs.stripe.com/api/pagination
_CLOCKS_DIFFER = 600  # seconds, between the store's clock and Stripe's
_MOST_LOOKED_AT = 2_000  # objects of a few minutes; more cannot be looked through in reasonable time


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write. `path`: where it goes; `collection` and `kind`: what comes of it, "customers", "customer".

    `key`: what a second run is known by, see `Account.key`; empty: every run writes. `inputs`: what it must
    have in common with the first where the key does not hold it. Without `reached` it makes an object, which
    is marked, and made anew if it is gone since and `remade`; with it, it brings the object `target` into a
    state `reached` knows.
    """

    path: str
    collection: str
    kind: str
    noun: str
    params: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    inputs: tuple[object, ...] = ()
    method: str = "POST"
    target: str = ""
    reached: Callable[[Mapping[str, Any]], bool] | None = None
    remade: bool = False
    expand: tuple[str, ...] = ()
    list_filter: Mapping[str, Any] = field(default_factory=dict)


class Written(NamedTuple):
    """The object as it is now, and whether this run did it or one before."""

    object: dict[str, Any]
    outcome: Outcome


class Listed(NamedTuple):
    """Objects of a list, and whether there are more."""

    objects: list[dict[str, Any]]
    has_more: bool


@contextmanager
def open_account(
    resource: Mapping[str, Any], store: Store, *, headers: Mapping[str, str] | None = None
) -> Iterator[Account]:
    """Open the account a resource names; FixSettings says what is wrong with the resource.

    `headers`: of every call, such as the Stripe-Account that a platform asks about.
    """
    integration = integration_of(resource)
    sent = {**integration.default_headers, **(headers or {})}
    with Client(replace(integration, default_headers=sent), store) as client:
        mode = "test" if is_test_key(resource) else "live"
        yield Account(client, store, f"{normal_url(client.integration.base_url)} {mode}")


class Account:
    """See `open_account`. `place` is what keys hold of it: it outlives the key that signs it in."""

    def __init__(self, client: Client, store: Store, place: str) -> None:
        self._client, self._store, self._place = client, store, place

    def key(self, operation: str, *parts: object) -> str:
        """Return what a second run of a write is known by."""
        return key_of("stripe", self._place, operation, *parts)

    def read(self, path: str, kind: str, expand: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return one object; FixInput if there is none."""
        return object_of(
            self._request(read_request(path, {"expand": list(expand)} if expand else None)), kind
        )

    def search(self, collection: str, query: str) -> list[dict[str, Any]]:
        """Return what Stripe's search knows, which is up to a minute old; 100 at most."""
        params = {"query": query, "limit": MOST_AT_A_TIME}
        return list_of(self._request(read_request(f"{collection}/search", params)))[0]

    def listed(self, path: str, params: Mapping[str, Any], limit: int, after: str = "") -> Listed:
        """Return up to `limit` objects of a list, newest first, behind the one whose id is `after`."""
        found: list[dict[str, Any]] = []
        while True:
            page = {
                **params,
                "limit": min(MOST_AT_A_TIME, limit - len(found)),
                "starting_after": after or None,
            }
            response = self._request(read_request(path, page))
            objects, has_more = list_of(response)
            found += objects[: limit - len(found)]
            if not has_more or len(found) >= limit:
                return Listed(found, has_more)
            after = _next(response, objects, after)

    def write(self, write: Write) -> Written:
        """Carry a write out once and return its object as it is now.

        Raises what the reply means; OutcomeUnknown if nobody can tell whether it was applied.
        """
        sent: list[dict[str, Any]] = []

        def send(attempt: Attempt) -> str:
            sent.append(self._send(write, attempt))
            return id_of(sent[-1]["id"])

        receipt = send_once(
            self._store,
            write.key,
            OneTimeWrite(
                send,
                look_up=lambda attempt: self._look_up(write, attempt),
                repeat_safe=True,
                mark_seconds=KEY_SECONDS,
                is_answer=_is_answer if write.method == "POST" else None,
                inputs=key_of(*write.inputs)[:16] if write.inputs else "",
                noun=write.noun,
                key_input="request_key",
            ),
        )
        if sent:
            return Written(sent[-1], "done")
        outcome: Outcome = "done" if receipt.status == "sent" else "already_done"
        found = self._again(write, receipt.id)
        if found is None:
            return self.write(replace(write, key=key_of(write.key, receipt.id)))
        return Written(found, outcome)

    def _send(self, write: Write, attempt: Attempt) -> dict[str, Any]:
        params = dict(write.params)
        if write.reached is None:
            params["metadata"] = {**object_in(params.get("metadata")), MARK: attempt.mark}
        if write.expand:
            params["expand"] = list(write.expand)
        request = write_request(write.path, params, attempt.mark, method=write.method)
        return object_of(self._request(replace(request, permit=attempt.permit)), write.kind)

    def _look_up(self, write: Write, attempt: Attempt) -> list[Candidate]:
        if write.reached is not None:
            found = self.read(f"{write.collection}/{write.target}", write.kind)
            return [Candidate(id_of(found["id"]))] if write.reached(found) else []
        span = {
            "gte": int(attempt.since) - _CLOCKS_DIFFER,
            "lte": int(attempt.until) + _CLOCKS_DIFFER,
        }
        page = self.listed(write.collection, {**write.list_filter, "created": span}, _MOST_LOOKED_AT)
        ours = [one for one in page.objects if object_in(one.get("metadata")).get(MARK) == attempt.mark]
        if not ours and page.has_more:
            raise OutcomeUnknown(
                f"Stripe has more than {_MOST_LOOKED_AT:,} {write.collection} of these minutes. Look there "
                f"for the metadata {MARK}={attempt.mark}.",
                code="too_many_to_look_up",
            )
        return [Candidate(id_of(one.get("id"))) for one in ours]

    def _again(self, write: Write, found: str) -> dict[str, Any] | None:
        """Return what an earlier run made. It is not there if it was deleted, or made in another account.

        None if it is to be made anew.
        """
        try:
            there = self.read(f"{write.collection}/{found}", write.kind, write.expand)
        except FixInput as error:
            if error.status != 404:
                raise
            if write.remade:
                return None
            raise FixInput(
                f"This request_key made {found}, which this account does not have: it was made in another "
                "account, or deleted. Use another request_key.",
                code="key_used_elsewhere",
            ) from error
        return None if write.remade and there.get("deleted") is True else there

    def _request(self, request: Request) -> Response:
        return self._client.request(request)


def _is_answer(error: ConnectError) -> bool:
    """Return whether an error is Stripe's answer to the key: the same key gets the first answer again."""
    if not isinstance(error, GiveUpRecord | FixInput) or error.code == "idempotency_error":
        return False
    return error.status in {400, 402, 404}


def _next(response: Response, objects: list[dict[str, Any]], after: str) -> str:
    """Return the id the next page begins behind. A page that leads nowhere ends the walk with an error."""
    last = id_of(objects[-1].get("id")) if objects else ""
    if not last or last == after:
        raise unreadable(response, "Stripe", "the page that it says is next")
    return last
