"""Port calls and compliance records in our shape, made of what Vessey answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from f.connect.calls.reply_reader import id_of, number_of, word_of
from f.vessels.vessey.identity import read_imo
from f.vessels.vessey.periods import iso, read_date, read_time
from f.vessels.vessey.vessel import short_line


class PortCall(TypedDict):
    """A call at a port (UN/LOCODE); what has not happened yet is None. Times are UTC."""

    port_call_id: str
    imo: str | None
    vessel_name: str | None
    port: str
    port_name: str | None
    eta: str | None
    actual_arrival: str | None
    actual_departure: str | None
    berth: str | None


class Certificate(TypedDict):
    """A certificate of a ship."""

    type: str | None
    number: str
    status: str | None
    issued_on: str | None
    expires_on: str | None


class Inspection(TypedDict):
    """An inspection by a port state."""

    inspection_id: str
    date: str | None
    port: str | None
    authority: str | None
    result: str | None
    deficiency_count: int | None


class Deficiency(TypedDict):
    """What an inspection found; `status` is open or rectified."""

    deficiency_id: str
    code: str | None
    description: str | None
    severity: str | None
    status: str | None
    opened_on: str | None
    rectified_on: str | None
    inspection_id: str | None


class Compliance(TypedDict):
    """Whether a vessel complies, and by what; `compliant` is None if Vessey does not say."""

    imo: str
    compliant: bool | None
    certificates: list[Certificate]
    inspections: list[Inspection]
    deficiencies: list[Deficiency]
    last_updated: str | None
    notes: list[str]


def port_call_of(raw: Mapping[str, Any], notes: list[str], now: datetime) -> PortCall:
    """Return a port call of a reply; an arrival that lies ahead is none."""
    port = raw.get("port")
    port = port if isinstance(port, Mapping) else {}
    return {
        "port_call_id": id_of(raw.get("port_call_id")),
        "imo": read_imo(raw.get("imo"), notes),
        "vessel_name": short_line(raw.get("vessel_name")),
        "port": word_of(port.get("locode")),
        "port_name": short_line(port.get("name")),
        "eta": iso(read_time("eta", raw.get("eta"), notes)),
        "actual_arrival": iso(read_time("actual_arrival", raw.get("actual_arrival"), notes, not_after=now)),
        "actual_departure": iso(
            read_time("actual_departure", raw.get("actual_departure"), notes, not_after=now)
        ),
        "berth": short_line(raw.get("berth")),
    }


def compliance_of(raw: Mapping[str, Any], imo: str, now: datetime) -> Compliance:
    """Return a compliance record of a reply; nothing in it raises."""
    notes: list[str] = []
    compliant = raw.get("compliant")
    if not isinstance(compliant, bool):
        compliant = None
        notes.append("compliant is neither true nor false: it is not known.")
    certificates = [_certificate(one, notes) for one in _objects("certificates", raw, notes)]
    inspections = [_inspection(one, notes) for one in _objects("inspections", raw, notes)]
    deficiencies = [_deficiency(one, notes) for one in _objects("deficiencies", raw, notes)]
    return {
        "imo": imo,
        "compliant": compliant,
        "certificates": certificates,
        "inspections": inspections,
        "deficiencies": deficiencies,
        "last_updated": iso(read_time("last_updated", raw.get("last_updated"), notes, not_after=now)),
        "notes": notes,
    }


def _objects(name: str, raw: Mapping[str, Any], notes: list[str]) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a list, the others counted in a note."""
    found = raw.get(name)
    if not isinstance(found, list):
        notes.append(f"{name} is not a list and was left out.")
        return []
    objects = [one for one in found if isinstance(one, Mapping)]
    if len(objects) < len(found):
        notes.append(f"{len(found) - len(objects)} of {name} are not objects and were left out.")
    return objects


def _certificate(raw: Mapping[str, Any], notes: list[str]) -> Certificate:
    return {
        "type": short_line(raw.get("type")),
        "number": id_of(raw.get("number")),
        "status": word_of(raw.get("status")) or None,
        "issued_on": read_date("issued_on", raw.get("issued_on"), notes),
        "expires_on": read_date("expires_on", raw.get("expires_on"), notes),
    }


def _inspection(raw: Mapping[str, Any], notes: list[str]) -> Inspection:
    return {
        "inspection_id": id_of(raw.get("inspection_id")),
        "date": read_date("date", raw.get("date"), notes),
        "port": word_of(raw.get("port")) or None,
        "authority": short_line(raw.get("authority")),
        "result": word_of(raw.get("result")) or None,
        "deficiency_count": number_of(raw.get("deficiency_count")),
    }


def _deficiency(raw: Mapping[str, Any], notes: list[str]) -> Deficiency:
    return {
        "deficiency_id": id_of(raw.get("deficiency_id")),
        "code": word_of(raw.get("code")) or None,
        "description": short_line(raw.get("description")),
        "severity": word_of(raw.get("severity")) or None,
        "status": word_of(raw.get("status")) or None,
        "opened_on": read_date("opened_on", raw.get("opened_on"), notes),
        "rectified_on": read_date("rectified_on", raw.get("rectified_on"), notes),
        "inspection_id": id_of(raw.get("inspection_id")) or None,
    }
