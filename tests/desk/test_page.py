"""The first half of the import desk's page in a Chromium: begin an import, read its file, map its columns.

What people do is in page/browser.mjs, a scene each; page/answers.ts stands in for the server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import foreign

HERE = Path(__file__).parent / "page"
APP = foreign.ROOT / "f" / "customers" / "import_desk__raw_app"
SECONDS = 150
ID = "20261129-120000-0badcafe"


def seen_in(scene: str, scheme: str = "light", width: int = 1280) -> dict[str, Any]:
    """Play a scene and return what it saw; the page must not have complained, of its policy neither."""
    command = foreign.node(HERE / "browser.mjs", "playwright-core", "esbuild", "preact", "axe-core")
    environ = {"BROWSER": foreign.browser(), "SCENE": scene, "SCHEME": scheme, "WIDTH": str(width)}
    done = subprocess.run(
        command,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert {name: found for name, found in seen["axe"].items() if found} == {}
    assert {name for name, too_wide in seen["wide"].items() if too_wide} == set()
    return seen


def test_the_page_is_typed() -> None:
    compiler = foreign.ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = foreign.node(compiler, "typescript", "preact")
    done = subprocess.run(
        [*command, "--noEmit", "-p", APP], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout


def test_nothing_of_a_file_can_become_markup_or_a_call_elsewhere() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacent|dangerously|document\.write|eval\(|new Function|https?://(?!…)|\bfetch\("
    )
    sources = [file for file in APP.rglob("*") if file.suffix in (".ts", ".tsx", ".css")]
    found = [
        f"{file.relative_to(APP)}:{number}: {line.strip()}"
        for file in sources
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert sources
    assert found == []


def test_only_one_module_of_the_page_reaches_the_server() -> None:
    reaching = [
        file.name for file in APP.rglob("*.ts*") if re.search(r'from "[./]+wmill"', file.read_text("utf-8"))
    ]
    assert reaching == ["server.ts"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_step_can_be_read_by_all_and_keeps_to_its_width(scheme: str, width: int) -> None:
    seen = seen_in("looks", scheme, width)
    assert set(seen["axe"]) == {"start", "dialog", "reading", "refused", "columns", "clash"}
    assert seen["encoding"] == ""  # what was refused is not shown as chosen
    assert (seen["images"], seen["markup"]) == (0, 1)  # a cell is text


def test_a_change_names_the_version_that_it_was_made_of() -> None:
    seen = seen_in("changes")
    first, *changes = seen["looks"]
    assert first == {"draft": ID}
    assert changes == [
        {"draft": ID, "version": 1, "changes": {"encoding": "windows-1250"}},
        {"draft": ID, "version": 2, "changes": {"delimiter": "|"}},
        {"draft": ID, "version": 3, "changes": {"header_row": 3, "has_header": True}},
    ]
    assert seen["shown"] == ["windows-1250", "|", "3"]


def test_the_file_of_a_zip_is_chosen_from_those_that_are_in_it() -> None:
    seen = seen_in("zip", "dark", 390)
    first, second, third = [row.split() for row in seen["offered"]]
    assert (first, third) == (["customers.csv", "48.2", "kB", "Choose"], ["readme.md", "310", "B", "Choose"])
    assert second[1:] == ["2.4", "GB", "Choose"]
    assert (seen["locked"], seen["chosen"]) == (True, ["readme.md", "readme.md, 310 B"])
    assert seen["looks"][-1] == {"draft": ID, "version": 1, "changes": {"sheet": "readme.md"}}


def test_columns_find_their_fields_by_answer_choice_and_drag() -> None:
    seen = seen_in("columns")
    assert seen["locked"]
    assert seen["unchanged"] == "company"
    assert seen["left"] == "Town"
    assert seen["mapping"] == {
        "E-Mail": "email",
        "Company": "city",
        "Town": "",
        "(column 12)": "custom: Shoe size",
        "VIP": "notes",
    }
    assert seen["checked"] == 1


def test_a_file_is_chosen_and_read_without_a_mouse() -> None:
    seen = seen_in("keyboard")
    assert (seen["first"], seen["main"], seen["chooser"]) == ("To the content", "main", "Choose a file")
    assert seen["heading"] == "How the file is read"


def test_a_larger_file_goes_up_packed_and_is_joined() -> None:
    seen = seen_in("parts")
    assert seen["begun"] == [{"name": "large.csv", "size": 3_500_000}]
    (finished,) = seen["finished"]
    assert (finished["draft"], finished["parts"], finished["packed"]) == (ID, 1, True)  # it packs well
    assert finished["size"] < 100_000  # what was sent


def test_an_upload_that_is_canceled_stops_and_is_deleted() -> None:
    seen = seen_in("canceled")
    assert 0 < seen["value"] < 1
    assert seen["dropped"] == [{"draft": ID}]
    assert seen["sent"] == 4  # two at once


def test_an_upload_that_was_interrupted_goes_on_with_what_is_missing() -> None:
    seen = seen_in("interrupted")
    assert seen["drafts"] == 1
    assert seen["parts"] == sorted([*range(8), 4])


def test_an_upload_of_another_day_goes_on_in_its_import() -> None:
    seen = seen_in("unfinished")
    assert seen["drafts"] == 0
    assert [one["draft"] for one in seen["finished"]] == [ID]


def test_a_refusal_is_said_where_the_person_looks_with_a_way_on() -> None:
    assert seen_in("refusals")["empty"].startswith("customers.csv is empty: it has 0 bytes.")


def test_one_file_can_be_dropped_and_no_more() -> None:
    seen = seen_in("dropped")
    assert (seen["none"], seen["begun"]) == (0, [["one.csv", 12, "Name;E-Mail\n"]])


def test_a_lost_connection_is_waited_for_and_a_change_is_never_made_twice() -> None:
    assert seen_in("lost")["changes"] == 0


def test_nothing_moves_that_nobody_moved() -> None:
    assert seen_in("steady")["shift"] < 0.01
