"""What jobs have counted, read from every store there is and added up.

The amount read is bounded by the number of integrations and days, not by the calls, nor by the endpoints: of
these only the busiest are read one by one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from f.connect.errors import ConnectError
from f.connect.metrics import OUTCOME

if TYPE_CHECKING:
    from f.connect.metrics import Counters
    from f.store.store import Store

Key = TypeVar("Key")

OTHER = "(other)"  # what is beyond the busiest, as one
MOST_INTEGRATIONS = 100

_DAYS = "connect_metrics_day"
_ARCHIVE = "connect_metrics"
_RANGE = f"FROM {_DAYS} AS m WHERE m.day >= :since AND m.day <= :until AND m.name <> ''"
_BY_DAY = f"SELECT m.day, m.integration, m.name, SUM(m.value) {_RANGE} GROUP BY m.day, m.integration, m.name"
_BUSIEST = f"""SELECT m.integration, m.endpoint, SUM(m.value) AS calls {_RANGE} AND m.name = 'timed'
    GROUP BY m.integration, m.endpoint ORDER BY calls DESC, m.integration, m.endpoint LIMIT :most"""
_NUMBER = f"""SELECT COUNT(*) FROM (SELECT DISTINCT m.integration, m.endpoint {_RANGE}) AS c"""  # noqa: S608 - as above
_THESE = f"""SELECT m.integration, m.endpoint, m.name, SUM(m.value)
    FROM each_row(:rows) AS j CROSS JOIN {_DAYS} AS m WHERE m.day >= :since AND m.day <= :until
    AND m.integration = j.value ->> 0 AND m.endpoint = j.value ->> 1
    GROUP BY m.integration, m.endpoint, m.name"""  # noqa: S608 - as above
_PARTS = {
    _DAYS: f"SELECT integration, endpoint, name, value FROM {_DAYS} WHERE name <> ''",  # noqa: S608 - as above
    _ARCHIVE: f"SELECT integration, endpoint, name, value FROM {_ARCHIVE}",  # noqa: S608 - as above
}
_BUSIEST_EVER = """SELECT c.integration, c.endpoint, SUM(c.value) AS calls FROM ({parts}) AS c
    WHERE c.name LIKE 'outcome:%' GROUP BY c.integration, c.endpoint
    ORDER BY calls DESC, c.integration, c.endpoint LIMIT :most"""
_TOTALS = """SELECT k.integration, k.endpoint, c.name, SUM(c.value) FROM ({parts}) AS c
    LEFT JOIN (SELECT j.value ->> 0 AS integration, j.value ->> 1 AS endpoint FROM each_row(:rows) AS j) AS k
    ON k.integration = c.integration AND k.endpoint = c.endpoint
    GROUP BY k.integration, k.endpoint, c.name"""

_BY_INTEGRATION = """SELECT c.integration, c.name, SUM(c.value) FROM ({parts}) AS c
    GROUP BY c.integration, c.name"""


class Endpoint(NamedTuple):
    """One endpoint of one integration."""

    integration: str
    endpoint: str


class Range(NamedTuple):
    """UTC days, both included, as 2026-11-29."""

    since: str
    until: str


@dataclass
class Counts:
    """What was counted. `by_day`: by day and integration; `by_endpoint`: the busiest of all days asked for.

    `endpoints`: how many there are. `problems`: sentences about stores that could not be read.
    """

    by_day: dict[tuple[str, str], Counters] = field(default_factory=dict)
    by_endpoint: dict[Endpoint, Counters] = field(default_factory=dict)
    endpoints: int = 0
    problems: list[str] = field(default_factory=list)


def read_counts(stores: Iterable[Store], days: Range, busiest: Range, most: int) -> Counts:
    """Return the counts of these days, and of the `most` busiest endpoints in the days `busiest`."""
    found = Counts()
    for store in stores:
        try:
            if store.columns(_DAYS):
                _add_store(found, store, days, busiest, most)
        except ConnectError as error:  # the others tell what they know
            found.problems.append(str(error))
    found.by_endpoint = _largest(found.by_endpoint, most)
    found.by_day = _bounded(found.by_day)
    return found


def _add_store(found: Counts, store: Store, days: Range, busiest: Range, most: int) -> None:
    for day, integration, name, value in store.execute(_BY_DAY, days._asdict()):
        _add(found.by_day, (str(day), str(integration)), name, value)
    values = busiest._asdict()
    found.endpoints += int(store.execute(_NUMBER, values)[0][0])
    top = [[row[0], row[1]] for row in store.execute(_BUSIEST, {**values, "most": most})]
    for integration, endpoint, name, value in store.execute(_THESE, {**values, "rows": json.dumps(top)}):
        _add(found.by_endpoint, Endpoint(str(integration), str(endpoint)), name, value)


def read_totals(stores: Iterable[Store], most: int) -> dict[Endpoint, Counters]:
    """Return all that was ever counted, of the `most` busiest endpoints; the rest of a store is one, OTHER.

    Raises if a store cannot be read: a total that lacks a part would look like a counter that was reset.
    """
    totals: dict[Endpoint, Counters] = {}
    for store in stores:
        if not (parts := _parts(store)):
            continue
        top = store.execute(_BUSIEST_EVER.format(parts=parts), {"most": most})
        rows = json.dumps([[integration, endpoint] for integration, endpoint, _ in top])
        for integration, endpoint, name, value in store.execute(_TOTALS.format(parts=parts), {"rows": rows}):
            key = Endpoint(OTHER, OTHER) if integration is None else Endpoint(str(integration), str(endpoint))
            _add(totals, key, name, value)
    return totals


def read_integrations(stores: Iterable[Store]) -> dict[str, Counters]:
    """Return all that was ever counted, by integration. Raises if a store cannot be read, as above."""
    totals: dict[str, Counters] = {}
    for store in stores:
        if parts := _parts(store):
            for integration, name, value in store.execute(_BY_INTEGRATION.format(parts=parts)):
                _add(totals, str(integration), name, value)
    return totals


def _parts(store: Store) -> str:
    return " UNION ALL ".join(sql for table, sql in _PARTS.items() if store.columns(table))


def calls_in(counters: Mapping[str, float]) -> float:
    """Return how many calls were counted."""
    return sum(value for name, value in counters.items() if name.startswith(OUTCOME))


def add_up(parts: Iterable[Mapping[str, float]]) -> Counters:
    """Return counters of several as those of one."""
    total: Counters = defaultdict(float)
    for part in parts:
        for name, value in part.items():
            total[name] += value
    return total


def _add(counts: dict[Key, Counters], key: Key, name: object, value: object) -> None:
    counts.setdefault(key, defaultdict(float))[str(name)] += float(value)  # type: ignore[arg-type]  # a number


def _largest(counts: Mapping[Endpoint, Counters], most: int) -> dict[Endpoint, Counters]:
    ranked = sorted(counts.items(), key=lambda item: (-calls_in(item[1]), item[0]))
    return dict(ranked[:most])


def _bounded(by_day: dict[tuple[str, str], Counters]) -> dict[tuple[str, str], Counters]:
    """Return the counts with what is beyond the busiest integrations as one."""
    calls: defaultdict[str, float] = defaultdict(float)
    for (_, integration), counters in by_day.items():
        calls[integration] += calls_in(counters)
    if len(calls) <= MOST_INTEGRATIONS:
        return by_day
    kept = set(sorted(calls, key=lambda name: (-calls[name], name))[:MOST_INTEGRATIONS])
    bounded: dict[tuple[str, str], Counters] = {}
    for (day, integration), counters in by_day.items():
        key = (day, integration if integration in kept else OTHER)
        bounded[key] = add_up([bounded.get(key, {}), counters])
    return bounded
