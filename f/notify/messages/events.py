"""The events there are, and what each says. A routing resource may add events of its own."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# jinja2==3.1.6
# markupsafe==3.0.4

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from f.connect.errors import FixInput
from f.connect.redact import mask_text
from f.notify.messages.message import Message, Severity, facts_of, label_of, rank, safe_link

_NOT_FACTS = frozenset({"severity", "link"})
_EMPTY = (None, "")  # as a form or a column gives what is not there
_LONGEST = 2000  # characters of one value; an error message may be a whole log


@dataclass(frozen=True, slots=True)
class Event:
    """`title` and `text` are templates over the event's data. `needs`: fields that must be there.

    The text uses these and what it `may` use; the rest of the data is shown as facts. `aliases`: other names
    that a field goes by. `masked`: values that quote other people's errors, in which secrets and addresses
    are masked.
    """

    title: str
    text: str = ""
    severity: Severity = "info"
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    masked: frozenset[str] = frozenset()


# Nobody is to take play money for money.
_TEST = "{% if mode is defined and mode == 'test' %}Test: {% endif %}"


def _trouble(severity: Severity, before: str = "") -> Event:
    """Return what f/operate tells of: something fails, ends or waits, or does so no more."""
    return Event(
        f"{before}{{{{ subject }}}} {{{{ problem }}}}",
        "{{ message }}",
        severity,
        ("subject", "problem", "message"),
        masked=frozenset({"message"}),
    )


EVENTS: Mapping[str, Event] = {
    "vessel_arrival": Event(
        "{{ vessel }} has arrived at {{ port }}",
        "{% if arrived_at is defined %}Arrived {{ arrived_at }}.{% endif %}",
        needs=("vessel", "port"),
        may=("arrived_at",),
        aliases={"vessel_name": "vessel", "actual_arrival": "arrived_at"},
    ),
    "compliance_issue": Event(
        "Compliance issue: {{ subject }}",
        "{{ issue }}",
        "warning",
        ("subject", "issue"),
        aliases={"vessel_name": "subject", "issue_description": "issue"},
    ),
    "integration_error": Event(
        "{{ integration }} does not work",
        "{{ message }}",
        "error",
        ("integration", "message"),
        aliases={"service": "integration", "error_message": "message"},
        masked=frozenset({"message"}),
    ),
    "token_refresh_failed": Event(
        "{{ integration }} gave no new token",
        "{{ message }}",
        "error",
        ("integration", "message"),
        aliases={"service": "integration", "error_message": "message"},
        masked=frozenset({"message"}),
    ),
    "slow_call": Event(
        "{{ integration }} answers slowly",
        "{{ endpoint }} took {{ seconds }} seconds.",
        "warning",
        ("integration", "endpoint", "seconds"),
        aliases={"service": "integration"},
    ),
    "driver_alert": Event(
        "Driver {{ driver }}: {{ message }}",
        "",
        "warning",
        ("driver", "message"),
        aliases={"driver_name": "driver", "alert_message": "message"},
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
        needs=("source", "counts"),
    ),
    "job_failed": Event(
        "{{ path }} failed",
        "{{ message }}",
        "error",
        ("path", "message"),
        masked=frozenset({"message"}),
    ),
    "webhook_failed": Event(
        "{{ type }} of {{ source }} was not handled",
        "{{ message }}",
        "error",
        ("source", "type", "message"),
        masked=frozenset({"message"}),
    ),
    "service_failing": _trouble("error"),
    "credential_expiring": _trouble("warning"),
    "work_waiting": _trouble("warning"),
    "trouble_over": _trouble("info", "Over: "),
    "contract_changed": Event(
        "The API of {{ integration }} changed, or will",
        "{{ message }}{% if next_step is defined %} {{ next_step }}{% endif %}",
        "warning",
        ("integration", "message"),
        may=("next_step",),
        aliases={"service": "integration"},
        masked=frozenset({"message"}),
    ),
    "payment_succeeded": Event(
        _TEST + "{{ amount }} {{ currency }} received",
        "{% if description is defined %}{{ description }}{% endif %}",
        needs=("amount", "currency"),
        may=("mode", "description"),
    ),
    "payment_failed": Event(
        _TEST + "Payment of {{ amount }} {{ currency }} failed",
        "{{ reason }}{% if next_step is defined %} {{ next_step }}{% endif %}",
        "warning",
        ("amount", "currency", "reason"),
        may=("mode", "next_step"),
    ),
    "subscription_started": Event(
        _TEST + "Subscription {{ subscription }} "
        "{% if status is defined and status == 'incomplete' %}waits for its first payment"
        "{% else %}started{% endif %}",
        "{% if next_step is defined %}{{ next_step }}{% endif %}",
        needs=("subscription",),
        may=("mode", "status", "next_step"),
    ),
    "subscription_ended": Event(
        _TEST + "Subscription {{ subscription }} ended",
        "{{ reason }}",
        "warning",
        ("subscription", "reason"),
        may=("mode",),
    ),
    "invoice_paid": Event(
        _TEST + "Invoice {% if number is defined %}{{ number }}{% else %}{{ invoice }}{% endif %} paid: "
        "{{ amount }} {{ currency }}",
        "{% if period is defined %}For {{ period }}.{% endif %}",
        needs=("invoice", "amount", "currency"),
        may=("mode", "number", "period"),
    ),
}  # fmt: skip


_REFUSED = ("invalid", "rejected", "would_refuse")


def known_event(name: str, own: Mapping[str, Event] | None = None) -> Event | None:
    """Return the event of that name, the routing's `own` first; None if there is none."""
    return (own or {}).get(name) or EVENTS.get(name)


def unknown_event(name: str, own: Mapping[str, Event] | None = None) -> str:
    """Return the sentence about an event that does not exist."""
    known = sorted({*EVENTS, *(own or {})})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    return f"Unknown event {name!r}. {hint}"


def fields_of(event: Event, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data under the event's own field names.

    FixInput for a field that is missing, or that is given under two names with two values.
    """
    fields: dict[str, Any] = {}
    for given, value in data.items():
        field_name = event.aliases.get(given, given)
        known = fields.get(field_name)
        if value in _EMPTY and field_name in fields:
            continue
        if known not in _EMPTY and known != value:
            raise FixInput(
                f"The event {name} has two values for {field_name}, which also goes by {given}: give one.",
                code="two_values",
            )
        fields[field_name] = value
    if missing := [_all_names(needed, event) for needed in event.needs if fields.get(needed) in _EMPTY]:
        raise FixInput(
            f"The event {name} lacks {', '.join(missing)}. Give it in the data.", code="missing_field"
        )
    return fields


def _all_names(field_name: str, event: Event) -> str:
    names = [alias for alias, own in event.aliases.items() if own == field_name]
    return f"{field_name} (or {', '.join(names)})" if names else field_name


def message_of(
    name: str, data: Mapping[str, Any], own: Mapping[str, Event] | None = None, severity: str = ""
) -> Message:
    """Write the message of an event. FixInput for a field that is missing.

    The severity is the argument, else the data's own, else the event's. An event that does not exist is told
    with all its data, and with the sentence that says so.
    """
    from f.notify.messages.templating import fill_text  # Jinja takes 50 ms, also to plain messages

    event = known_event(name, own)
    if event is None:
        return _generic(name, data, unknown_event(name, own), severity)
    given = fields_of(event, name, data)
    values = {field: _shown(value, masked=field in event.masked) for field, value in given.items()}
    chosen = severity or str(given.get("severity") or "") or _severity(name, given, event)
    rank(chosen)
    used = {*event.needs, *event.may, *_NOT_FACTS}
    return Message(
        title=fill_text(event.title, values, name=name).strip(),
        text=fill_text(event.text, values, name=name).strip(),
        severity=chosen,  # type: ignore[arg-type]  # rank() raises for what is not a severity
        facts=facts_of({field: value for field, value in values.items() if field not in used}),
        link=safe_link(str(given.get("link") or "")),
    )


def _generic(name: str, data: Mapping[str, Any], text: str, severity: str) -> Message:
    values = {field: _shown(value, masked=True) for field, value in data.items()}
    chosen = severity or str(data.get("severity") or "") or "warning"
    rank(chosen)
    facts = facts_of({field: value for field, value in values.items() if field not in {"severity", "link"}})
    link = safe_link(str(data.get("link") or ""))
    return Message(label_of(name), text, chosen, facts, link)  # type: ignore[arg-type]  # as in message_of


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
