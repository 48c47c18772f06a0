"""Vessey's routes: requests read, the fleet asked, replies written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mill.repository.yaml_file import read_mapping
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.services.vessey.compliance import compliance_of
from mill.twins.services.vessey.fleet import STEP, Call, Ship, day, fleet_of, text
from mill.twins.services.vessey.geography import BY_LOCODE, Port
from mill.twins.services.vessey.query import (
    box_in,
    check_names,
    error,
    imo_in,
    number_in,
    page_of,
    period_in,
    refused,
)
from mill.twins.twin import Route, Setup, Twin

CONTRACT = Path(__file__).with_name("openapi.yaml")
_MINUTE = 60.0
_TRACK_DAYS, _CALL_DAYS = 31, 366
_PAGED = ("limit", "cursor")
_OPEN = "/openapi.json"


class Arrival(BaseModel):
    """A call beside those of the ship's round."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    imo: str
    port: str
    at: AwareDatetime


class Finding(BaseModel):
    """An open deficiency beside those of the ship's inspections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    imo: str
    id: str
    description: str
    severity: str = "major"


class Settings(BaseModel):
    """How this Vessey is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    fleet: Annotated[int, Field(ge=1, le=700)] = 40
    now: AwareDatetime | None = None  # None: the twin's clock runs
    refused_keys: dict[str, str] = {"wrong": "invalid_api_key", "restricted": "forbidden"}
    requests_per_minute: Annotated[int, Field(ge=1)] = 100
    arrivals: list[Arrival] = []
    findings: list[Finding] = []


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Vessey(setup, settings)
    return Twin(
        name="vessey",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("GET", _OPEN, "get_contract", lambda _: Reply(200, read_mapping(CONTRACT))),
            Route("GET", "/v1/vessels", "search_vessels", service.search),
            Route("GET", "/v1/vessels/{imo}", "get_vessel", service.vessel),
            Route("GET", "/v1/vessels/{imo}/track", "get_track", service.track),
            Route("GET", "/v1/vessels/{imo}/compliance", "get_compliance", service.compliance),
            Route("GET", "/v1/port-calls", "list_port_calls", service.port_calls),
        ],
        faults={
            # Against its contract, as an API does on a bad day.
            "html": lambda _: Reply(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}),
            "other_vessel": service.other_vessel,
            "impossible_position": service.impossible_position,
            "same_cursor": service.same_cursor,
        },
    )


class _Vessey:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._settings, self._clock = settings, setup.clock
        self._ships = sorted(fleet_of(settings.seed, settings.fleet), key=lambda ship: ship.imo)
        self._by_imo = {ship.imo: ship for ship in self._ships}
        self._window = RollingWindow(settings.requests_per_minute, _MINUTE)

    def gate(self, request: Request) -> Mapping[str, str]:
        """A key, and room in this minute."""
        if request.path == _OPEN:
            return {}
        key = request.headers.get("x-api-key", "").strip()
        if not key:
            raise refused("missing_api_key", "Send your key in the header X-API-Key.", 401)
        if code := self._settings.refused_keys.get(key):
            raise refused(code, "This key may not be used here.", 403 if code == "forbidden" else 401)
        admitted = self._window.admit()
        wait = max(1, -int(-self._window.wait // 1))
        headers = {
            "RateLimit-Limit": str(self._window.limit),
            "RateLimit-Remaining": str(self._window.remaining),
            "RateLimit-Reset": str(wait),
        }
        if not admitted:
            refusal = error(429, f"More than {self._window.limit} requests in a minute.")
            refusal.headers = {**headers, "Retry-After": str(wait)}
            raise Refused(refusal)
        return headers

    def search(self, request: Request) -> Reply:
        """Return the vessels that match all filters, by their id."""
        matches = self._filters(request)
        now = self._now()
        found = [vessel for ship in self._ships if matches(vessel := ship.vessel(now))]
        return page_of(request, found, lambda vessel: str(vessel["vessel_id"]), lambda vessel: vessel)

    def vessel(self, request: Request) -> Reply:
        """Return a vessel with its last report."""
        check_names(request, ())
        return Reply(200, self._ship(request).vessel(self._now()))

    def track(self, request: Request) -> Reply:
        """Return a position for every half hour that has passed."""
        check_names(request, ("start", "end", *_PAGED))
        ship = self._ship(request)
        start, end = period_in(request, "start", "end", _TRACK_DAYS)
        first = -int(-start // STEP) * STEP
        times = range(first, int(min(end, self._now())), STEP)
        return page_of(request, times, lambda at: f"{at:012}", ship.position)

    def compliance(self, request: Request) -> Reply:
        """Return a record, with what the settings add to it."""
        check_names(request, ())
        ship, now = self._ship(request), self._now()
        record = compliance_of(ship, now)
        found = [one for one in self._settings.findings if one.imo == ship.imo]
        record["deficiencies"] += [
            {
                "deficiency_id": one.id,
                "code": "99999",
                "description": one.description,
                "severity": one.severity,
                "status": "open",
                "opened_on": day(now),
                "rectified_on": None,
                "inspection_id": f"insp_{one.id}",
            }
            for one in found
        ]
        record["compliant"] = record["compliant"] and not found
        return Reply(200, record)

    def port_calls(self, request: Request) -> Reply:
        """Return calls by their arrival, the expected ones as far as the period goes."""
        check_names(request, ("imo", "port", "from", "to", *_PAGED))
        imo, port = request.query.get("imo"), request.query.get("port")
        if imo is None and port is None:
            raise refused("invalid_parameter", "Give imo or port.")
        if imo is not None and imo_in(imo) not in self._by_imo:
            raise refused("vessel_not_found", "There is no vessel with this IMO number.", 404)
        start, end = period_in(request, "from", "to", _CALL_DAYS)
        ships = [self._by_imo[imo]] if imo is not None else self._ships
        calls = [
            (ship, call) for ship in ships for call in self._calls(ship, start, end)
            if port is None or call.port.locode == port
        ]  # fmt: skip
        calls.sort(key=lambda pair: _call_key(pair[1]))
        return page_of(request, calls, lambda pair: _call_key(pair[1]), lambda pair: self._shown(*pair))

    def other_vessel(self, request: Request) -> Reply | None:
        """Return another vessel than was asked for."""
        asked = request.params.get("imo")
        if asked is None:
            return None
        other = next(ship for ship in self._ships if ship.imo != asked)
        if request.path.endswith("/compliance"):
            return Reply(200, compliance_of(other, self._now()))
        return Reply(200, other.vessel(self._now()))

    def impossible_position(self, request: Request) -> Reply | None:
        """Return a vessel on no place of the globe."""
        ship = self._by_imo.get(request.params.get("imo", ""))
        if ship is None:
            return None
        vessel = ship.vessel(self._now())
        vessel["position"] |= {"lat": 95.0, "sog": "fast", "nav_status": 17}
        return Reply(200, vessel)

    def same_cursor(self, request: Request) -> Reply | None:
        """Return a page that names, as the next one, always the same."""
        if request.path != "/v1/vessels":
            return None
        return Reply(200, {"data": [self._ships[0].vessel(self._now())], "next_cursor": "again"})

    def _now(self) -> float:
        return self._settings.now.timestamp() if self._settings.now else self._clock()

    def _ship(self, request: Request) -> Ship:
        ship = self._by_imo.get(imo_in(request.params["imo"]))
        if ship is None:
            raise refused("vessel_not_found", "There is no vessel with this IMO number.", 404)
        return ship

    def _filters(self, request: Request) -> Callable[[Mapping[str, Any]], bool]:
        ranges = ("speed", "gross_tonnage")
        names = ("name", "flag", "type", "status", "destination", "bbox", *_PAGED)
        check_names(request, (*names, *(f"{end}_{name}" for name in ranges for end in ("min", "max"))))
        query, box = request.query, box_in(request)
        limits = {
            name: (number_in(request, f"min_{name}"), number_in(request, f"max_{name}")) for name in ranges
        }

        def matches(vessel: Mapping[str, Any]) -> bool:
            position, voyage = vessel["position"], vessel["voyage"]
            texts = (("name", vessel["name"]), ("destination", voyage["destination"]))
            words = (
                ("flag", vessel["flag"]),
                ("type", vessel["type"]),
                ("status", str(position["nav_status"])),
            )
            numbers = {"speed": (position["sog"], 102.3), "gross_tonnage": (vessel["gross_tonnage"], 0)}
            return (
                all(query.get(name, "").casefold() in told.casefold() for name, told in texts)
                and all(query.get(name, told) == told for name, told in words)
                and all(_within(numbers[name], limits[name]) for name in ranges)
                and (box is None or (position["lat"] <= 90 and box(position["lat"], position["lon"])))
            )

        return matches

    def _calls(self, ship: Ship, start: float, end: float) -> list[Call]:
        calls = list(ship.calls(start, end))
        for number, one in enumerate(self._settings.arrivals):
            at = one.at.timestamp()
            if one.imo == ship.imo and start <= at < end:
                port = BY_LOCODE.get(one.port) or Port(one.port, one.port, 0.0, 0.0)
                calls.append(Call(f"pc_{ship.imo}_own_{number}", port, at, at + 86_400))
        return calls

    def _shown(self, ship: Ship, call: Call) -> dict[str, Any]:
        now = self._now()
        return {
            "port_call_id": call.id,
            "imo": int(ship.imo),
            "vessel_name": ship.name,
            "port": {"locode": call.port.locode, "name": call.port.name, "country": call.port.country},
            "eta": text(call.arrives - call.arrives % 3600),
            "actual_arrival": text(call.arrives) if call.arrives <= now else None,
            "actual_departure": text(call.departs) if call.departs <= now else None,
            "berth": f"{ship.number % 9 + 1}" if call.arrives <= now else None,
        }


def _call_key(call: Call) -> str:
    return f"{call.arrives:014.0f} {call.id}"


def _within(told: tuple[float, float], limits: tuple[float | None, float | None]) -> bool:
    """Return whether a number lies within both limits; one that is not available within none."""
    number, missing = told
    least, most = limits
    if least is None and most is None:
        return True
    return number != missing and (least is None or number >= least) and (most is None or number <= most)
