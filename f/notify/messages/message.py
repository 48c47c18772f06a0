"""A message as every channel gets it: plain text and facts. Each channel escapes and lays it out itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

from f.connect.errors import FixInput

Severity = Literal["info", "warning", "error", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
COLORS: Mapping[str, str] = {
    "info": "#2563eb",
    "warning": "#d97706",
    "error": "#dc2626",
    "critical": "#7f1d1d",
}


@dataclass(frozen=True, slots=True)
class Message:
    """`facts` are shown below the text, by label, in their order."""

    title: str
    text: str = ""
    severity: Severity = "info"
    facts: Mapping[str, str] = field(default_factory=dict)
    link: str = ""

    @property
    def line(self) -> str:
        """Return the message in one line, for a phone."""
        text = f"{self.title}: {self.text}" if self.text else self.title
        marked = text if self.severity == "info" else f"[{self.severity.upper()}] {text}"
        return f"{marked} {self.link}".strip()


def rank(severity: str) -> int:
    """Return how bad it is, 0 for info; FixInput for a word that is not a severity."""
    if severity not in SEVERITIES:
        raise FixInput(
            f"Unknown severity {severity!r}. Use one of: {', '.join(SEVERITIES)}.", code="unknown_severity"
        )
    return SEVERITIES.index(severity)


def facts_of(metadata: Mapping[str, object] | None) -> dict[str, str]:
    """Turn a mapping into facts: names as labels, empty values left out."""
    facts: dict[str, str] = {}
    for name, value in (metadata or {}).items():
        if text := value_of(value):
            label = label_of(str(name))
            facts[str(name) if label in facts else label] = text
    return facts


def label_of(name: str) -> str:
    """Return a field's name as a person writes it: `eta_utc` becomes "Eta utc"."""
    words = " ".join("".join(c if c.isalnum() else " " for c in name).split())
    return words[:1].upper() + words[1:] or "Value"


def value_of(value: object) -> str:
    """Return a fact's value as text; yes and no for booleans, the items of a list with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(value_of(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{label_of(str(name))} {value_of(item)}" for name, item in value.items())
    return str(value).strip()


def safe_link(link: str) -> str:
    """Return the link; FixInput unless it is http(s): `javascript:` in a message is an attack."""
    if not link:
        return ""
    if not is_web_address(link):
        raise FixInput("A link must begin with https:// and name a host.", code="bad_link")
    return link


def is_web_address(text: str) -> bool:
    """Return whether it is http(s) and names a host."""
    try:
        parts = urlsplit(text)
    except ValueError:  # a bracket that is not closed
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
