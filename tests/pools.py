"""One pool of workers for all sessions of this repository that a process of the suite has.

Each session would start a process to fork from, and each job would import what its script does: half of the
time of a test that runs an import. Here a script of `f` is loaded for its first job, and each later one is
forked from that process. A test of `mill` as a process of its own runs scripts as everybody's are. A file of
tests of one other workspace can have a pool for that.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from mill.engine.processes.environments import cache_folder
from mill.engine.processes.pool import WorkerPool
from tests.mill.trees import REPOSITORY


def share_pool(patch: pytest.MonkeyPatch) -> None:
    """Have the sessions of this repository use one pool, which stays until this process ends."""
    patch.setattr("mill.session.WorkerPool", _lend)


@contextlib.contextmanager
def pool_of(root: Path) -> Iterator[None]:
    """Have the sessions of this workspace use one pool of their own until the end of the `with`."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        pool = _Lent(root, cache_folder() / "bytecode")
        stack.callback(pool.end)
        patch.setitem(_OTHERS, root, pool)
        yield


_OTHERS: dict[Path, _Lent] = {}


def _lend(root: Path, bytecode_cache: Path, keeps_loaded: Callable[[str], bool]) -> WorkerPool:
    if root == REPOSITORY:
        return _lent(bytecode_cache)
    return _OTHERS.get(root) or _Late(root, bytecode_cache, keeps_loaded)


@functools.cache
def _lent(bytecode_cache: Path) -> _Lent:
    pool = _Lent(REPOSITORY, bytecode_cache)
    atexit.register(pool.end)
    return pool


class _Late(WorkerPool):
    """Starts what it forks from for the first job: many sessions of tests have none."""

    def __enter__(self) -> Self:
        return self


class _Lent(_Late):
    """Has the scripts of `f` loaded from their first job on."""

    def __init__(self, root: Path, bytecode_cache: Path) -> None:
        super().__init__(root, bytecode_cache, lambda path: path.startswith("f/"))

    def close(self) -> None:
        """Stay, for the next session; the jobs of this one are ended by its engine."""

    def end(self) -> None:
        """End every process."""
        super().close()
