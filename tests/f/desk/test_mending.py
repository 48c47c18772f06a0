"""Rows of a checked file: shown page by page, mended by people, and judged at once."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.f.desk.conftest import PARSE, ROOT, Desk

# Lines 2 to 8: valid, no address, valid, the first once more, too few cells, a bad address, valid.
FILE = """name,email,phone
Ada,ada@example.com,+12025550123
Ben,,+12025550124
Cleo,cleo@example.com,
Ada again,ada@example.com,
Dora,dora@example.com
Egon,egon@example,
Fay,fay@example.com,
"""


def lines(page: Any) -> list[int]:
    return [row["line"] for row in page["rows"]]


def states(page: Any) -> dict[int, str]:
    return {row["line"]: row["state"] for row in page["rows"]}


def counts(draft: Any) -> tuple[int, ...]:
    """Rows in all, and of each kind."""
    found = draft["checked"]["counts"]
    return tuple(found[name] for name in ("rows", "valid", "invalid", "duplicate", "excluded"))


def codes(row: Any) -> list[str]:
    return [problem["code"] for problem in row["problems"]]


def mend(desk: Desk, draft: Any, **changes: Any) -> Any:
    return desk.run("correct_rows", draft=draft["id"], version=draft["version"], **changes)


def test_the_check_finds_what_the_first_step_of_an_import_finds(desk: Desk) -> None:
    data = (ROOT / "flows/data/customers.csv").read_text()
    draft = desk.checked(data)
    own = desk.session.run(PARSE, {"text": data}).result
    path = desk.session.state / "objects" / "_default_" / draft["checked"]["s3"]
    parsed = json.loads(path.read_bytes())
    by_itself = {"import_id", "source", "started_at", "seconds"}
    for chunk in (*parsed["chunks"], *own["chunks"]):
        del chunk["reading"]
    assert {name: value for name, value in parsed.items() if name not in by_itself} == {
        name: value for name, value in own.items() if name not in by_itself
    }
    assert draft["checked"]["counts"] == {**own["counts"], "excluded": 0}
    assert draft["checked"]["reasons"] == own["reasons"]
    assert draft["runs"]["check"]["by"] == "user"
    assert draft["runs"]["check"]["ended"]["state"] == "succeeded"


def test_rows_that_need_attention_come_with_all_that_is_wrong_and_where(desk: Desk) -> None:
    page = desk.rows(desk.checked(FILE)["id"])
    assert (page["total"], page["outdated"]) == (4, False)
    assert states(page) == {3: "invalid", 5: "duplicate", 6: "invalid", 7: "invalid"}
    by_line = {row["line"]: row for row in page["rows"]}
    assert [(codes(row), row["problems"][0]["column"]) for row in by_line.values()] == [
        (["missing_email"], 2),
        (["duplicate_in_file"], 2),
        (["wrong_column_count"], 0),
        (["invalid_email"], 2),
    ]
    assert by_line[5]["problems"][0]["message"].endswith("The first is line 2.")
    assert by_line[6]["cells"] == ["Dora", "dora@example.com"]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_of_all_rows_together_are_the_file(desk: Desk, limit: int) -> None:
    draft = desk.checked(FILE)["id"]
    pages = [desk.rows(draft, view="all", offset=start, limit=limit) for start in range(0, 8, limit)]
    assert [line for page in pages for line in lines(page)] == [2, 3, 4, 5, 6, 7, 8]
    assert {page["total"] for page in pages} == {7}


FILTERS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "a reason": ({"reason": "invalid_email"}, [7]),
    "a column": ({"column": 2}, [3, 5, 7]),
    "a text": ({"search": "EXAMPLE.com"}, [5, 6]),
    "a reason and a column it is not in": ({"reason": "invalid_email", "column": 1}, []),
    "a text in all": ({"view": "all", "search": "ada"}, [2, 5]),
    "beyond the end": ({"offset": 10}, []),
    "all beyond the end": ({"view": "all", "offset": 10}, []),
    "before the start": ({"offset": -5, "limit": 1}, [3]),
    "none": ({"limit": 0}, []),
    "none changed": ({"view": "changed"}, []),
}


@pytest.mark.parametrize("case", FILTERS)
def test_only_the_rows_that_are_asked_for_are_listed(desk: Desk, case: str) -> None:
    args, expected = FILTERS[case]
    assert lines(desk.rows(desk.checked(FILE)["id"], **args)) == expected


def test_a_cell_that_is_mended_is_judged_at_once_and_stays_in_the_list(desk: Desk) -> None:
    draft = desk.checked(FILE)
    done = mend(desk, draft, cells=[{"line": 3, "column": 2, "value": "ben@example.com"}])
    (row,) = done["rows"]
    assert (row["state"], row["cells"][1], row["changed"]) == ("valid", "ben@example.com", [2])
    assert (done["draft"]["version"], done["draft"]["corrections"]) == (draft["version"] + 1, {"cells": 1})
    page = desk.rows(draft["id"])
    assert (page["outdated"], states(page)[3]) == (True, "valid")
    assert lines(desk.rows(draft["id"], view="changed")) == [3]
    checked = desk.run("check_draft", draft=draft["id"])
    assert checked["checked"]["counts"] == {
        "rows": 7,
        "valid": 4,
        "invalid": 2,
        "duplicate": 1,
        "excluded": 0,
    }
    page = desk.rows(draft["id"])
    assert (page["outdated"], lines(page)) == (False, [5, 6, 7])
    (changed,) = desk.rows(draft["id"], view="changed")["rows"]
    assert (changed["line"], changed["changed"], changed["state"]) == (3, [2], "valid")


def test_a_row_without_a_cell_is_mended_whole(desk: Desk) -> None:
    draft = desk.checked(FILE)
    done = mend(desk, draft, rows=[{"line": 6, "cells": ["Dora", "dora@example.com", ""]}])
    assert [(row["state"], row["changed"]) for row in done["rows"]] == [("valid", [3])]
    error = desk.refused("correct_rows", draft=draft["id"], version=2, rows=[{"line": 6, "cells": ["Dora"]}])
    assert (error["code"], "line 6" in error["message"]) == ("bad_corrections", True)


def test_a_duplicate_stays_one_until_its_address_is_another(desk: Desk) -> None:
    draft = desk.checked(FILE)
    done = mend(desk, draft, cells=[{"line": 5, "column": 1, "value": "Ada B."}])
    assert [(row["state"], codes(row)) for row in done["rows"]] == [("duplicate", ["duplicate_in_file"])]
    done = mend(desk, done["draft"], cells=[{"line": 5, "column": 2, "value": "ada.b@example.com"}])
    assert [(row["state"], row["changed"]) for row in done["rows"]] == [("valid", [1, 2])]


def test_rows_are_taken_out_and_back_in(desk: Desk) -> None:
    draft = desk.checked(FILE)
    done = mend(desk, draft, exclude=[7, 2])
    assert states(done) == {2: "excluded", 7: "excluded"}
    checked = desk.run("check_draft", draft=draft["id"])
    # the second of the duplicates is the first now
    assert checked["checked"]["counts"] == {
        "rows": 7,
        "valid": 3,
        "invalid": 4,
        "duplicate": 0,
        "excluded": 2,
    }
    assert lines(desk.rows(draft["id"])) == [3, 6]
    assert lines(desk.rows(draft["id"], reason="excluded")) == [2, 7]
    assert states(desk.rows(draft["id"], view="all"))[2] == "excluded"
    done = mend(desk, checked, include=[2, 7])
    assert states(done) == {2: "valid", 7: "invalid"}
    assert done["draft"]["corrections"] == {}


def test_all_rows_with_a_reason_are_left_out_in_one_step_and_taken_in_again(desk: Desk) -> None:
    more = "Gus,gus@example,\nHal,hal@example,\nIda,ida@example,\n"  # lines 9 to 11, as line 7
    draft = desk.checked(FILE + more)
    done = mend(desk, draft, cells=[{"line": 9, "column": 2, "value": "gus@example.com"}], exclude=[10])
    asked = {"draft": draft["id"], "reason": "invalid_email"}
    # One of the four was mended, and one left out by hand.
    assert desk.run("exclude_rows", **asked)["rows"] == 2
    assert desk.refused("exclude_rows", **asked, version=1, dry_run=False)["code"] == "draft_changed"
    done = desk.run("exclude_rows", **asked, version=2, dry_run=False)
    assert (done["rows"], done["draft"]["corrections"]) == (2, {"cells": 1, "excluded": 3})
    (left_out,) = done["draft"]["left_out"]
    assert (left_out["id"], left_out["rows"], left_out["message"][-1]) == (done["step"], 2, ".")
    assert desk.run("exclude_rows", **asked, version=3, dry_run=False)["rows"] == 0
    checked = desk.run("check_draft", draft=draft["id"])
    assert counts(checked) == (10, 4, 5, 1, 3)
    again = {"draft": draft["id"], "undo": done["step"], "version": 3}
    assert desk.run("exclude_rows", **again)["rows"] == 2
    done = desk.run("exclude_rows", **again, dry_run=False)
    assert (done["rows"], done["draft"]["left_out"]) == (2, [])
    assert done["draft"]["corrections"] == {"cells": 1, "excluded": 1}
    assert states(desk.rows(draft["id"], view="all")) | {9: "valid", 10: "excluded"} == {
        2: "valid",
        3: "invalid",
        4: "valid",
        5: "duplicate",
        6: "invalid",
        7: "invalid",
        8: "valid",
        9: "valid",
        10: "excluded",
        11: "invalid",
    }
    assert desk.refused("exclude_rows", **{**again, "version": 4}, dry_run=False)["code"] == "no_such_step"
    assert desk.refused("exclude_rows", draft="x")["code"] == "bad_argument"


def test_what_is_undone_is_as_the_file_has_it_also_after_a_check(desk: Desk) -> None:
    draft = desk.checked(FILE)
    mend(
        desk,
        draft,
        cells=[
            {"line": 2, "column": 1, "value": "Adele"},
            {"line": 3, "column": 2, "value": "b@example.com"},
        ],
    )
    checked = desk.run("check_draft", draft=draft["id"])
    done = mend(desk, checked, undo=[2, 3])
    assert [(row["cells"][:2], row["state"], row["changed"]) for row in done["rows"]] == [
        (["Ada", "ada@example.com"], "valid", []),
        (["Ben", ""], "invalid", []),
    ]
    assert (done["draft"]["corrections"], done["draft"]["corrections_file"]) == ({}, "")
    assert not [path for path in desk.objects(f"desk/{draft['id']}/") if "corrections" in path][1:]
    # the text that the file has is no correction
    same = mend(desk, done["draft"], cells=[{"line": 2, "column": 1, "value": "Ada"}])
    assert same["draft"]["corrections"] == {}


def test_all_cells_alike_are_mended_together_and_once_more(desk: Desk) -> None:
    text = "name,email,country\n" + "".join(
        f"P{number},p{number}@example.com,{'Germoney' if number % 2 else 'France'}\n" for number in range(6)
    )
    draft = desk.checked(text)
    done = mend(desk, draft, alike=[{"column": 3, "from": "Germoney", "to": "Germania"}])
    assert (done["rows"], done["draft"]["corrections"]) == ([], {"alike": 1})
    assert [row["cells"][2] for row in desk.rows(draft["id"], view="all", limit=2)["rows"]] == [
        "France",
        "Germania",
    ]
    done = mend(desk, done["draft"], alike=[{"column": 3, "from": "Germania", "to": "Germany"}])
    desk.run("check_draft", draft=draft["id"])
    page = desk.rows(draft["id"], view="changed")
    assert [(row["line"], row["cells"][2], row["changed"]) for row in page["rows"]] == [
        (3, "Germany", [3]),
        (5, "Germany", [3]),
        (7, "Germany", [3]),
    ]


def test_of_two_windows_that_mend_rows_the_second_loses_nothing_of_the_first(desk: Desk) -> None:
    draft = desk.checked(FILE)
    mend(desk, draft, exclude=[7])
    cells = [{"line": 3, "column": 2, "value": "ben@example.com"}]
    error = desk.refused("correct_rows", draft=draft["id"], version=draft["version"], cells=cells)
    assert error["code"] == "draft_changed"
    now = desk.run("look_at", draft=draft["id"])["draft"]
    done = mend(desk, now, cells=cells)
    assert done["draft"]["corrections"] == {"cells": 1, "excluded": 1}
    assert len([path for path in desk.objects(f"desk/{draft['id']}/") if "corrections" in path]) == 1


BAD_CORRECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no such row": ({"exclude": [99]}, "no_such_row"),
    "a line that is none": ({"exclude": ["two"]}, "bad_corrections"),
    "no such column": ({"cells": [{"line": 2, "column": 9, "value": "x"}]}, "bad_corrections"),
    "no text": ({"cells": [{"line": 2, "column": 1, "value": 7}]}, "bad_corrections"),
    "a zero byte": ({"cells": [{"line": 2, "column": 1, "value": "a\0"}]}, "bad_corrections"),
    "no column": ({"alike": [{"from": "a", "to": "b"}]}, "bad_corrections"),
    "too many rows": ({"exclude": list(range(1, 1_002))}, "too_many_rows"),
}


@pytest.mark.parametrize("case", BAD_CORRECTIONS)
def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(desk: Desk, case: str) -> None:
    changes, code = BAD_CORRECTIONS[case]
    draft = desk.checked(FILE)
    error = desk.refused("correct_rows", draft=draft["id"], version=draft["version"], **changes)
    assert (error["code"], error["message"][-1]) == (code, ".")
    assert not [path for path in desk.objects(f"desk/{draft['id']}/") if "corrections" in path]


def test_rows_cannot_be_listed_or_mended_before_they_were_checked_as_they_are_read_now(desk: Desk) -> None:
    draft = desk.begin(FILE)
    assert desk.refused("list_rows", draft=draft)["code"] == "not_checked"
    assert desk.refused("correct_rows", draft=draft, version=1, exclude=[2])["code"] == "not_checked"
    desk.run("check_draft", draft=draft)
    desk.run(
        "look_at", draft=draft, version=1, changes={"has_header": False, "mapping": {"column_1": "name"}}
    )
    assert desk.refused("correct_rows", draft=draft, version=2, exclude=[2])["code"] == "not_checked"
    assert desk.rows(draft)["outdated"] is True


def test_corrections_are_in_the_way_of_reading_other_rows_until_they_are_given_up(desk: Desk) -> None:
    draft = mend(desk, desk.checked(FILE), exclude=[2, 3])["draft"]
    change = {"delimiter": ";"}
    error = desk.refused("look_at", draft=draft["id"], version=draft["version"], changes=change)
    assert (error["code"], error["message"][:1]) == ("corrections_in_the_way", "2")
    both = {"encoding": "cp1252", "forget_corrections": True}
    look = desk.run("look_at", draft=draft["id"], version=draft["version"], changes=both)
    assert (look["draft"]["corrections"], look["draft"]["settings"]["encoding"]) == ({}, "cp1252")


def test_an_open_question_stops_the_check_with_its_sentence(desk: Desk) -> None:
    error = desk.refused("check_draft", draft=desk.begin("a,b\nx,y\n"))
    assert (error["code"], "mapping" in error["message"]) == ("no_email_column", True)


def test_nothing_is_left_of_a_draft_that_is_dropped(desk: Desk) -> None:
    draft = mend(desk, desk.checked(FILE), exclude=[2])["draft"]
    desk.run("check_draft", draft=draft["id"])
    assert len(desk.objects(f"desk/{draft['id']}/")) > 3
    desk.run("drop_draft", draft=draft["id"])
    assert desk.objects(f"desk/{draft['id']}") == []
    assert desk.refused("list_rows", draft=draft["id"])["code"] == "no_draft"


def test_drafts_are_pruned_once_nobody_has_touched_them_for_so_many_days(desk: Desk) -> None:
    draft = desk.begin(FILE)
    assert desk.run("prune_drafts", days=1) == {"dropped": 0, "cleared": 0, "left": 0, "objects": 0}
    assert desk.objects(f"desk/{draft}/")
    assert desk.refused("prune_drafts", days=0)["code"] == "bad_argument"


def test_formulas_and_markup_in_cells_are_text(desk: Desk) -> None:
    cell = "<img src=x onerror=alert(1)>"
    page = desk.rows(desk.checked(f"name,email\n=1+1,{cell}\n{cell},\n")["id"])
    assert [row["cells"] for row in page["rows"]] == [["=1+1", cell], [cell, ""]]


@pytest.fixture(scope="module")
def large(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[tuple[int, bool]]]:
    """A draft of 100,000 rows, and of each its line and whether it is valid: some lie in heaps."""
    dice = random.Random(7)
    path = Path(desk.session.state) / "objects" / "_default_" / "inbox" / "large.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[int, bool]] = []
    line = 2
    with path.open("w") as file:
        file.write("name,email,remark\n")
        for number in range(100_000):
            is_valid = not (40_000 <= number < 42_000) and dice.random() > 0.01
            remark = '"two\nlines"' if number % 1_000 == 0 else "x"
            address = f"p{number}@example.com" if is_valid else f"p{number}@example"
            file.write(f"Person {number},{address},{remark}\n")
            rows.append((line, is_valid))
            line += 2 if number % 1_000 == 0 else 1
    draft: str = desk.run("start_draft", name="large.csv", file={"s3": "inbox/large.csv"})["draft"]["id"]
    desk.run("check_draft", draft=draft)
    return draft, rows


def test_any_page_of_a_hundred_thousand_rows_is_the_right_one(
    desk: Desk, large: tuple[str, list[tuple[int, bool]]]
) -> None:
    draft, rows = large
    every = [line for line, _ in rows]
    refused = [line for line, is_valid in rows if not is_valid]
    for offset in (0, 499, 39_950, 40_900, 41_990, 99_900, 100_000):
        page = desk.rows(draft, view="all", offset=offset)
        assert (page["total"], lines(page)) == (100_000, every[offset : offset + 200])
    for offset in (0, 480, 900, len(refused) - 5):
        page = desk.rows(draft, offset=offset)
        assert (page["total"], lines(page)) == (len(refused), refused[offset : offset + 200])
        page = desk.rows(draft, offset=offset, column=2)
        assert (page["total"], lines(page)) == (len(refused), refused[offset : offset + 200])
    found = desk.rows(draft, view="all", search="PERSON 9999")
    assert found["total"] == 11


def test_a_reason_of_thousands_of_rows_is_left_out_by_one_call(
    desk: Desk, large: tuple[str, list[tuple[int, bool]]]
) -> None:
    draft, rows = large
    refused = [line for line, is_valid in rows if not is_valid]
    version = desk.run("look_at", draft=draft)["draft"]["version"]
    asked = {"draft": draft, "version": version, "dry_run": False}
    done = desk.run("exclude_rows", **asked, reason="invalid_email")
    assert done["rows"] == len(refused)
    assert lines(desk.rows(draft, view="changed", offset=1_000)) == refused[1_000:1_200]
    undone = desk.run("exclude_rows", **{**asked, "version": version + 1}, undo=done["step"])
    assert (undone["rows"], undone["draft"]["corrections_file"]) == (len(refused), "")


def test_rows_far_apart_are_mended_in_one_step(desk: Desk, large: tuple[str, list[tuple[int, bool]]]) -> None:
    draft, rows = large
    chosen = [line for line, is_valid in rows if not is_valid][::60]
    version = desk.run("look_at", draft=draft)["draft"]["version"]
    cells = [{"line": line, "column": 2, "value": f"m{line}@example.com"} for line in chosen]
    done = desk.run("correct_rows", draft=draft, version=version, cells=cells)
    assert states(done) == dict.fromkeys(chosen, "valid")
    assert lines(desk.rows(draft, view="changed")) == chosen[:200]
