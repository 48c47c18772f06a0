"""The HTTP client of one integration: every outbound call of the workspace goes through here.

Synchronous calls are sent with `requests`, asynchronous and mass ones with aiohttp; both obey the
same `exchange`. aiohttp is imported only when the first asynchronous call is made.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# attrs==26.1.0
# frozenlist==1.8.0
# idna==3.20
# multidict==7.2.1
# propcache==0.5.4
# typing-extensions==4.16.0
# yarl==1.25.1

from __future__ import annotations

import dataclasses
import functools
import inspect
import logging
import os
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from f.connect.calls.effects import Await, Do, Effect, Send, Sleep, carry_out
from f.connect.calls.exchange import Auth, Exchange, NoGuard
from f.connect.calls.interceptors import Attempt, Interceptors
from f.connect.calls.message import Lost, Reply, Request, Response
from f.connect.calls.pipeline import Pipeline, Routes, Runs
from f.connect.errors import ConnectError, FixInput, FixSettings
from f.connect.integration import Integration, NoAuth, endpoint_name, resolve_url, script_path
from f.connect.limits.guard import SharedGuard
from f.connect.logs import show_calls_of_jobs
from f.connect.sign_in.auth import NoCredential, auth_for
from f.connect.times import REAL, Clock
from f.connect.transport.sync_transport import Transport
from f.store.stores import memory_store

if TYPE_CHECKING:
    from f.connect.cache.cached_exchange import CachedExchange
    from f.connect.integration import Mode
    from f.connect.limits.circuit_breaker import Breaker
    from f.connect.limits.rate_limit import RateLimiter
    from f.connect.metrics import Summary
    from f.connect.pagination import Pager
    from f.connect.transport.addresses import GivenAddresses
    from f.connect.transport.async_runner import AsyncRunner
    from f.connect.transport.async_transport import AsyncTransport
    from f.connect.transport.script_server import ScriptServer
    from f.store.store import Store

log = logging.getLogger("connect")


class Client:
    """Sends requests to one integration. A context manager; its methods may be called from many threads.

    `store` is where limits, breaker, tokens and metrics live; jobs that share it obey them together.
    Without one they hold for this process. The methods that end in `_async` need `async with`.
    Where the base_url is what a person entered, `given` closes addresses to it; such a client is
    synchronous only. `download_seconds` bounds each download as a whole.
    """

    def __init__(
        self,
        integration: Integration,
        store: Store | None = None,
        *,
        clock: Clock = REAL,
        given: GivenAddresses | None = None,
        download_seconds: float | None = None,
    ) -> None:
        self._clock = clock
        self.integration = integration
        store = store or memory_store()
        base_url = resolve_url(integration.base_url)
        show_calls_of_jobs()
        _warn_of_risks(integration, base_url)
        auth = auth_for(integration, store)
        # What is wrong with an address that a person entered, that person is told.
        watched = integration if given is None else dataclasses.replace(integration, raises_events=False)
        self._guard = SharedGuard(watched, auth, store, clock)
        self._script = _script_server(integration, given)
        sent = integration
        if self._script is not None:
            base_url = self._script.url
            headers = {**integration.default_headers, **self._script.headers}
            sent = dataclasses.replace(integration, default_headers=headers)
        interceptors = Interceptors()
        live = Exchange(sent, base_url, auth, self._guard, interceptors=interceptors, clock=clock)
        self.cache = _cache_of(live, auth, integration, clock)
        self._pipeline = Pipeline(_routes(self.cache or live, integration, interceptors, clock), interceptors)
        self._transport = Transport(
            connect_timeout=integration.connect_timeout,
            verify=integration.verify_ssl,
            max_reply_bytes=integration.max_reply_bytes,
            given=given,
            download_seconds=download_seconds,
        )
        self._loops = _Loops(integration, clock, may_open=given is None)

    @property
    def auth(self) -> Auth:
        """The credential as a `requests` auth object."""
        return self._guard.auth

    @property
    def limiter(self) -> RateLimiter:
        """The integration's rate limiter."""
        return self._guard.limiter

    @property
    def breaker(self) -> Breaker:
        """The integration's circuit breaker."""
        return self._guard.breaker

    def mode_of(self, request: Request) -> Mode:
        """Return who would answer such a request: `mode`, unless `endpoint_modes` names its endpoint."""
        return self._pipeline.mode_of(request)

    def request(self, request: Request) -> Response:
        """Carry out one request.

        Returns what the service answered; see `f.connect.errors` for what it raises.
        """
        self._pipeline.interceptors.refuse_coroutines()
        work = carry_out(self._pipeline.run(request), self._perform)
        try:
            work.send(None)  # each effect is performed on the spot: the first step is the last
        except StopIteration as done:
            response: Response = done.value
            return response
        raise AssertionError("nothing in a synchronous call waits for an event loop")

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(outgoing, timeout):
                return self._transport.send(outgoing, timeout)
            case Sleep(seconds):
                return self._clock.sleep(seconds)
            case Do(work):
                return work()
            case Await(awaitable):
                if inspect.iscoroutine(awaitable):
                    awaitable.close()
                raise TypeError("an interceptor of a synchronous call returned what must be awaited")

    def send_many(
        self, requests: Iterable[Request], concurrency: int = 32
    ) -> Iterator[tuple[Request, Response | ConnectError]]:
        """Send many requests at once and yield each with its result as it completes.

        `requests` is read lazily, on this thread: at most `concurrency` are under way and as many wait
        before and after. Errors are results, never raised. Leaving the loop early cancels what is under
        way; such writes may have been applied. Connections stay open until the client is closed.
        """
        return self._loops.runner().send_many(self._pipeline, requests, concurrency)

    def pages(self, path: str, pager: Pager, **options: Any) -> Iterator[Response]:
        """Yield the pages of a list, each fetched when asked for; `f.connect.pagination` has the pagers."""
        from f.connect.pagination import pages  # one module less to fetch for jobs that page nothing

        return pages(self.request, Request(method="GET", path=path, **options), pager)

    def items(self, path: str, pager: Pager, *, at: str, **options: Any) -> Iterator[Any]:
        """Yield the elements of a paged list; `at` is the dotted path of the list in a page."""
        from f.connect.pagination import items

        return items(self.pages(path, pager, **options), at)

    def get(self, path: str, **options: Any) -> Response:
        """GET `path`; `options` are the fields of Request."""
        return self.request(Request(method="GET", path=path, **options))

    def post(self, path: str, **options: Any) -> Response:
        """POST to `path`; it is repeated only with an `idempotency_key` or `repeatable=True`."""
        return self.request(Request(method="POST", path=path, **options))

    def put(self, path: str, **options: Any) -> Response:
        """PUT to `path`."""
        return self.request(Request(method="PUT", path=path, **options))

    def patch(self, path: str, **options: Any) -> Response:
        """PATCH `path`; repeated only if `repeatable=True` says the service makes it safe."""
        return self.request(Request(method="PATCH", path=path, **options))

    def delete(self, path: str, **options: Any) -> Response:
        """DELETE `path`."""
        return self.request(Request(method="DELETE", path=path, **options))

    def download(
        self, path: str, target: str | os.PathLike[str], *, max_bytes: int, **options: Any
    ) -> Response:
        """Stream what a GET returns into the file `target`, which appears whole or not at all.

        `timeout` bounds each wait for the next bytes. More than `max_bytes`, unpacked, is a FixSettings.
        """
        from f.connect.transport.file_sink import FileSink  # few jobs download

        # A name of its own: two downloads to one place must not write into each other.
        part = Path(target).with_name(f".download-{secrets.token_hex(8)}.part")
        with FileSink(part, max_bytes) as sink:
            response = self.request(Request(method="GET", path=path, sink=sink, **options)).raise_for_status()
            sink.keep_as(Path(target))
        return response

    async def request_async(self, request: Request) -> Response:
        """Carry out one request on the running event loop, as do `get_async` and its kin."""
        return await self._loops.transport().call(self._pipeline, request)

    async def get_async(self, path: str, **options: Any) -> Response:
        """GET `path`."""
        return await self.request_async(Request(method="GET", path=path, **options))

    async def post_async(self, path: str, **options: Any) -> Response:
        """POST to `path`; it is repeated as `post` says."""
        return await self.request_async(Request(method="POST", path=path, **options))

    async def put_async(self, path: str, **options: Any) -> Response:
        """PUT to `path`."""
        return await self.request_async(Request(method="PUT", path=path, **options))

    async def patch_async(self, path: str, **options: Any) -> Response:
        """PATCH `path`; it is repeated as `patch` says."""
        return await self.request_async(Request(method="PATCH", path=path, **options))

    async def delete_async(self, path: str, **options: Any) -> Response:
        """DELETE `path`."""
        return await self.request_async(Request(method="DELETE", path=path, **options))

    def refuse_credential(self) -> None:
        """Remember for all jobs of the store that the service refuses the credential.

        A 401 is remembered by itself. What a 403 is about only the caller can tell.
        """
        self._guard.refuse_credential()

    def metrics(self) -> dict[str, Summary]:
        """Return what is known of the integration's calls, by endpoint, over all jobs of the store."""
        return self._guard.metrics.summary(self.integration.name)

    def on_request(self, change: Callable[[Request], Request | Awaitable[Request]]) -> None:
        """Let `change` see every request before it is prepared, and return it or another.

        Here and below: `f.connect.calls.interceptors` says in which order they are called, and what becomes
        of their faults. Coroutine functions are for asynchronous calls, and for `send_many`, on its loop.
        """
        self._pipeline.interceptors.add("request", change)

    def on_attempt(self, look: Callable[[Attempt], Awaitable[None] | None]) -> None:
        """Let `look` see every attempt before it is signed; it may change `headers`, or raise to stop it."""
        self._pipeline.interceptors.add("attempt", look)

    def on_outcome(self, look: Callable[[Attempt, Reply | Lost], Awaitable[None] | None]) -> None:
        """Let `look` see what came of every attempt that was not cancelled. It changes nothing."""
        self._pipeline.interceptors.add("outcome", look)

    def on_response(self, turn: Callable[[Response], Response | Awaitable[Response]]) -> None:
        """Let `turn` see every response, and return it or another."""
        self._pipeline.interceptors.add("response", turn)

    def on_error(self, look: Callable[[Request, ConnectError], Awaitable[None] | None]) -> None:
        """Let `look` see every error on its way to the caller."""
        self._pipeline.interceptors.add("error", look)

    def close(self) -> None:
        """Close all connections and write the metrics gathered so far to the store."""
        self._loops.close()
        self._transport.close()
        self._guard.close()
        if self._script is not None:
            self._script.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop, and all others."""
        await self._loops.close_async()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close_async()


class _Loops:
    """What asynchronous calls need: on the caller's event loop, and on one of our own for `send_many`.

    Made on first use, for asyncio and aiohttp cost 200 ms that most jobs need not pay.
    """

    def __init__(self, integration: Integration, clock: Clock, *, may_open: bool) -> None:
        self._integration, self._clock, self._may_open = integration, clock, may_open
        self._transport: AsyncTransport | None = None
        self._runner: AsyncRunner | None = None
        self._lock = threading.Lock()

    def transport(self) -> AsyncTransport:
        """Return the connections of the running event loop."""
        assert self._may_open, "given addresses are checked by synchronous calls only"
        if self._transport is None:
            from f.connect.transport.async_transport import AsyncTransport

            self._transport = AsyncTransport(self._integration, clock=self._clock)
        return self._transport

    def runner(self) -> AsyncRunner:
        """Return the loop of our own; a process that was forked off gets another."""
        from f.connect.transport.async_runner import AsyncRunner

        assert self._may_open, "given addresses are checked by synchronous calls only"
        with self._lock:
            if self._runner is None or not self._runner.is_open:
                self._runner = AsyncRunner(self._integration, self._clock)
            return self._runner

    def close(self) -> None:
        """Close the loop of our own."""
        if self._runner is not None:
            self._runner.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None


def _script_server(integration: Integration, given: GivenAddresses | None) -> ScriptServer | None:
    """Return what answers in this job, if the base_url names a script and calls go there.

    FixInput where people enter addresses: who may start a job may not thereby have it run any script.
    """
    if script_path(integration.base_url) is None or integration.modes == {"mock"}:
        return None
    if given is not None:
        raise FixInput(
            "The address names a script: give one that begins with https://.", code="address_not_allowed"
        )
    from f.connect.transport.script_server import (
        ScriptServer,  # a web server's imports, paid only by who needs one
    )

    return ScriptServer(integration.base_url)


def _cache_of(live: Exchange, auth: Auth, integration: Integration, clock: Clock) -> CachedExchange | None:
    settings = integration.cache
    if settings is None or not settings.enabled:
        return None
    from f.connect.cache.cached_exchange import CachedExchange  # three modules less for who keeps nothing

    return CachedExchange(live, auth, settings, clock=clock)


def _routes(live: Runs, integration: Integration, interceptors: Interceptors, clock: Clock) -> Routes:
    """Let calls go to the service, to its twin, or to the twin while the service is down, by the mode."""
    modes = {endpoint_name(name): mode for name, mode in integration.endpoint_modes.items()}
    mock = stand_in = None
    if integration.modes != {"live"}:
        twin, nobody = _twin_of(integration), NoCredential()
        exchange = functools.partial(
            Exchange, twin, twin.base_url, nobody, source="twin", interceptors=interceptors, clock=clock
        )
        if "mock" in integration.modes:
            mock = exchange(SharedGuard(twin, nobody, memory_store()))
        if "hybrid" in integration.modes:
            stand_in = exchange(NoGuard())
    return Routes(live=live, mock=mock, stand_in=stand_in, mode=integration.mode, modes=modes)


def _twin_of(integration: Integration) -> Integration:
    """Return the integration's stand-in: no credential ever goes there, and its own counts."""
    if integration.twin_url is None:
        raise FixSettings(f"{integration.name} has no twin_url to answer from in {integration.mode} mode.")
    return dataclasses.replace(
        integration,
        name=f"{integration.name}.twin",
        base_url=resolve_url(integration.twin_url),
        authentication=NoAuth(),
        default_headers={},
        raises_events=False,
        mode="live",
        endpoint_modes={},
    )


def _warn_of_risks(integration: Integration, base_url: str) -> None:
    if not integration.verify_ssl:
        log.warning("%s: the TLS certificate is not checked (verify_ssl is false)", integration.name)
    if integration.allow_plain_http and base_url.startswith("http:"):
        log.warning("%s: requests and credentials travel unencrypted (plain http)", integration.name)
