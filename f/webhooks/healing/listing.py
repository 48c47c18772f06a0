"""A provider's own list of what it has told, as healing walks it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from f.connect.errors import GiveUpRecord
from f.webhooks.providers.reading import read_events
from f.webhooks.requests.request import WebhookRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from f.webhooks.requests.event import IncomingEvent
    from f.webhooks.requests.source import Kind, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry of a list. `key` and `type`: as the webhook of the same event has them.

    `at`: seconds since the epoch, by the provider's clock.
    """

    key: str
    type: str
    at: float
    provider_id: str
    item: Mapping[str, Any] = field(repr=False)


class Listing(Protocol):
    """The list of one account. `keeps`: how many seconds back it can be asked for.

    `by_id`: the list has no ids of events, so that one of the same `provider_id` and `type` is the same.
    `header`: name and value of one that its webhooks have and no others, if there is one.
    """

    @property
    def kind(self) -> Kind:
        """The kind of source that it is about."""

    @property
    def service(self) -> str:
        """The provider's name, for people."""

    @property
    def keeps(self) -> float:
        """See above."""

    @property
    def by_id(self) -> bool:
        """See above."""

    @property
    def header(self) -> tuple[str, str] | None:
        """See above."""

    def pages(self, since: float) -> Iterator[list[Listed]]:
        """Yield what is not older, newest first, each page when it is asked for."""

    def event(self, listed: Listed, source: Source) -> IncomingEvent:
        """Return an entry as its webhook would have told it; GiveUpRecord if that cannot be known."""


def as_told(
    source: Source, listed: Listed, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
) -> IncomingEvent:
    """Return the event that a webhook with this body tells, by the very code that reads webhooks."""
    sent = {**(headers or {}), "content-type": content_type}
    request = WebhookRequest(method="POST", url=source.url, headers=sent, body=body)
    events = read_events(request, source).events
    if len(events) != 1 or (events[0].key and events[0].key != listed.key):
        raise GiveUpRecord("What it holds is another event than the list says.", code="unlike_its_list")
    return dataclasses.replace(events[0], key=listed.key)
