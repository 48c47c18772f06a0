"""The server of the tools: a process that is killed at random moments, and started again at the same port."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from mill.bench.once.leases import children, ended, give_back
from mill.bench.once.twins import environment
from mill.errors import MillError

_ROOT = Path(__file__).parents[4]
_PLAIN = _ROOT / "scripts" / "mill" / "bench" / "workers" / "plain_tool_worker.py"
_START_SECONDS = 180.0  # on a machine that does much else
_LOOK_SECONDS = 0.05


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def guarded_command(port: int, state: Path, resources: Path, workers: int) -> list[str]:
    """Return how `mill mcp` is started."""
    mill = [sys.executable, "-m", "mill", "mcp", "--http", "--port", str(port), "-q"]
    return [*mill, "--state", str(state), "--resources", str(resources), "--workers", str(workers)]


def plain_command(port: int, twins: str) -> list[str]:
    """Return how the server without a memory is started."""
    return [sys.executable, str(_PLAIN), str(port), twins]


class Mortal:
    """A server that is killed, and lives again."""

    def __init__(
        self, command: Sequence[str], port: int, workspace: Path, log: Path, state: Path | None = None
    ) -> None:
        """`state`: where leases are given back after a kill; None: they rest."""
        self.kills = 0
        self._state = state
        self._command, self._port, self._workspace, self._log = command, port, workspace, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._workspace,
                env=dict(environment()),
                start_new_session=True,  # a Ctrl-C at the terminal is for who measures
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._answers():  # noqa: ASYNC110 - a process that listens sets no event
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise MillError("The server of the tools does not start in time.", exit_code=1) from None

    async def _answers(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            last = self._log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise MillError(f"The server of the tools has ended: {' '.join(last)}", exit_code=1)
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.close()
            return True
        return False

    async def kill(self) -> None:
        """Send SIGKILL, and start it again."""
        assert self._process is not None
        jobs = children(self._process.pid)
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        self.kills += 1
        if self._state is not None:
            await ended(jobs)
            await give_back(self._state)
        await self.start()

    async def end(self) -> None:
        """End it as a person does."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self._process.wait()
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()


@contextlib.asynccontextmanager
async def living(mortal: Mortal) -> AsyncIterator[Mortal]:
    """Have it live for the time of the block."""
    try:
        await mortal.start()
        yield mortal
    finally:
        await mortal.end()


async def kill_at_times(
    mortal: Mortal, kills: int, progress: Callable[[], float], dice: random.Random
) -> None:
    """Kill it so often, at moments spread over the work: `progress` runs from 0 to 1."""
    for number in range(kills):
        moment = (number + dice.uniform(0.2, 0.9)) / (kills + 0.5)
        while progress() < moment:  # noqa: ASYNC110 - a share of the work, no event
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(dice.uniform(0, 0.3))
        await mortal.kill()
