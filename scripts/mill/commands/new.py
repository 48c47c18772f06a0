"""`mill new`: a new part of this repository, from a template that works."""

from __future__ import annotations

from typing import Annotated

import typer

from mill.errors import MillError
from mill.manual.pages import refresh
from mill.metadata.regenerate import regenerate
from mill.repository.workspace import Workspace
from mill.scaffold.target import NewTarget

app = typer.Typer(no_args_is_help=True, help="Write a new part of this repository.")

_CHECKLIST = """
It works against its twin as it is:

  mill run flows/{name}.yaml
  pytest tests/f/customers/test_{name}.py tests/mill/twins/services/test_{name}.py

Fill in, with the API's documentation beside you:

  1. f/customers/targets/{name}.py
     [ ] _FIELDS: what it calls our fields; leave out what it does not have
     [ ] endpoint and requests_for: path, method, body; many rows a request, if it takes them
     [ ] traits: idempotency keys, rows_per_request, retry_also_on, known_by
     [ ] outcomes_from: where the new id is, how it says "exists already", how it refuses
     [ ] lookups_for and read_lookup: how a customer is found, how "not there" looks; or no look-up
     [ ] repeats_safely: True only if the API itself refuses or merges a repeated customer
     [ ] quota and bulk, if it has them: f/customers/targets/hubspot.py and salesforce.py show how
  2. scripts/mill/twins/services/{name}.py
     [ ] the same paths, replies and errors, word for word as documented, with the link in the docstring
  3. tests: a payload from the documentation for each reply it can give
  4. resources/live: an example for a real account, names without values
  5. mill target check YOUR_RESOURCE --write at a sandbox: what the documentation promises, measured

docs/add-a-target.md has each of these with reasons. When you are done:

  mill metadata; mill docs all; make test
"""


@app.callback()
def new() -> None:
    """Write a new part of this repository."""


@app.command()
def target(
    name: Annotated[str, typer.Argument(help="One word in lower case, such as pipedrive.")],
    *,
    title: Annotated[
        str | None, typer.Option(help="What people read in forms and reports; the name if not given.")
    ] = None,
    idempotency_keys: Annotated[
        bool, typer.Option("--idempotency-keys", help="The API obeys Idempotency-Key headers.")
    ] = False,
) -> None:
    """Add a kind of target: module, twin, mock resource, run file and tests, all of which work.

    The kind is named in f/customers/targets/kinds.py and in the form of
    customer_api. Metadata and the pages of docs/ that are written from the code
    are brought up to date. What to fill in is printed.
    """
    workspace = Workspace.find()
    new_one = NewTarget(name, title or name.capitalize(), has_keys=idempotency_keys)
    for file, text in new_one.files(workspace.root).items():
        is_new = not file.exists()
        file.write_text(text, "utf-8")
        typer.echo(f"{'wrote' if is_new else 'changed'} {file.relative_to(workspace.root)}", err=True)
    _describe(workspace, new_one)
    for file in refresh(workspace):
        typer.echo(f"wrote {file.relative_to(workspace.root)}", err=True)
    typer.echo(_CHECKLIST.format(name=name).strip("\n"))


def _describe(workspace: Workspace, made: NewTarget) -> None:
    """Write metadata and lock. Without Node there is no Windmill parser: the rest is good without it."""
    try:
        changes = regenerate(workspace.root)
    except MillError as error:
        typer.echo(f"No metadata yet: {error}\nRun `mill metadata` when that is put right.", err=True)
        return
    for change in changes:
        after = change.after
        if after and change.path.name == f"{made.name}.script.yaml":
            after = after.replace("summary: ''\n", f"summary: 'Library: customers in {made.title}'\n", 1)
        target_file = workspace.root / change.path
        if after is not None:
            target_file.write_text(after, "utf-8")
            typer.echo(f"wrote {change.path}", err=True)
