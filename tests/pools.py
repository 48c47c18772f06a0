"""One pool of workers for all sessions of this repository that a process of the suite has.

Each session would start a process to fork from, and each job would import what its script does: half of the
time of a test that runs an import. Here a script of `f` is loaded for its first job, and each later one is
forked from that process. A test of `mill` as a process of its own runs scripts as everybody's are.
"""

from __future__ import annotations

import atexit
import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from mill.engine.processes.pool import WorkerPool
from tests.mill.trees import REPOSITORY


def share_pool(patch: pytest.MonkeyPatch) -> None:
    """Have the sessions of this repository use one pool, which stays until this process ends."""
    patch.setattr("mill.session.WorkerPool", _lend)


def _lend(root: Path, bytecode_cache: Path, keeps_loaded: Callable[[str], bool]) -> WorkerPool:
    return _lent(bytecode_cache) if root == REPOSITORY else WorkerPool(root, bytecode_cache, keeps_loaded)


@functools.cache
def _lent(bytecode_cache: Path) -> _Lent:
    pool = _Lent(REPOSITORY, bytecode_cache, lambda path: path.startswith("f/"))
    atexit.register(pool.end)
    return pool


class _Lent(WorkerPool):
    def close(self) -> None:
        """Stay, for the next session; the jobs of this one are ended by its engine."""

    def end(self) -> None:
        """End every process."""
        super().close()
