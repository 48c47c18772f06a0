"""Who calls notify_event may say for how long an event counts as told, beside what the routing says."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput
from f.notify.notify_event import main as notify_event
from f.store.store import Store
from tests.f.notify.conftest import Twin

ARRIVAL = {"vessel_name": "AURORA", "port": "Singapore"}


@pytest.fixture
def routing(slack: Twin) -> Any:
    channel = {"name": "ops", "kind": "slack", "slack": slack.resource, "channel": "C0OPS"}
    return {"channels": [channel], "routes": [{"channels": ["ops"]}], "dedupe_seconds": 900}


def tell(routing: Any, **more: Any) -> str:
    result = notify_event("vessel_arrival", ARRIVAL, routing, dedupe_key="one", **more)
    return result["channels"]["ops"]["status"]


@pytest.mark.parametrize(("seconds", "again"), [(None, "sent"), (7200, "duplicate"), (0, "sent")])
def test_an_event_counts_as_told_for_as_long_as_the_caller_says(
    routing: Any, store: Store, seconds: float | None, again: str
) -> None:
    assert tell(routing, dedupe_seconds=seconds) == "sent"
    store.execute("UPDATE notify_sent SET at = at - 3600") if store.columns("notify_sent") else None
    assert tell(routing, dedupe_seconds=seconds) == again


@pytest.mark.parametrize("seconds", [-1, 31 * 86_400, float("nan")])
def test_what_is_no_span_is_refused(routing: Any, slack: Twin, seconds: float) -> None:
    with pytest.raises(FixInput, match="from 0 to 2592000"):
        tell(routing, dedupe_seconds=seconds)
    assert slack.sent() == []
