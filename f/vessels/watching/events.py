"""What there is to tell of a vessel, from its port calls and its compliance record.

An event has a key that stays the same as long as it is the same: one arrival of one port call, one
deficiency, one certificate that has run out. Its data has the names that f/notify/notify_event takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.redact import digest_of

if TYPE_CHECKING:
    from f.vessels.vessey.records import Compliance, PortCall

EventName = Literal["vessel_arrival", "compliance_issue"]


class VesselEvent(TypedDict):
    """Something to tell. `at`: when it happened (UTC), if that is known."""

    key: str
    imo: str
    event: EventName
    data: dict[str, Any]
    at: str


def arrivals_in(name: str, imo: str, calls: Iterable[PortCall]) -> Iterator[VesselEvent]:
    """Yield an event for every call that has begun."""
    for call in calls:
        arrived = call["actual_arrival"]
        if arrived is None:
            continue
        port = f"{call['port_name']} ({call['port']})" if call["port_name"] else call["port"]
        yield {
            "key": f"arrival:{imo}:{call['port_call_id'] or digest_of(call['port'], arrived)}",
            "imo": imo,
            "event": "vessel_arrival",
            "data": {
                "vessel_name": call["vessel_name"] or name,
                "imo": imo,
                "port": port,
                "eta": _spoken(call["eta"]),
                "actual_arrival": _spoken(arrived),
            },
            "at": arrived,
        }


def issues_in(name: str, record: Compliance) -> Iterator[VesselEvent]:
    """Yield an event for every open deficiency and every certificate that is not valid.

    A vessel that does not comply without any of them is one event.
    """
    imo, found = record["imo"], False
    for deficiency in record["deficiencies"]:
        if deficiency["status"] == "rectified":
            continue
        found = True
        description = deficiency["description"] or "A deficiency without a description"
        facts = [f"code {deficiency['code']}"] * bool(deficiency["code"])
        facts += [str(deficiency["severity"])] * bool(deficiency["severity"])
        behind = f" ({', '.join(facts)})" if facts else ""
        since = f" Open since {deficiency['opened_on']}." if deficiency["opened_on"] else ""
        identity = deficiency["deficiency_id"] or digest_of(description, deficiency["code"])
        yield _issue(
            name,
            imo,
            f"deficiency:{imo}:{identity}:{deficiency['opened_on'] or ''}",
            f"{description}{behind}.{since}",
        )
    for certificate in record["certificates"]:
        if certificate["status"] in {None, "valid"}:
            continue
        found = True
        expired = f" on {certificate['expires_on']}" if certificate["expires_on"] else ""
        state = (
            f"has expired{expired}" if certificate["status"] == "expired" else f"is {certificate['status']}"
        )
        identity = certificate["number"] or digest_of(certificate["type"])
        yield _issue(
            name,
            imo,
            f"certificate:{imo}:{identity}:{certificate['status']}:{certificate['expires_on'] or ''}",
            f"The certificate {certificate['type'] or ''} {identity} {state}.",
        )
    if record["compliant"] is False and not found:
        yield _issue(
            name, imo, f"not_compliant:{imo}", "The vessel does not comply; Vessey does not say why."
        )


def _issue(name: str, imo: str, key: str, description: str) -> VesselEvent:
    data = {"vessel_name": name, "issue_description": f"{description} IMO {imo}."}
    return {"key": key, "imo": imo, "event": "compliance_issue", "data": data, "at": ""}


def _spoken(time: str | None) -> str:
    """A time as a person reads it."""
    return f"{time[:10]} {time[11:16]} UTC" if time and len(time) > 16 else time or "not known"
