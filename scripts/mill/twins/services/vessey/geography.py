"""Ports, and the way between two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

_NAUTICAL_MILES = 3440.065  # radius of the earth


@dataclass(frozen=True, slots=True)
class Port:
    """A port by its UN/LOCODE."""

    locode: str
    name: str
    lat: float
    lon: float

    @property
    def country(self) -> str:
        """ISO 3166 code."""
        return self.locode[:2]


PORTS = (
    Port("NLRTM", "Rotterdam", 51.95, 4.05), Port("DEHAM", "Hamburg", 53.54, 9.95),
    Port("GBFXT", "Felixstowe", 51.95, 1.32), Port("BEANR", "Antwerp", 51.28, 4.33),
    Port("ESALG", "Algeciras", 36.13, -5.43), Port("GRPIR", "Piraeus", 37.94, 23.62),
    Port("SGSIN", "Singapore", 1.26, 103.82), Port("CNSHA", "Shanghai", 30.63, 122.07),
    Port("JPTYO", "Tokyo", 35.61, 139.79), Port("USNYC", "New York", 40.67, -74.05),
    Port("USLAX", "Los Angeles", 33.74, -118.27), Port("AEJEA", "Jebel Ali", 25.02, 55.05),
    Port("BRSSZ", "Santos", -23.98, -46.29), Port("ZADUR", "Durban", -29.87, 31.03),
    Port("AUSYD", "Sydney", -33.97, 151.22), Port("NZAKL", "Auckland", -36.84, 174.77),
)  # fmt: skip
BY_LOCODE = {port.locode: port for port in PORTS}


def miles(one: Port, other: Port) -> float:
    """Return nautical miles on the great circle, land or not."""
    return _angle(one, other) * _NAUTICAL_MILES


def between(one: Port, other: Port, share: float) -> tuple[float, float]:
    """Return latitude and longitude after this share of the great circle."""
    angle = _angle(one, other)
    if angle < 1e-9:
        return one.lat, one.lon
    first, last = math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
    x, y, z = (first * a + last * b for a, b in zip(_vector(one), _vector(other), strict=True))
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def bearing(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the course from one point to another, in degrees from north."""
    lat, lon, lat_2, lon_2 = (math.radians(degrees) for degrees in (*start, *end))
    east = math.sin(lon_2 - lon) * math.cos(lat_2)
    north = math.cos(lat) * math.sin(lat_2) - math.sin(lat) * math.cos(lat_2) * math.cos(lon_2 - lon)
    return math.degrees(math.atan2(east, north)) % 360


def _vector(port: Port) -> tuple[float, float, float]:
    lat, lon = math.radians(port.lat), math.radians(port.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _angle(one: Port, other: Port) -> float:
    dot = sum(a * b for a, b in zip(_vector(one), _vector(other), strict=True))
    return math.acos(max(-1.0, min(1.0, dot)))
