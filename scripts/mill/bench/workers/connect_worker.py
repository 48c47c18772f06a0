"""What `mill bench connect` runs in processes of their own: one measurement, as JSON.

`python connect_worker.py sync|async|threads URL CALLS` or `limiter STORE TAKES`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.integration import BearerToken, Integration, RateLimit
from f.connect.limits.rate_limit import RateLimiter
from f.store.stores import postgres_store, sqlite_store

CONCURRENCY = 64
THREADS = 16
ROUNDS = 5
BODY = {"email": "ada@example.com", "name": "Ada"}
TOKEN = "bench"  # noqa: S105 - it goes to loopback
HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "1"}
LIMIT = RateLimit(max_requests=100, time_window=1.0, burst_size=20)


def client_of(url: str) -> Client:
    """Return a client with everything on: credential, limit, breaker, metrics, in memory."""
    plenty = RateLimit(max_requests=10**6, burst_size=10**6)
    return Client(
        Integration(name="bench", base_url=url, authentication=BearerToken(token=TOKEN), rate_limit=plenty)
    )


def seconds_of(work: Callable[[], Any]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(calls: int, works: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Return calls a second of each, measured in turns, so that a busy machine is busy for all."""
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rates[name].append(calls / seconds_of(work))
    return rates


def sync(url: str, calls: int) -> dict[str, list[float]]:
    """Return one call after the other: our client, a bare requests.Session, urllib3."""
    import requests  # noqa: PLC0415 - each measurement pays for its own
    import urllib3  # noqa: PLC0415 - as above

    client, session, pool = client_of(url), requests.Session(), urllib3.PoolManager()

    def repeat(call: Callable[[], Any]) -> Callable[[], None]:
        def work() -> None:
            for _ in range(calls):
                call()

        return work

    works = {
        "client": repeat(lambda: client.post("/customers", json=BODY).json),
        "session": repeat(
            lambda: session.post(f"{url}/customers", json=BODY, headers=HEADERS, timeout=30).json()
        ),
        "urllib3": repeat(
            lambda: pool.request("POST", f"{url}/customers", json=BODY, headers=HEADERS, timeout=30).json()
        ),
    }
    return in_turns(calls, works)


def mass(url: str, calls: int) -> dict[str, list[float]]:
    """64 at once: `send_many`, and the loop one would write by hand on aiohttp."""
    client = client_of(url)

    def requests() -> Iterator[Request]:
        return (Request(method="POST", path="/customers", json=BODY) for _ in range(calls))

    def send_many() -> None:
        for _, result in client.send_many(requests(), CONCURRENCY):
            assert not isinstance(result, Exception)

    return in_turns(calls, {"client": send_many, "loop": lambda: asyncio.run(_by_hand(url, calls))})


async def _by_hand(url: str, calls: int) -> None:
    import aiohttp  # noqa: PLC0415 - each measurement pays for its own

    numbers = iter(range(calls))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:

        async def work() -> None:
            for _ in numbers:
                async with session.post(f"{url}/customers", json=BODY, headers=HEADERS) as reply:
                    await reply.json()

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())


def threads(url: str, calls: int) -> dict[str, list[float]]:
    """The obvious way: a pool of threads over one requests.Session."""
    import requests  # noqa: PLC0415 - each measurement pays for its own

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

    def one(_: int) -> Any:
        return session.post(f"{url}/customers", json=BODY, headers=HEADERS, timeout=30).json()

    def work() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(one, range(calls)))

    return in_turns(calls, {"threads": work})


def limiter(where: str, takes: int) -> dict[str, Any]:
    """When tokens of one shared key came due, by the store's clock, and what a take cost."""
    with postgres_store(where) if where.startswith("postgres") else sqlite_store(where) as store:
        shared = RateLimiter("bench", LIMIT, store)
        store.now()
        sys.stdin.readline()
        due, costs = [], []
        for _ in range(takes):
            started = time.perf_counter()
            wait = shared.reserve(60.0)
            costs.append(time.perf_counter() - started)
            assert wait is not None
            due.append(store.now() + wait)
        return {"due": due, "milliseconds": [1000 * cost for cost in costs]}


def main() -> None:
    """Run the measurement named first."""
    kind, where, count = sys.argv[1:]
    works: dict[str, Callable[[str, int], Any]] = {
        "sync": sync,
        "async": mass,
        "threads": threads,
        "limiter": limiter,
    }
    sys.stdout.write(json.dumps(works[kind](where, int(count))))


if __name__ == "__main__":
    main()
