"""One page that shows what the message twins "sent", newest first: `/twins/inbox/`.

The page asks the twins for their ledgers itself. What it shows came from anywhere, so it is put in as
text, and the HTML of an e-mail into a frame without scripts.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from mill.twins.message import Reply, Request
from mill.twins.services.inbox_page import PAGE
from mill.twins.twin import Route, Setup, Twin

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:",
}


class Settings(BaseModel):
    """There are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def build(setup: Setup) -> Twin:
    """The page, served as a twin among the others."""
    return Twin(
        name="inbox",
        settings=Settings.model_validate(setup.settings),
        error=lambda status, message: Reply(status, {"message": message}),
        routes=[Route("GET", "/", "show", _show)],
    )


def _show(_request: Request) -> Reply:
    return Reply(200, PAGE, _HEADERS)
