"""The second half of the desk's page in a browser: rows, plan, import and report, judged by axe as well."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import foreign

PAGE = Path(__file__).parent / "page"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = foreign.node(PAGE / "serve.mjs", "esbuild")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(30)


def seen(address: str, scenario: str, **looks: str) -> dict[str, Any]:
    command = foreign.node(PAGE / "importing_steps.mjs", "playwright-core")
    environ = {"BROWSER": foreign.browser(), "ADDRESS": address, "SCENARIO": scenario, **looks}
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found.pop("complaints") == []
    assert found.pop("axe", []) == []
    return found


def test_rows_are_mended_by_the_keyboard_alone(address: str) -> None:
    found = seen(address, "keyboard")
    assert found["entered"] == "0 5"  # the first problem
    assert found["discarded"].startswith("dennis.liskov.7@@example,com")
    assert (found["down"], found["beside"]) == ("1 5", "1 6")
    assert "good" in found["verdicts"][0]
    assert found["verdicts"][1] == "Good now"
    assert (found["problem"], found["onward"]) == ("2 6", "4 5")  # 3 repeats a row: no cell is to blame
    assert found["accepted"].startswith("+12025550169")
    assert found["undone"] == ["2 6", "20255-0169"]
    assert (found["end"], found["home"]) == ("1234 9", "0 0")
    assert (found["left"], found["stops"]) == (True, 1)
    first, *others = found["sent"]
    assert first == {"version": 3, "cells": [{"line": 9, "column": 4, "value": "dennis@example.com"}]}
    assert [one["version"] for one in others] == list(range(4, 4 + len(others)))
    assert others[-1]["exclude"] == [171]


def test_all_cells_alike_are_changed_at_once(address: str) -> None:
    found = seen(address, "alike")
    assert found["sent"] == [{"column": 4, "from": "", "to": "none@example.com"}]


def test_rows_with_a_reason_are_left_out_together_and_taken_in_again(address: str) -> None:
    found = seen(address, "together")
    assert found["asked"].startswith("309 rows with this reason: “The email address has no valid form.”")
    assert "left out" in found["out"]
    assert found["undoable"] is False
    out, back = "invalid_email", "invalid_email-1"
    assert found["sent"] == [[out, 3], [back, 4], [out, 5], [back, 6]]
    assert found["dialogAxe"] == []


def test_of_a_million_rows_only_those_in_sight_are_drawn_and_the_last_is_reached(address: str) -> None:
    found = seen(address, "long")
    assert found["most"] < 45
    assert found["last"] == "1,000,001"
    assert found["asked"] < 60
    assert found["shifts"] < 0.05


def test_what_somebody_else_has_overtaken_is_kept_and_can_be_added(address: str) -> None:
    found = seen(address, "conflict")
    assert found["kept"].startswith("frances@example.com")
    assert found["now"] == "frances@example"
    assert found["sent"] == 2


def test_a_plan_is_seen_applied_followed_and_read_back(address: str) -> None:
    found = seen(address, "apply")
    assert found["changes"] == ["phone\t+12025550100\t+12025550001", "last_name\tRit\tRitchie"]
    assert found["before"] == 0
    assert found["asked"] == (
        "19,753 customers are created, and 39,506 customers are changed in f/customers/mock_api."
    )
    assert [one["hash"] for one in found["applied"]] == ["0a1b2c3d4e5f-6a7b8c9d0e1f-2a3b4c5d6e7f"]
    assert found["verdict"] == "79,000 rows were brought in, 21,000 were not."
    assert found["file"] == [
        "customers-november-rejects.csv",
        "first,line\r\nsecond,line\r\nthird,line\r\n",
    ]
    judged = ("planAxe", "dialogAxe", "progressAxe", "reportAxe", "certificateAxe")
    assert [found[name] for name in judged] == [[]] * len(judged)


def test_a_plan_that_does_not_hold_says_why_where_the_person_looks(address: str) -> None:
    found = seen(address, "refused")
    assert "The corrections were changed since this plan was made." in found["said"]
    assert found["address"].endswith("/plan")


def test_bad_rows_that_stand_in_the_way_of_a_plan_are_allowed_in_so_many_words(address: str) -> None:
    found = seen(address, "stops")
    allow = "Allow 23\N{NO-BREAK SPACE}% bad rows, and plan again"
    assert found["ways"] == ["Go to the rows", allow, "Download the plan", "Make a new plan"]
    settings, (name, _) = found["sent"]
    assert (settings[1]["changes"], name) == ({"max_bad_share": 0.23}, "plan_draft")
    asked = found["asked"].replace("\N{NO-BREAK SPACE}", " ")
    assert "Bad rows stay out: 927. Up to 23 % were allowed." in asked


@pytest.mark.parametrize(("scheme", "width"), [("light", "1280"), ("dark", "390")])
def test_of_an_old_import_all_runs_and_their_reports_are_left(address: str, scheme: str, width: str) -> None:
    found = seen(address, "runs", SCHEME=scheme, WIDTH=width)
    assert found["address"].endswith("/report")
    assert [row.split()[0] for row in found["rows"]] == ["Import", "Plan", "Import", "Plan"]
    assert "Create 19,753, Update 39,506, Invalid 927" in found["rows"][1]
    assert "The target has changed since the plan was made" in found["rows"][2]
    assert (found["wide"], found["others"]) == (True, 0)
    assert found["asked"] == {
        "draft": "20251129-100000-0badcafe",
        "what": "report",
        "offset": 0,
        "run": "run-3",
    }


def test_a_running_import_is_found_again_after_a_reload_and_can_be_cancelled(address: str) -> None:
    assert seen(address, "cancel")["address"].endswith("/report")


def test_an_import_that_waits_leads_to_its_approval(address: str) -> None:
    assert seen(address, "approval")["link"] == "/approve/job"


@pytest.mark.parametrize(("scheme", "width"), [("light", "1280"), ("dark", "390")])
def test_each_step_fits_and_can_be_read(address: str, scheme: str, width: str) -> None:
    found = seen(address, "looks", SCHEME=scheme, WIDTH=width)
    assert list(found) == ["rows", "plan", "progress", "report"]
    assert [one for one in found.values() if one != {"axe": [], "wide": True}] == []
