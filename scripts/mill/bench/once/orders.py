"""What agents are asked for: one effect each, told from all others by the words in it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["slack", "sms", "resend"]

KINDS: Sequence[Kind] = ("slack", "sms", "resend")
MARK = re.compile(r"\d{5}x[0-9a-f]{8}")
# Slack takes one message a second in a channel, and the tools keep to that.
_SLACK = ("slack-alerts", "slack-ops", "slack-general")


@dataclass(frozen=True, slots=True)
class Order:
    """One effect. `mark` stands in the message and nowhere else."""

    number: int
    kind: Kind
    mark: str

    @property
    def once_key(self) -> str:
        """The name that the agent gives the effect."""
        return f"bench-{self.mark}"

    def guarded(self) -> tuple[str, Mapping[str, Any]]:
        """Return tool and arguments of a server whose tools take a once_key."""
        return "send_once", {"once_key": self.once_key, **self._message()}

    def plain(self) -> tuple[str, Mapping[str, Any]]:
        """Return tool and arguments of a server as tutorials show one."""
        return "send_message", self._message()

    def _message(self) -> dict[str, str]:
        subject = {"subject": f"Order {self.number}"} if self.kind == "resend" else {}
        turn = self.number // len(KINDS)
        channel = _SLACK[turn % len(_SLACK)] if self.kind == "slack" else self.kind
        return {"channel": channel, "text": f"The order {self.mark} is ready.", **subject}


def orders(count: int, seed: int) -> list[Order]:
    """Return so many, over all kinds in turn, in an order of their own."""
    dice = random.Random(seed)  # noqa: S311 - marks to tell messages apart, no secret
    made = [
        Order(number, KINDS[number % len(KINDS)], f"{number:05d}x{dice.getrandbits(32):08x}")
        for number in range(count)
    ]
    dice.shuffle(made)
    return made
