"""What `mill bench jobs` counts, on a workspace of two scripts."""

from __future__ import annotations

import json
from pathlib import Path

from mill.bench.jobs import Start
from tests.mill.commands import mill, mill_here
from tests.mill.trees import write_tree

SCRIPTS = {
    "f/demo/do_nothing.py": "def main() -> None: ...",
    "f/demo/greet_guest.py": """
        from f.demo.texts.hello import HELLO


        def main() -> str:
            from f.demo import late

            return HELLO + late.WORLD
        """,
    "f/demo/texts/hello.py": "from f.demo.words import WORD\n\nHELLO = WORD",
    "f/demo/words.py": "WORD = 'Hello'",
    "f/demo/late.py": "WORLD = 'world'",
}


def test_modules_are_counted_until_main_is_defined(tmp_path: Path) -> None:
    done = mill("bench", "jobs", "--rounds", "1", "--json", cwd=write_tree(tmp_path, SCRIPTS))
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["most_modules_script"] == "f/demo/greet_guest"
    assert figures["most_modules"] == figures["modules:f/demo/greet_guest"] == 2
    assert figures["modules:f/demo/do_nothing"] == 0
    slowest = figures["job_import_script"]  # which one it is depends on what else the machine does
    # In one round it may also have been faster than the empty one beside it.
    most = max(figure for key, figure in figures.items() if key.startswith("ms:"))
    assert figures["job_import_ms"] == figures[f"ms:{slowest}"] == most
    assert figures["job_vs_empty_worst"] > 0


def test_a_folder_in_the_way_takes_a_request_more(tmp_path: Path) -> None:
    root = write_tree(tmp_path, SCRIPTS)
    done = mill_here("bench", "jobs", "f/demo/greet_guest", "--rounds", "1", cwd=root)
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if "greet_guest" in line)
    assert row.replace("│", " ").split()[1:4:2] == ["2", "3"]  # hello, words; f.demo.texts is a folder


def test_a_script_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path, {"f/demo/break_it.py": "import f.demo.gone.x\n\n\ndef main() -> None: ...\n1 / 0"}
    )
    done = mill_here("bench", "jobs", "--rounds", "1", cwd=root)
    assert done.returncode == 1
    assert done.stderr == "mill: f/demo/break_it cannot be imported: ZeroDivisionError: division by zero\n"


def test_a_workspace_with_nothing_to_start_is_told_so(tmp_path: Path) -> None:
    done = mill_here("bench", "jobs", cwd=write_tree(tmp_path, {}))
    assert done.returncode == 2
    assert "no Python script" in done.stderr


def test_each_start_is_held_against_the_empty_one_beside_it() -> None:
    start = Start(times=[300.0, 90.0, 110.0], empty=[200.0, 30.0, 50.0])
    assert (start.above_empty, start.over_empty) == (60.0, 2.2)
