"""Say what is known of a write by its once_key: what became of it, or that it was not done.

A write whose answer was lost is looked up now. The status is not_known, not_done, running, done, confirmed or
unknown. Sends and changes nothing but what the ledger knows.
"""

from f.tools.acting.status import EffectStatus, status_of
from f.tools.guards.desk import open_desk

TOOL = {"title": "Look up an effect", "reads": True}


def main(once_key: str) -> EffectStatus:
    with open_desk(main.__annotations__, locals()) as desk:
        return status_of(desk, once_key)
