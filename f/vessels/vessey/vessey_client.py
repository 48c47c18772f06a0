"""Vessey for Python: what the scripts of this folder do, as methods.

with VesseyClient({"api_key": "..."}) as vessey:
vessey.get_vessel("IMO 9074729")["position"]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict

from f.connect.client import Client
from f.connect.errors import FixInput
from f.connect.pagination import by_cursor, pages
from f.connect.times import REAL, Clock
from f.vessels.vessey.client import (
    PORT_CALL_DAYS,
    TRACK_DAYS,
    check_imo,
    check_matches,
    compliance_request,
    integration_of,
    port_calls_request,
    read_page,
    read_record,
    read_vessel,
    search_request,
    track_request,
    vessel_request,
)
from f.vessels.vessey.identity import imo_of
from f.vessels.vessey.periods import iso, period_of
from f.vessels.vessey.records import Compliance, PortCall, compliance_of, port_call_of
from f.vessels.vessey.search import params_of
from f.vessels.vessey.vessel import Age, Position, Vessel, position_of, vessel_of

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.integration import Retry
    from f.store.store import Store

STALE_AFTER = 3600.0  # seconds; a ship under way reports every few seconds, one at anchor every few minutes
MOST_POSITIONS, MOST_CALLS, MOST_VESSELS = 2000, 500, 500
_MOST_NOTES = 20
_PORT = 5


class Track(TypedDict):
    """Where a vessel was, oldest first. `more_from`: there are more, from this time on; None: that is all."""

    imo: str
    start: str | None
    end: str | None
    positions: list[Position]
    more_from: str | None
    notes: list[str]


class PortCalls(TypedDict):
    """Calls in a period, oldest first. `more`: there are more than were asked for."""

    port_calls: list[PortCall]
    more: bool
    notes: list[str]


class Found(TypedDict):
    """Vessels that match. `more`: there are more than were asked for."""

    vessels: list[Vessel]
    more: bool


class VesseyClient:
    """An account at Vessey. A context manager.

    Methods raise FixInput for what cannot be asked, SignInAgain for a wrong key, TryLater for a service that
    is down, busy or answers nonsense. `store`: where all jobs share the rate limit; without one it holds for
    this process. `stale_after`: seconds after which a position is stale.
    """

    def __init__(
        self,
        resource: Mapping[str, Any],
        store: Store | None = None,
        *,
        stale_after: float = STALE_AFTER,
        patience: Retry | None = None,
        clock: Clock = REAL,
    ) -> None:
        self._client = Client(integration_of(resource, patience=patience), store, clock=clock)
        self._clock, self._stale_after = clock, stale_after

    def get_vessel(self, imo: str) -> Vessel:
        """Return a vessel as its last report has it."""
        return vessel_of(self.fetch_vessel(imo), self._age())

    def fetch_vessel(self, imo: str) -> dict[str, Any]:
        """Return a vessel as Vessey has it, untranslated."""
        number = imo_of(imo)
        return read_vessel(self._client.request(vessel_request(number)), number)

    def track_vessel(self, imo: str, start: str = "", end: str = "") -> Vessel | Track:
        """Return a vessel as it stands now; with a start, where it was since."""
        if start or end:
            return self.get_vessel_track(imo, start, end)
        return self.get_vessel(imo)

    get_vessel_position = track_vessel

    def get_vessel_track(
        self, imo: str, start: str, end: str = "", max_positions: int = MOST_POSITIONS
    ) -> Track:
        """Return where a vessel was in a period of up to 31 days, at most so many positions."""
        number = imo_of(imo)
        if not start:
            raise FixInput("Give a start beside the end, such as 2026-11-23.", code="bad_period")
        period = period_of(start, end, self._now(), longest_days=TRACK_DAYS)
        age, notes = self._age(), _Notes()
        positions: list[Position] = []
        more_from = None
        for _, report in self._list(track_request(number, period)):
            found: list[str] = []
            position = position_of(report, age, found, in_track=True)
            if len(positions) >= max_positions:
                more_from = position["timestamp"]
                break
            positions.append(position)
            notes.add(found)
        return {
            "imo": number,
            "start": iso(period.start),
            "end": iso(period.end),
            "positions": positions,
            "more_from": more_from,
            "notes": notes.lines(),
        }

    def get_port_calls(
        self, imo: str = "", from_: str = "", to: str = "", *, port: str = "", max_calls: int = MOST_CALLS
    ) -> PortCalls:
        """Return the calls of a vessel, or at a port (UN/LOCODE), in a period of up to a year.

        Without one it is the last 30 days and the next 30, in which calls are expected.
        """
        number = imo_of(imo) if imo else ""
        port = _locode(port) if port else ""
        if not number and not port:
            raise FixInput("Give an IMO number or a port, such as NLRTM.", code="no_vessels")
        now = self._now()
        month = timedelta(days=30)
        start = from_ or (now - month).isoformat()
        period = period_of(
            start, to, now if to else now + month, longest_days=PORT_CALL_DAYS, names=("from", "to")
        )
        calls: list[PortCall] = []
        notes, more = _Notes(), False
        for response, raw in self._list(port_calls_request(number, port, period)):
            if number:
                check_imo(response, raw, number)
            found: list[str] = []
            call = port_call_of(raw, found, now)
            check_matches(response, "port", call["port"], port)
            if len(calls) >= max_calls:
                more = True
                break
            calls.append(call)
            notes.add(found)
        return {"port_calls": calls, "more": more, "notes": notes.lines()}

    def check_compliance(self, imo: str) -> Compliance:
        """Return a vessel's compliance record."""
        number = imo_of(imo)
        response = self._client.request(compliance_request(number))
        return compliance_of(read_record(response, number), number, self._now())

    get_vessel_compliance = check_compliance

    def search_vessels(self, *, max_vessels: int = MOST_VESSELS, **filters: Any) -> Found:
        """Return vessels that match all filters; `f.vessels.vessey.search` has their names."""
        params = params_of(filters)
        age, more = self._age(), False
        found: list[Vessel] = []
        for response, raw in self._list(search_request(params, max_vessels)):
            vessel = vessel_of(raw, age)
            check_matches(response, "flag", vessel["flag"], params.get("flag"))
            check_matches(response, "type", vessel["type"], params.get("type"))
            if len(found) >= max_vessels:
                more = True
                break
            found.append(vessel)
        return {"vessels": found, "more": more}

    def _list(self, first: Request) -> Iterator[tuple[Response, dict[str, Any]]]:
        """Yield the elements of a list, page by page, each with the reply it stood in."""

        def send(request: Request) -> Response:
            response = self._client.request(request)
            read_page(response)  # raises in Vessey's words, before the pager's own
            return response

        for page in pages(send, first, by_cursor("next_cursor", "cursor")):
            for raw in read_page(page):
                yield page, raw

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def _age(self) -> Age:
        return Age(self._now(), self._stale_after)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Notes:
    """Sentences over many records, each once with how often it was said."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def add(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._times[sentence] = self._times.get(sentence, 0) + 1

    def lines(self) -> list[str]:
        lines = [f"{said} ({times} times)" if times > 1 else said for said, times in self._times.items()]
        rest = len(lines) - _MOST_NOTES
        return [*lines[:_MOST_NOTES], f"And {rest} more kinds of such values."] if rest > 0 else lines


def _locode(port: str) -> str:
    """Return a UN/LOCODE: the country's two letters and three letters or digits."""
    code = "".join(port.split()).upper()
    if not (len(code) == _PORT and code.isascii() and code.isalnum() and code[:2].isalpha()):
        raise FixInput("The port must be a UN/LOCODE, such as NLRTM.", code="bad_port")
    return code
