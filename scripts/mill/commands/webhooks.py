"""`mill webhooks`: events of other people's services."""

from __future__ import annotations

import typer

from mill.senders.command import send

app = typer.Typer(no_args_is_help=True, help="Send webhooks as providers do.")
app.command()(send)


@app.callback()
def webhooks() -> None:
    """Send webhooks as providers do."""
