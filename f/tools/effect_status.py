"""Say what is known of a write by its once_key: what became of it, or that it was not done.

A write whose answer was lost is looked up now. The status is not_known, not_done, running, done, confirmed or
unknown. Sends and changes nothing but what the ledger knows.
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
    from f.tools.acting.status import EffectStatus

TOOL = {"title": "Look up an effect", "reads": True}


def main(once_key: str) -> "EffectStatus":
    from f.tools.acting.status import status_of
    from f.tools.guards.desk import open_desk

    with open_desk(main.__annotations__, locals()) as desk:
        return status_of(desk, once_key)
