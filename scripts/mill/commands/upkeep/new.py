"""`mill new`: a new part of this repository, from a template that works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from mill.errors import MillError
from mill.metadata.regenerate import regenerate
from mill.repository.workspace import Workspace
from mill.scaffold.integration import REGISTRY, NewIntegration, put_in_order
from mill.scaffold.sign_in import SIGN_INS
from mill.scaffold.target import KINDS, NewTarget

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


_INTEGRATION = """
It works against its twin as it is:

  mill run flows/{name}.yaml
  pytest tests/f/{name} tests/mill/twins/services/test_{name}.py
  mill doctor {name}

Fill in, with the API's documentation beside you:

  1. f/{name}/api/client.py
     [ ] REQUESTS_PER_SECOND: what the documentation allows; limits of single endpoints as endpoint_limits
     [ ] requests: paths, parameters; for a write an idempotency_key, fixed before the first try
     [ ] read_item and its kin: what a reply has, field by field; what is missing is said, never guessed
     [ ] refusal: its error codes, each by what to do next
  2. f/{name}/get_item.py, and more scripts beside it: a verb and what it is about, then mill metadata
  3. f/operate/services/providers/{name}.py
     [ ] canary: the cheapest call that needs the credential; account_in: who it says we are
  4. scripts/mill/twins/services/{name}.py: the same replies and errors, as documented, with the link
  5. scripts/mill/names/sources.py: the page where people get the credential, and the rights it needs
  6. f/{name}/README.md, and a payload from the documentation in the tests for each reply it can give

docs/add-an-integration.md does this for a public API. When you are done:

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
    _write(workspace, new_one.files(workspace.root))
    changed = (f"f/customers/targets/{name}", KINDS.removesuffix(".py"))
    _describe(workspace, {name: f"Library: customers in {new_one.title}"}, changed)
    _refresh(workspace)
    typer.echo(_CHECKLIST.format(name=name).strip("\n"))


@app.command()
def integration(
    name: Annotated[str, typer.Argument(help="One word in lower case, such as openmeteo.")],
    *,
    title: Annotated[
        str | None, typer.Option(help="What people read in forms and errors; the name if not given.")
    ] = None,
    base_url: Annotated[str, typer.Option("--base-url", help="Root of the API.")] = "https://api.example.com",
    auth: Annotated[
        str, typer.Option(help=f"How it is signed in to: {', '.join(SIGN_INS)}.")
    ] = "bearer_token",
    resource_type: Annotated[
        str, typer.Option("--resource-type", help="A type of Windmill's hub; one of its own if not given.")
    ] = "",
) -> None:
    """Add a service: client, script, resource type, twin, resources, tests and README, all of which work.

    The service is named in f/operate/services/registry, so that check_integrations tries
    it, in house.toml and in the table of names. Metadata and the pages of docs/
    that are written from the code are brought up to date. What to fill in is
    printed.
    """
    workspace = Workspace.find()
    new_one = NewIntegration(name, title or name.capitalize(), base_url, auth, resource_type)
    files = new_one.files(workspace.root)
    _write(workspace, files)
    if not put_in_order(workspace.root, files):
        typer.echo("ruff is not installed: `make setup`, then ruff check --fix and ruff format.", err=True)
    summaries = {
        f"{name}/api/client": f"Library: {new_one.title}, requests and replies",
        f"services/{name}": f"Library: {new_one.title}, and a call that tries it",
    }
    changed = (f"f/{name}", f"f/operate/services/providers/{name}", REGISTRY.removesuffix(".py"))
    _describe(workspace, summaries, changed)
    _refresh(workspace)
    typer.echo(_INTEGRATION.format(name=name).strip("\n"))


def _write(workspace: Workspace, files: Mapping[Path, str]) -> None:
    for file, text in files.items():
        is_new = not file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        typer.echo(f"{'wrote' if is_new else 'changed'} {file.relative_to(workspace.root)}", err=True)


def _refresh(workspace: Workspace) -> None:
    """Write the pages of docs/ in a process of its own: this one has read the tables of before."""
    command = [sys.executable, "-m", "mill", "docs", "all"]
    done = subprocess.run(command, cwd=workspace.root, check=False, capture_output=True, text=True)  # noqa: S603 - our own program, words of our own
    typer.echo(done.stderr.strip(), err=True)


def _describe(workspace: Workspace, summaries: Mapping[str, str], paths: Sequence[str]) -> None:
    """Write metadata and locks of what was written, and nothing else: each script takes its time.

    Without Node there is no Windmill parser: the rest is good without it.
    """
    try:
        changes = regenerate(workspace.root, paths)
    except MillError as error:
        typer.echo(f"No metadata yet: {error}\nRun `mill metadata` when that is put right.", err=True)
        return
    for change in changes:
        after = change.after
        for end, summary in summaries.items():
            if after and str(change.path).endswith(f"/{end}.script.yaml"):
                after = after.replace("summary: ''\n", f"summary: '{summary}'\n", 1)
        target_file = workspace.root / change.path
        if after is not None:
            target_file.write_text(after, "utf-8")
            typer.echo(f"wrote {change.path}", err=True)
