"""What a failed job's result says of the failure. Pure.

    {"error": {"name": "FixInput", "message": "...", "stack": "...", "extra": {"code": "plan_outdated"}}}

is what Windmill makes of an exception in Python: `extra` holds the exception's attributes, which ours have a
`code` among. A job that died before its script ran, or was killed, has an `exit_code` instead, and the end of
its log as the message; a step may fail with a text alone, and a loop with one result for each iteration.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from f.connect.redact import mask_start

_LONGEST = 1000  # characters of a message that are worth telling
_NO_REASON = "no reason was given"


class Failure(NamedTuple):
    """`name` is the exception's, or Windmill's own such as Canceled; `code` is empty if it has none."""

    name: str
    message: str
    code: str = ""


def failure_in(result: Any) -> Failure:
    """Return the failure in a failed job's result, with secrets masked."""
    error = result.get("error") if isinstance(result, dict) else _first_error(result)
    if not isinstance(error, dict):
        return Failure("", mask_start(error, _LONGEST) if isinstance(error, str) and error else _NO_REASON)
    return Failure(str(error.get("name") or ""), message_of(error), code_of(error))


def code_of(error: dict[str, Any]) -> str:
    """Return the code that one of our errors has; empty if it is none of ours."""
    extra = error.get("extra")
    code = (extra.get("code") if isinstance(extra, dict) else None) or error.get("code")
    return code if isinstance(code, str) else ""


def message_of(error: dict[str, Any]) -> str:
    """Return what went wrong, masked. Of a job that died Windmill gives the end of its log."""
    lines = [line for line in str(error.get("message") or "").splitlines() if line.strip()]
    message = " ".join(lines[-1:] if error.get("exit_code") is not None else lines)
    return mask_start(message, _LONGEST) or _NO_REASON


def _first_error(result: Any) -> Any:
    """Return the error of the first iteration that failed, if these are the results of a loop."""
    items = result if isinstance(result, list) else []
    return next((one["error"] for one in items if isinstance(one, dict) and one.get("error")), None)
