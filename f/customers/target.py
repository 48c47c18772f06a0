"""A target: what every kind of customer API is to the import, and one of them ready for use."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from f.connect.integration import Integration
from f.connect.message import Request, Response
from f.customers.customer import Customer
from f.customers.mapping import TargetFields
from f.customers.outcome import CustomerRow, RowOutcome


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of target: its field names, and pure functions between rows and HTTP.

    `requests_for` puts the rows it is about into each request's `context`; `outcomes_from` gives one
    outcome for each of them, in order. `update_for` is sent for a row that is there already when the
    import was asked to update.
    """

    name: str
    fields: Mapping[str, str]
    keeps_custom: bool
    endpoint: str
    has_idempotency_keys: bool
    requests_for: Callable[[Sequence[CustomerRow], "Target"], Iterator[Request]]
    outcomes_from: Callable[[Response, Sequence[CustomerRow]], list[RowOutcome]]
    update_for: Callable[[CustomerRow, str, "Target"], Request]


@dataclass(frozen=True, slots=True)
class Target:
    """A checked `customer_api` resource. Delays are in seconds."""

    kind: Kind
    integration: Integration
    endpoint: str
    fields: TargetFields
    batch_size: int
    delay_between_batches: float
    max_concurrent_requests: int
    sends_keys: bool

    @property
    def title(self) -> str:
        """What reports call it: kind and host, nothing secret."""
        parts = urlsplit(self.integration.base_url)
        return f"{self.kind.name} at {parts.hostname or f'this Windmill, {parts.path}'}"

    @property
    def guarantee(self) -> str:
        """What a lost answer means here, in a sentence for the report."""
        if self.sends_keys:
            return (
                "Exactly once: every row carries an idempotency key, so a repeated row is not created twice."
            )
        return "At most once: a row whose answer was lost is reported as unknown and never sent again."

    def render(self, customer: Customer) -> dict[str, Any]:
        """The customer in the target's own names."""
        values = {"name": customer.name, "email": customer.email, **customer.fields}
        return self.fields.render(values, customer.custom)

    def key_of(self, record: Mapping[str, Any]) -> str | None:
        """The idempotency key of a rendered record: from target and content, not from line or run.

        None where the API has no such keys.
        """
        if not self.sends_keys:
            return None
        text = json.dumps(record, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{self.integration.base_url}\n{self.endpoint}\n{text}".encode()).hexdigest()[
            :32
        ]
