"""What the jobs of a killed server held is given back by whoever knows that nothing of theirs is on its way.

The tools cannot know that: after a kill they let a key rest for two minutes, since a request may have left
and not have arrived. A measurement that has seen the processes end, with the services on the same machine,
need not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from mill.errors import MillError

_LOOK_SECONDS = 0.05
_END_SECONDS = 30.0
_ARRIVE_SECONDS = 1.0  # in which a twin reads what lies in its sockets
_GIVE_BACK = "UPDATE store_lease SET holder = '', until = 0"


def children(pid: int) -> list[int]:
    """Return the processes that this one has started: those of a server end with all its jobs."""
    return [
        int(one) for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()
    ]


async def ended(pids: Iterable[int]) -> None:
    """Return once all of them are gone; MillError if one stays."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            while any(_is_alive(pid) for pid in pids):  # noqa: ASYNC110 - no child of ours, so no event
                await asyncio.sleep(_LOOK_SECONDS)
            return
    raise MillError("The jobs of a killed server do not end.", exit_code=1)


async def give_back(state: Path) -> None:
    """Give back every lease in the stores below a folder, once what left has arrived."""
    await asyncio.sleep(_ARRIVE_SECONDS)
    for file in stores(state):
        with contextlib.closing(sqlite3.connect(file, timeout=10)) as store, store:
            if store.execute("SELECT 1 FROM sqlite_master WHERE name = 'store_lease'").fetchall():
                store.execute(_GIVE_BACK)


def stores(state: Path) -> Sequence[Path]:
    """Return the files in which jobs remember things."""
    return [
        Path(root, name) for root, _, names in os.walk(state) for name in names if name.endswith(".sqlite")
    ]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
