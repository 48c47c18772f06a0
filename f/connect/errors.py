"""What can go wrong with a call, named by what the caller does next.

Windmill stores an exception's attributes in the job's result (`error.extra`), so every
attribute here is plain JSON and none of them may hold a secret or a customer's data.
"""

from __future__ import annotations

from collections.abc import Sequence

from f.connect.redact import hide


class ConnectError(Exception):
    """The base of all our errors. Its text is one sentence for a person: what, where, what to do.

    Whatever a server's words bring into it, a secret that this process uses does not stand in it.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        call: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """`code` is stable and machine-readable; `call` is method and host/path, without query values."""
        super().__init__(hide(message))
        self.code = hide(code) if code else code
        self.call = call
        self.status = status
        self.request_id = request_id
        self.attempts = 0  # set by the client; 0: nothing was sent


class FixInput(ConnectError):
    """What the user handed over cannot be used: a broken file, a missing column, a wrong argument."""


class FixSettings(ConnectError):
    """A resource or setting is wrong: an unknown kind, a bad URL, a missing field."""

    def __init__(
        self,
        message: str,
        *,
        faults: Sequence[str] = (),
        code: str | None = None,
        call: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """`faults` holds one sentence per fault if several were found at once."""
        super().__init__(message, code=code, call=call, status=status, request_id=request_id)
        self.faults = [hide(fault) for fault in faults]


class SignInAgain(ConnectError):
    """The credential was refused (401, 403). Every further call with it would be refused as well."""


class TryLater(ConnectError):
    """The service was not reached or is busy, and nothing was applied: the same call is safe to repeat."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        code: str | None = None,
        call: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """`retry_after` is in seconds, None if the service did not say."""
        super().__init__(message, code=code, call=call, status=status, request_id=request_id)
        self.retry_after = retry_after


class WaitForQuota(TryLater):
    """A daily or monthly quota is used up: park the work until it renews rather than sleep."""


class GiveUpRecord(ConnectError):
    """The service understood and refused this record. Sending it unchanged will be refused again."""


class OutcomeUnknown(ConnectError):
    """A write was sent and its answer lost: it may or may not have been applied. Never repeat it blindly.

    Code `stored_failure`: the server answers this idempotency key with the 500 it stored the first time.
    """

    def __init__(
        self,
        message: str,
        *,
        repeat_safe: bool = False,
        code: str | None = None,
        call: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """`repeat_safe`: the very same request may go again: the server knows its key, or it is an upsert."""
        super().__init__(message, code=code, call=call, status=status, request_id=request_id)
        self.repeat_safe = repeat_safe
