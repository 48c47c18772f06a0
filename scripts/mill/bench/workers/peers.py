"""What one would write for the purpose instead of an import, each as good as it gets in a few lines.

They send and read the new ids; nothing is retried, limited, journalled or reported.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import requests

from mill.bench.rig.errand import Errand
from mill.bench.workers.obvious import obvious

_ROWS_A_BATCH = 100  # as ours


def by_asyncio(errand: Errand) -> int:
    """One request a row over aiohttp."""
    return asyncio.run(_post_all(errand, "/customers", _records(errand)))


def by_asyncio_in_batches(errand: Errand) -> int:
    """From the file: the obvious check of every row, then a request for each hundred over aiohttp."""
    customers = obvious(Path(errand["csv"]).read_bytes(), ",")
    batches = iter(lambda: list(islice(customers, _ROWS_A_BATCH)), [])
    return asyncio.run(_post_all(errand, "/customers/batch", ({"customers": batch} for batch in batches)))


async def _post_all(errand: Errand, path: str, bodies: Iterator[Any]) -> int:
    ids: list[str] = []
    url, at_once = errand["api"]["base_url"] + path, errand["at_once"]

    async def work() -> None:
        for body in bodies:
            async with session.post(url, json=body) as reply:
                reply.raise_for_status()
                answer = await reply.json()
            ids.extend(result["id"] for result in answer.get("results", [answer]))

    connector = aiohttp.TCPConnector(limit=at_once)
    async with (
        aiohttp.ClientSession(connector=connector, headers=_headers(errand)) as session,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(at_once):
            group.create_task(work())
    return len(ids)


def by_threads(errand: Errand) -> int:
    """One request a row from a pool of threads over one requests.Session."""
    with _session(errand) as session, ThreadPoolExecutor(errand["at_once"]) as pool:
        return len(list(pool.map(lambda record: _post(session, errand, record), _records(errand))))


def by_loop(errand: Errand) -> int:
    """One request after the other for each row of csv.DictReader."""
    with _session(errand) as session, Path(errand["csv"]).open(encoding="utf-8", newline="") as file:
        rows: Iterable[dict[str, str]] = islice(csv.DictReader(file), errand["rows"])
        return len([_post(session, errand, {**row, "email": row["E-Mail Address"]}) for row in rows])


def _post(session: requests.Session, errand: Errand, record: Any) -> str:
    reply = session.post(f"{errand['api']['base_url']}/customers", json=record, timeout=30)
    reply.raise_for_status()
    return str(reply.json()["id"])


def _session(errand: Errand) -> requests.Session:
    session = requests.Session()
    session.headers.update(_headers(errand))
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=errand["at_once"]))
    return session


def _headers(errand: Errand) -> dict[str, str]:
    return {"Authorization": f"Bearer {errand['api']['authentication']['token']}"}


def _records(errand: Errand) -> Iterator[Any]:
    with Path(errand["records"]).open("rb") as lines:
        yield from map(json.loads, islice(lines, errand["rows"]))
