"""A look at vessels: what is new of each, kept as to be told. One that fails stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain
from f.connect.times import parse_iso
from f.vessels.vessey.identity import imo_of
from f.vessels.vessey.vessel import title_of
from f.vessels.watching.events import VesselEvent, arrivals_in, issues_in

if TYPE_CHECKING:
    from f.store.store import Store
    from f.vessels.vessey.vessey_client import VesseyClient
    from f.vessels.watching.memory import Look, PendingEvent, WatchMemory

MOST_VESSELS = 500
MOST_EVENTS = 200  # of one run; a later one tells the rest
_LATE = 2 * 86_400.0  # seconds that an arrival may take to reach Vessey
_LONGEST = 365  # days
_MOST_CALLS = 10_000  # of one vessel, oldest first: a ferry makes a thousand a month


class VesselFailure(TypedDict):
    """A vessel that could not be looked at, and why."""

    imo: str
    error: str
    code: str


class WatchFound(TypedDict):
    """What a look has found. `events`: what is to be told now, also what earlier runs left."""

    watch: str
    looked_at: list[str]
    baseline: list[str]
    events: list[PendingEvent]
    waiting: int
    failures: list[VesselFailure]


def vessels_of(imos: Sequence[str]) -> list[str]:
    """Return the vessels to look at, each once; FixInput if there are none, or too many."""
    given = [str(imo).strip() for imo in imos if str(imo).strip()]
    if not given:
        raise FixInput("No vessels: give IMO numbers.", code="no_vessels")
    if len(given) > MOST_VESSELS:
        raise FixInput(
            f"A watch looks at {MOST_VESSELS} vessels at most, not {len(given):,}. Make several.",
            code="too_many",
        )
    return list(dict.fromkeys(given))


def look_at(
    imos: Sequence[str],
    client: VesseyClient,
    memory: WatchMemory,
    store: Store,
    *,
    lookback_days: int,
    notify_first: bool,
) -> tuple[list[str], list[str], list[VesselFailure]]:
    """Look at each vessel; return those looked at, those for the first time, and those that failed.

    Raises what concerns all of them (a refused key, wrong settings), and the first error if all failed.
    """
    seen: list[str] = []
    first: list[str] = []
    failures: list[VesselFailure] = []
    last_error: ConnectError | None = None
    for given in imos:
        try:
            imo = imo_of(given)
            if imo in seen:
                continue
            was_first = _look(imo, client, memory, store, lookback_days, notify_first=notify_first)
        except (SignInAgain, FixSettings):
            raise
        except ConnectError as error:
            last_error = last_error or error
            failures.append({"imo": given[:20], "error": str(error), "code": error.code or ""})
        else:
            seen.append(imo)
            first += [imo] * was_first
    if last_error is not None and not seen:
        raise last_error
    return seen, first, failures


def _look(
    imo: str,
    client: VesseyClient,
    memory: WatchMemory,
    store: Store,
    lookback_days: int,
    *,
    notify_first: bool,
) -> bool:
    """Look at one vessel, and return whether it was for the first time."""
    last, now = memory.last_look(imo), store.now()
    since = now - lookback_days * 86_400.0
    if last is not None:
        since = max(min(since, last.looked_at - _LATE), now - _LONGEST * 86_400.0)
    start = datetime.fromtimestamp(since, UTC)
    end = datetime.fromtimestamp(now, UTC) + timedelta(minutes=1)
    found = client.get_port_calls(imo, start.isoformat(), end.isoformat(), max_calls=_MOST_CALLS)
    if found["more"]:  # what is missing is the newest
        raise FixInput(
            f"The vessel made more than {_MOST_CALLS:,} port calls in {(now - since) / 86_400:.0f} days, so "
            "its newest were not seen. Give fewer lookback_days.",
            code="too_many",
        )
    calls = found["port_calls"]
    record = client.check_compliance(imo)
    name = next((call["vessel_name"] for call in reversed(calls) if call["vessel_name"]), "")
    name = name or (last.name if last else "") or title_of(client.get_vessel(imo))
    events = [*arrivals_in(name, imo, calls), *issues_in(name, record)]
    known = [one for one in events if not _is_new(one, last, notify_first=notify_first)]
    new = [one for one in events if one not in known]
    memory.record(imo, name, new, known, whole=not record["notes"])
    return last is None


def _is_new(event: VesselEvent, last: Look | None, *, notify_first: bool) -> bool:
    """Return whether an event is to be told, if it was not seen before.

    Not what was there at the first look, nor an arrival from long before it: a longer past may be asked for
    later on.
    """
    if last is None:
        return notify_first
    at = parse_iso(event["at"])
    return notify_first or at is None or at >= last.since - _LATE
