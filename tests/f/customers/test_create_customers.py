"""create_customers called by a plain Python, where no Windmill is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from f.customers.create_customers import main
from tests.loopback import Reply, serve


def test_a_plain_call_sends_every_batch_and_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_JOB_ID", "WM_TOKEN", "WM_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    customers = [{"name": f"C {number}", "email": f"c{number}@example.com"} for number in range(25)]
    with serve(lambda _: Reply(201, {"id": "1"})) as server:
        settings = {"batch_size": 10}
        created = main({"kind": "generic", "base_url": server.url, "settings": settings}, customers=customers)
        assert len(server.asked) == 25
    assert created["counts"] == {"created": 25}
