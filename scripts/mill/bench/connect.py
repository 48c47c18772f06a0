"""`mill bench connect`: what the connection layer costs over doing without it."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.bench.rig.postgres import postgres
from mill.errors import MillError
from mill.repository.workspace import Workspace

_HERE = Path(__file__).parent
_DELAYS = (0.0, 0.02)
_WINDOW, _PER_WINDOW, _BURST = 1.0, 100, 20  # of the limit the worker takes from
_PROCESSES, _TAKES = 8, 60
_IMPORT_ROUNDS = 3


def connect(
    calls: Annotated[int, typer.Option(min=100, help="Calls in each round.")] = 1_000,
    imports: Annotated[bool, typer.Option(help="Time the import of every script of f/ too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare the client with bare libraries, time imports, and check the limiter with 8 processes.

    sync_vs_session and async_vs_loop are time over time: 1.1 is a tenth slower than without us.
    limiter_over counts calls beyond limit + burst in any window; limiter_take_ms is the median take.
    """
    root = Workspace.find(Path.cwd()).root
    figures: dict[str, float] = {}
    tables = []
    for measure in (_measure_calls, _measure_limiter):
        more, table = measure(root, calls)
        figures |= more
        tables.append(table)
    more, table = _measure_imports(root, every_script=imports)
    figures |= more
    tables.append(table)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    console = Console(file=sys.stdout)
    for table in tables:
        console.print(table)


def _measure_calls(root: Path, calls: int) -> tuple[dict[str, float], Table]:
    figures: dict[str, float] = {}
    table = Table("calls a second", *(f"{1000 * delay:.0f} ms away" for delay in _DELAYS), title="calls")
    rows: dict[str, list[str]] = {}
    for delay in _DELAYS:
        with _server(delay) as url:
            few = calls if not delay else max(40, calls // 20)
            one = _worker(root, "sync", url, few)
            many = _worker(root, "async", url, 4 * calls) | _worker(root, "threads", url, calls)
        for name, rates in {
            "client, one by one": one["client"],
            "requests.Session": one["session"],
            "urllib3": one["urllib3"],
            "client, 64 at once": many["client"],
            "aiohttp by hand, 64 at once": many["loop"],
            "16 threads over requests": many["threads"],
        }.items():
            rows.setdefault(name, []).append(f"{statistics.median(rates):,.0f}")
        suffix = "" if not delay else f"_{1000 * delay:.0f}ms"
        figures[f"sync_vs_session{suffix}"] = _ratio(one["session"], one["client"])
        # 64 at once only makes sense over a network: its figure without a suffix is the one at 20 ms.
        figures["async_vs_loop" if delay else "async_vs_loop_0ms"] = _ratio(many["loop"], many["client"])
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return figures, table


def _ratio(theirs: list[float], ours: list[float]) -> float:
    """Our time over theirs: the median of the rounds, each against its neighbour in time."""
    return round(statistics.median(their / our for their, our in zip(theirs, ours, strict=True)), 3)


def _measure_limiter(root: Path, _: int) -> tuple[dict[str, float], Table]:
    table = Table("store", "processes", "takes", "ms a take (median)", "p95", "over", title="rate limiter")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="mill-bench-") as folder, postgres() as dsn:
        stores = {"postgres": dsn} if dsn else {}
        for name, where in {"sqlite": f"{folder}/state.sqlite", **stores}.items():
            results = _together(root, where)
            costs = sorted(cost for result in results for cost in result["milliseconds"])
            over = _over(sorted(due for result in results for due in result["due"]))
            median, p95 = statistics.median(costs), costs[int(0.95 * len(costs))]
            table.add_row(name, str(_PROCESSES), str(len(costs)), f"{median:.2f}", f"{p95:.2f}", str(over))
            suffix = "" if name == "postgres" else f"_{name}"
            figures[f"limiter_over{suffix}"] = over
            figures[f"limiter_take_ms{suffix}"] = round(median, 3)
    return figures, table


def _over(due: list[float]) -> int:
    """Return how many tokens beyond limit + burst came due within one window, at worst."""
    allowed = _PER_WINDOW + _BURST
    worst, first = 0, 0
    for last, moment in enumerate(due):
        while moment - due[first] >= _WINDOW:
            first += 1
        worst = max(worst, last - first + 1)
    return max(0, worst - allowed)


def _together(root: Path, where: str) -> list[dict[str, Any]]:
    command = [sys.executable, str(_HERE / "workers" / "connect_worker.py"), "limiter", where, str(_TAKES)]
    workers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and file
            command, cwd=root, env=_environment(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(_PROCESSES)
    ]
    time.sleep(1.0)  # until all have imported and wait for the starting signal
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    return [json.loads(worker.communicate()[0]) for worker in workers]


def _measure_imports(root: Path, *, every_script: bool) -> tuple[dict[str, float], Table]:
    bare = _import_seconds(root, "pass")
    table = Table("import", "ms", "times a bare interpreter", title="cold starts")
    table.add_row("(bare interpreter)", f"{1000 * bare:.0f}", "1.0")
    modules = ["requests", "f.connect.client", "f.connect.config"]
    if every_script:
        modules += [
            ".".join(path.relative_to(root).with_suffix("").parts)
            for path in sorted(root.glob("f/*/*.py"))
            if "\ndef main(" in path.read_text("utf-8")
        ]
    seconds = {module: _import_seconds(root, f"import {module}") for module in modules}
    for module, took in seconds.items():
        table.add_row(module, f"{1000 * took:.0f}", f"{took / bare:.1f}")
    ratios = {f"import:{module}": round(took / bare, 2) for module, took in seconds.items()}
    against = round(seconds["f.connect.client"] / seconds["requests"], 3)
    return {**ratios, "import_client_vs_requests": against}, table


def _import_seconds(root: Path, code: str) -> float:
    times = []
    for _ in range(_IMPORT_ROUNDS):
        started = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own interpreter, an import of a module of f/
            [sys.executable, "-c", code], cwd=root, env=_environment(root), capture_output=True, check=False
        )
        times.append(time.perf_counter() - started)
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise MillError(f"{code} fails: {' '.join(last)}", exit_code=1)
    return statistics.median(times)


def _worker(root: Path, kind: str, where: str, count: int) -> dict[str, Any]:
    command = [sys.executable, str(_HERE / "workers" / "connect_worker.py"), kind, where, str(count)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and file
        command, cwd=root, env=_environment(root), capture_output=True, check=False
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise MillError(f"The measurement {kind!r} failed: {' '.join(last)}", exit_code=1)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _environment(root: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root), "NO_PROXY": "*"}


@contextlib.contextmanager
def _server(delay: float) -> Iterator[str]:
    command = [sys.executable, str(_HERE / "rig" / "loopback.py"), str(delay)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()
