"""A fleet that sails: where each ship is follows from the seed and the time alone.

A ship goes round and round the ports of its route, for ever, and lies some time in each. What it sends has
the gaps that real reports have: some ships do not tell their heading, their arrival, or where they are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mill.twins.services.vessey.geography import PORTS, Port, bearing, between, miles

_BEGIN = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
_HOUR = 3600.0
_REPORT_SECONDS = 30
STEP = 1800  # seconds between two positions of a track
_NAMES = (
    "AURORA", "BALTIC TRADER", "CAPE FINISTERRE", "DONAU", "EVENING STAR", "FJORD QUEEN", "GULF PIONEER",
    "HANSA BREMEN", "IBERIA", "JADE RIVER", "KATTEGAT", "LADY ANNE", "MERIDIAN", "NORTH WIND", "ORION",
    "PACIFIC GRACE", "QUEEN OF SHEBA", "RED KESTREL", "SIRIUS", "TASMAN BAY",
)  # fmt: skip
_FLAGS = ("NL", "PA", "LR", "MH", "SG", "DE", "GB", "GR", "NO", "MT")
_TYPES = ("cargo", "container", "tanker", "passenger", "cargo", "container", "tanker", "other")
_GAPS = ("none", "heading", "eta", "position", "eta_hour", "silent", "voyage", "turn")
"""What the ships in turn do not say: nothing; the heading; ...; `silent`: all since two days ago."""


@dataclass(frozen=True, slots=True)
class Leg:
    """From the arrival at a port to the arrival at the next, in seconds from the begin of the round."""

    port: Port
    next_port: Port
    arrives: float
    departs: float
    ends: float


@dataclass(frozen=True, slots=True)
class Call:
    """A call at a port, in seconds since the epoch."""

    id: str
    port: Port
    arrives: float
    departs: float


@dataclass(frozen=True, slots=True)
class Ship:
    """One ship and its round."""

    number: int
    imo: str
    name: str
    flag: str
    type: str
    gross_tonnage: int
    gap: str
    speed: float
    offset: float
    legs: Sequence[Leg]

    @property
    def mmsi(self) -> int:
        """Nine digits."""
        return 200_000_000 + int(self.imo)

    @property
    def round_seconds(self) -> float:
        """How long a round takes."""
        return self.legs[-1].ends

    def calls(self, start: float, end: float) -> Iterator[Call]:
        """Yield the calls whose arrival lies from `start` to before `end`, oldest first."""
        at = int((start - _BEGIN - self.offset) // self.round_seconds)
        while (begin := _BEGIN + self.offset + at * self.round_seconds) < end:
            for place, leg in enumerate(self.legs):
                if start <= begin + leg.arrives < end:
                    call_id = f"pc_{self.imo}_{at + 1000}_{place}"
                    yield Call(call_id, leg.port, begin + leg.arrives, begin + leg.departs)
            at += 1

    def leg_at(self, at: float) -> tuple[Leg, float]:
        """Return the leg it is on, and the seconds since the begin of its round."""
        into = (at - _BEGIN - self.offset) % self.round_seconds
        return next((leg for leg in self.legs if into < leg.ends), self.legs[-1]), into

    def position(self, at: float) -> dict[str, Any]:
        """Return what it sent at a time, in the contract's words."""
        leg, into = self.leg_at(at)
        if into < leg.departs:
            lat, lon, sog, cog, status = leg.port.lat, leg.port.lon, 0.0, 360.0, 5
        else:
            share = (into - leg.departs) / (leg.ends - leg.departs)
            lat, lon = between(leg.port, leg.next_port, share)
            ahead = between(leg.port, leg.next_port, min(1.0, share + 0.002))
            sog, status = self.speed, 0
            cog = min(359.9, round(bearing((lat, lon), ahead), 1))
        heading = 511 if self.gap == "heading" else int(cog) % 360
        told = {"lat": round(lat, 5), "lon": round(lon, 5), "sog": round(sog, 1), "cog": cog}
        if self.gap == "position":
            told = {"lat": 91.0, "lon": 181.0, "sog": 102.3, "cog": 360.0}
            status = 15
        rot = {"heading": -128, "turn": 127}.get(self.gap, 0)
        return {**told, "heading": heading, "rot": rot, "nav_status": status, "received_at": text(at)}

    def voyage(self, at: float) -> dict[str, Any]:
        """Return destination, arrival and draught as its crew has entered them."""
        leg, into = self.leg_at(at)
        arrival = datetime.fromtimestamp(at + leg.ends - into, UTC)
        eta = {"month": arrival.month, "day": arrival.day, "hour": arrival.hour, "minute": arrival.minute}
        if self.gap == "eta_hour":
            eta |= {"hour": 24, "minute": 60}
        if self.gap in {"eta", "voyage"}:
            eta = {"month": 0, "day": 0, "hour": 24, "minute": 60}
        if self.gap == "voyage":
            return {"destination": "", "draught": 0.0, "eta": eta}
        return {"destination": leg.next_port.name.upper(), "draught": 6 + self.number % 80 / 10, "eta": eta}

    def vessel(self, at: float) -> dict[str, Any]:
        """Return the ship with its last report at a time."""
        heard = at - at % _REPORT_SECONDS - (2 * 86_400 if self.gap == "silent" else 0)
        return {
            "vessel_id": f"vsy_{self.imo}",
            "imo": int(self.imo),
            "mmsi": self.mmsi,
            "name": f"{self.name:@<20}" if self.number % 3 == 1 else self.name,
            "call_sign": f"{self.flag}{self.imo[:4]}",
            "flag": self.flag,
            "type": self.type,
            "gross_tonnage": self.gross_tonnage,
            "position": self.position(heard),
            "voyage": self.voyage(heard),
        }


def text(at: float) -> str:
    """Return a time as the contract has it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(at: float) -> str:
    """Return a date as the contract has it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def with_check_digit(first_six: int) -> str:
    """Return an IMO number of these six digits."""
    digits = f"{first_six:06}"
    check = sum(int(digit) * weight for digit, weight in zip(digits, (7, 6, 5, 4, 3, 2), strict=True)) % 10
    return f"{digits}{check}"


def fleet_of(seed: int, size: int) -> list[Ship]:
    """Return the ships of a seed, by their IMO number. The first one's is 9074729, whatever the seed."""
    return [_ship(seed, number) for number in range(size)]


def _ship(seed: int, number: int) -> Ship:
    dice = random.Random(f"{seed}-{number}")  # noqa: S311 - a fleet to practise on
    route = dice.sample(PORTS, dice.randint(3, 5))
    speed = dice.randint(100, 180) / 10
    legs: list[Leg] = []
    at = 0.0
    for port, next_port in zip(route, [*route[1:], route[0]], strict=True):
        departs = at + dice.randint(12, 48) * _HOUR
        ends = departs + miles(port, next_port) / speed * _HOUR
        legs.append(Leg(port, next_port, at, departs, ends))
        at = ends
    name = _NAMES[number % len(_NAMES)] + (f" {number // len(_NAMES) + 1}" if number >= len(_NAMES) else "")
    return Ship(
        number=number,
        imo=with_check_digit(907_472 + 131 * number),
        name=name,
        flag=_FLAGS[dice.randrange(len(_FLAGS))],
        type=_TYPES[dice.randrange(len(_TYPES))],
        gross_tonnage=0 if number % 11 == 7 else dice.randint(2_000, 190_000),
        gap=_GAPS[number % len(_GAPS)],
        speed=speed,
        offset=dice.random() * at,
        legs=legs,
    )
