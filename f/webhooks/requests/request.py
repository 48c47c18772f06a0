"""One HTTP request of a provider, as its bytes came, before anything of it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MOST_FIELDS = 1000  # of a form; Twilio sends a few dozen


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

    def content_type(self) -> str:
        """Return the type of the body in lower case, without parameters such as a charset."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def form(self) -> list[tuple[str, str]]:
        """Return the body as a form's fields in their order, empty ones too.

        UnicodeDecodeError if it is no UTF-8, ValueError for too many fields. Whoever looks at a form reads it
        with this, so that what is handled is what was signed.
        """
        return parse_qsl(
            self.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
