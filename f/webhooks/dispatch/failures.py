"""Why a handler failed, and whether and when it is run again: functions from facts to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError
from f.connect.redact import mask_start, mask_text
from f.webhooks.inbox.work import Failure

if TYPE_CHECKING:
    from f.webhooks.dispatch.routing_resource import Retry

_LONGEST = 500  # characters of a message
_FACTOR = 3.0
_LONGEST_AFTER = 1e9  # seconds; JSON can say a number that no float holds
_FAILED = "Failed"  # a job that says that it failed, and not by an error

# What the handler understood and refused: running it unchanged fails again.
_FINAL = frozenset({"GiveUpRecord", "FixInput", "BadTable"})
_HINTS = {
    "GiveUpRecord": "The handler refused this event. Change the event or the handler.",
    "FixInput": "The handler cannot use this event. Change the event or the handler.",
    "FixSettings": "Correct the setting that the message names.",
    "SignInAgain": "A credential was refused. Renew it.",
    "TryLater": "A service was busy or not reached.",
    "WaitForQuota": "A quota is used up.",
    "OutcomeUnknown": "An answer was lost. The handler runs again, and must know by a key what it has done.",
    "Canceled": "Somebody ended the job.",
    "ModuleNotFoundError": "A package or module is missing. Deploy the handler anew.",
    "ImportError": "A package or module is missing. Deploy the handler anew.",
}
_OTHER = "Look at the job's log, and correct the handler."


def failure_in(result: Any) -> tuple[Failure, float | None]:
    """Return why a job failed by its result, and after how many seconds its service wants to be asked again.

    Of a flow it is the error of the step that ended it.
    """
    error = result.get("error") if isinstance(result, dict) else None
    if not isinstance(error, dict):
        error = {"message": error if isinstance(error, str) else "The job failed and said no reason."}
    extra: dict[str, Any] = error["extra"] if isinstance(error.get("extra"), dict) else {}
    name = str(error.get("name") or _FAILED)
    code, after = extra.get("code"), extra.get("retry_after")
    failure = Failure(
        error=mask_text(name)[:100],
        message=mask_start(str(error.get("message") or ""), _LONGEST),
        code=mask_text(str(code or ""))[:100],
        hint=_HINTS.get(name, _OTHER),
    )
    if not isinstance(after, int | float) or isinstance(after, bool) or not after >= 0:
        return failure, None
    return failure, float(min(after, _LONGEST_AFTER))


def failure_of_error(error: Exception, hint: str = "") -> Failure:
    """Return why something of our own, or a middleware, failed."""
    return Failure(
        error=type(error).__name__,
        message=mask_start(str(error), _LONGEST),
        code=(error.code or "") if isinstance(error, ConnectError) else "",
        hint=hint or _HINTS.get(type(error).__name__, "Correct the middleware."),
    )


def is_final(failure: Failure) -> bool:
    """Return whether running the handler again cannot help."""
    return failure.error in _FINAL


def wait_before(attempt: int, retry: Retry, after: float | None, chance: float) -> float:
    """Return the seconds to wait after this attempt, counted from 1.

    Each wait is three times the one before, up to the longest; of that, at least half and the rest by
    `chance` from 0 to 1, so that many that failed together do not come back together. `after`: what the
    service asked for, which is kept to as far as the longest wait goes.
    """
    full = retry.first_seconds
    for _ in range(attempt - 1):
        full = min(full * _FACTOR, retry.longest_seconds)
    wait = min(full, retry.longest_seconds) * (0.5 + chance / 2)
    return wait if after is None else max(wait, min(after, retry.longest_seconds))
