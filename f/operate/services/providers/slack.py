"""Slack: a bot's token, and an incoming webhook.

https://docs.slack.dev/reference/methods/auth.test
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import id_of, line_of, number_of, read_object, unreadable, word_of
from f.connect.times import REAL
from f.notify.slack.client import bot_integration, refusal, webhook_integration
from f.operate.services.service import Service, client_for, not_tried, refused

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.store.store import Store


def bot_client(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a bot; posting has limits of its own, one a channel."""
    return client_for(bot_integration(resource, ""), store)


def auth_test(resource: Mapping[str, Any]) -> Request:
    """Return the call that says who the token is of. It needs no scope, and changes nothing."""
    del resource
    return Request(method="POST", path="/auth.test", data={}, endpoint="auth.test", reads=True)


def bot_in(response: Response) -> str:
    """Return the workspace, and the bot in it."""
    body = read_object(response)
    code = word_of(body.get("error"))
    if response.status >= 400 or (body.get("ok") is False and code):
        raise refused(refusal(code or f"http_{response.status}"), response)
    team, bot = id_of(body.get("team_id")), id_of(body.get("bot_id"))
    if body.get("ok") is not True or not team:
        raise unreadable(response, "Slack", "the workspace")
    title = line_of(body.get("team"))
    return f"{title} ({team})" + (f", bot {bot}" if bot else "") if title else team


def token_ends(response: Response) -> float | None:
    """Return when a token that rotates ends: `expires_in` stands in the answer for no other."""
    seconds = number_of(read_object(response).get("expires_in"))
    return None if seconds is None else REAL.now() + seconds


def webhook_client(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a webhook's host."""
    return client_for(webhook_integration(resource)[0], store)


def webhook_canary(resource: Mapping[str, Any]) -> Request:
    """Raise: a webhook posts whatever it is sent, so nothing is."""
    webhook_integration(resource)
    raise not_tried(
        "Nothing was sent: a Slack webhook can only be tried by posting to its channel. Its address looks "
        "right; send_slack_message shows whether it works."
    )


def webhook_in(response: Response) -> str:
    """Return "": a webhook says nothing of itself."""
    del response
    return ""


SERVICES = {
    "slack": Service(
        name="slack",
        title="Slack",
        resource_type="slack",
        purpose="notify",
        client_of=bot_client,
        canary=auth_test,
        account_in=bot_in,
        credential_page="https://api.slack.com/apps",
        expires_at=token_ends,
    ),
    "slack_webhook": Service(
        name="slack_webhook",
        title="Slack webhook",
        resource_type="slack_webhook",
        purpose="notify",
        client_of=webhook_client,
        canary=webhook_canary,
        account_in=webhook_in,
        credential_page="https://api.slack.com/apps",
    ),
}
