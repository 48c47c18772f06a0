"""Corrections through the flow f/customers/import_csv: what is sent, planned, counted, and handed back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from f.records.report.continuation import arguments_for
from f.windmill.objects import FileRef
from mill.ports import Completed, Target
from mill.repository.workspace import Workspace
from mill.session import Session

ROOT = Path(__file__).parents[3]
FLOW = Target("flow", "f/customers/import_csv")
TEXT = "name,email,city\nAda,ada@example,Rome\nBob,nobody,Rome\nCy,cy@example.com,Rome\nDi,,Rome\n"
CORRECTIONS = {"cells": [[2, 2, "ada@example.com"]], "alike": [[3, "Rome", "Oslo"]], "excluded": [3]}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state")) as opened:
        yield opened


def run(session: Session, corrections: Any = CORRECTIONS, **args: Any) -> Completed:
    return session.run(FLOW, {"text": TEXT, "max_bad_share": 0.4, "corrections": corrections, **args})


def stored(session: Session, file: dict[str, Any]) -> str:
    path: str = file["s3"]
    return (session.state / "objects" / "_default_" / path).read_text("utf-8-sig")


def test_rows_are_sent_as_they_were_corrected_and_a_row_taken_out_is_no_reject(session: Session) -> None:
    result = run(session).result
    counts = {name: rows for name, rows in result["counts"].items() if rows}
    assert counts == {"rows": 4, "created": 2, "invalid": 2}
    reasons = {one["code"]: (one["outcome"], one["rows"]) for one in result["reasons"]}
    assert reasons == {"excluded": ("invalid", 1), "missing_email": ("invalid", 1)}
    rejects = stored(session, result["rejects"]).splitlines()
    assert [line.split(",")[0] for line in rejects[1:]] == ["Di"]
    page = stored(session, result["report"])
    assert "A person corrected 4 cells in 3 rows and took 1 row out." in page
    assert "Correct 1 row in" in page


def test_rows_taken_out_are_not_bad_rows(session: Session) -> None:
    refused = run(session, max_bad_share=0.3)
    assert "1 cannot (33.3%). 1 more were taken out by a person." in refused.result["error"]["message"]
    assert run(session, {**CORRECTIONS, "excluded": [3, 5]}, max_bad_share=0, dry_run=True).success
    assert run(session, {"excluded": [2, 3, 4, 5]}, max_bad_share=0).result["counts"]["invalid"] == 4


@pytest.mark.parametrize(
    "now",
    [None, {**CORRECTIONS, "excluded": [3, 5]}, {**CORRECTIONS, "alike": [[3, "Rome", "Bern"]]}],
    ids=["none", "one_more_out", "another_text"],
)
def test_a_plan_is_applied_with_the_corrections_it_was_made_with(session: Session, now: Any) -> None:
    plan = run(session, dry_run=True).result["plan"]["hash"]
    changed = run(session, now, apply_plan=plan, max_bad_share=1)
    assert not changed.success
    assert "The corrections are not those the plan was made with." in changed.result["error"]["message"]


def test_a_plan_without_corrections_is_not_applied_with_some(session: Session) -> None:
    plan = run(session, None, dry_run=True, max_bad_share=1).result["plan"]["hash"]
    assert "The corrections are not those" in run(session, apply_plan=plan).result["error"]["message"]
    shuffled = json.loads(json.dumps(CORRECTIONS))
    same = run(session, dry_run=True).result["plan"]["hash"]
    assert run(session, shuffled, apply_plan=same).success


def test_corrections_may_lie_in_the_storage(session: Session) -> None:
    place = session.state / "objects" / "_default_" / "desk"
    place.mkdir(parents=True, exist_ok=True)
    (place / "corrections.json").write_text(json.dumps(CORRECTIONS), encoding="utf-8")
    (place / "broken.json").write_text('{"cells": [', encoding="utf-8")
    inline = run(session, dry_run=True).result["plan"]["hash"]
    assert run(session, {"s3": "desk/corrections.json"}, dry_run=True).result["plan"]["hash"] == inline
    assert "the object is not JSON" in run(session, {"s3": "desk/broken.json"}).result["error"]["message"]
    assert "could not be read" in run(session, {"s3": "desk/none.json"}).result["error"]["message"]


@pytest.mark.parametrize(
    ("corrections", "sentence"),
    [
        ({"excluded": [9]}, "they name line 9, where the file has no row"),
        ({"cells": [[2, 4, "x"]]}, "line 2 has a cell in column 4, and the file 3 columns"),
        ({"cells": [[2, 1]]}, 'entry 1 of "cells" is not [line, column, "text"]'),
    ],
    ids=["line", "column", "shape"],
)
def test_what_does_not_fit_the_file_ends_the_run_with_a_sentence(
    session: Session, corrections: Any, sentence: str
) -> None:
    completed = run(session, corrections)
    assert not completed.success
    assert sentence in completed.result["error"]["message"]


def test_the_run_for_parked_rows_gets_no_corrections_for_they_have_them_already() -> None:
    given = json.dumps({"api": "$res:f/customers/crm", "corrections": {"s3": "x"}})
    rest = cast("FileRef", {"filename": "rest.csv", "s3": "imports/1/rest.csv"})
    assert arguments_for(given, rest, "one") == {
        "api": "$res:f/customers/crm",
        "file": {"s3": "imports/1/rest.csv"},
        "continues": "one",
    }
