"""Products, of which the engine knows nothing, go the whole way from the file to the report."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import FixInput
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.planning.planner import Planner
from f.records.reading.parsed import Parsed
from f.records.reading.table import read_table
from f.records.reading.table_validation import validate_table
from f.records.report.reconciliation import Steps, reconcile
from f.records.rows.chunk_sizes import ChunkSizes
from f.records.rows.row import Row, reported
from f.records.rows.row_spool import RowSpool
from f.records.rows.row_store import Created, inline, read_rows
from f.records.sending.run import Sent, send_rows
from f.records.target.guarantee import guarantee_of
from f.records.target.target import OnDuplicate, Target
from f.store.stores import sqlite_store
from tests.loopback import Asked, Reply, serve
from tests.products import PRODUCTS, shop_target

FILE = """Artikelnummer;Produkt;Preis;Lager
a-1;Lamp;12,5;Berlin
a-2;Chair;80;
A-1;Lamp again;13;
a-3;;9;
a-4;Desk;much;
a-5;Shelf;40;Bonn
"""


class Ledger:
    """A shop that counts how often each SKU was made. `lost`: SKUs that are made and not answered."""

    def __init__(self) -> None:
        self.made: dict[str, int] = {}
        self.products: dict[str, Any] = {}
        self.lost: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        with self._lock:
            sku = asked.path.removeprefix("/products").strip("/")
            if asked.method == "GET":
                there = self.products.get(sku)
                return Reply(200, there) if there else Reply(404, {"message": "No such product."})
            if asked.method == "PATCH":
                self.products[sku] |= asked.json
                return Reply(200, self.products[sku])
            return self._make(asked.json)

    def _make(self, product: dict[str, Any]) -> Reply:
        sku = product["sku"]
        if sku in self.products:
            return Reply(409, {"id": sku})
        self.made[sku] = self.made.get(sku, 0) + 1
        self.products[sku] = {**product, "id": sku}
        return Reply(drop=True) if sku in self.lost else Reply(201, {"id": sku})


def parsed(text: str) -> Parsed:
    table = read_table([text.encode()])
    valid = validate_table(
        table, PRODUCTS, mapping=None, options={}, spool=RowSpool("products"), sizes=ChunkSizes(500)
    )
    return {
        "import_id": "products",
        "source": "products.csv",
        "sha256": "5" * 64,
        "started_at": "2026-11-22T10:00:00+00:00",
        "seconds": 0.1,
        "table": {},
        "header": list(valid.columns.header),
        "mapping": valid.columns.describe(),
        "counts": valid.counts,
        "reasons": list(valid.tally.reasons.values()),
        "refused": valid.refused,
        "chunks": valid.chunks,
    }


def rows_of(file: Parsed) -> list[Row]:
    return [Row.from_json(row) for chunk in file["chunks"] for row in read_rows(chunk["rows"])]


def journal(tmp_path: Path, target: Target, import_id: str = "products") -> RowJournal:
    return RowJournal(
        store := sqlite_store(tmp_path / "journal.sqlite"),
        target.identity,
        import_id,
        LeasedOwner(store, "job"),
    )


def send(file: Parsed, target: Target, kept: RowJournal, *, on_duplicate: OnDuplicate = "skip") -> Sent:
    with Client(target.integration) as client:
        return send_rows(rows_of(file), target, client, journal=kept, on_duplicate=on_duplicate)


def created(sent: Sent, target: Target) -> Created:
    outcomes = sent.outcomes
    counts: dict[str, int] = {}
    for _, one in outcomes:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return {
        "index": 0,
        "target": target.title,
        "guarantee": guarantee_of(target),
        "counts": counts,
        "reported": inline(reported(row, one) for row, one in outcomes if one.code),
        "ids": {},
        "requests": sent.requests,
        "retries": sent.retries,
        "latencies": sent.latencies.to_json(),
        "stopped": sent.stopped,
        "started": 0.0,
        "ended": 1.0,
    }


def outcomes(sent: Sent) -> dict[str, str]:
    return {row.key: one.code or one.outcome for row, one in sent.outcomes}


def test_a_table_becomes_records_of_the_type_and_what_is_wrong_has_its_words() -> None:
    file = parsed(FILE)
    assert file["mapping"] == {
        "Artikelnummer": "sku",
        "Produkt": "title",
        "Preis": "price",
        "Lager": "custom: Lager",
    }
    assert [(row.line, row.key, row.record) for row in rows_of(file)] == [
        (2, "A-1", {"sku": "A-1", "title": "Lamp", "price": "12.50", "custom": {"Lager": "Berlin"}}),
        (3, "A-2", {"sku": "A-2", "title": "Chair", "price": "80.00"}),
        (7, "A-5", {"sku": "A-5", "title": "Shelf", "price": "40.00", "custom": {"Lager": "Bonn"}}),
    ]
    refused = [record for part in file["refused"] for record in read_rows(part)]
    assert [(record["line"], record["code"]) for record in refused] == [
        (4, "duplicate_in_file"),
        (5, "missing_value"),
        (6, "invalid_value"),
    ]
    assert "A price is a number, such as 12.50." in refused[2]["detail"]
    assert file["reasons"][0]["message"] == "An earlier row of this file has the same SKU."


def test_a_file_without_the_key_is_refused_with_the_type_s_own_sentence() -> None:
    with pytest.raises(FixInput, match="no column holds the SKU") as refused:
        parsed("Produkt;Preis\nLamp;12\n")
    assert refused.value.code == "no_sku_column"


def test_a_plan_shows_what_would_be_made_and_changed(tmp_path: Path) -> None:
    shop = Ledger()
    shop.products["A-2"] = {"id": "A-2", "sku": "A-2", "title": "Chair", "price": {"amount": "75.00"}}
    with serve(shop) as server:
        target = shop_target(server.url)
        with Client(target.integration) as client:
            planner = Planner(["5" * 64], target, client, journal(tmp_path, target), "update")
            planned = planner.plan(rows_of(parsed(FILE)))
    assert {one.line: one.action for one in planned} == {2: "create", 3: "update", 7: "create"}
    assert [tuple(one) for one in planned[1].differences] == [("price.amount", "75.00", "80.00")]
    assert not shop.made


def test_rows_are_sent_once_and_the_journal_knows_them_in_the_next_import(tmp_path: Path) -> None:
    shop = Ledger()
    with serve(shop) as server:
        target = shop_target(server.url)
        first = send(parsed(FILE), target, journal(tmp_path, target))
        second = send(parsed(FILE), target, journal(tmp_path, target, "another"))
    assert outcomes(first) == {"A-1": "created", "A-2": "created", "A-5": "created"}
    assert outcomes(second) == dict.fromkeys(("A-1", "A-2", "A-5"), "already_imported")
    assert shop.made == {"A-1": 1, "A-2": 1, "A-5": 1}
    assert shop.products["A-1"] == {
        "id": "A-1",
        "sku": "A-1",
        "title": "Lamp",
        "price": {"amount": "12.50"},
        "custom_fields": {"Lager": "Berlin"},
    }


def test_a_lost_answer_is_looked_up_by_the_type_s_key_and_nothing_is_made_twice(tmp_path: Path) -> None:
    shop = Ledger()
    shop.lost = {"A-2"}
    with serve(shop) as server:
        target = shop_target(server.url)
        sent = send(parsed(FILE), target, journal(tmp_path, target))
    assert outcomes(sent) == {"A-1": "created", "A-2": "found_in_target", "A-5": "created"}
    assert shop.made == {"A-1": 1, "A-2": 1, "A-5": 1}


def test_a_run_that_died_is_resumed_where_it_was(tmp_path: Path) -> None:
    shop, file = Ledger(), parsed(FILE)
    with serve(shop) as server:
        target = shop_target(server.url)
        kept = journal(tmp_path, target)
        stopping = iter((False, False, False, True))

        def cancelled() -> bool:
            return next(stopping, True)

        with Client(target.integration) as client:
            cut = send_rows(rows_of(file), target, client, journal=kept, cancelled=cancelled)
        assert "not_sent" in outcomes(cut).values()
        resumed = send(file, target, journal(tmp_path, target))
    assert set(outcomes(resumed).values()) == {"created"}
    assert shop.made == {"A-1": 1, "A-2": 1, "A-5": 1}


def test_an_existing_product_is_updated_if_that_was_asked(tmp_path: Path) -> None:
    shop = Ledger()
    shop.products["A-2"] = {"id": "A-2", "sku": "A-2", "title": "Stool"}
    with serve(shop) as server:
        target = shop_target(server.url)
        sent = send(parsed(FILE), target, journal(tmp_path, target), on_duplicate="update")
    assert outcomes(sent) == {"A-1": "created", "A-2": "updated", "A-5": "created"}
    assert shop.products["A-2"]["title"] == "Chair"


def test_the_report_accounts_for_every_row_and_the_rejects_can_be_fed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, bytes] = {}

    def keep(path: str, content: Any, content_type: str) -> Mapping[str, str]:
        del content_type
        stored[path.rsplit("/", 1)[-1]] = content if isinstance(content, bytes) else content.read()
        return {"filename": path.rsplit("/", 1)[-1], "s3": path}

    monkeypatch.setattr("f.records.report.reconciliation.keep_file", keep)
    monkeypatch.setattr("f.records.rows.rows_file.keep_file", keep)
    shop, file = Ledger(), parsed(FILE)
    with serve(shop) as server:
        target = shop_target(server.url)
        sent = send(file, target, journal(tmp_path, target))
    summary = reconcile(Steps(file, None, [created(sent, target)]), PRODUCTS.texts())
    assert {name: count for name, count in summary["counts"].items() if count} == {
        "rows": 6,
        "created": 3,
        "duplicate": 1,
        "invalid": 2,
    }
    page = stored["report.html"].decode()
    assert "A value is not one that its field may have." in page
    rejects = stored["rejects.csv"].decode("utf-8-sig")
    mended = rejects.replace("much", "90").replace("a-3,,9", "a-3,Bench,9")
    assert [row.key for row in rows_of(parsed(mended))] == ["A-3", "A-4"]
