"""Certificates, inspections and deficiencies of a ship, which follow from the ship and the time alone.

Every ship is inspected about every four months. One inspection in three finds something, which stays open for
some weeks.
"""

from __future__ import annotations

import random
from typing import Any

from mill.twins.services.vessey.fleet import Ship, day, text

_DAY = 86_400.0
_EVERY = 120 * _DAY
_YEARS = 5 * 365 * _DAY
_CERTIFICATES = (
    "Safety Construction", "Safety Equipment", "Load Line", "International Oil Pollution Prevention",
)  # fmt: skip
_FINDINGS = (
    ("07105", "Fire doors not closing", "minor"),
    ("11101", "Lifeboat engine does not start", "major"),
    ("14104", "Oil filtering equipment out of order", "major"),
    ("18203", "Wages not paid", "minor"),
    ("04114", "Emergency generator does not start", "detainable"),
)
_AUTHORITIES = ("Paris MoU", "Tokyo MoU", "US Coast Guard")


def compliance_of(ship: Ship, at: float) -> dict[str, Any]:
    """Return the record of a ship as it is known at a time."""
    phase = (ship.number * 37 % 120) * _DAY
    last = int((at - phase) // _EVERY)
    inspections: list[dict[str, Any]] = []
    deficiencies: list[dict[str, Any]] = []
    for number in range(last - 3, last + 1):
        inspection, found = _inspection(ship, number, phase + number * _EVERY, at)
        inspections.append(inspection)
        deficiencies += found
    certificates = [_certificate(ship, place, at) for place in range(len(_CERTIFICATES))]
    bad = any(one["status"] == "open" and one["severity"] != "minor" for one in deficiencies)
    expired = any(one["status"] != "valid" for one in certificates)
    return {
        "imo": int(ship.imo),
        "compliant": not (bad or expired),
        "certificates": certificates,
        "inspections": inspections,
        "deficiencies": deficiencies,
        "last_updated": text(at - at % _DAY),
    }


def _inspection(
    ship: Ship, number: int, date: float, at: float
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    dice = random.Random(f"{ship.imo}-{number}")  # noqa: S311 - a record to practise on
    inspection_id = f"insp_{ship.imo}_{number}"
    found = dice.sample(_FINDINGS, dice.randint(1, 2)) if dice.random() < 1 / 3 else []
    weeks = dice.randint(2, 10)
    rectified = date + weeks * 7 * _DAY
    deficiencies = [
        {
            "deficiency_id": f"def_{ship.imo}_{number}_{place}",
            "code": code,
            "description": description,
            "severity": severity,
            "status": "rectified" if rectified <= at else "open",
            "opened_on": day(date),
            "rectified_on": day(rectified) if rectified <= at else None,
            "inspection_id": inspection_id,
        }
        for place, (code, description, severity) in enumerate(found)
    ]
    detained = any(one["severity"] == "detainable" for one in deficiencies)
    leg, _ = ship.leg_at(date)
    inspection = {
        "inspection_id": inspection_id,
        "date": day(date),
        "port": leg.port.locode,
        "authority": _AUTHORITIES[dice.randrange(len(_AUTHORITIES))],
        "result": "detained" if detained else "deficiencies" if deficiencies else "passed",
        "deficiency_count": len(deficiencies),
    }
    return inspection, deficiencies


def _certificate(ship: Ship, place: int, at: float) -> dict[str, Any]:
    """It is renewed every five years; one ship in nine is a month late with one of them."""
    late = 30 * _DAY if ship.number % 9 == 4 and place == 0 else 0.0
    phase = ((ship.number * 53 + place * 400) % 1825) * _DAY
    issued = at - (at - phase) % (_YEARS + late)
    expires = issued + _YEARS
    return {
        "type": _CERTIFICATES[place],
        "number": f"C{ship.imo}{place}{int(issued // _DAY)}",
        "status": "valid" if at < expires else "expired",
        "issued_on": day(issued),
        "expires_on": day(expires),
    }
