"""Functions of the caller's that see a call on its way: plain ones, or coroutine functions in async calls.

    on_request -> [ on_attempt -> signed and sent -> on_outcome ] -> on_response | on_error -> the caller

What stands in brackets happens once for each attempt, the rest once a call; of one kind they are called in
the order they were added. Requests for a token are no part of it, nor is the credential: it joins an attempt
after all of them have seen it.

A fault of theirs reaches the caller as it is while nothing can be lost by that. Once a write may have been
applied it is an OutcomeUnknown that names the reply, for who sees another error sends the write again.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from f.connect.calls.effects import Await, Stage
from f.connect.calls.message import (
    IDEMPOTENCY_HEADER,
    Lost,
    Outgoing,
    Reply,
    Request,
    Response,
    merge_headers,
)
from f.connect.errors import ConnectError, FixInput, OutcomeUnknown, TryLater

if TYPE_CHECKING:
    from f.connect.calls.verdict import Call

log = logging.getLogger("connect")

Moment = Literal["request", "attempt", "outcome", "response", "error"]
Interceptor = Callable[..., Any]

# What an attempt is recognised and framed by. Under another key, a repeated write would be a second one.
_FIXED = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "x-request-id", "x-attempt"}
    | {IDEMPOTENCY_HEADER.lower()}
)


@dataclass(slots=True)
class Attempt:
    """One attempt before it is signed, so without the credential. What is changed in `headers` is sent.

    `number` counts from 1; `call` is fit for a log, `url` and `headers` are not.
    """

    request: Request
    call: str
    number: int
    request_id: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)


class Interceptors:
    """The interceptors of one client."""

    def __init__(self) -> None:
        self._looks: dict[Moment, list[Interceptor]] = {}
        self._coroutines: list[Interceptor] = []

    def add(self, moment: Moment, look: Interceptor) -> None:
        """Call `look` at that moment of every call from now on."""
        self._looks.setdefault(moment, []).append(look)
        if _is_coroutine_function(look):
            self._coroutines.append(look)

    @property
    def watch_calls(self) -> bool:
        """Whether there are any at all."""
        return bool(self._looks)

    @property
    def watch_attempts(self) -> bool:
        """Whether any of them sees attempts."""
        return "attempt" in self._looks or "outcome" in self._looks

    def refuse_coroutines(self) -> None:
        """Raise FixInput, before anything is sent, if one of them can only be awaited."""
        if self._coroutines:
            raise FixInput(
                f"The interceptor {_name(self._coroutines[0])} is a coroutine function, which a synchronous "
                "call cannot await: use the methods that end in _async, or send_many, or a plain function.",
                code="interceptor",
            )

    def on_request(self, request: Request) -> Stage[Request]:
        """Return the request that the interceptors make of it."""
        for change in self._looks.get("request", ()):
            changed = yield from _ask(change, request)
            request = _expect(Request, changed, change)
        return request

    def on_response(self, request: Request, response: Response) -> Stage[Response]:
        """Return the response that the interceptors make of it."""
        for turn in self._looks.get("response", ()):
            try:
                turned = yield from _ask(turn, response)
                response = _expect(Response, turned, turn)
            except Exception as error:
                fault = _after_reply(turn, request, response, error)
                if fault is error:
                    raise
                raise fault from error
        return response

    def on_error(self, request: Request, error: ConnectError) -> Stage[None]:
        """Let the interceptors see an error. What they raise is logged: the error itself goes on."""
        for look in self._looks.get("error", ()):
            try:
                yield from _ask(look, request, error)
            except Exception as fault:  # noqa: BLE001 - as above
                log.warning(
                    "%s: the interceptor %s failed (%s) when it was shown an error, which goes on.",
                    error.call or repr(request),
                    _name(look),
                    type(fault).__name__,
                )

    def on_attempt(self, call: Call, outgoing: Outgoing) -> Stage[Attempt]:
        """Let the interceptors see an attempt; `outgoing` then has the headers they gave it."""
        attempt = Attempt(
            request=call.request,
            call=call.name,
            number=call.attempts + 1,
            request_id=call.request_id,
            url=outgoing.url,
            headers=dict(outgoing.headers),
        )
        for look in self._looks.get("attempt", ()):
            try:
                yield from _ask(look, attempt)
                outgoing.headers = _allowed(outgoing.headers, attempt.headers)
            except Exception as error:
                if call.request.is_read or not call.in_doubt:
                    raise
                raise _unknown(
                    call.request,
                    f"{call.name} was sent without an answer, then the interceptor {_name(look)} failed "
                    f"({type(error).__name__}).",
                ) from error
        return attempt

    def on_outcome(self, attempt: Attempt, outcome: Reply | Lost) -> Stage[None]:
        """Let the interceptors see what came of an attempt. What they raise is logged: it changes nothing."""
        for look in self._looks.get("outcome", ()):
            try:
                yield from _ask(look, attempt, replace(outcome))
            except Exception as error:  # noqa: BLE001 - as above
                log.warning(
                    "%s: the interceptor %s failed (%s) when it was shown an outcome; the call goes on.",
                    attempt.call,
                    _name(look),
                    type(error).__name__,
                )


def _ask(look: Interceptor, *args: Any) -> Stage[Any]:
    result = look(*args)
    return (yield Await(result)) if inspect.isawaitable(result) else result


def _expect(kind: type[Any], value: Any, look: Interceptor) -> Any:
    if not isinstance(value, kind):
        raise TypeError(
            f"The interceptor {_name(look)} returned {type(value).__name__}, not a {kind.__name__}."
        )
    return value


def _allowed(before: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """Return the wanted headers, those of `_FIXED` as they were."""
    kept = {name: value for name, value in wanted.items() if name.lower() not in _FIXED}
    return merge_headers(kept, {name: value for name, value in before.items() if name.lower() in _FIXED})


def _after_reply(look: Interceptor, request: Request, response: Response, error: Exception) -> Exception:
    """Return what to raise for a fault after a reply: `error` itself, unless that would hide a write."""
    may_be_applied = response.success or response.in_doubt or response.status >= 500
    if request.is_read or not may_be_applied:
        return error
    if isinstance(error, ConnectError) and not isinstance(error, TryLater):
        return error  # its own verdict on the reply
    return response.named(
        _unknown(
            request,
            f"{response.call} answered {response.status}, then the interceptor {_name(look)} failed "
            f"({type(error).__name__}).",
        )
    )


def _unknown(request: Request, message: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{message} The write may have been applied: look it up before sending it again.",
        code="interceptor",
        repeat_safe=request.may_repeat,
    )


def _is_coroutine_function(look: Interceptor) -> bool:
    return inspect.iscoroutinefunction(look) or inspect.iscoroutinefunction(getattr(look, "__call__", None))  # noqa: B004 - of an object whose __call__ is one


def _name(look: Interceptor) -> str:
    while isinstance(look, functools.partial):
        look = look.func
    return str(getattr(look, "__qualname__", type(look).__qualname__))
