"""`mill openapi`: what the workspace answers over HTTP, as an OpenAPI 3.1 document."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mill.openapi import document
from mill.repository.workspace import Workspace


def openapi(
    *,
    title: Annotated[str | None, typer.Option(help="Title of the document; else the folder's name.")] = None,
) -> None:
    """Print an OpenAPI 3.1 document of all HTTP routes and webhooks, as JSON.

    Bodies come from the schemas of the scripts and flows, so keep them current
    with `mill metadata`. Routes without a body schema (raw bodies, a
    preprocessor) accept anything. A preprocessor that takes the inputs as the
    form does says so in its code, and is described like the form:
    INPUTS_FROM = ("json", "query", "text/csv").
    """
    typer.echo(json.dumps(document(Workspace.find(), title=title), indent=2, ensure_ascii=False))
