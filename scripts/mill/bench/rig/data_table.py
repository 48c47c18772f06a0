"""A data table of its own for a measurement: the loopback API before a real Postgres, and no jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mill
from mill.api.server import LocalApi
from mill.api.storage.data_tables import SETTING
from mill.errors import MillError

_ROOT = Path(mill.__file__).parents[2]


class _NoJobs:
    """Whoever asks something of a job is refused."""

    def __getattr__(self, name: str) -> Any:
        raise MillError(f"There are no jobs here ({name}).")


@contextlib.contextmanager
def data_table(conninfo: str, state: Path) -> Iterator[LocalApi]:
    """Serve a workspace whose data table `main` lies in the Postgres with this connection string."""
    jobs: Any = _NoJobs()
    with LocalApi(_ROOT, state, jobs, environment={f"{SETTING}MAIN": conninfo}) as api:
        yield api
