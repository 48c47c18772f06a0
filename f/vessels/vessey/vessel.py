"""A vessel and its positions in our shape, made of what Vessey answers.

Vessey passes on what ships send, so its values are those of AIS:

    {"vessel_id": "vsy_9074729", "imo": 9074729, "mmsi": 244660000, "name": "AURORA", "call_sign": "PAUR",
     "flag": "NL", "type": "cargo", "gross_tonnage": 31000,
     "position": {"lat": 51.9, "lon": 4.1, "sog": 0.1, "cog": 360.0, "heading": 511, "rot": -128,
                  "nav_status": 5, "received_at": "2026-11-23T06:00:00Z"},
     "voyage": {"destination": "ROTTERDAM", "draught": 9.1,
                "eta": {"month": 11, "day": 24, "hour": 24, "minute": 60}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from f.connect.calls.reply_reader import id_of, line_of, word_of
from f.vessels.vessey.ais import read_number, read_rate_of_turn, read_status, read_text
from f.vessels.vessey.eta import read_eta
from f.vessels.vessey.identity import read_imo, read_mmsi
from f.vessels.vessey.periods import iso, read_time


class Position(TypedDict):
    """Where a vessel was at `timestamp` (UTC). None is what the ship does not say.

    Degrees, knots, and degrees a minute, to the right above 0. `stale`: it is older than was asked for, or
    nobody knows how old.
    """

    lat: float | None
    lon: float | None
    heading: float | None
    speed: float | None
    timestamp: str | None
    course: float | None
    rate_of_turn: float | None
    stale: bool
    age_seconds: int | None


class Vessel(TypedDict):
    """A vessel as its last report has it. `notes`: values that were not valid, and what is known in part."""

    vessel_id: str
    name: str | None
    imo: str | None
    position: Position | None
    status: str | None
    destination: str | None
    eta: str | None
    mmsi: str | None
    call_sign: str | None
    flag: str | None
    type: str | None
    gross_tonnage: int | None
    draught: float | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Age:
    """What the age of a position is measured by: the time now, and the seconds after which it is stale."""

    now: datetime
    stale_after: float


def vessel_of(raw: Mapping[str, Any], age: Age) -> Vessel:
    """Return a vessel of a reply; nothing in it raises."""
    notes: list[str] = []
    report = _object("position", raw.get("position"), notes)
    voyage = _object("voyage", raw.get("voyage"), notes) or {}
    received = read_time("position.received_at", (report or {}).get("received_at"), [], not_after=age.now)
    return {
        "vessel_id": id_of(raw.get("vessel_id")),
        "name": read_text("name", raw.get("name"), notes),
        "imo": read_imo(raw.get("imo"), notes),
        "position": None if report is None else position_of(report, age, notes),
        "status": None if report is None else read_status(report.get("nav_status"), notes),
        "destination": read_text("destination", voyage.get("destination"), notes),
        "eta": read_eta(voyage.get("eta"), received or age.now, notes),
        "mmsi": read_mmsi(raw.get("mmsi"), notes),
        "call_sign": read_text("call_sign", raw.get("call_sign"), notes),
        "flag": word_of(raw.get("flag")) or None,
        "type": word_of(raw.get("type")) or None,
        "gross_tonnage": _tonnage(raw.get("gross_tonnage"), notes),
        "draught": read_number("draught", voyage.get("draught"), notes),
        "notes": notes,
    }


def position_of(report: Mapping[str, Any], age: Age, notes: list[str], *, in_track: bool = False) -> Position:
    """Return a position of a reply. `in_track`: it is of the past on purpose, so never stale."""
    lat, lon = read_number("lat", report.get("lat"), notes), read_number("lon", report.get("lon"), notes)
    if (lat is None) != (lon is None):  # half a position is none
        lat = lon = None
    at = read_time("received_at", report.get("received_at"), notes, not_after=age.now)
    seconds = None if at is None else max(timedelta(0), age.now - at).total_seconds()
    return {
        "lat": lat,
        "lon": lon,
        "heading": read_number("heading", report.get("heading"), notes),
        "speed": read_number("sog", report.get("sog"), notes),
        "timestamp": iso(at),
        "course": read_number("cog", report.get("cog"), notes),
        "rate_of_turn": read_rate_of_turn(report.get("rot"), notes),
        "stale": not in_track and (seconds is None or seconds > age.stale_after),
        "age_seconds": None if seconds is None else int(seconds),
    }


def title_of(vessel: Vessel) -> str:
    """Return what a person calls a vessel."""
    return vessel["name"] or f"IMO {vessel['imo']}"


def _object(name: str, value: object, notes: list[str]) -> Mapping[str, Any] | None:
    if value is None or isinstance(value, Mapping):
        return value
    notes.append(f"{name} is not an object and was left out.")
    return None


def _tonnage(value: object, notes: list[str]) -> int | None:
    if value in (None, 0) and not isinstance(value, bool):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**6:
        notes.append("gross_tonnage is not valid and was left out.")
        return None
    return value


def short_line(value: object) -> str | None:
    """Return a text of a reply as one line; None if there is none."""
    return line_of(value) or None
