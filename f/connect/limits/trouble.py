"""What of a call its operator should hear of: the event to raise, or none.

    SignInAgain                       nobody can go on until a person acts
    FixSettings                       the same
    TryLater, after all attempts      the service is down or busy, or the circuit breaker is open
    OutcomeUnknown                    the same of a write: its answer was lost
    a 5xx that was not tried again    the same
    a success that took too long      slow_call

What is wrong with one record (FixInput, GiveUpRecord, any other 4xx) is for whoever sent it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from f.connect.errors import ConnectError, FixSettings, OutcomeUnknown, SignInAgain, TryLater
from f.connect.limits.shared_key import title_of

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.integration import Integration

# Not the service's: our own limit and state, a job that is to stop or was overtaken; and one record's 500.
_OUR_OWN = frozenset(
    {"rate_limited", "store", "store_locked", "platform", "cancelled", "lease_lost", "withheld"}
    | {"stored_failure"}
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An event. Troubles of one `kind` with one account are one: the first of them is told."""

    event: Literal["integration_error", "slow_call"]
    kind: Literal["sign_in", "settings", "down", "slow"]
    data: dict[str, Any]


def trouble_of(
    integration: Integration, result: Response | ConnectError, seconds: float = 0.0
) -> Trouble | None:
    """Return the event of what has ended so, after `seconds` of work, waits for our own limit left out."""
    facts: dict[str, Any] = {"service": integration.name, "host": title_of(integration)}
    if isinstance(result, ConnectError):
        kind = _kind_of(result)
        facts |= {"error_message": str(result), "error": type(result).__name__}
        return None if kind is None else Trouble("integration_error", kind, facts)
    if result.status >= 500:
        facts["error_message"] = f"{result.call} answered {result.status}."
        return Trouble("integration_error", "down", facts)
    # A file takes as long as it is large.
    if seconds < integration.very_slow_call_seconds or result.request.sink is not None:
        return None
    return Trouble("slow_call", "slow", {**facts, "endpoint": result.call, "seconds": round(seconds, 1)})


def _kind_of(error: ConnectError) -> Literal["sign_in", "settings", "down"] | None:
    if error.code in _OUR_OWN:
        return None
    if isinstance(error, SignInAgain):
        return "sign_in"
    if isinstance(error, FixSettings):
        return "settings"
    return "down" if isinstance(error, TryLater | OutcomeUnknown) else None
