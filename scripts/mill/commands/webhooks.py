"""`mill webhooks`: the events of webhooks that were kept, what becomes of them, and one sent to try it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mill.errors import MillError
from mill.repository.workspace import Workspace
from mill.senders.command import send
from mill.terminal.options import EnvFile, Options, State, Verbose
from mill.terminal.webhook_events import changes_of, database_argument, run_and_show

app = typer.Typer(
    no_args_is_help=True,
    help="See the events of webhooks that were kept, repeat and remove them; send one to try it.",
)
app.command()(send)

Only = Annotated[
    str | None, typer.Option(metavar="STATE", help="dead, waiting, new, unhandled, dropped or done.")
]
Source = Annotated[str | None, typer.Option(help="Name of a source, such as stripe.")]
Error = Annotated[str | None, typer.Option(help="Class or code of an error, such as TryLater.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Such as 2026-11-23T00:00:00+00:00.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="As --since; received before it.")]
Most = Annotated[int | None, typer.Option(help="No more events than this.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Database = Annotated[
    str | None,
    typer.Option(metavar="RESOURCE", help="A postgresql resource that keeps the events, if one does."),
]


@app.callback()
def webhooks() -> None:
    """See the events of webhooks that were kept, repeat and remove them; send one to try it."""


@app.command("list")
def list_(
    *,
    only: Only = None,
    source: Source = None,
    type_: Annotated[str | None, typer.Option("--type", help="Such as invoice.paid or 'invoice.*'.")] = None,
    provider_id: Annotated[str | None, typer.Option(help="What the provider calls it.")] = None,
    error: Error = None,
    hours: Annotated[float | None, typer.Option(help="Only the last so many.")] = None,
    since: Since = None,
    until: Until = None,
    most: Most = None,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this event.")] = None,
    database: Database = None,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """List events, newest first, and count them by state, source and type.

    Without --since and --hours: those of the last seven days; dead letters,
    waiting and new ones of all times.

    new: to be routed. waiting: a handler is due or runs. done: all handlers
    have succeeded. dead: a handler was given up (a dead letter). unhandled:
    no route wants it. dropped: a middleware left it out.

    A table on a terminal, JSON where the output goes into a file or a pipe.

    \b
    mill webhooks list
    mill webhooks list --only dead
    mill webhooks list --type 'invoice.*' --hours 24
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    args = _given(
        state=only, source=source, type=type_, provider_id=provider_id, error=error, hours=hours,
        since=since, until=until, most=most, after=after, database=database_argument(database),
    )  # fmt: skip
    _end("list_events", args, Options(verbose=verbose, state=state, env_file=env_file))


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="Its id, the first 8 digits of it, or the provider's.")],
    *,
    whole: Annotated[bool, typer.Option("--whole", help="Mask nothing of the body.")] = False,
    database: Database = None,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Show one event: its request, the tries of each handler, who had it repeated.

    Names, addresses and secrets in the body are masked unless you say --whole.

    \b
    mill webhooks show evt_1NG8Du2eZvKYlo2CUI79vXWy
    mill webhooks show 3f9c01ab --whole
    """  # noqa: D301 - as above
    args = _given(event=event, whole=whole, database=database_argument(database))
    _end("show_event", args, Options(verbose=verbose, state=state, env_file=env_file))


@app.command()
def replay(
    events: Annotated[list[str] | None, typer.Argument(help="Events as `show` takes them.")] = None,
    *,
    only: Only = None,
    source: Source = None,
    type_: Annotated[str | None, typer.Option("--type", help="Such as invoice.paid or 'invoice.*'.")] = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    route: Annotated[list[str] | None, typer.Option(help="Only this route. May be given again.")] = None,
    include_done: Annotated[bool, typer.Option("--include-done", help="Repeat what succeeded too.")] = False,
    changes: Annotated[
        str | None,
        typer.Option(metavar="JSON|@FILE", help="A JSON merge patch to the body of one event."),
    ] = None,
    as_received: Annotated[
        bool, typer.Option("--as-received", help="Take back what replays have changed.")
    ] = False,
    note: Annotated[str | None, typer.Option(help="Why; kept with the event.")] = None,
    dry_run: DryRun = False,
    most: Most = None,
    database: Database = None,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Have events handled again: some by their ids, or all that a filter selects.

    Handlers that have not succeeded are started anew. An event that no handler
    had is routed by today's routing. A handler that runs just now is left alone.
    See with --dry-run what would be done.

    \b
    mill webhooks replay --only dead --dry-run
    mill webhooks replay --only dead --error TryLater --note 'the CRM is back'
    mill webhooks replay 3f9c01ab --changes '{"data": {"object": {"currency": "eur"}}}'
    """  # noqa: D301 - as above
    args = _given(
        events=events, state=only, source=source, type=type_, error=error, since=since, until=until,
        routes=route, include_done=include_done, changes=changes_of(changes), as_received=as_received,
        note=note, dry_run=dry_run, most=most, database=database_argument(database),
    )  # fmt: skip
    _end("replay_events", args, Options(verbose=verbose, state=state, env_file=env_file))


@app.command()
def purge(
    *,
    keep_days: Annotated[float | None, typer.Option(help="Bodies of handled events; 30.")] = None,
    keep_dead_days: Annotated[float | None, typer.Option(help="Bodies of dead letters. 90.")] = None,
    forget_days: Annotated[float | None, typer.Option(help="All that is known of an event. 400.")] = None,
    about: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Empty every event with this text instead.")
    ] = None,
    dry_run: DryRun = False,
    database: Database = None,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Remove old bodies and events. What is still to be handled stays.

    --about empties every event in which a text stands, such as an e-mail
    address, whatever its age. Exit code 1 if some could not be looked into, or
    are still to be handled.

    \b
    mill webhooks purge --dry-run
    mill webhooks purge --about ada@example.com
    """  # noqa: D301 - as above
    if about is not None and not about.strip():
        raise MillError("--about is empty. Give the text, or leave it out to purge by age.")
    args = _given(
        keep_days=keep_days, keep_dead_days=keep_dead_days, forget_days=forget_days, about=about,
        dry_run=dry_run, database=database_argument(database),
    )  # fmt: skip
    _end("purge_events", args, Options(verbose=verbose, state=state, env_file=env_file))


def _given(**args: Any) -> dict[str, Any]:
    """Return what was given; the script knows what the rest is."""
    return {
        name: value
        for name, value in args.items()
        if value is not None and value is not False and value != []
    }


def _end(script: str, args: dict[str, Any], options: Options) -> None:
    raise typer.Exit(run_and_show(Workspace.find(), script, args, options))
