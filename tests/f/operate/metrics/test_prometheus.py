"""Metrics as Prometheus reads them: held against prometheus_client's own parser."""

from __future__ import annotations

import math
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from f.operate.export_metrics import main
from f.operate.metrics.counts import read_totals
from f.operate.metrics.prometheus import CONTENT_TYPE, prometheus_text
from f.store.store import Store
from f.store.stores import sqlite_store
from mill.api.server import LocalApi
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.f.operate.metrics.seeding import count

ROOT = Path(__file__).parents[4]


def families(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Return the samples as Prometheus's own client reads them, by name and labels."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {})
            found[sample.name][labels] = sample.value
    return found


def test_what_was_counted_is_what_the_parser_reads(any_store: Store) -> None:
    if any_store.in_memory:
        pytest.skip("what is in memory ends with its job")
    count(any_store, calls=3, seconds=0.01, retries=2, waited=0.25)
    count(any_store, calls=2, seconds=100.0, outcome="TryLater", days_ago=40)
    count(any_store, 'a "quoted"\\\nname', "/ä")
    text = prometheus_text(read_totals([any_store], 10), {"millwright_circuits_open": 2})
    found = families(text)
    key = (("endpoint", "/contacts"), ("integration", "crm"))
    calls = found["millwright_calls_total"]
    assert calls[(*key, ("outcome", "success"))] == 3
    assert calls[(*key, ("outcome", "TryLater"))] == 2
    assert calls[("endpoint", "/ä"), ("integration", 'a "quoted"\\\nname'), ("outcome", "success")] == 1
    assert found["millwright_retries_total"][key] == 6
    assert found["millwright_limit_waits_total"][key] == 3
    assert found["millwright_limit_wait_seconds_total"][key] == 0.75
    assert found["millwright_call_duration_seconds_count"][key] == 5
    assert found["millwright_call_duration_seconds_sum"][key] == pytest.approx(200.03)
    buckets = {
        float(dict(labels)["le"]): value
        for labels, value in found["millwright_call_duration_seconds_bucket"].items()
        if ("integration", "crm") in labels
    }
    assert list(buckets.values()) == sorted(buckets.values())
    assert (buckets[0.008], buckets[0.016], buckets[65.536], buckets[math.inf]) == (0, 3, 3, 5)
    assert found["millwright_circuits_open"] == {(): 2}
    assert text == prometheus_text(read_totals([any_store], 10), {"millwright_circuits_open": 2})


def test_counters_go_on_when_days_are_folded_and_the_rest_is_one_series(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "a.sqlite") as store:
        for n in range(30):
            count(store, "crm", f"/x/{n:02}", calls=1 + (n < 2), days_ago=50)
        before = families(prometheus_text(read_totals([store], 2), {}))["millwright_calls_total"]
        count(store, "crm", "/x/00")  # today's first call folds the others
        assert store.execute("SELECT count(*) FROM connect_metrics_day WHERE day < '2026-11-29'") == [(0,)]
        after = families(prometheus_text(read_totals([store], 2), {}))["millwright_calls_total"]
    assert len(before) == len(after) == 3
    assert sum(before.values()) == 32
    assert sum(after.values()) == 33
    assert after[("endpoint", "(other)"), ("integration", "(other)"), ("outcome", "success")] == 28


def test_where_nothing_was_counted_the_text_is_still_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = families(main()["text"])
    assert found["millwright_webhook_dead_letters"] == {(): 0}


def test_a_file_that_cannot_be_read_fails_the_scrape_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".millwright").mkdir()
    (tmp_path / ".millwright" / "x.sqlite").write_bytes(b"no database at all, but long enough" * 60)
    reply = main(as_reply=True)
    assert reply["windmill_status_code"] == 500
    assert "x.sqlite is damaged" in reply["result"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    state = tmp_path_factory.mktemp("state")
    folder = state / "home" / ".millwright"
    with sqlite_store(folder / "imports.sqlite") as store:
        count(store, calls=7)
    with Session(Workspace.find(ROOT), state) as session:
        assert isinstance(session.platform, LocalApi)
        yield session.platform


def get(api: LocalApi, key: str) -> tuple[int, str, str]:
    request = urllib.request.Request(
        f"{api.url}/api/r/{api.workspace_id}/metrics", headers={"X-API-Key": key}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", error.read().decode()


def test_the_route_answers_prometheus_and_nobody_without_the_key(api: LocalApi) -> None:
    status, content_type, text = get(api, "local-metrics-key")
    assert (status, content_type) == (200, CONTENT_TYPE)
    assert sum(families(text)["millwright_calls_total"].values()) == 7
    assert get(api, "another")[0] == 401
