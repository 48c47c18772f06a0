"""One HTTP request of a provider, as its bytes came, before anything of it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request to a route. `body`: the raw bytes, which is what was signed.

    `headers` have lower-case names. `url`: the address of the source's resource, which Twilio and HubSpot
    sign; what a request says of its own address is never believed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, without blanks around it; "" if it was not sent."""
        return str(self.headers.get(name) or "").strip()
