"""The linter in repositories that are kept otherwise than ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mill.commands import mill
from tests.mill.lint.linting import FOLDER, FORM, codes, find, flow, script
from tests.mill.trees import write_tree


@pytest.mark.parametrize(
    "name",
    ["f/a/tests/test_it.py", "f/a/__init__.py", "f/a/grid.app/load.inline_script.py", "u/ann/draft.py"],
)
def test_what_is_no_script_of_the_workspace_is_not_linted(tmp_path: Path, name: str) -> None:
    settings = "includes: ['f/**']\nexcludes: ['**/tests/**', '**/__init__.py']\n"

    assert codes(tmp_path, {"wmill.yaml": settings, name: "def main(a=-1):\n    import requests\n"}) == []


def test_a_folder_of_which_nothing_is_pushed_needs_no_metadata(tmp_path: Path) -> None:
    files = {"wmill.yaml": "includes: ['f/a/**']\n", "f/b/notes.py": "x = 1\n"}

    assert codes(tmp_path, files) == []


def test_a_module_that_does_not_parse_is_reported_where_it_lies_and_not_for_its_importers(
    tmp_path: Path,
) -> None:
    broken = {"f/a/broken.py": "def (:\n", "f/a/broken.script.yaml": FORM}

    found = find(tmp_path, script("from f.a.broken import x\n\n\ndef main():\n    pass\n", **broken))

    assert [(finding.file, finding.code) for finding in found] == [("f/a/broken.py", "WM001")]


def test_a_folder_imported_like_a_module_is_said_to_be_one(tmp_path: Path) -> None:
    nested = {"f/a/rules/prices.py": "x = 1\n", "f/a/rules/prices.script.yaml": FORM}

    (finding,) = find(tmp_path, script("from f.a.rules import prices\n", **nested))

    assert (finding.code, finding.remedy) == ("WM201", "Write `from f.a.rules.prices import ...`.")


@pytest.mark.parametrize(
    ("definition", "name", "expected"),
    [
        ("class weather_station(TypedDict): ...", "weather_station", []),
        ("weather_station = dict", "weather_station", []),
        ("class postgresq(TypedDict): ...", "postgresq", ["Did you mean postgresql? "]),
        ("class WeatherStation(TypedDict): ...", "WeatherStation", [""]),
        ("from stations import weather_station", "weather_station", [""]),
    ],
)
def test_a_resource_type_only_the_workspace_knows_is_believed(
    tmp_path: Path, definition: str, name: str, expected: list[str]
) -> None:
    found = find(tmp_path, script(f"{definition}\n\n\ndef main(a: {name}):\n    pass\n"))

    assert [finding.code for finding in found] == ["WM109"] * len(expected)
    assert [finding.remedy.partition("Name a")[0] for finding in found] == expected


@pytest.mark.parametrize(
    ("settings", "value", "message"),
    [
        ("skipResources: true", "{url: x}", "No push sends this file: wmill.yaml says skipResources."),
        ("{}", "{url: x, token: $var:f/a/token}", None),
        ("{}", "{token: ''}", "A push of this file overwrites the credential in the workspace"),
    ],
)
def test_a_resource_file_is_judged_by_what_a_push_does_with_it(
    tmp_path: Path, settings: str, value: str, message: str | None
) -> None:
    found = find(tmp_path, {"wmill.yaml": f"{settings}\n", "f/a/crm.resource.yaml": f"value: {value}\n"})

    assert [finding.code for finding in found] == (["WM703"] if message else [])
    assert all(finding.message.startswith(message or "") for finding in found)


def test_a_setting_of_a_step_inside_its_value_is_reported(tmp_path: Path) -> None:
    modules = "- id: load\n  value: {type: identity, timeout: 30}"

    (finding,) = find(tmp_path, {"f/a/work__flow/flow.yaml": flow(modules)})

    assert (finding.code, finding.message) == (
        "WM416",
        "timeout stands inside the `value` of load, where Windmill ignores it.",
    )


def test_a_notice_of_the_windmill_cli_does_not_hide_its_report(tmp_path: Path) -> None:
    settings = "includes: ['f/**']\ngitBranches:\n  main: {overrides: {}}\n"
    write_tree(tmp_path, {**FOLDER, **script("def main():\n    pass\n"), "wmill.yaml": settings})

    done = mill("lint", cwd=tmp_path)

    assert [line.split(" ")[:2] for line in done.stdout.splitlines()] == [
        ["f/a/script.script.yaml:1:1:", "WM000"],
        ["wmill.yaml:1:1:", "WM000"],
    ]
    assert "'gitBranches' in wmill.yaml is deprecated." in done.stdout
