"""Have one dead letter of the webhooks handled again, once.

Its handlers that have not succeeded are started anew by the dispatcher, with all their attempts before them.
The same key and arguments give the first result, also when the event has failed again since.
"""

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.tools.effects.written import Written

TOOL = {"title": "Replay a dead letter", "reads": False}


def main(event_id: str, once_key: str, note: str = "") -> "Written":
    from f.tools.acting.replays import ReplayOrder, replay
    from f.tools.effects.once_only import refusing
    from f.tools.guards.desk import open_desk

    with open_desk(main.__annotations__, locals()) as desk:
        return refusing(once_key, lambda: replay(desk, once_key, ReplayOrder(event_id, note)))
