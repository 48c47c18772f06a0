"""Show what is known of calls: how many, how they ended, how long they took, by API and endpoint.

Over all jobs that share a store. With a database or the workspace's data table that is every job of this
workspace; otherwise those of f/connect on this machine. Changes nothing and sends nothing.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.integration_resource import integration
    from f.connect.metrics import Summary


class EndpointMetrics(TypedDict):
    """Calls of one endpoint. Percentiles are milliseconds, waiting and retries included."""

    integration: str
    endpoint: str
    calls: int
    success_rate: float | None
    failures: dict[str, int]
    retries: int
    waited_seconds: float
    p50: float | None
    p95: float | None
    p99: float | None


def main(
    integration: integration | None = None,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.integration_resource import PURPOSE, integration_of
    from f.connect.metrics import metrics_of
    from f.store.stores import open_store

    wanted = integration_of(integration).name if integration else ""
    with open_store(database, PURPOSE) as store:
        metrics = metrics_of(store)
        names = [name for name in metrics.integrations() if wanted in ("", name)]
        rows = [
            _row(name, endpoint, summary)
            for name in names
            for endpoint, summary in metrics.summary(name).items()
        ]
    calls = sum(row["calls"] for row in rows)
    about = f" of {wanted}" if wanted else ""
    summary = f"{calls:,} calls{about}, {len(rows)} endpoint{'' if len(rows) == 1 else 's'}."
    if not rows:
        summary = f"No call{about} was counted yet: run call_api or check_health, and look again."
    print(summary)
    if as_data:
        return {"summary": summary, "calls": calls, "endpoints": rows}
    table = [{"table-row-object": [_shown(row) for row in rows]}] if rows else []
    return {"render_all": [{"md": f"**{summary}**"}, *table]}


def _row(name: str, endpoint: str, summary: Summary) -> EndpointMetrics:
    calls = summary["calls"]
    return EndpointMetrics(
        integration=name,
        endpoint=endpoint,
        calls=calls,
        success_rate=round(summary["successes"] / calls, 4) if calls else None,
        failures=summary["failures"],
        retries=summary["retries"],
        waited_seconds=summary["waited_seconds"],
        p50=summary["p50"],
        p95=summary["p95"],
        p99=summary["p99"],
    )


def _shown(row: EndpointMetrics) -> dict[str, Any]:
    rate = row["success_rate"]
    return {
        "API": row["integration"],
        "endpoint": row["endpoint"],
        "calls": row["calls"],
        "success": "" if rate is None else f"{rate:.1%}",
        "failures": ", ".join(f"{count} {name}" for name, count in row["failures"].items()),
        "retries": row["retries"],
        "waited s": row["waited_seconds"],
        "p50 ms": row["p50"],
        "p95 ms": row["p95"],
        "p99 ms": row["p99"],
    }
