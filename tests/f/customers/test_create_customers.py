"""create_customers called by a plain Python, where no Windmill is about."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from f.customers.create_customers import main
from f.customers.targets.customer_api import customer_api
from f.records.rows.row import row_to_json
from f.records.rows.row_store import inline, read_rows
from tests.loopback import Asked, Reply, serve


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


def test_rows_are_reported_in_the_order_of_the_file_also_those_that_a_plan_decided() -> None:
    """The rejects file is merged from the chunks: what is out of order there would be so in it."""
    emails = {line: f"c{line}@example.com" for line in range(2, 8)}
    rows = [
        row_to_json(line, [email], email, {"name": "Ada", "email": email}) for line, email in emails.items()
    ]
    planned = [
        {"line": line, "outcome": "unchanged", "code": "already_imported", "detail": "", "id": "7"}
        for line in (2, 4, 7)
    ]
    created = main(
        {"kind": "generic", "base_url": "https://api.example.com"},
        chunk={"index": 0, "rows": inline(rows)},
        planned_outcomes=dict(inline(planned)),
        dry_run=True,
    )
    assert [record["line"] for record in read_rows(created["reported"])] == [2, 3, 4, 5, 6, 7]


def test_limits_that_cannot_be_written_lose_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service answered counts: said to be not applied, the rows would be created again."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("f.store.stores.BUSY_SECONDS", 0.1)
    with contextlib.closing(sqlite3.connect(":memory:", check_same_thread=False)) as other:

        def lock_limits(_: Asked) -> Reply:
            if not other.in_transaction:
                other.execute("ATTACH ? AS limits", (str(tmp_path / ".millwright/limits.sqlite"),))
                other.isolation_level = None
                other.execute("BEGIN IMMEDIATE")
            return Reply(201, {"id": "1"})

        with serve(lock_limits) as server:
            settings = {"rate_limit": {"max_requests": 1000}, "idempotency_keys": False}
            api: customer_api = {"kind": "generic", "base_url": server.url, "settings": settings}
            customers = [{"name": "Ada", "email": "ada@example.com"}]
            first = main(api, customers=customers, import_id="i")
            other.execute("ROLLBACK")
            second = main(api, customers=customers, import_id="i")
    assert [first["counts"], second["counts"]] == [{"created": 1}, {"created": 1}]
    assert len(server.asked) == 1
