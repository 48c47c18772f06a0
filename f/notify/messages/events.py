"""The events there are, and what each says. A routing resource may add events of its own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from f.connect.errors import FixInput
from f.connect.redact import mask_text
from f.notify.messages.message import Message, Severity, facts_of, rank, safe_link
from f.notify.messages.templating import fill_text

_NOT_FACTS = frozenset({"severity", "link", "title"})
_LONGEST = 2000  # characters of one value; an error message may be a whole log


@dataclass(frozen=True, slots=True)
class Event:
    """`title` and `text` are templates over the event's data; what they use must be there.

    The rest of the data is shown as facts. `masked`: values that quote other people's errors, in
    which secrets and addresses are masked.
    """

    title: str
    text: str = ""
    severity: Severity = "info"
    says: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()


EVENTS: Mapping[str, Event] = {
    "vessel_arrival": Event(
        "{{ vessel }} has arrived at {{ port }}",
        "{% if arrived_at is defined %}Arrived {{ arrived_at }}.{% endif %}",
        says=frozenset({"vessel", "port", "arrived_at"}),
    ),
    "compliance_issue": Event(
        "Compliance issue: {{ subject }}",
        "{{ issue }}",
        "warning",
        frozenset({"subject", "issue"}),
    ),
    "integration_error": Event(
        "{{ integration }} does not work",
        "{{ message }}",
        "error",
        frozenset({"integration", "message"}),
        frozenset({"message"}),
    ),
    "token_refresh_failed": Event(
        "{{ service }} gave no new token",
        "{{ error_message }}",
        "error",
        frozenset({"service", "error_message"}),
        frozenset({"error_message"}),
    ),
    "slow_call": Event(
        "{{ service }} answers slowly",
        "{{ endpoint }} took {{ seconds }} seconds.",
        "warning",
        frozenset({"service", "endpoint", "seconds"}),
    ),
    "driver_alert": Event(
        "Driver {{ driver }}: {{ message }}", "", "warning", frozenset({"driver", "message"})
    ),
    "import_finished": Event(
        "{% if counts.would_create is defined %}Dry run{% else %}Import{% endif %} of {{ source }} finished",
        "{% if counts.would_create is defined %}"  # the counts of a dry run
        "{{ counts.rows }} rows: {{ counts.would_create }} would be created, "
        "{{ counts.would_update }} updated, {{ counts.would_leave }} left as they are, "
        "{{ counts.duplicate }} duplicates, {{ counts.invalid + counts.would_refuse }} refused, "
        "{{ counts.would_hold + counts.not_known }} held back or not known."
        "{% else %}"
        "{{ counts.rows }} rows: {{ counts.created }} created, {{ counts.updated }} updated, "
        "{{ counts.duplicate }} duplicates, {{ counts.invalid + counts.rejected }} refused, "
        "{{ counts.failed + counts.unknown }} failed."
        "{% endif %}",
        says=frozenset({"source", "counts"}),
    ),
    "job_failed": Event(
        "{{ path }} failed",
        "{{ message }}",
        "error",
        frozenset({"path", "message"}),
        frozenset({"message"}),
    ),
}  # fmt: skip


_REFUSED = ("invalid", "rejected", "would_refuse")


def message_of(
    name: str, data: Mapping[str, Any], own: Mapping[str, Event] | None = None, severity: str = ""
) -> Message:
    """Write the message of an event. FixInput for an unknown event or a field its template lacks.

    The severity is the argument, else the data's own, else the event's.
    """
    known = {**EVENTS, **(own or {})}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
        raise FixInput(f"Unknown event {name!r}. {hint}", code="unknown_event")
    event = known[name]
    values = {field: _shown(value, masked=field in event.masked) for field, value in data.items()}
    chosen = severity or str(data.get("severity") or "") or _severity(name, data, event)
    rank(chosen)
    facts = {field: value for field, value in values.items() if field not in event.says | _NOT_FACTS}
    return Message(
        title=fill_text(event.title, values, name=name).strip(),
        text=fill_text(event.text, values, name=name).strip(),
        severity=chosen,  # type: ignore[arg-type]  # rank() raises for what is not a severity
        facts=facts_of(facts),
        link=safe_link(str(data.get("link") or "")),
    )


def _severity(name: str, data: Mapping[str, Any], event: Event) -> str:
    counts = data.get("counts")
    if name != "import_finished" or not isinstance(counts, Mapping):
        return event.severity
    if counts.get("failed") or counts.get("unknown"):
        return "error"
    return "warning" if any(counts.get(name) for name in _REFUSED) else "info"


def _shown(value: Any, *, masked: bool) -> Any:
    if not isinstance(value, str):
        return value
    text = mask_text(value) if masked else value
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
