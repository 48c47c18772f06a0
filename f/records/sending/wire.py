"""The calls of one run to a target: counted, and no more of them once something stops the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, TryLater, WaitForQuota
from f.connect.histogram import Histogram

if TYPE_CHECKING:
    from f.connect.client import Client
    from f.records.rows.outcome import Stop
    from f.records.rows.row import Rows

Admit = Callable[[Iterable[Request], list[tuple[Request, TryLater]]], Iterator[Request]]


@dataclass(slots=True)
class Traffic:
    """What was sent so far. `seconds` were spent waiting for replies, added up over all requests."""

    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    latencies: Histogram = field(default_factory=Histogram)

    def count(self, result: Response | ConnectError) -> None:
        """Count one call by its result."""
        self.requests += 1
        self.retries += max(result.attempts - 1, 0)
        if isinstance(result, Response):
            self.seconds += result.elapsed
            self.latencies.add(result.elapsed)


class Wire:
    """The calls of one run.

    `is_cancelled` says that nothing more is to be sent; `admit` lets requests that create or change rows
    through once the journal has them, and puts those that may not be sent aside. `proven`: the target has
    answered, so it can be reached. `stop`: why the run is stopped, once it is.
    """

    def __init__(
        self,
        client: Client,
        concurrency: int,
        is_cancelled: Callable[[], bool],
        admit: Admit,
    ) -> None:
        self._client, self._concurrency = client, concurrency
        self._is_cancelled, self._admit = is_cancelled, admit
        self.traffic = Traffic()
        self.proven = False
        self.stop: Stop | None = None

    def is_stopping(self) -> bool:
        """Return whether nothing more is to be sent."""
        return self.stop is not None or self._is_cancelled()

    def stop_for(self, stop: Stop | None) -> None:
        """Stop the run, if there is a reason; the first reason stays."""
        if self.stop is None:
            self.stop = stop

    def write_many(self, requests: Iterable[Request]) -> Iterator[tuple[Rows, Response | ConnectError]]:
        """Yield as `send_many` does; each request is sent only once it is written down that it is."""
        refused: list[tuple[Request, TryLater]] = []
        yield from self.send_many(self._admit(requests, refused))
        yield from ((request.context, error) for request, error in refused)

    def send_many(self, requests: Iterable[Request]) -> Iterator[tuple[Rows, Response | ConnectError]]:
        """Yield the rows of each request with its result, until done or stopped.

        A target that is not proven gets the first request alone: a refused credential is tried once.
        """
        going = takewhile(lambda _: not self.is_stopping(), requests)
        for some in (going,) if self.proven else (islice(going, 1), going):
            for request, result in self._client.send_many(some, concurrency=self._concurrency):
                self._count(result)
                yield request.context, result

    def call(self, request: Request) -> Response:
        """Send one request and return the reply, of any status; raise a ConnectError if there is none."""
        try:
            response = self._client.request(request)
        except ConnectError as error:
            self._count(error)
            raise
        self._count(response)
        return response

    def _count(self, result: Response | ConnectError) -> None:
        if isinstance(result, WaitForQuota) and not result.attempts:
            return  # refused on this side, and never sent
        self.traffic.count(result)
        self.proven = self.proven or isinstance(result, Response)
