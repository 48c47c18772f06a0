"""How many workers a job learns of."""

from __future__ import annotations

from typing import Any

import pytest

from f.windmill.workers import count_workers
from tests.loopback import Asked, Reply, serve

DEFAULT = {"worker": "a", "custom_tags": ["python3", "bash", "flow"]}
OWN = {"worker": "b", "custom_tags": ["python3-team"]}
NATIVE = {"worker": "c", "custom_tags": ["nativets", "postgresql"]}


@pytest.mark.parametrize(
    ("reply", "count"),
    [
        (Reply(200, [DEFAULT, DEFAULT, NATIVE]), 2),
        (Reply(200, [OWN, {"worker": "d", "custom_tags": None}]), 2),
        (Reply(200, []), None),  # hidden from those who are no administrators
        (Reply(200, [NATIVE]), None),
        (Reply(403, b"no"), None),
        (Reply(200, b"<html>"), None),
        (Reply(200, {"error": 1}), None),
        (Reply(0, drop=True), None),
    ],
)
def test_those_that_take_python_are_counted_and_none_is_not_known(
    reply: Reply, count: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path.partition("?")[0] == "/api/workers/list"
        return reply

    with serve(answer) as windmill:
        environment: dict[str, Any] = {
            "BASE_INTERNAL_URL": windmill.url,
            "WM_WORKSPACE": "team",
            "WM_TOKEN": "token",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert count_workers() == count


def test_without_windmill_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    assert count_workers() is None
