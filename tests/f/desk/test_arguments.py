"""The desk's scripts called without their forms, with values of other types than they declare."""

from __future__ import annotations

from typing import Any

import pytest

from tests.f.desk.conftest import Desk

CALLS: dict[str, list[dict[str, Any]]] = {
    "start_draft": [
        {"name": ["a.csv"], "size": 5},
        {"name": "a.csv", "size": "5"},
        {"name": "a.csv", "data": 5},
        {"name": "a.csv", "file": "a.csv"},
        {"name": "a.csv", "url": 5},
        {"name": "a.csv", "rejects_of": 5},
    ],
    "keep_part": [{"index": "0", "data": ""}, {"index": 0, "data": None}],
    "finish_upload": [{"parts": None, "size": 1}],
    "look_at": [{"changes": "all", "version": 1}, {"draft": ["x"]}],
    "list_rows": [
        {"view": ["all"]},
        {"reason": {"a": 1}},
        {"search": 5},
        {"column": "2"},
        {"offset": 0.5},
        {"limit": "9"},
    ],
    "correct_rows": [{"version": 1, "cells": {"line": 2}}, {"version": 1, "exclude": 2}],
    "list_plan": [{"action": {"a": 1}}, {"offset": "0"}, {"limit": 1.5}],
    "get_file": [{"what": ["source"]}, {"what": "source", "offset": "0"}],
    "list_drafts": [{"before": 5}, {"limit": "9"}],
    "apply_draft": [{"hash": None}],
    "verify_draft": [{"rows": ["all"]}],
    "draft_status": [{"draft": None}, {"draft": 5}],
}
OWN = {
    "look_at": "bad_settings",
    "correct_rows": "bad_corrections",
}


@pytest.mark.parametrize("script", CALLS)
def test_a_value_of_another_type_is_refused_with_a_code(desk: Desk, script: str) -> None:
    named = (
        {}
        if script in {"start_draft", "list_drafts"}
        else {"draft": desk.checked("name,email\nA,a@b.co\n")["id"]}
    )
    if script in {"keep_part", "finish_upload"}:
        named = {"draft": desk.run("start_draft", name="large.csv", size=2_000_000)["draft"]["id"]}
    for call in CALLS[script]:
        error = desk.refused(script, **{**named, **call})
        expected = "bad_argument" if "draft" in call else OWN.get(script, "bad_argument")
        assert error["code"] in {expected, "one_source_expected"}, (call, error)
