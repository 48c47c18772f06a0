"""What a service says of its own end: deprecation, sunset and warnings, in headers and in the body.

Deprecation: @1688169599                          RFC 9745; before it, `true` or a date
Sunset: Sat, 31 Oct 2026 23:59:59 GMT             RFC 8594
Link: <https://...>; rel="deprecation"            the page about either of them
Warning: 299 - "This version is deprecated"       RFC 7234, 5.5; Salesforce still speaks it
X-Shopify-API-Deprecated-Reason: https://...      headers of one service's own
{"ok": true, "warning": "superfluous_charset", "response_metadata": {"warnings": [...]}}       Slack
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from f.connect.calls.reply_reader import line_of, word_of
from f.connect.times import DAY_SECONDS, http_date, to_iso

Kind = Literal["deprecation", "sunset", "warning"]

_SOON_DAYS = 30
_STRUCTURED_DATE = re.compile(r"@(-?\d{1,10})")
_DEPRECATED_WARNING = re.compile(r"deprecat|retire|sunset|end[- ]of[- ]life|no longer", re.IGNORECASE)
_WARN_CODE = re.compile(r"(\d{3}) \S+ \"((?:[^\"\\]|\\.)*)\"")
_LINK = re.compile(r"<([^<>]{1,500})>([^<]*)")
_RELATION = re.compile(r"rel=\"?(deprecation|sunset|successor-version)\b", re.IGNORECASE)
_OWN_HEADERS: Mapping[str, str] = {
    "X-Shopify-API-Deprecated-Reason": "Shopify calls this call deprecated",
    "X-API-Warn": "the service warns of this call",
    "X-API-Deprecation-Info": "the service calls this call deprecated",
}
_FRESHNESS = frozenset({"110", "111", "112", "113", "199", "214"})  # of caches, RFC 7234: no word on the API


@dataclass(frozen=True, slots=True)
class Notice:
    """What was said. `at`: when it takes effect, as ISO; `urgent`: it has, or will within 30 days."""

    kind: Kind
    text: str
    at: str = ""
    link: str = ""
    urgent: bool = False


def notices_of(headers: Mapping[str, str], body: Any, now: float) -> list[Notice]:
    """Return what an answer announces. `headers` compare without case; `now` is seconds since the epoch."""
    link = _link(headers.get("Link", ""))
    found = [
        *_dated("deprecation", headers.get("Deprecation", ""), link, now),
        *_dated("sunset", headers.get("Sunset", ""), link, now),
        *_warnings(headers.get("Warning", "")),
    ]
    for name, says in _OWN_HEADERS.items():
        if reason := line_of(headers.get(name, "")):
            found.append(Notice("deprecation", f"{says}: {reason}"))
    return [*found, *_in_body(body)]


def _dated(kind: Kind, value: str, link: str, now: float) -> list[Notice]:
    text = value.strip()
    if not text or text.lower() in {"false", "?0"}:
        return []
    at = _seconds(text)
    if at is None:
        says = "is deprecated" if kind == "deprecation" else "will end, at a time that cannot be read"
        return [Notice(kind, f"The call {says}.", link=link)]
    day = to_iso(at)[:10]
    passed = at <= now
    if kind == "sunset":
        said = f"The call ended on {day}, says the service." if passed else f"The call ends on {day}."
        return [Notice(kind, said, to_iso(at), link, urgent=at - now < _SOON_DAYS * DAY_SECONDS)]
    said = f"The call is deprecated since {day}." if passed else f"The call will be deprecated on {day}."
    return [Notice(kind, said, to_iso(at), link)]


def _seconds(text: str) -> float | None:
    structured = _STRUCTURED_DATE.fullmatch(text)
    return float(structured[1]) if structured else http_date(text)


def _warnings(value: str) -> list[Notice]:
    """Read the header Warning: code, who warns, and a quoted text, several with commas between."""
    return [
        Notice("deprecation" if _DEPRECATED_WARNING.search(text) else "warning", line_of(text))
        for code, text in _WARN_CODE.findall(value)
        if code not in _FRESHNESS and line_of(text)
    ]


def _link(value: str) -> str:
    for address, parameters in _LINK.findall(value):
        if _RELATION.search(parameters) and address.startswith("https://"):
            return line_of(address)
    return ""


def _in_body(body: Any) -> list[Notice]:
    """Read what Slack says beside an answer."""
    if not isinstance(body, Mapping) or not isinstance(body.get("ok"), bool):
        return []
    about = body.get("response_metadata")
    listed = about.get("warnings") if isinstance(about, Mapping) else None
    words = {word_of(one) for one in (listed if isinstance(listed, list) else [])}
    words |= {word_of(one.strip()) for one in str(body.get("warning") or "").split(",")}
    return [
        Notice(
            "deprecation" if "deprecat" in word else "warning",
            f"Slack warns of {word}.",
            link="https://docs.slack.dev/changelog" if "deprecat" in word else "",
        )
        for word in sorted(words - {""})
    ]
