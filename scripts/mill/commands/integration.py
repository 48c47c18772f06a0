"""`mill integration`: the services of this workspace, checked, tested, called."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mill.repository.workspace import Workspace
from mill.terminal.inputs import parse_object, read_data
from mill.terminal.integrations import (
    CALL,
    CHECK,
    CONTRACTS,
    METRICS,
    TEST,
    Order,
    carry_out,
    path_of,
    resource_of,
)
from mill.terminal.options import EnvFile, Options, State, Verbose

app = typer.Typer(no_args_is_help=True, help="Check, test and call the services of this workspace.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON on a terminal, too.")]
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Resources, folders or resource types; all if none is given."),
]
Resource = Annotated[str, typer.Argument(help="A resource such as f/payments/stripe.")]
Write = Annotated[bool, typer.Option("--write", help="Make one record of nobody, change it, and remove it.")]
ListPath = Annotated[str, typer.Option(metavar="PATH", help="Where a list is, such as /customers.")]
ItemsAt = Annotated[
    str, typer.Option(metavar="PLACE", help="Where in the answer the list is, such as data.items.")
]
IdField = Annotated[str, typer.Option(metavar="NAME", help="What tells items apart, if not id.")]
Sample = Annotated[
    str | None, typer.Option(metavar="JSON", help="With --write: the fields of a record to make.")
]
WrongCredential = Annotated[
    bool,
    typer.Option("--wrong-credential", help="Send a wrong one to real services, too: some lock accounts."),
]
Burst = Annotated[int, typer.Option(metavar="CALLS", help="Send so many calls in a row, 50 at most.")]
Body = Annotated[str | None, typer.Option("-d", "--data", metavar="JSON|@FILE|@-", help="The body.")]
Key = Annotated[
    str, typer.Option(metavar="KEY", help="The idempotency key: the same key has its effect once.")
]
Paging = Annotated[str, typer.Option(metavar="HOW", help="Follow a list: link, cursor, offset or page.")]
Api = Annotated[str, typer.Argument(help="A resource of type integration, or a JSON or YAML file of one.")]


@app.callback()
def integration() -> None:
    """Check, test and call the services of this workspace.

    All of it runs the workspace's own scripts, in f/operate and f/connect, as
    `mill script run` does: the same checks run on Windmill from a form or a
    schedule. Resources come from resources/mock, and the twins they point at
    answer on this machine.
    """


@app.command()
def check(
    paths: Paths = None,
    *,
    json: Json = False,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Ask every service whether it is reached and takes the credential.

    One call each, the cheapest that needs the credential and changes nothing.
    Exit code 1 if a service is failing. What is not set up, or cannot be tried
    without an effect, is named and is no failure.

    \b
    mill integration check
    mill integration check f/notify
    mill integration check stripe f/webhooks/github_api --json
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    _carry_out(Order(CHECK, {"only": paths or []}, bad="failing"), json, verbose, state, env_file)


@app.command()
def contracts(
    paths: Paths = None,
    *,
    accept: Annotated[bool, typer.Option("--accept", help="What is seen now is right from now on.")] = False,
    json: Json = False,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Compare each service's API with what our code relies on, and with the last look.

    Looks at the names and types of fields, at statuses, versions, and at what
    services announce: Deprecation, Sunset and Warning headers. The first look
    is remembered. Nobody is told; the schedule of f/operate/check_contracts
    does that. Exit code 1 if something has changed.

    \b
    mill integration contracts
    mill integration contracts f/payments/stripe --accept
    """  # noqa: D301 - as above
    args = {"only": paths or [], "accept": accept, "tell": False}
    _carry_out(Order(CONTRACTS, args, bad="changed"), json, verbose, state, env_file)


@app.command("test")
def try_api(
    resource: Resource,
    *,
    write: Write = False,
    list_path: ListPath = "",
    items_at: ItemsAt = "",
    id_field: IdField = "",
    sample: Sample = None,
    wrong_credential: WrongCredential = False,
    burst: Burst = 0,
    json: Json = False,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Test an API as our jobs use it: sign-in, reading, refusals, limits, pages.

    Only reads, unless --write is given. A wrong credential goes to stand-ins on
    this machine alone, unless --wrong-credential is given. Each line says what
    was sent, what would be right and what came. What cannot be tried is skipped
    with its reason. Exit code 1 if a check failed.

    \b
    mill integration test f/payments/stripe
    mill integration test f/payments/stripe --write
    mill integration test f/vessels/vessey --burst 20 --json
    """  # noqa: D301 - as above
    args: dict[str, Any] = {
        "resource": path_of(resource),
        "write": write,
        "list_path": list_path,
        "items_at": items_at,
        "id_field": id_field,
        "wrong_credential": wrong_credential,
        "burst": burst,
        "fail_if_failed": False,
    }
    if sample is not None:
        args["sample"] = parse_object(sample, "--sample")
    _carry_out(Order(TEST, args, bad="failed"), json, verbose, state, env_file)


@app.command()
def metrics(
    api: Annotated[
        str | None, typer.Argument(help="A resource of type integration, or a file of one; else all of them.")
    ] = None,
    *,
    json: Json = False,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Show how the calls to services went: how many, how fast, how many failed.

    They are counted by the jobs that ran on this machine; on Windmill run the
    script f/connect/show_metrics there.

    \b
    mill integration metrics
    mill integration metrics f/connect/mock_api --json
    """  # noqa: D301 - as above
    workspace = Workspace.find()
    args = {} if api is None else {"integration": resource_of(workspace, api)}
    _carry_out(Order(METRICS, args), json, verbose, state, env_file)


@app.command()
def call(
    api: Api,
    path: Annotated[str, typer.Argument(help="The path below base_url, such as /customers/5.")] = "",
    *,
    method: Annotated[str, typer.Option("-X", "--method", metavar="METHOD", help="GET, POST, ...")] = "GET",
    params: Annotated[str | None, typer.Option(metavar="JSON", help="Query parameters.")] = None,
    data: Body = None,
    headers: Annotated[str | None, typer.Option(metavar="JSON", help="Headers; no credential.")] = None,
    key: Key = "",
    paging: Paging = "none",
    rows_at: Annotated[str, typer.Option(metavar="PLACE", help="Where in a page the rows are.")] = "",
    next_at: Annotated[str, typer.Option(metavar="PLACE", help="Where a page names the next one.")] = "",
    next_param: Annotated[str, typer.Option(metavar="NAME", help="The parameter that asks for it.")] = "",
    max_rows: Annotated[int, typer.Option(help="How many rows at most.")] = 1000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the request, and send nothing.")] = False,
    json: Json = False,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Call an API once, with everything that protects a job's calls.

    The credential comes from the resource. The call waits for the rate limit,
    is not sent while the breaker is open, and is repeated only where that is
    safe. Exit code 1 if the API refuses, or its answer is lost.

    \b
    mill integration call f/connect/mock_api /customers --paging link
    mill integration call f/connect/mock_api /customers -X POST -d '{"name": "Ada"}' --key 1
    mill integration call f/connect/mock_api /customers/5 -X DELETE --dry-run
    """  # noqa: D301 - as above
    workspace = Workspace.find()
    args: dict[str, Any] = {
        "integration": resource_of(workspace, api),
        "path": path,
        "method": method.upper(),
        "idempotency_key": key,
        "dry_run": dry_run,
        "paging": paging,
        "rows_at": rows_at,
        "next_at": next_at,
        "next_param": next_param,
        "max_rows": max_rows,
    }
    for name, text in (("params", params), ("headers", headers)):
        if text is not None:
            args[name] = parse_object(text, f"--{name}")
    if data is not None:
        args["body"] = read_data(data)
    _carry_out(Order(CALL, args), json, verbose, state, env_file)


def _carry_out(order: Order, as_json: bool, verbose: bool, state: Any, env_file: Any) -> None:
    options = Options(verbose=verbose, state=state, env_file=env_file, as_json=as_json)
    raise typer.Exit(carry_out(Workspace.find(), order, options))
