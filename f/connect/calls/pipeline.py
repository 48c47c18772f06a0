"""Which way a request goes: to the service or to its twin, past the interceptors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from f.connect.errors import ConnectError, TryLater
from f.connect.integration import endpoint_name
from f.connect.redact import fold_path

if TYPE_CHECKING:
    from f.connect.calls.effects import Steps
    from f.connect.calls.interceptors import Interceptors
    from f.connect.calls.message import Request
    from f.connect.integration import Mode


class Runs(Protocol):
    """What carries a request through: an Exchange, or a cache before one."""

    def run(self, request: Request) -> Steps:
        """Return the reply; raise a ConnectError if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Who answers in which mode.

    `mock` answers in mock mode, `stand_in` the reads of hybrid mode while the service is down. `modes` by
    endpoint, as `endpoint_name` writes them, come before `mode`.
    """

    live: Runs
    mock: Runs | None = None
    stand_in: Runs | None = None
    mode: Mode = "live"
    modes: Mapping[str, Mode] = field(default_factory=dict)

    @property
    def is_straight(self) -> bool:
        """Whether every request goes to the service, and to nobody else."""
        return self.mode == "live" and not self.modes

    def mode_of(self, request: Request) -> Mode:
        """Return the mode of the request's endpoint."""
        if not self.modes:
            return self.mode
        return self.modes.get(endpoint_name(request.endpoint or fold_path(request.path)), self.mode)


class Pipeline:
    """One request from the caller's hand to what the caller gets."""

    def __init__(self, routes: Routes, interceptors: Interceptors) -> None:
        self._routes, self.interceptors = routes, interceptors

    def mode_of(self, request: Request) -> Mode:
        """Return the mode of the request's endpoint."""
        return self._routes.mode_of(request)

    def run(self, request: Request) -> Steps:
        """Carry one request through."""
        # Each layer that a call passes costs it a few microseconds: it passes only those that do something.
        if self.interceptors.watch_calls or request.model is not None:
            return self._watched(request)
        return self._routes.live.run(request) if self._routes.is_straight else self._send(request)

    def _watched(self, request: Request) -> Steps:
        request = yield from self.interceptors.on_request(request)
        try:
            response = yield from self._send(request)
            response = yield from self.interceptors.on_response(request, response)
            if request.model is not None and response.success:
                response.parse(request.model)
        except ConnectError as error:
            yield from self.interceptors.on_error(request, error)
            raise
        return response

    def _send(self, request: Request) -> Steps:
        routes = self._routes
        mode = routes.mode_of(request)
        if mode == "mock" and routes.mock is not None:
            return (yield from routes.mock.run(request))
        if mode == "live" or routes.stand_in is None or not request.is_read:
            return (yield from routes.live.run(request))
        try:
            return (yield from routes.live.run(request))
        except ConnectError as error:
            if not is_down(error):
                raise
        return (yield from routes.stand_in.run(request))


def is_down(error: ConnectError) -> bool:
    """Return whether the service as a whole did not answer, so that a twin may stand in for reads."""
    if not isinstance(error, TryLater) or error.status == 429:
        return False
    return error.code not in {"rate_limited", "store", "store_locked"}
