"""What Stripe does with an Idempotency-Key.

A request with a key that is known gets the reply of the first one: status and body, a 500 as well. Kept is
what a method answered once it had begun: no refusal of parameters, no 401, no 429. Keys are forgotten after a
day.
https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/error-low-level#idempotency
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from mill.twins.message import Refused, Reply, Request
from mill.twins.services.stripe.errors import IDEMPOTENCY, error, key_in_use, with_headers
from mill.twins.store import Records

DAY = 86_400.0
_LONGEST = 255
_KIND = "stored_reply"
_ORIGINAL = "Original-Request"


class Keys:
    """The keys of one account. `clock` in seconds; one that goes ahead forgets them."""

    def __init__(self, records: Records, clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock
        # A request that has arrived and was not answered: it is gone when nobody holds it any more.
        self._running: weakref.WeakValueDictionary[str, Request] = weakref.WeakValueDictionary()

    def admit(self, request: Request) -> None:
        """Note that a request is there. Raises Refused for a key that is too long, or in use."""
        key = _key_of(request)
        if key is None:
            return
        if not 1 <= len(key) <= _LONGEST:
            message = f"Idempotency keys must be between 1 and {_LONGEST} characters."
            raise Refused(error(400, message, IDEMPOTENCY))
        if self._running.get(key) is not None:
            raise Refused(key_in_use())
        self._running[key] = request

    def once(self, request: Request, params: Mapping[str, Any], answer: Callable[[], Reply]) -> Reply:
        """Return the reply of the first request with this key, or this one's, which is then kept."""
        key = _key_of(request)
        if key is None:
            return answer()
        self._running.pop(key, None)
        stored = self._stored(key)
        if stored is not None:
            return _replayed(stored, key, request.path, params)
        reply = answer()
        original = reply.headers.get("Request-Id", "")
        kept = {
            "path": request.path,
            "params": json.dumps(params, sort_keys=True),
            "status": reply.status,
            "body": reply.body,
            "request": original,
            "at": self._clock(),
        }
        self._records.add(_KIND, kept, {"key": key})
        return with_headers(reply, {"Idempotency-Key": key, _ORIGINAL: original})

    def _stored(self, key: str) -> dict[str, Any] | None:
        for number in reversed(self._records.find(_KIND, "key", key)):
            stored = self._records.get(_KIND, number)
            if stored is not None and self._clock() - stored["at"] < DAY:
                return stored
        return None


def _key_of(request: Request) -> str | None:
    return request.headers.get("idempotency-key") if request.method == "POST" else None


def _replayed(stored: Mapping[str, Any], key: str, path: str, params: Mapping[str, Any]) -> Reply:
    other = f"Try using a key other than '{key}' if you meant to execute a different request."
    if stored["path"] != path:
        message = (
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{stored['path']}'). {other}"
        )
        return error(400, message, IDEMPOTENCY)
    if stored["params"] != json.dumps(params, sort_keys=True):
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. {other}"
        )
        return error(400, message, IDEMPOTENCY)
    headers = {"Idempotency-Key": key, _ORIGINAL: stored["request"], "Idempotent-Replayed": "true"}
    return Reply(stored["status"], stored["body"], headers)
