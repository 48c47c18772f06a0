"""How many messages a minute an account sends, over all jobs: a preset, unless its resource says otherwise.

The services' own rules are kept beside it. These presets are lower: they keep a flow that has gone wrong from
flooding people, and a bill from running away. `rate_limit` in the resource is another number of messages a
minute, and 0 is no limit of ours.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from f.connect.errors import FixSettings, TryLater
from f.connect.integration import RateLimit
from f.connect.limits.rate_limit import RateLimiter
from f.connect.redact import digest_of
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.store.store import Store

PRESETS: Mapping[Literal["Slack", "Twilio"], int] = {"Slack": 10, "Twilio": 50}  # messages a minute
LONGEST_WAIT = 600.0  # seconds that a job waits for its turn
_BURST = {"Slack": 5}  # at once after a pause: one message may have several parts

log = logging.getLogger("connect.notify")


def wait_for_turn(
    service: Literal["Slack", "Twilio"],
    account: Mapping[str, Any],
    store: Store,
    *,
    longest: float = LONGEST_WAIT,
    clock: Clock = REAL,
) -> str:
    """Wait until the account may send the next message; return a sentence about it, empty if it did not wait.

    TryLater if that would take longer than `longest` seconds; FixSettings if the resource's rate_limit is no
    number.
    """
    limit = _limit_of(service, account)
    if limit is None:
        return ""
    pace = f"{service} limit of {limit.max_requests} messages a minute"
    hint = "rate_limit in the account's resource is another number, 0 is none."
    key = f"notify account {service} {digest_of(*(account.get(name) for name in _IDENTITY))}"
    wait = RateLimiter(key, limit, store).reserve(longest)
    if wait is None:
        raise TryLater(
            f"The {pace} leaves no room within {longest:.0f} s; nothing was sent. Try again later; {hint}",
            code="rate_limited",
        )
    if wait < 1:
        clock.sleep(wait)
        return ""
    log.warning("Waiting %.0f s for the %s.", wait, pace)
    clock.sleep(wait)
    return f"Waited {wait:.0f} s for the {pace}; {hint}"


_IDENTITY = ("token", "accountSid", "url", "base_url")


def _limit_of(service: Literal["Slack", "Twilio"], account: Mapping[str, Any]) -> RateLimit | None:
    given = account.get("rate_limit")
    number = PRESETS[service] if given in (None, "") else given
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise FixSettings(
            f"rate_limit of the {service} resource must be a whole number of messages a minute, 0 for none.",
            code="bad_settings",
        )
    if not number:
        return None
    return RateLimit(max_requests=number, time_window=60.0, burst_size=_BURST.get(service))
