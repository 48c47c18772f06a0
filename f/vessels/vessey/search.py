"""What vessels are searched by: filters as a person gives them, checked, and as the API takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from f.connect.errors import FixInput
from f.vessels.vessey.ais import STATUSES, status_number

TYPES = ("cargo", "container", "tanker", "passenger", "fishing", "tug", "other")
_AREA = ("min_lat", "max_lat", "min_lon", "max_lon")
_RANGES: Mapping[str, tuple[float, float]] = {
    "min_lat": (-90, 90), "max_lat": (-90, 90), "min_lon": (-180, 180), "max_lon": (-180, 180),
    "min_speed": (0, 102.2), "max_speed": (0, 102.2),
    "min_gross_tonnage": (0, 999_999), "max_gross_tonnage": (0, 999_999),
}  # fmt: skip
_PAIRS = (("min_lat", "max_lat"), ("min_speed", "max_speed"), ("min_gross_tonnage", "max_gross_tonnage"))
_TEXTS = ("name", "flag", "type", "status", "destination")
FILTERS = (*_TEXTS, *_RANGES)
_FLAG = re.compile(r"[A-Za-z]{2}")
_LONGEST_TEXT = 80


def params_of(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the query for these filters; empty ones are left out. FixInput for one that cannot be meant."""
    if unknown := sorted(filters.keys() - set(FILTERS)):
        raise FixInput(
            f"There is no filter {unknown[0]}. There are {', '.join(FILTERS)}.", code="unknown_filter"
        )
    given = {name: value for name, value in filters.items() if value is not None and value != ""}
    params: dict[str, Any] = {name: _text(name, given[name]) for name in _TEXTS if name in given}
    for name, (least, most) in _RANGES.items():
        if name in given:
            params[name] = _number(name, given[name], least, most)
    for low, high in _PAIRS:
        if low in params and high in params and params[low] > params[high]:
            raise FixInput(f"{low} must not be above {high}.", code="bad_filter")
    area = [name for name in _AREA if name in params]
    if area and len(area) < len(_AREA):
        missing = ", ".join(name for name in _AREA if name not in params)
        raise FixInput(f"An area needs all four of its sides: {missing} is missing.", code="bad_filter")
    if area:  # west may be greater than east: the area then crosses the 180th meridian
        south, north, west, east = (params.pop(name) for name in _AREA)
        params["bbox"] = ",".join(
            f"{side:.6f}".rstrip("0").rstrip(".") for side in (west, south, east, north)
        )
    return params


def _text(name: str, value: object) -> Any:
    if not isinstance(value, str):
        raise FixInput(f"The filter {name} must be text.", code="bad_filter")
    text = value.strip()
    if len(text) > _LONGEST_TEXT:
        raise FixInput(f"The filter {name} is longer than {_LONGEST_TEXT} characters.", code="bad_filter")
    if name == "flag":
        if not _FLAG.fullmatch(text):
            raise FixInput("The flag must be two letters, such as NL.", code="bad_filter")
        return text.upper()
    if name == "type" and text not in TYPES:
        raise FixInput(f"The type must be one of {', '.join(TYPES)}.", code="bad_filter")
    if name == "status":
        number = status_number(text)
        if number is None:
            raise FixInput(f"The status must be one of {', '.join(STATUSES)}.", code="bad_filter")
        return number
    return text


def _number(name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise FixInput(f"The filter {name} must be from {least:g} to {most:g}.", code="bad_filter")
    return value
