"""The history of the account: an event for each change, listed newest first and kept for 30 days.

An event holds the object as it was right after the change. Nothing is sent from here: who wants to be told
asks for the list. https://docs.stripe.com/api/events
"""

from __future__ import annotations

from typing import Any

from mill.twins.services.stripe.errors import InvalidParams, no_such
from mill.twins.services.stripe.objects import Body, Objects, public
from mill.twins.services.stripe.params import EXPAND, PAGE, Params, flag, listing, text

KIND = "event"
KEPT_SECONDS = 30 * 86_400
LIST = Params({**PAGE, "delivery_success": flag, "type": text(), "types": listing(text())})
RETRIEVE = Params(EXPAND)
_MOST_TYPES = 20


class Events:
    """The events of the account. `version`: whose shapes the objects in them have."""

    def __init__(self, objects: Objects, version: str) -> None:
        self._objects, self._version = objects, version
        objects.changed = self.note

    def note(self, type: str, body: Body) -> None:
        """Keep what happened to an object; `body` is the object as it is now."""
        self._objects.new(
            KIND,
            {
                "api_version": self._version,
                "data": {"object": public(body)},
                "pending_webhooks": 0,
                "request": {"id": None, "idempotency_key": None},
                "type": type,
            },
        )

    def retrieve(self, id: str) -> Body:
        """Return one. It is gone after 30 days."""
        found = self._objects.get(KIND, id)
        if found["created"] < self._oldest:
            raise no_such(KIND, id)
        return found

    def list(self, asked: Body) -> Body:
        """Return a page. All of them were delivered: there is nobody that could have refused one."""
        if "type" in asked and "types" in asked:
            raise InvalidParams("You may only specify one of these parameters: type, types.")
        types: list[Any] = asked.get("types") or ([asked["type"]] if asked.get("type") else [])
        if len(types) > _MOST_TYPES:
            raise InvalidParams(f"You may only specify up to {_MOST_TYPES} types.", "types")
        found = [body for body in self._objects.all(KIND) if body["created"] >= self._oldest]
        if types:
            found = [body for body in found if any(_is_of(body["type"], one) for one in types)]
        if asked.get("delivery_success") is False:
            found = []
        return self._objects.page("/v1/events", KIND, found, asked)

    @property
    def _oldest(self) -> int:
        return self._objects.now - KEPT_SECONDS


def _is_of(type: str, asked: str) -> bool:
    """`*` at the end of what is asked for stands for the rest."""
    return type.startswith(asked[:-1]) if asked.endswith("*") else type == asked
