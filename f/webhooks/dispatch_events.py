"""Start the handlers of events that arrived, and see what became of those that were started.

It runs when an event arrives, and every minute by schedule, for what is to be tried again. One run works at
a time; another that begins meanwhile leaves it to the first. Each handler is a job of its own, whose id is
fixed before it is started: it is started once, whenever this job is killed. A handler that fails is run again
later, each time after a longer wait; after the last attempt the event is a dead letter of this handler, of
which people are told. Other handlers of the event are not held up.

Returns counts. It fails only over what is wrong on our side: a routing or a source that cannot be used. Then
nothing is lost, and events wait. A second run does what has become due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.webhooks.dispatch.report import DispatchReport


def main(
    routing: str = "f/webhooks/routing",
    most: int = 1000,
    seconds: float = 30,
    database: postgresql | None = None,
) -> DispatchReport:
    from f.connect.errors import FixInput
    from f.store.stores import open_store
    from f.webhooks.dispatch.dispatcher import Dispatcher
    from f.webhooks.dispatch.middleware import Chain
    from f.webhooks.dispatch.next_run import start_next_run
    from f.webhooks.dispatch.routing_resource import path_of, routing_at

    if most < 1 or not 0 < seconds <= 3600:
        raise FixInput("most must be at least 1, and seconds from 0 to 3600.", code="bad_input")
    checked = routing_at(path_of(routing))
    chain = Chain(checked.middleware)
    with open_store(database, "webhooks") as store:
        report = Dispatcher(store, checked, chain, most=most, seconds=seconds).run(
            lambda: _another(start_next_run)
        )
    counts = [f"{count} {name}" for name, count in report.items() if isinstance(count, int) and count]
    print(", ".join(counts) or "nothing to do")
    return report


def _another(start: Callable[[], None]) -> bool:
    from f.connect.errors import ConnectError

    try:
        start()
    except ConnectError as error:
        print(f"what is left is for the next run by schedule: {error}")
        return False
    return True
