"""How a customer API may behave, as independent axes. A stranger is one point in that space.

Each value is the habit of some real API, or what HTTP allows: RFC 9110 says nothing of a write whose
answer is lost, and the Idempotency-Key draft leaves to the server how long it remembers a key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# What may happen to a write instead of a plain answer. "after": it is committed, and the client hears
# otherwise; "before": it is not. "late": it is committed `late_seconds` after its request arrived, whatever
# became of the connection. A page is HTML with the status 200.
FAULTS = (
    *(f"{status}_{when}" for status in (408, 429, 500, 502, 503, 504) for when in ("before", "after")),
    "reset_before",
    "reset_after",
    "hang_before",
    "hang_after",
    "cut_after",
    "page_before",
    "page_after",
    "reset_late",
    "hang_late",
    "503_late",
)

Unique = Literal[
    "none", "409_existing_id", "409_request_id", "409_bare", "422_taken", "400_exists", "200_existing"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """One API. The default is the plainest there is: takes duplicates, knows no keys, has no look-up."""

    seed: int = 1
    latency: float = 0.0

    # The Idempotency-Key header. A key is forgotten after `keys_seconds`, or after `keys_requests` writes.
    keys: Literal["none", "honoured"] = "none"
    keys_seconds: float | None = None
    keys_requests: int | None = None
    keys_other_content: Literal["replay", "422", "apply"] = "422"
    keys_running: Literal["409", "apply"] = "409"
    keys_replay_errors: bool = False

    # A second customer with the same e-mail.
    unique: Unique = "none"
    unique_case: Literal["sensitive", "insensitive"] = "insensitive"

    # Faults by name and the share of writes they strike; only the first `fault_attempts` of each e-mail.
    faults: Mapping[str, float] = field(default_factory=dict)
    fault_attempts: int = 0
    faults_of_updates: bool = False
    hang_seconds: float = 2.0
    late_seconds: float = 0.2
    error_body: Literal["json", "html", "empty"] = "json"

    # What a success looks like, and where it says the id.
    success: Literal[
        "201",
        "201_empty",
        "204",
        "200",
        "200_empty",
        "200_html",
        "200_sign_in",
        "302_sign_in",
        "200_refused",
        "202",
    ] = "201"
    id_place: Literal["top", "data", "customer", "location", "none"] = "top"
    id_form: Literal["text", "number"] = "text"
    update: Literal["200", "204", "404"] = "200"

    # GET /customers?email=...
    lookup: Literal[
        "none", "data", "users", "items", "list", "object", "none_204", "always_204", "always_404", "html"
    ] = "none"
    lookup_matches: Literal["equal", "containing", "everything"] = "equal"
    lookup_page: int = 20
    lookup_case: Literal["sensitive", "insensitive"] = "insensitive"
    lookup_lag: float = 0.0
    lookup_errors: float = 0.0
    lookup_email_field: str = "email"
    lookup_shows: Literal["all", "id"] = "all"

    # What is kept of what was sent. `drops` is the share of creations that are acknowledged and never stored.
    email_field: str = "email"
    drops: float = 0.0
    truncate: Mapping[str, int] = field(default_factory=dict)
    lower_case: bool = False

    # The credential is refused after so many requests; more requests in a second than the limit get 429.
    token_requests: int | None = None
    token_refusal: Literal["401", "200_sign_in", "302_sign_in"] = "401"  # noqa: S105 - a status
    requests_a_second: int | None = None
    retry_after: str = ""

    def __post_init__(self) -> None:
        if unknown := set(self.faults) - set(FAULTS):
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")

    def to_json(self) -> dict[str, Any]:
        """Return the axes that differ from the default."""
        return {
            one.name: value
            for one in dataclasses.fields(self)
            if (value := getattr(self, one.name))
            != (one.default if one.default is not dataclasses.MISSING else {})
        }
