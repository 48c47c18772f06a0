"""Tell the right channels about an event, as the routing says: at once or in the digest.

Returns what went where. A channel that fails is named there and stops no other; the job fails only if no
channel was reached. The same event goes to a channel once within the dedupe window (the routing's, or
`dedupe_seconds`), so a second run tells only the channels the first one did not reach. An event that does not
exist fails nothing: the status says so, and the routes of all events ("*") tell of it as it is.
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

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.dispatch.router import EventResult
    from f.notify.dispatch.routing_resource import notification_routing

_OTHER = "other"


def main(
    event: str,
    data: dict,
    routing: notification_routing,
    severity: Literal["", "info", "warning", "error", "critical"] = "",
    own_event: str = "",
    dedupe_key: str = "",
    dedupe_seconds: float | None = None,
    database: postgresql | None = None,
) -> EventResult:
    from f.connect.errors import FixInput
    from f.notify.dispatch.router import notify
    from f.notify.dispatch.routing_resource import read_routing
    from f.store.stores import open_store

    event = _chosen(event, own_event)
    if not isinstance(data, dict):
        raise FixInput("data must be an object of fields, such as those the event needs.", code="bad_data")
    checked = read_routing(routing)
    if dedupe_seconds is not None:
        checked = checked.model_copy(update={"dedupe_seconds": _span(dedupe_seconds)})
    with open_store(database, "notify") as store:
        result = notify(event, data, checked, store, severity=severity, dedupe_key=dedupe_key)
    print(f"{result['severity']} {event}: {result['counts'] or 'no route for it'} {result['detail']}".strip())
    return result


def _span(seconds: float) -> float:
    from f.connect.errors import FixInput
    from f.store.sent_keys import KEEP_SECONDS

    if not 0 <= seconds <= KEEP_SECONDS:
        raise FixInput(f"dedupe_seconds must be from 0 to {KEEP_SECONDS:.0f}.", code="bad_input")
    return seconds


def _chosen(event: str, own_event: str) -> str:
    """Return the event's name: the form's choice, or what stands in the field of the others."""
    from f.connect.errors import FixInput

    if event == _OTHER and not own_event.strip():
        raise FixInput("Name the event in own_event, or choose one.", code="no_event")
    if own_event.strip() and event not in {_OTHER, "", own_event.strip()}:
        raise FixInput(f"There are two events: {event}, and {own_event} in own_event.", code="two_values")
    return own_event.strip() or event
