"""Send a message to a channel of the notification routing, once, however often it is asked for.

The channel (Slack, SMS, WhatsApp, e-mail) and its recipients are those of the routing; another recipient only
where the guards allow it. The same key and arguments give the first result; a lost answer is looked up, and
nothing is repeated blindly.
"""

from f.tools.acting.messages import MessageOrder, send
from f.tools.effects.once_only import refusing
from f.tools.effects.written import Written
from f.tools.guards.desk import open_desk

TOOL = {"title": "Send a message once", "reads": False}


def main(
    once_key: str,
    channel: str,
    text: str,
    subject: str = "",
    to: str = "",
) -> Written:
    with open_desk(main.__annotations__, locals()) as desk:
        return refusing(once_key, lambda: send(desk, once_key, MessageOrder(channel, text, subject, to)))
