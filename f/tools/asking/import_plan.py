"""What an import would do: the first two steps of the import flow, as a dry run of it runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

from f.customers.gate_import import main as gate_import
from f.customers.parse_csv import main as parse_csv
from f.records.planning.plan import planned_counts
from f.tools.guards.data_of_others import DATA_NOTE, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.customers.targets.customer_api import customer_api
    from f.records.planning.forecast import Forecast
    from f.records.planning.plan import Gate
    from f.records.reading.parsed import Parsed
    from f.records.target.target import OnDuplicate
    from f.store.database import postgresql
    from f.tools.guards.file import FileChoice

_MOST_REASONS = 20


class Cost(TypedDict):
    """Calls from `calls_at_least` to `calls`, what is left of them today, and how long it takes at least."""

    calls_at_least: int
    calls: int
    left_today: int | None
    renews_at: str | None
    seconds: float | None
    days: int | None
    message: str


class ImportPlan(TypedDict):
    """`plan_hash` is empty if nothing can be applied. `would_stop`: what would end an import."""

    plan_hash: str
    target: str
    counts: dict[str, int]
    cost: Cost | None
    guarantee: str
    would_stop: list[str]
    reasons: list[dict[str, Any]]
    data: dict[str, Any]
    data_note: str
    message: str


def plan(
    source: FileChoice,
    api: Mapping[str, Any],
    on_duplicate: OnDuplicate,
    default_country: str,
    database: Mapping[str, Any] | None,
) -> ImportPlan:
    """Plan the import of a file. Nothing is sent."""
    parsed = parse_csv(**source.inputs(), default_country=default_country or None)  # type: ignore[arg-type]  # each input has its own type
    gate = gate_import(
        cast("dict[str, Any]", parsed),
        cast("customer_api", api),
        on_duplicate=on_duplicate,
        journal=cast("postgresql | None", database),
        dry_run=True,
    )
    return _described(parsed, gate)


def _described(parsed: Parsed, gate: Gate) -> ImportPlan:
    plan = gate["plan"]
    would_stop = gate.get("would_stop") or []
    plan_hash = "" if would_stop or plan is None else plan["hash"]
    return {
        "plan_hash": plan_hash,
        "target": gate["target"],
        "counts": planned_counts(plan, parsed["counts"]),
        "cost": _cost(gate.get("forecast")),
        "guarantee": gate["guarantee"],
        "would_stop": would_stop,
        "reasons": [
            {
                "outcome": one["outcome"],
                "code": one["code"],
                "message": one["message"],
                "hint": one["hint"],
                "rows": one["rows"],
            }
            for one in parsed["reasons"][:_MOST_REASONS]
        ],
        "data": {
            "source": shortened(parsed["source"]),
            "columns": {shortened(field): shortened(column) for field, column in parsed["mapping"].items()},
        },
        "data_note": DATA_NOTE,
        "message": f"{gate['message']} {_next(plan_hash, would_stop)}",
    }


def _cost(forecast: Forecast | None) -> Cost | None:
    if forecast is None:
        return None
    return {
        "calls_at_least": forecast["calls_at_least"],
        "calls": forecast["calls"],
        "left_today": forecast["left_today"],
        "renews_at": forecast["renews_at"],
        "seconds": forecast["seconds"],
        "days": forecast["days"],
        "message": forecast["message"],
    }


def _next(plan_hash: str, would_stop: list[str]) -> str:
    if would_stop:
        return "This plan cannot be applied: see would_stop. Nothing was sent."
    if not plan_hash:
        return "This plan cannot be applied: the target could not be read. Nothing was sent."
    return (
        "Nothing was sent. Show this to a person; with their consent give plan_hash, their name and the same "
        "inputs to apply_plan."
    )
