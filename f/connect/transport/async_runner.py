"""Sends many requests at once from synchronous code: an event loop on a thread of its own.

The thread and its connections last as long as the client, so that the next call finds them. Requests are
taken from the caller's iterator on the caller's thread, so a generator may use its database connection.
Requests go over and results come back in batches: a switch between the two threads costs as much as a
request.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import itertools
import os
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, FixInput, SignInAgain
from f.connect.transport.async_transport import AsyncTransport

if TYPE_CHECKING:
    from f.connect.calls.pipeline import Pipeline
    from f.connect.integration import Integration
    from f.connect.times import Clock

# How long the caller's thread waits in one go. A signal that comes right before it begins to wait is heard
# only once it goes on: to stop a job must not take as long as its slowest answer.
_LOOK_SECONDS = 0.1

T = TypeVar("T")
Result = tuple[Request, Response | ConnectError]


class AsyncRunner:
    """A loop on a thread, with the connections to one service. Its methods may be called from many threads.

    It ends with `close` or with the interpreter. A process forked off has none: there it is closed.
    """

    def __init__(self, integration: Integration, clock: Clock) -> None:
        self._process: int | None = os.getpid()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._helpers = ThreadPoolExecutor(thread_name_prefix="send_many")
        self._loop.set_default_executor(self._helpers)
        self._thread = threading.Thread(target=self._loop.run_forever, name="send_many", daemon=True)
        self._thread.start()
        # On its way out the interpreter halts daemon threads: whoever waited for this one would never end.
        atexit.register(self.close)
        try:
            self._transport = self._wait_for(_connect(integration, clock))
        except BaseException:
            self._stop()
            raise

    @property
    def is_open(self) -> bool:
        """Whether it can be used, by this process."""
        return self._process == os.getpid()

    def send_many(
        self, pipeline: Pipeline, requests: Iterable[Request], concurrency: int
    ) -> Iterator[Result]:
        """Yield each request with its result, as completed; see `Client.send_many`."""
        if concurrency < 1:
            raise FixInput(f"concurrency is {concurrency}, must be at least 1")
        send = functools.partial(self._transport.call, pipeline)
        return _results(_Round(self, send), iter(requests), concurrency)

    def call(self, work: Callable[..., object], *args: object) -> bool:
        """Have the loop call `work` soon; False if the runner is closed."""
        if not self.is_open:
            return False
        with self._lock:
            if self.is_open:
                self._loop.call_soon_threadsafe(work, *args)
            return self.is_open

    def close(self) -> None:
        """Cancel what is under way and wait until every connection is closed."""
        if not self.is_open:
            return
        with self._lock:
            was_open, self._process = self.is_open, None
        if was_open:
            self._wait_for(self._shut_down())
            self._stop()

    async def _shut_down(self) -> None:
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._transport.close()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._helpers.shutdown()  # what they do for cancelled calls may need a store that is closed next
        self._loop.close()
        atexit.unregister(self.close)

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _connect(integration: Integration, clock: Clock) -> AsyncTransport:
    return AsyncTransport(integration, clock=clock)


def _results(sending: _Round, requests: Iterator[Request], concurrency: int) -> Iterator[Result]:
    """Keep twice `concurrency` requests begun and not yet yielded: the wire never waits for the caller."""
    most, portion = 2 * concurrency, max(1, concurrency // 4)
    begun = 0

    def refill() -> None:
        nonlocal begun
        while fed := sending.feed(itertools.islice(requests, min(portion, most - begun))):
            begun += fed

    sending.start(concurrency)
    try:
        refill()
        while begun:
            for number, result in enumerate(sending.take(), 1):
                begun -= 1
                yield result
                if number % portion == 0:
                    refill()
            refill()
    finally:
        sending.stop()


class _Round:
    """One `send_many`: as many workers on the runner's loop as there may be requests at once."""

    def __init__(self, runner: AsyncRunner, send: Callable[[Request], Awaitable[Response]]) -> None:
        self._runner, self._send_one = runner, send
        self._inbox: asyncio.Queue[Request] = asyncio.Queue()
        self._finished: list[Result] = []  # not yet handed over
        self._batches: queue.SimpleQueue[list[Result] | BaseException] = queue.SimpleQueue()
        self._task: asyncio.Task[None] | None = None
        self._ended = threading.Event()
        self._refused: SignInAgain | None = None

    def start(self, workers: int) -> None:
        """Set so many workers to work."""
        self._call(self._begin, workers)

    def feed(self, requests: Iterable[Request]) -> int:
        """Hand requests over and return how many."""
        batch = list(requests)
        if batch:
            self._call(self._put, batch)
        return len(batch)

    def take(self) -> list[Result]:
        """Wait for the next results; raises what ended the round."""
        batch = None
        while batch is None:
            with contextlib.suppress(queue.Empty):
                batch = self._batches.get(timeout=_LOOK_SECONDS)
        if isinstance(batch, BaseException):
            raise batch
        return batch

    def stop(self) -> None:
        """Cancel what is under way and wait until that is done."""
        if self._runner.call(self._cancel):
            self._ended.wait()

    def _call(self, work: Callable[..., object], *args: object) -> None:
        if not self._runner.call(work, *args):
            raise _closed()

    def _begin(self, workers: int) -> None:
        self._task = asyncio.get_running_loop().create_task(self._work_all(workers))
        self._task.add_done_callback(self._on_done)

    def _put(self, batch: list[Request]) -> None:
        for request in batch:
            self._inbox.put_nowait(request)

    def _cancel(self) -> None:
        assert self._task is not None
        self._task.cancel()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._batches.put(_closed())
        elif isinstance(fault := task.exception(), BaseExceptionGroup):
            self._batches.put(fault.exceptions[0])  # of an interceptor, say: the caller sees the fault itself
        self._ended.set()

    async def _work_all(self, workers: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            request = await self._inbox.get()
            self._report(request, await self._send(request))

    async def _send(self, request: Request) -> Response | ConnectError:
        if self._refused is not None:
            return self._refused
        try:
            return await self._send_one(request)
        except SignInAgain as error:
            self._refused = error
            return error
        except ConnectError as error:
            return error

    def _report(self, request: Request, result: Response | ConnectError) -> None:
        if not self._finished:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._finished.append((request, result))

    def _hand_over(self) -> None:
        self._batches.put(self._finished)
        self._finished = []


def _closed() -> RuntimeError:
    return RuntimeError("The client was closed while send_many was at work.")
