"""What servers say of their limits is read in every form they use."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import pytest

from f.connect.limits.guard import Observed, observe

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "seen"),
    [
        (200, {}, Observed()),
        (200, {"Retry-After": "5"}, Observed()),
        (429, {"Retry-After": "5"}, Observed(pause=5)),
        (503, {"Retry-After": "5"}, Observed(pause=5)),
        (200, {"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'}, Observed(50, 30)),
        (200, {"RateLimit": '"burst";r=5;t=1, "daily";r=900;t=3600'}, Observed(5, 1)),
        (200, {"RateLimit": '"default";r=0;t=30'}, Observed(0, 30, 30)),
        (429, {"RateLimit": '"default";r=0;t=30', "Retry-After": "9"}, Observed(0, 30, 9)),
        (200, {"RateLimit": "limit=100, remaining=50, reset=30"}, Observed(50, 30)),
        (200, {"RateLimit-Remaining": "1", "RateLimit-Reset": "30"}, Observed(1, 30)),
        (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW + 12)}, Observed(0, 12, 12)),
        (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((NOW + 12) * 1000)}, Observed(0, 12, 12)),
        (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW - 12)}, Observed(0, 0, 0)),
        (200, {"X-RateLimit-Remaining": "3", "X-RateLimit-Reset-After": "0.5"}, Observed(3, 0.5)),
        (200, {"X-Rate-Limit-Remaining": "3", "X-Rate-Limit-Reset": "4"}, Observed(3, 4)),
        (200, {"X-HubSpot-RateLimit-Remaining": "7", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}, Observed(7, 10)),
        (200, {"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}, Observed(0, 10, 10)),
        (200, {"X-RateLimit-Remaining": "many"}, Observed()),
        (200, {"X-RateLimit-Remaining": "-4", "X-RateLimit-Reset": "x"}, Observed(0)),
        (200, {"RateLimit": ";;;"}, Observed()),
    ],
    ids=str,
)  # fmt: skip
def test_limits_are_read_from_every_known_form(status: int, headers: dict[str, str], seen: Observed) -> None:
    found = observe(status, headers, NOW)
    assert (found.remaining, found.reset_after, found.pause) == (seen.remaining, seen.reset_after, seen.pause)
