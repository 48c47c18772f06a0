"""Send what all jobs have counted to a collector of OpenTelemetry, by OTLP over HTTP.

The same figures as the route `metrics` gives to Prometheus, as cumulative sums and a histogram out of the
store: one run every few minutes tells of all jobs, however short they were. Where the collector is says the
resource, or the environment by OpenTelemetry's own names. A second run sends the newer figures; nothing is
counted twice.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.integration_resource import integration

_MOST_ENDPOINTS = 1000
_POINTS = 2000  # of one request: about a megabyte


class SentMetrics(TypedDict):
    """What was sent. `message`: the collector's own words, if it had any."""

    endpoints: int
    requests: int
    message: str


def main(
    collector: integration | None = None,
    endpoints: int = 200,
    database: postgresql | None = None,
) -> SentMetrics:
    from f.connect.errors import FixInput
    from f.operate.metrics.collector import collector_of, resource_of, send
    from f.operate.metrics.counts import read_totals
    from f.operate.metrics.gauges import read_gauges
    from f.operate.metrics.otlp import requests_of
    from f.store.stores import open_every_store, open_store

    if not 1 <= endpoints <= _MOST_ENDPOINTS:
        raise FixInput(
            f"endpoints is {endpoints}, and must be from 1 to {_MOST_ENDPOINTS}.", code="bad_argument"
        )
    where = collector_of(collector, os.environ)
    with open_every_store(database) as stores:
        opened = list(stores.values())
        totals, gauges = read_totals(opened, endpoints), read_gauges(opened)
    bodies = requests_of(totals, gauges, time.time(), resource_of(os.environ), _POINTS)
    with open_store(database, "operate") as store:
        sent = send(where, bodies, store)
    print(f"{len(totals)} endpoints in {sent.requests} requests were taken.")
    return {"endpoints": len(totals), "requests": sent.requests, "message": sent.message}
