"""Channels hear how an import went; one that fails is named and fails nothing."""

from typing import Any

import pytest

from f.customers.notify_import import main
from f.records.report.announcement import NOTHING_CONFIGURED, announce, facts, sentence
from f.records.report.summary import ImportSummary
from f.records.rows.outcome import OUTCOMES
from tests.loopback import Reply, serve


def summary(**changes: Any) -> ImportSummary:
    made: ImportSummary = {
        "import_id": "20260101-000000-abcdef12",
        "source": "uploaded file",
        "target": "generic at api.example.com",
        "dry_run": False,
        "started_at": "2026-01-01T00:00:00+00:00",
        "seconds": 12.4,
        "counts": {"rows": 10, **dict.fromkeys(OUTCOMES, 0), "created": 8, "invalid": 2},
        "reasons": [],
        "timings": {
            "parse_seconds": 1.0,
            "create_seconds": 2.0,
            "requests": 8,
            "retries": 0,
            "latency_ms": None,
        },
        "table": {},
        "mapping": {},
        "guarantee": "",
        "plan": None,
        "stopped": None,
        "rejects": {"filename": "rejects.csv", "s3": "imports/x/rejects.csv"},
        "report": {"filename": "report.html", "s3": "imports/x/report.html"},
        "forecast": None,
        "continues": None,
        "rest": None,
        "certificate": None,
    }
    return {**made, **changes}  # type: ignore[typeddict-item]  # the changes are fields of it


def test_the_sentence_tells_the_counts_that_are_not_zero() -> None:
    assert sentence(summary()) == (
        "Import 20260101-000000-abcdef12 of uploaded file into generic at api.example.com: "
        "10 rows in 12 s, 8 created, 2 invalid. Report: imports/x/report.html"
    )
    assert "(dry run)" in sentence(summary(dry_run=True))


def test_a_webhook_gets_counts_and_places_and_never_a_row() -> None:
    told = facts(summary())
    assert told["counts"]["created"] == 8
    assert (told["rejects"], told["report"]) == ("imports/x/rejects.csv", "imports/x/report.html")
    assert "reasons" not in told


def test_a_plan_is_told_by_its_hash_and_counts_and_never_a_row() -> None:
    plan = {
        "hash": "0f-0f-0f",
        "counts": {"create": 2, "update": 0, "unchanged": 0, "skip": 1, "refuse": 0, "hold": 0},
        "examples": [{"line": 2, "field": "city", "before": "Ro… (4 characters)", "after": ""}],
    }
    asked = summary(plan=plan)
    assert "Plan 0f-0f-0f: 2 to create, 1 to skip. Report:" in sentence(asked)
    counts = {"rows": 3, "would_create": 2, "would_leave": 1, "invalid": 0}
    planned = summary(dry_run=True, plan=plan, counts=counts, would_stop=["An import would stop here: x."])
    assert (
        "3 rows in 12 s, 2 would be created, 1 would be left as they are. An import would stop here: x. "
        "Plan 0f-0f-0f. Report:"
    ) in sentence(planned)
    assert facts(planned)["plan"] == {"hash": "0f-0f-0f", "counts": plan["counts"]}
    assert facts(summary())["plan"] is None


def test_what_waits_is_told_with_when_it_goes_on() -> None:
    file = {"filename": "rest.csv", "rows": 4, "s3": "imports/x/rest.csv"}
    rest = {"rows": 4, "resume_at": "2026-01-02T00:00:00+00:00", "job": "7", "file": file}
    parked = summary(rest=rest, continues="20251231-1")
    assert "The rest of the file (4 rows) is sent at 2026-01-02 00:00 UTC by job 7. Report:" in sentence(
        parked
    )
    told = facts(parked)
    assert told["rest"] == {"rows": 4, "resume_at": "2026-01-02T00:00:00+00:00", "job": "7"}
    assert (told["rest_file"], told["continues"]) == ("imports/x/rest.csv", "20251231-1")


def test_slack_gets_text_and_the_webhook_gets_facts() -> None:
    with serve(lambda _: Reply(200, b"ok")) as server:
        done = main(
            summary(source="a <b> & c"),  # type: ignore[arg-type]  # a summary is what the form hands over
            slack_webhook_url=f"{server.url}/services/T0/B0/secret",
            webhook_url=f"{server.url}/hook?x=1",
        )
    assert done["notification"] == {"slack": "sent", "webhook": "sent"}
    assert done["counts"]["rows"] == 10
    slack, hook = server.asked
    assert (slack.path, hook.path) == ("/services/T0/B0/secret", "/hook?x=1")
    assert "a &lt;b&gt; &amp; c" in slack.json["text"]
    assert hook.json["event"] == "import_finished"


def test_nothing_configured_is_said() -> None:
    assert announce("x", {}, slack_webhook_url="", webhook_url=None) == {"none": NOTHING_CONFIGURED}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("{server}/services/T0/B0/top-secret-part", "failed: "),
        ("http://127.0.0.1:9/services/T0/B0/top-secret-part", "failed: "),
        ("not a url", "failed: "),
        ("http://elsewhere.example.com/top-secret-part", "failed: "),
    ],
)
def test_a_channel_that_fails_is_named_without_its_secret_and_never_raised(url: str, said: str) -> None:
    with serve(lambda _: Reply(404, b"no_service")) as server:
        told = announce(
            "x", {}, slack_webhook_url=url.format(server=server.url), webhook_url=f"{server.url}/h"
        )
    assert told["slack"].startswith(said)
    assert "top-secret-part" not in told["slack"]
    assert told["webhook"].startswith("failed")


def test_on_a_server_a_webhook_into_the_network_around_it_fails_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MILL", raising=False)
    monkeypatch.setenv("WM_BASE_URL", "https://windmill.example.com")
    with serve(lambda _: Reply()) as server:
        port = server.url.rpartition(":")[2]
        results = announce(
            "done", {}, slack_webhook_url=f"http://localhost:{port}/hook", webhook_url="https://[bad"
        )
    assert results["slack"].startswith("failed: localhost is an address of this server")
    assert results["webhook"].startswith("failed: webhook_url cannot be read as an address.")
    assert server.asked == []
