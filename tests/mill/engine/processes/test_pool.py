"""The processes that workers are forked from, from the first job to the end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mill.engine.processes.pool import WorkerPool


@pytest.mark.parametrize("python", [None, Path(sys.executable)], ids=["mill's own", "an environment's"])
def test_a_job_that_comes_after_the_end_starts_nothing(tmp_path: Path, python: Path | None) -> None:
    with WorkerPool(tmp_path, tmp_path / "bytecode") as pool:
        pass
    with pytest.raises(ChildProcessError, match="have ended"):
        pool.take(python)
    pool.close()
