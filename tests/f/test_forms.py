"""The forms of scripts and flows: what every run needs comes first, what few need last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mill.repository.yaml_file import read_mapping

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("f/*/*.script.yaml"), *ROOT.glob("f/*/*__flow/flow.yaml")])
# Most people leave these as they are; some the flow around a script fills in.
SELDOM = {
    *("journal", "database", "storage", "park_after", "resend_unknown", "resend_missing", "apply_plan"),
    *("chunk_rows", "parallel_jobs", "concurrency", "batch_size", "delay_between_batches", "renews_at"),
    *("max_concurrent_requests", "encoding", "delimiter", "has_header", "header_row"),
    *("max_url_mb", "lease_minutes", "max_attempts", "grace_minutes"),
    *("message_key", "request_key", "dedupe_key", "dedupe_seconds"),
    *("operation_name", "id_path", "cursor_variable", "max_pages", "max_rows", "max_events"),
    *("max_seconds", "connection_payload"),
    *("thread_ts", "seed", "attempt", "operation"),
    *("as_reply", "starting_after", "payment_method_types"),
    *("as_data", "import_id", "chunk", "planned_outcomes", "certificate", "arguments", "flow", "continues"),
    "corrections",
}
# The same, where other forms have a field of this name that people do fill in.
SELDOM_IN = {
    "customers/mock_customer_api.script.yaml": {"customer"},
    "webhooks/heal_gaps.script.yaml": {"most"},
}


def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = read_mapping(ROOT / "f" / name)["schema"]
    return schema


# Told by its text: to parse them all takes seconds, also where none of these tests runs.
FORMS = [str(file.relative_to(ROOT / "f")) for file in FILES if "\n  order:\n" in file.read_text("utf-8")]


@pytest.mark.parametrize("name", FORMS)
def test_what_must_be_given_comes_first_and_what_few_need_last(name: str) -> None:
    schema = schema_of(name)
    order, required = schema["order"], set(schema.get("required", ()))
    assert set(order[: len(required)]) == required
    seldom = [one in SELDOM | SELDOM_IN.get(name, set()) for one in order if one not in required]
    assert seldom == sorted(seldom), order
