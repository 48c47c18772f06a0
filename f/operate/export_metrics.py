"""What all jobs have counted, as Prometheus reads it: what the route `GET metrics` answers.

Counters of calls by integration, endpoint and outcome, of retries and of waits for a limit; a histogram of
how long calls took; and what stands now: open breakers, dead letters, targets that take nothing. All since
the first call. Each of the busiest endpoints is a series of its own, the rest is one. Changes nothing.
"""

from __future__ import annotations

from typing import Any

from f.store.database import postgresql

_MOST_ENDPOINTS = 1000
_REPLIES = {
    "200": {"description": "All series, in the text format of Prometheus 0.0.4.", "type": "text/plain"},
    "500": {"description": "What jobs have counted is set up wrongly; a sentence.", "type": "text/plain"},
    "503": {"description": "What jobs have counted cannot be read now; a sentence.", "type": "text/plain"},
}
# For `mill openapi`: what a request to the route becomes, and what is answered.
HTTP = {
    "*": {"replies": _REPLIES},
    "webhook": {"inputs_from": ["json"], "without": ["as_reply"], "replies": _REPLIES},
}


def main(endpoints: int = 200, as_reply: bool = False, database: postgresql | None = None) -> dict[str, Any]:
    from f.connect.errors import ConnectError, FixInput, FixSettings
    from f.operate.metrics.counts import read_totals
    from f.operate.metrics.gauges import read_gauges
    from f.operate.metrics.prometheus import CONTENT_TYPE, prometheus_text
    from f.store.stores import open_every_store

    if not 1 <= endpoints <= _MOST_ENDPOINTS:
        raise FixInput(
            f"endpoints is {endpoints}, and must be from 1 to {_MOST_ENDPOINTS}.", code="bad_argument"
        )
    try:
        with open_every_store(database) as stores:
            opened = list(stores.values())
            text = prometheus_text(read_totals(opened, endpoints), read_gauges(opened))
    except ConnectError as error:
        if not as_reply:
            raise
        # Not a page that lacks a part: a scrape that failed is another thing than a series that has ended.
        status = 500 if isinstance(error, FixSettings) else 503
        return {"windmill_status_code": status, "windmill_content_type": "text/plain", "result": f"{error}\n"}
    if not as_reply:
        return {"content_type": CONTENT_TYPE, "text": text}
    return {"windmill_status_code": 200, "windmill_content_type": CONTENT_TYPE, "result": text}


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn a request to the route into main's arguments; at the script's own webhook its fields are them."""
    body = event.get("body") if event.get("kind") == "webhook" else None
    return {**(body if isinstance(body, dict) else {}), "as_reply": True}
