"""What a request tells us, and what its sender is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.webhooks.requests.event import IncomingEvent


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP reply to a request that was taken."""

    status: int = 200
    content_type: str = "application/json"
    body: str = "{}"


NOTHING = Answer(content_type="text/plain; charset=utf-8", body="")


@dataclass(frozen=True, slots=True)
class Reading:
    """The events of a request, none if it only asked who is there, and the answer to it."""

    events: tuple[IncomingEvent, ...]
    answer: Answer = field(default_factory=Answer)
