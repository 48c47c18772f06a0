"""A tool server as tutorials show one: `python plain_tool_worker.py PORT TWINS` posts what it is asked to.

Nothing about it is careless: it has timeouts, and says what went wrong. It only has no memory.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import httpx2
from mcp.server import MCPServer

_SLACK = {"slack-alerts": "C0ALERTS", "slack-ops": "C0OPS", "slack-general": "C0GENERAL"}
_TO, _FROM = "+12025550123", "+15005550006"
_MAIL_TO, _MAIL_FROM = "office@example.com", "alerts@example.com"
_SECONDS = 10.0


def server(twins: str) -> MCPServer:
    """Return the server; `twins` is where the services are."""
    made = MCPServer("plain")

    @made.tool()
    async def send_message(channel: str, text: str, subject: str = "") -> dict[str, Any]:
        """Send a message to a channel: slack-alerts, slack-ops, slack-general, sms or resend."""
        async with httpx2.AsyncClient(timeout=_SECONDS, verify=False, trust_env=False) as client:
            answer = await client.post(**_request(twins, channel, text, subject))
            answer.raise_for_status()
            return {"sent": True}

    return made


def _request(twins: str, channel: str, text: str, subject: str) -> dict[str, Any]:
    bearer = {"Authorization": "Bearer xoxb-a-token"}
    if channel in _SLACK:
        url = f"{twins}/slack/api/chat.postMessage"
        return {"url": url, "headers": bearer, "json": {"channel": _SLACK[channel], "text": text}}
    if channel == "sms":
        url = f"{twins}/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
        form = {"To": _TO, "From": _FROM, "Body": text}
        return {"url": url, "auth": (f"AC{'0' * 32}", "token"), "data": form}
    mail = {"from": _MAIL_FROM, "to": [_MAIL_TO], "subject": subject, "text": text}
    return {"url": f"{twins}/resend/emails", "headers": {"Authorization": "Bearer re_token"}, "json": mail}


if __name__ == "__main__":
    # Before the library sets up its own log, whose coloured tracebacks take a second of the processor each:
    # the server would be measured by how fast it complains.
    logging.basicConfig(level=logging.CRITICAL)
    server(sys.argv[2]).run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
