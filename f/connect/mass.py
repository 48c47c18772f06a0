"""Sends many requests at once from synchronous code: an event loop on a thread of its own.

Requests are taken from the caller's iterator on the caller's thread, so a generator may use its
database connection. Requests go over and results come back in batches: a switch between the two
threads costs as much as a request.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Iterable, Iterator

from f.connect.async_transport import AsyncTransport
from f.connect.clock import REAL, Clock
from f.connect.errors import ConnectError, FixInput, SignInAgain
from f.connect.integration import Integration
from f.connect.message import Request, Response
from f.connect.pipeline import Pipeline

Result = tuple[Request, Response | ConnectError]


def send_many(
    pipeline: Pipeline,
    integration: Integration,
    requests: Iterable[Request],
    concurrency: int,
    clock: Clock = REAL,
) -> Iterator[Result]:
    """Yield each request with its result, as completed; see `Client.send_many`."""
    if concurrency < 1:
        raise FixInput(f"concurrency is {concurrency}, must be at least 1")
    return _results(_Crew(pipeline, integration, concurrency, clock), iter(requests), concurrency)


def _results(crew: _Crew, requests: Iterator[Request], concurrency: int) -> Iterator[Result]:
    """Keep twice `concurrency` requests begun and not yet yielded: the wire never waits for the caller."""
    most, refill_every = 2 * concurrency, max(1, concurrency // 4)
    crew.start()
    try:
        begun = crew.feed(itertools.islice(requests, most))
        while begun:
            for number, result in enumerate(crew.take(), 1):
                begun -= 1
                yield result
                if number % refill_every == 0:
                    begun += crew.feed(itertools.islice(requests, most - begun))
            begun += crew.feed(itertools.islice(requests, most - begun))
    finally:
        crew.stop()


class _Crew:
    """`concurrency` workers on one loop on one thread."""

    def __init__(self, pipeline: Pipeline, integration: Integration, concurrency: int, clock: Clock) -> None:
        self._clock = clock
        self._pipeline, self._integration, self._concurrency = pipeline, integration, concurrency
        self._loop = asyncio.new_event_loop()
        self._inbox: asyncio.Queue[Request] = asyncio.Queue()
        self._finished: list[Result] = []  # not yet handed over
        self._batches: queue.SimpleQueue[list[Result] | BaseException] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="send_many", daemon=True)
        self._ready = threading.Event()
        self._main: asyncio.Task[None] | None = None
        self._refused: SignInAgain | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()
        self._ready.wait()

    def feed(self, requests: Iterable[Request]) -> int:
        """Hand requests over and return how many."""
        batch = list(requests)
        if batch:
            self._loop.call_soon_threadsafe(self._put, batch)
        return len(batch)

    def take(self) -> list[Result]:
        """Wait for the next results; raises what ended the thread."""
        batch = self._batches.get()
        if isinstance(batch, BaseException):
            raise batch
        return batch

    def stop(self) -> None:
        """Cancel what is under way and wait until every connection is closed."""
        if self._main is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join()
        self._loop.close()

    def _put(self, batch: list[Request]) -> None:
        for request in batch:
            self._inbox.put_nowait(request)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._work_all())
        except asyncio.CancelledError:
            pass
        except (
            BaseExceptionGroup
        ) as several:  # a fault of an interceptor, say: the caller sees the fault itself
            self._batches.put(several.exceptions[0])
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())

    async def _work_all(self) -> None:
        self._main = asyncio.current_task()
        self._ready.set()
        async with (
            AsyncTransport(self._integration, pool_size=self._concurrency, clock=self._clock) as transport,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(self._concurrency):
                group.create_task(self._work(transport))

    async def _work(self, transport: AsyncTransport) -> None:
        while True:
            request = await self._inbox.get()
            self._report(request, await self._send(transport, request))

    async def _send(self, transport: AsyncTransport, request: Request) -> Response | ConnectError:
        if self._refused is not None:
            return self._refused
        try:
            return await transport.call(self._pipeline, request)
        except SignInAgain as error:
            self._refused = error
            return error
        except ConnectError as error:
            return error

    def _report(self, request: Request, result: Response | ConnectError) -> None:
        if not self._finished:
            self._loop.call_soon(self._hand_over)
        self._finished.append((request, result))

    def _hand_over(self) -> None:
        self._batches.put(self._finished)
        self._finished = []
