"""`mill bench webhooks`: what it costs to take a webhook in, and what kills make of it."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mill
from mill.bench.jobs import measure_starts
from mill.bench.rig.processes import process
from mill.bench.storm.course import Control, Score, measure
from mill.bench.storm.stores import Kind as StoreKind
from mill.errors import MillError
from mill.repository.workspace import Workspace

_ROOT = Path(mill.__file__).parents[2]
_WORKER = _ROOT / "scripts" / "mill" / "bench" / "workers" / "webhook_server_worker.py"
_SECRET = "bench-secret"  # noqa: S105 - the worker's; it guards nothing
_MOCK_SECRET = "twin-generic-secret"  # noqa: S105 - of resources/mock, which protects nothing
_ROUNDS = 3
_SERVED = 10  # the share of events that goes to `mill serve`, where each is a job: a tenth
_SCRIPTS = ("f/webhooks/receive_event", "f/webhooks/dispatch_events")
_NAMES = {
    "verify_only": "bare ASGI handler: an HMAC, no more",
    "accept": "the same server: verified, deduped, stored durably",
    "serve": "mill serve: a job for each event",
}


@dataclass(slots=True)
class Way:
    """One way to take events in: seconds an event and answer times in milliseconds, one list a round."""

    per_event: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Events a second."""
        return 1 / statistics.median(self.per_event)

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which that share was answered."""
        took = sorted(self.took)
        return 1000 * took[min(len(took) - 1, int(share * len(took)))]


def webhooks(
    events: Annotated[int, typer.Option(min=20, help="Events in each round.")] = 1_000,
    senders: Annotated[int, typer.Option(min=1, max=200, help="How many send at once.")] = 16,
    kills: Annotated[
        int | None, typer.Option(min=1, help="Kill receiver, dispatcher and handlers so often, and count.")
    ] = None,
    stops: Annotated[
        int, typer.Option(min=0, help="With --kills: stop them so often for longer than their leases.")
    ] = 0,
    store: Annotated[StoreKind, typer.Option(help="With --kills: where they remember.")] = "sqlite",
    seed: Annotated[int, typer.Option(help="With --kills: repeats the same choice of moments.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="With --kills: give up after this time.")] = 900.0,
    control: Annotated[
        Control,
        typer.Option(
            help="With --kills: be wrong on purpose, and see it found: answer before the event is stored, "
            "have effects without asking whether they were had, or (with --stops) without asking whether "
            "another job has taken over."
        ),
    ] = "none",
    paper: Annotated[bool, typer.Option(help="Work out what one Windmill worker takes, too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send signed events to three servers on loopback; or, with --kills, kill everything and count.

    accept_vs_verify_only is time over time: what an event costs that is verified, deduped and on disk before
    it is answered, over one whose HMAC is checked and which is then forgotten. serve_vs_verify_only is that
    of `mill serve`, where a job takes it.

    With --kills N a provider sends events of nine kinds until each has its 2xx, doubled, out of order, in
    storms, large and slowly, while receiver, dispatchers and handlers get SIGKILL; or, with --stops, SIGSTOP,
    and SIGCONT when others have taken over. The last line counts accepted events whose effects are lost or
    were had twice; the exit code is 1 if there are any, and 3 where there is no Postgres for the store.
    """
    if kills is not None:
        score = measure(kills, stops=stops, store=store, seed=seed, seconds=seconds, control=control)
        _tell(score, as_json=as_json)
        return
    figures, table = _measure(events, senders)
    lines: list[str] = []
    if paper:
        more, lines = _on_paper(figures)
        figures |= more
    if as_json:
        typer.echo(json.dumps(figures))
        return
    Console(file=sys.stdout).print(table)
    for line in lines:
        typer.echo(line)


# --- kills ----------------------------------------------------------------------------------------


def _tell(score: Score, *, as_json: bool) -> None:
    if as_json:
        signals = {"kills": score.kills.total(), "stops": score.stops.total()}
        total = {**signals, "events": score.events, "lost": len(score.lost), "twice": len(score.twice)}
        typer.echo(json.dumps({**total, **score.facts}))
    else:
        Console(file=sys.stdout).print(_facts(score))
        for example in score.examples():
            typer.echo(example)
        if score.stops:
            typer.echo(score.stops_line())
        typer.echo(score.line())
    if score.lost or score.twice:
        raise typer.Exit(1)


def _facts(score: Score) -> Table:
    table = Table("what happened", "times", box=SIMPLE)
    for role, count in sorted(score.kills.items()):
        table.add_row(f"{role} killed", str(count))
    for role, count in sorted(score.stops.items()):
        table.add_row(f"{role} stopped and continued", str(count))
    for name, count in score.facts.items():
        table.add_row(name, str(count))
    return table


# --- rates ----------------------------------------------------------------------------------------


def _measure(events: int, senders: int) -> tuple[dict[str, Any], Table]:
    ways = {name: Way() for name in _NAMES}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-bench-"))
        verifying = stack.enter_context(_server("verify"))
        receiving = stack.enter_context(_server("receive", f"{folder}/webhooks.sqlite"))
        served = stack.enter_context(_mill_serve(Path(folder)))
        few = max(20, events // _SERVED)
        _load(served, 2 * senders, senders, _MOCK_SECRET)  # until its processes are warm
        for _ in range(_ROUNDS):
            _go(ways["verify_only"], verifying, events, senders, _SECRET)
            _go(ways["accept"], receiving, events, senders, _SECRET)
            _go(ways["serve"], served, few, senders, _MOCK_SECRET)
    figures: dict[str, Any] = {"events": events, "senders": senders}
    table = Table("taken in by", "events/s", "p50 ms", "p99 ms", "times the bare", box=SIMPLE)
    for name, way in ways.items():
        pairs = zip(way.per_event, ways["verify_only"].per_event, strict=True)
        over = round(statistics.median(ours / bare for ours, bare in pairs), 2)
        p50, p99 = way.percentile(0.5), way.percentile(0.99)
        figures |= {
            f"{name}_per_second": round(way.rate, 1),
            f"{name}_p50_ms": round(p50, 2),
            f"{name}_p99_ms": round(p99, 2),
        }
        if name != "verify_only":
            figures[f"{name}_vs_verify_only"] = over
        table.add_row(_NAMES[name], f"{way.rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{over:.1f}")
    return figures, table


def _go(way: Way, url: str, events: int, senders: int, secret: str) -> None:
    result = _load(url, events, senders, secret)
    if result["statuses"] != {"200": events}:
        raise MillError(f"Not every event was accepted by {url}: {result['statuses']}.", exit_code=1)
    way.per_event.append(result["seconds"] / events)
    way.took += result["took"]


def _load(url: str, events: int, senders: int, secret: str) -> dict[str, Any]:
    command = [sys.executable, str(_WORKER), "load", url, str(events), str(senders), secret]
    done = subprocess.run(  # noqa: S603 - our own interpreter and file
        command, cwd=_ROOT, env=_environment(), capture_output=True, check=False
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise MillError(f"Sending to {url} failed: {' '.join(last)}", exit_code=1)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@contextmanager
def _server(*arguments: str) -> Iterator[str]:
    with process([sys.executable, str(_WORKER), *arguments], _environment(), _ROOT) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        if not port:
            raise MillError("A server of the measurement does not start; see above.", exit_code=1)
        yield f"http://127.0.0.1:{port}/webhooks/bench"


@contextmanager
def _mill_serve(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "mill", "serve", "--port", "0", "-q", "--state", str(folder / "state")]
    environment = _environment() | {"NOTIFY_ROUTING": "off", "PYTHONUNBUFFERED": "1"}
    with (folder / "serve").open("wb") as errors, process(command, environment, _ROOT, errors) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r" on (http://\S+)\. Ctrl-C", line):
                yield f"{found[1]}/api/r/local/webhooks/generic"
                return
        said = (folder / "serve").read_text("utf-8", "replace").strip().splitlines()[-1:]
        raise MillError(f"`mill serve` does not start: {' '.join(said)}", exit_code=1)


def _environment() -> dict[str, str]:
    import os  # noqa: PLC0415 - here alone

    return {**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'scripts'}", "NO_PROXY": "*"}


# --- on paper -------------------------------------------------------------------------------------


def _on_paper(figures: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what one worker of Windmill can take, and how that is reckoned."""
    starts = measure_starts(Workspace.find(_ROOT), _SCRIPTS)
    empty = statistics.median(time for start in starts.values() for time in start.empty)
    receive, dispatch = (statistics.median(starts[path].times) for path in _SCRIPTS)
    work = figures["accept_p50_ms"] / figures["senders"]
    each, shared = receive + work + dispatch + empty, receive + work + empty
    lines = [
        "On paper, one Windmill worker, each job a process of its own (`mill bench jobs`):",
        f"  receive_event   {receive:6.0f} ms to start, {work:.1f} ms to take the event in",
        f"  dispatch_events {dispatch:6.0f} ms to start; one run serves all that have arrived",
        f"  handler         {empty:6.0f} ms, for one that imports nothing; yours takes longer",
        f"  event by event  60,000 ms / {each:.0f} ms = {60_000 / each:,.0f} events a minute",
        f"  in a burst      60,000 ms / {shared:.0f} ms = {60_000 / shared:,.0f} events a minute",
    ]
    return {
        "worker_events_per_minute": round(60_000 / each),
        "worker_events_per_minute_burst": round(60_000 / shared),
        "receive_job_ms": round(receive, 1),
        "dispatch_job_ms": round(dispatch, 1),
        "empty_job_ms": round(empty, 1),
    }, lines
