"""An event: as a provider tells it, and as handlers get it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Origin = Literal["received", "healed", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """One event of a request that was verified; a request may bring many.

    `key`: what makes it the same event when it is told again, by the provider's own rules; "" if the id that
    ought to be there is missing. `content_hash`: of the event's signed bytes, or of its own part of them; it
    stands in for a missing key, and for nothing else: two events may be equal to the byte. `occurred_at` in
    seconds since the epoch, None if the provider does not say. `provider_id`: what people search for at the
    provider. `headers`: those that a person may want to see, such as the number of the attempt.
    """

    key: str
    type: str
    body: Any
    content_hash: str
    provider_id: str = ""
    occurred_at: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Event(TypedDict):
    """What a handler gets as `event`, and in `events` if it takes many at once. Plain JSON.

    `id` is ours, and the same whenever the event is told or handled again. Times are ISO 8601 in UTC.
    `escaped`: JSON pointers (RFC 6901) into `body`, at texts that begin with a blank which the provider did
    not send: without it Windmill would put a variable or resource in their place.
    """

    id: str
    source: str
    kind: str
    type: str
    provider_id: str
    received_at: str
    occurred_at: str | None
    origin: Origin
    attempt: int
    body: Any
    escaped: list[str]
