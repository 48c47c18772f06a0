"""Send a message to a channel of the notification routing, once, however often it is asked for.

The channel (Slack, SMS, WhatsApp, e-mail) and its recipients are those of the routing; another recipient only
where the guards allow it. The same key and arguments give the first result; a lost answer is looked up, and
nothing is repeated blindly.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# dnspython==2.9.2
# email-validator==2.4.0
# jinja2==3.1.6
# markupsafe==3.0.4
# phonenumbers==9.0.43
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.tools.effects.written import Written

TOOL = {"title": "Send a message once", "reads": False}


def main(
    once_key: str,
    channel: str,
    text: str,
    subject: str = "",
    to: str = "",
) -> "Written":
    from f.tools.acting.messages import MessageOrder, send
    from f.tools.effects.once_only import refusing
    from f.tools.guards.desk import open_desk

    with open_desk(main.__annotations__, locals()) as desk:
        return refusing(once_key, lambda: send(desk, once_key, MessageOrder(channel, text, subject, to)))
