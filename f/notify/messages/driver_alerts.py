"""Messages to drivers, by kind: templates over the data of the shift, the issue or the route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from f.notify.messages.templating import fill_text

TEMPLATES: Mapping[str, str] = {
    "shift_reminder": (
        "Hello {{ driver }}, your shift starts {{ starts_at }}"
        "{% if place is defined %} at {{ place }}{% endif %}."
        "{% if vehicle is defined %} Vehicle: {{ vehicle }}.{% endif %}"
    ),
    "compliance_alert": (
        "{{ driver }}, please act: {{ issue }}."
        "{% if deadline is defined %} Deadline: {{ deadline }}.{% endif %}"
    ),
    "route_update": (
        "{{ driver }}, your route has changed: {{ change }}."
        "{% if eta is defined %} New arrival time: {{ eta }}.{% endif %}"
    ),
}


def driver_text(kind: str, data: Mapping[str, Any]) -> str:
    """Fill the template of a kind; FixInput names a field that is missing."""
    return fill_text(TEMPLATES[kind], data, name=kind).strip()
