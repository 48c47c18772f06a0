"""`mill openapi`: what the workspace answers over HTTP, as an OpenAPI 3.1 document and as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mill.errors import MillError
from mill.openapi.document import Where, document
from mill.openapi.page.page import write_page
from mill.repository.workspace import Workspace

_PAGES = (".html", ".htm")
_TITLE = typer.Option(help="Title of the document; else the folder's name.")
_URL = typer.Option(metavar="URL", help="Where the instance is; else a variable of the document.")
_WORKSPACE = typer.Option(metavar="ID", help="Id of the workspace; else a parameter of each path.")
_HTML = typer.Option(metavar="FILE", dir_okay=False, help="Write a page to read instead, in one file.")
_CHECK = typer.Option(
    metavar="FILE",
    dir_okay=False,
    help="Write nothing; exit code 1 if FILE, a document or a page, is not what would be written.",
)


def openapi(
    *,
    title: Annotated[str | None, _TITLE] = None,
    url: Annotated[str, _URL] = "",
    workspace: Annotated[str, _WORKSPACE] = "",
    html: Annotated[Path | None, _HTML] = None,
    check: Annotated[Path | None, _CHECK] = None,
) -> None:
    """Print an OpenAPI 3.1 document of all HTTP routes and webhooks, as JSON.

    \b
    mill openapi > openapi.json             a document for tools: clients, tests, gateways
    mill openapi --html openapi.html        a page for people: addresses, inputs, examples, curl lines
    mill openapi --check openapi.json       in CI: is the file in the repository still true?
    mill serve                              has both: /openapi.json and /docs

    Bodies come from the schemas of the scripts and flows, so keep them current
    with `mill metadata`; examples from the run files in flows/ and the samples
    in flows/data/webhooks; keys and signatures from the triggers and the
    templates in resources/.

    A preprocessor says in a constant what it makes of a request; without one
    its body is described as anything. It takes the inputs as the form does:

    \b
    INPUTS_FROM = ("json", "query", "text/csv")

    or this and that of path, query, headers and body, by the name of the
    trigger, "*" for each of them, "webhook" for the script's own webhook. Any
    script can name its replies so:

    \b
    HTTP = {"*": {"path": {"id": "customer_id"},
                  "query": {"full": {"input": "with_orders", "type": "boolean"}},
                  "body": {"application/json": {"input": "customer"}},
                  "replies": {"409": {"description": "There is such a customer."}}}}
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    made = document(Workspace.find(), title=title, where=Where(url.rstrip("/"), workspace))
    if check is not None:
        _check(check, write_page(made) if check.suffix in _PAGES else _text(made))
    elif html is not None:
        _write(html, write_page(made))
    else:
        typer.echo(_text(made), nl=False)


def _text(made: dict[str, object]) -> str:
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _check(file: Path, expected: str) -> None:
    try:
        found = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MillError(f"{file} cannot be read: {error}.") from error
    if found != expected:
        how = f"--html {file}" if file.suffix in _PAGES else f"> {file}"
        typer.echo(f"{file} is out of date: run `mill openapi {how}` again, with the same options.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{file} is up to date.", err=True)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise MillError(f"{file} cannot be written: {error.strerror}.") from error
    typer.echo(f"Written: {file}", err=True)
