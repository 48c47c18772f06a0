"""Kept events of webhooks for a person: runs one of the scripts about them, and shows what it returned."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mill.errors import MillError
from mill.ports import Completed, Job, Target
from mill.repository.env_file import read_env_file
from mill.repository.workspace import Workspace, clean_path
from mill.session import Session
from mill.terminal.display import display_for
from mill.terminal.inputs import check_inputs, parse_object
from mill.terminal.launch import finish_beside
from mill.terminal.options import Options
from mill.terminal.report import beside_text, failure_text
from mill.terminal.show import as_json

_FOLDER = "f/webhooks"
_DISPATCHER = f"{_FOLDER}/dispatch_events"
_LOOKS = 3
_ID_SHOWN = 12  # digits, of which eight would do
_ID_NEEDED = 8
_YEAR = len("2026-")
_PROVIDER_ID, _WIDE = 16, 120
_STYLES = {"dead": "red", "waiting": "yellow", "new": "yellow", "done": "green"}


def database_argument(resource: str | None) -> str | None:
    """Return the reference to a resource; None if the events lie where they do by default."""
    return f"$res:{clean_path(resource.removeprefix('$res:'))}" if resource else None


def changes_of(text: str | None) -> dict[str, Any] | None:
    """Return a JSON object, from the command line or a file. MillError for what is none."""
    if text is None:
        return None
    source = "--changes"
    if text.startswith("@"):
        source = text[1:]
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MillError(f"{source}: cannot be read as UTF-8 text ({type(error).__name__}).") from error
    return parse_object(text, source)


def run_and_show(workspace: Workspace, script: str, args: Mapping[str, Any], options: Options) -> int:
    """Run a script about kept events and show its result; return the exit code.

    A job that the script has started, such as one that handles events, is waited for.
    """
    target = Target("script", workspace.script(f"{_FOLDER}/{script}").path)
    env = read_env_file(options.env_file) if options.env_file else {}
    with (
        display_for(silent=not options.verbose, logs=True) as display,
        Session(workspace, options.state, listeners=(display,), env=env) as session,
    ):
        try:
            completed = session.run(target, check_inputs(workspace, target, args, session.state))
            failed = finish_beside(session)
            if (
                script == "replay_events"
                and completed.success
                and completed.result["dispatch"] == "asked for"
            ):
                failed += _settle(session, workspace)
        except KeyboardInterrupt:
            raise MillError("Interrupted.", exit_code=130) from None
    _show(script, completed, options)
    for job in failed:
        sys.stderr.write(beside_text(job) + "\n")
    if not completed.success:
        return 1
    left = script == "purge_events" and (completed.result["waiting"] or completed.result["unreadable"])
    return 1 if left else 0


def _settle(session: Session, workspace: Workspace) -> list[Job]:
    """See what became of the handlers that ran here: any other `mill` would run them a second time."""
    dispatcher = Target("script", workspace.script(_DISPATCHER).path)
    failed: list[Job] = []
    for _ in range(_LOOKS):  # the first look may be the one that starts them
        completed = session.run(dispatcher, {})
        failed += finish_beside(session)
        if not completed.success or not completed.result["running"]:
            break
    return failed


def _show(script: str, completed: Completed, options: Options) -> None:
    """A table for a person, the JSON for a program; a failure in a sentence."""
    if not sys.stdout.isatty():
        sys.stdout.write(as_json(completed.result))
    elif completed.success:
        _SHOWN[script](completed.result, Console())
    sys.stdout.flush()
    if not completed.success:
        sys.stderr.write(failure_text(completed.result, verbose=options.verbose) + "\n")


def show_list(result: Mapping[str, Any], console: Console) -> None:
    """Show a page of events, and the counts of all that the filter selects."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    # Whole on the narrowest terminal: `show` takes the id, and a route the type.
    for name in ("id", "received"):
        table.add_column(name, no_wrap=True)
    for name in ("source", "type"):
        table.add_column(name, overflow="fold")
    table.add_column("provider id", max_width=_PROVIDER_ID if console.width < _WIDE else None, no_wrap=True)
    table.add_column("state", no_wrap=True)
    for event in result["events"]:
        cells = (_moment(event["received_at"])[_YEAR:], event["source"], event["type"], event["provider_id"])
        state = Text(event["state"], style=_STYLES.get(event["state"], ""))
        table.add_row(event["id"][:_ID_NEEDED], *map(Text, cells), state)
    if result["events"]:
        console.print(table)
    for event in result["events"]:
        if why := _why(event):
            console.print(Text(f"{event['id'][:_ID_NEEDED]}: {why}"))
    counts = ", ".join(f"{number:,} {state}" for state, number in result["counts"].items() if number)
    since = f" since {_moment(result['since'])}" if result["since"] else ""
    console.print(Text(f"{counts or 'No events'}{since}", style="bold"))
    unhandled = [one for one in result["types"] if one["unhandled"]]
    for one in unhandled:
        console.print(Text(f"no route wants {one['source']} {one['type']}: {one['unhandled']:,}"))
    if result["next"]:
        console.print(Text(f"There is more: --after {result['next']}"))


def show_event(event: Mapping[str, Any], console: Console) -> None:
    """Show one event whole."""
    facts = Table.grid(padding=(0, 2))
    for name in ("id", "source", "type", "provider_id", "state", "received_at", "occurred_at", "repeats"):
        if event[name] not in (None, ""):
            facts.add_row(Text(name.replace("_", " "), style="bold"), Text(str(event[name])))
    console.print(facts)
    if event["tasks"]:
        table = Table(
            Column("route", overflow="fold"), "state", "attempts", "replayed", "since", "why", "what to do"
        )
        for task in event["tasks"]:
            failure = task["failure"] or {"error": "", "message": "", "hint": ""}
            why = f"{failure['error']}: {failure['message']}" if failure["error"] else ""
            counts = (str(task["attempts"]), str(task["replayed"]), _moment(task["since"]))
            table.add_row(*map(Text, (task["route"], task["state"], *counts, why, failure["hint"])))
        console.print(table)
    elif event["failure"]:
        console.print(Text(f"{event['failure']['error']}: {event['failure']['message']}"))
    for one in event["replays"]:
        what = ", ".join(one["routes"]) or "routed anew"
        change = " as received" if one["as_received"] else f" changed by {json.dumps(one['changes'])}"
        note = f" ({one['note']})" if one["note"] else ""
        changed = change if one["changed"] else ""
        console.print(Text(f"Replayed {_moment(one['at'])} by {one['who']}: {what}{changed}{note}"))
    if event["content_note"]:
        console.print(Text(event["content_note"], style="yellow"))
    else:
        masked = " (masked; --whole shows it)" if event["masked"] else ""
        console.print(Text(f"body{masked}", style="bold"))
        console.print(Text(json.dumps(event["content"], ensure_ascii=False, indent=2)))


def show_replay(result: Mapping[str, Any], console: Console) -> None:
    """Show what was done with each event."""
    table = Table("event", "type", "provider id", "what", "routes")
    for event in result["events"]:
        running = f"; left alone, as they run: {', '.join(event['running'])}" if event["running"] else ""
        routes = ", ".join(event["routes"]) or ("routed anew" if event["outcome"] == "replayed" else "")
        cells = (event["id"][:_ID_SHOWN], event["type"], event["provider_id"], event["outcome"])
        table.add_row(*map(Text, (*cells, f"{event['why'] or routes}{running}")))
    if result["events"]:
        console.print(table)
    would = "would be" if result["dry_run"] else "are"
    console.print(Text(f"{result['replayed']:,} events {would} handled again.", style="bold"))
    if result["dispatch"] == "by schedule":
        console.print(
            Text("They start when f/webhooks/dispatch_events runs next: within a minute by schedule.")
        )
    if result["more"]:
        console.print(Text("The filter selects more: run it again."))


def show_purge(result: Mapping[str, Any], console: Console) -> None:
    """Show what was removed."""
    console.print(Text(result["message"]))


_SHOWN: dict[str, Callable[[Mapping[str, Any], Console], None]] = {
    "list_events": show_list,
    "show_event": show_event,
    "replay_events": show_replay,
    "purge_events": show_purge,
}


def _why(event: Mapping[str, Any]) -> str:
    """Return the failures of an event, and what to do."""
    tasks: Sequence[Mapping[str, Any]] = [task for task in event["tasks"] if task["failure"]]
    said = [
        f"{task['route']}, {task['attempts']}x: {task['failure']['error']} {task['failure']['hint']}".strip()
        for task in tasks
        if task["state"] != "done"
    ]
    if event["failure"]:
        said.append(f"{event['failure']['error']}: {event['failure']['message']}")
    return "; ".join(said)


def _moment(iso: str) -> str:
    return iso[:19].replace("T", " ")
