"""Answers reads from replies that the service allowed to be kept; all else goes through as it is.

    read -> kept and fresh  -> answered, nothing is sent
         -> kept and stale  -> sent with conditions -> 304 -> answered with what was kept
         -> else            -> sent                        -> the reply, kept if it may be
    write -> sent -> nothing of its URL is kept any more, whatever came of it

A reply is only given to who asks in the same words: the same URL, the same credential, the same headers. That
is stricter than what a service says in Vary, which those that serve several tenants tend to forget. What an
`on_attempt` interceptor adds comes later and does not tell replies apart.
"""

# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# requests==2.34.2
# urllib3==2.8.0

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests.structures import CaseInsensitiveDict

from f.connect.cache.replies import Kept, Key, Replies
from f.connect.cache.rules import (
    asked_for,
    conditions,
    goes_through_cache,
    initial_age,
    invalidated_by,
    is_about,
    is_fresh,
    lifetime,
    may_keep,
    own_headers,
    plain_headers,
    renewed,
)
from f.connect.calls.message import Response
from f.connect.calls.urls import same_origin
from f.connect.redact import digest_of
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.connect.calls.effects import Steps
    from f.connect.calls.exchange import Auth, Exchange
    from f.connect.calls.message import Origin, Request
    from f.connect.integration import ResponseCache

NOT_MODIFIED = 304


class CachedExchange:
    """An Exchange with a cache before it. What it answers by itself takes no token and counts as no call."""

    def __init__(
        self, exchange: Exchange, auth: Auth, settings: ResponseCache, *, clock: Clock = REAL
    ) -> None:
        self._exchange, self._auth, self._clock = exchange, auth, clock
        self._replies = Replies(settings.max_entries, settings.max_bytes)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def run(self, request: Request) -> Steps:
        """Carry one request through, or answer it; `source` of the response says which."""
        if not request.is_read:
            return (yield from self._write(request))
        outgoing = self._exchange.prepared(request)
        headers = {name.lower(): text for name, text in outgoing.headers.items()}
        if not goes_through_cache(request, headers):
            return (yield from self._exchange.run(request))
        key = Key(method=request.method, url=outgoing.url, digest=self._digest(headers))
        kept, wishes = self._replies.get(key), asked_for(headers)
        if kept is not None and is_fresh(kept.age_at(self._clock.ticks()), kept.fresh_for, wishes):
            self._count("hits")
            return self._answer(request, key, kept, "cached")
        mark = self._replies.mark()
        response = yield from self._ask(request, key, kept, mark)
        if response.source == "revalidated":
            return response
        self._count("misses")
        if response.status < 500 and response.status != 429:  # else it says nothing of what was kept
            is_answer = response.url == key.url and self._digest(headers) == key.digest
            fresh = self._kept(response, plain_headers(response.headers))
            if is_answer and may_keep(fresh.status, fresh.headers):
                self._replies.keep(key, fresh, mark)
            else:
                self._replies.drop(key)
        return response

    def clear(self) -> None:
        """Keep nothing of what was answered so far."""
        self._replies.clear()

    def stats(self) -> dict[str, int]:
        """Return how many reads were answered how, and how much is kept now."""
        entries, size = self._replies.size()
        with self._lock:
            counts = {name: self._counts[name] for name in ("hits", "revalidated", "misses")}
        return {**counts, "entries": entries, "bytes": size}

    def _ask(self, request: Request, key: Key, kept: Kept | None, mark: int) -> Steps:
        """Return the service's reply, or what was kept if the service says that it has not changed."""
        asked = conditions(kept.headers) if kept is not None else {}
        if kept is None or not asked:
            return (yield from self._exchange.run(request))
        conditional = dataclasses.replace(request, headers={**(request.headers or {}), **asked})
        response = yield from self._exchange.run(conditional)
        response.request = request
        if response.status != NOT_MODIFIED:
            return response
        headers = plain_headers(response.headers)
        # Where a redirect led is another thing, which may call a version of its own by the same name.
        if response.url != key.url or not is_about(kept.headers, headers):
            return (yield from self._exchange.run(request))
        still_good = self._kept(response, renewed(kept.headers, headers), kept)
        if may_keep(still_good.status, still_good.headers):
            self._replies.keep(key, still_good, mark)
        else:
            self._replies.drop(key)
        self._count("revalidated")
        return self._answer(request, key, still_good, "revalidated", response)

    def _write(self, request: Request) -> Steps:
        url, changed = self._exchange.url_of(request), []
        try:
            response = yield from self._exchange.run(request)
            named = invalidated_by(plain_headers(response.headers))
            changed = [other for other in (urljoin(url, one) for one in named) if _is_near(other, url)]
        finally:  # also if its answer was lost, or it was cancelled: it may have been applied
            self._replies.forget([url, *changed])
        return response

    def _digest(self, headers: Mapping[str, str]) -> str:
        return digest_of(self._auth.fingerprint(), own_headers(headers))

    def _kept(self, response: Response, headers: dict[str, str], before: Kept | None = None) -> Kept:
        """Return what to keep of a reply; of a 304, `before` with the headers it then has."""
        received = self._clock.now()
        return Kept(
            status=response.status if before is None else before.status,
            headers=headers,
            body=response.body if before is None else before.body,
            call=response.call,
            request_id=response.request_id,
            age=initial_age(headers, received, response.elapsed),
            since=self._clock.ticks(),
            fresh_for=lifetime(headers, received),
        )

    def _answer(
        self, request: Request, key: Key, kept: Kept, source: Origin, asked: Response | None = None
    ) -> Response:
        """Return what was kept; `asked`: what the service said of it just now."""
        headers: Any = CaseInsensitiveDict(kept.headers)
        headers["Age"] = str(int(kept.age_at(self._clock.ticks())))
        return Response(
            request=request,
            status=kept.status,
            headers=headers,
            body=kept.body,
            elapsed=asked.elapsed if asked else 0.0,
            attempts=asked.attempts if asked else 0,
            request_id=kept.request_id,
            call=kept.call,
            url=key.url,
            source=source,
        )

    def _count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1


def _is_near(url: str, base: str) -> bool:
    try:
        return same_origin(url, base)
    except ValueError:
        return False
