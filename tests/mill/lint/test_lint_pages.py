"""What goes wrong with a page is found before the push."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mill.lint.linting import FORM, codes, find
from tests.mill.trees import SETTINGS

PAGE = {
    "f/a/page__raw_app/raw_app.yaml": "summary: A page\npolicy: {execution_mode: viewer}\n",
    "f/a/page__raw_app/index.tsx": "document.title = 'A page';\n",
    "f/a/page__raw_app/package.json": '{"dependencies": {"preact": "1.2.3"}}',
    "f/a/page__raw_app/backend/run.yaml": "type: script\npath: f/a/run\n",
    "f/a/page__raw_app/backend/inline.yaml": "type: inline\n",
    "f/a/run.py": "def main():\n    return 1\n",
    "f/a/run.script.yaml": FORM.replace("f/a/script", "f/a/run"),
    "package-lock.json": json.dumps({"packages": {"node_modules/preact": {"version": "1.2.3"}}}),
}


def test_a_page_that_can_be_pushed_and_says_as_whom_it_runs_is_not_reported(tmp_path: Path) -> None:
    assert codes(tmp_path, PAGE) == []


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("backend/gone.yaml", "type: script\npath: f/a/gone\n", "WM901"),
        ("backend/gone.yaml", "type: flow\npath: f/a/run\n", "WM901"),
        ("backend/gone.yaml", "type: [\n", "WM002"),
        ("package.json", '{"devDependencies": {"preact": "^1.2.3"}}', "WM903"),
        ("package.json", '{"dependencies": {"other": "1.0.0"}}', "WM903"),
        ("package.json", "{", "WM903"),
        ("raw_app.yaml", "summary: A page\n", "WM904"),
        ("raw_app.yaml", "summary: A page\npublic: true\n", None),
    ],
)
def test_what_is_wrong_with_a_page_is_found(tmp_path: Path, file: str, text: str, code: str | None) -> None:
    found = codes(tmp_path, {**PAGE, f"f/a/page__raw_app/{file}": text})
    assert set(found) == ({code} if code else set())


def test_a_page_without_an_entry_is_found_and_one_that_is_not_pushed_is_not(tmp_path: Path) -> None:
    files = {name: text for name, text in PAGE.items() if not name.endswith("index.tsx")}
    assert codes(tmp_path / "pushed", files) == ["WM902"]
    settings = SETTINGS.replace("  - f/**/*__raw_app/raw_app.yaml", "  - f/a/page__raw_app/**")
    assert settings != SETTINGS
    assert codes(tmp_path / "left_out", {**files, "wmill.yaml": settings}) == []


def test_a_finding_names_the_line_and_the_version_to_write(tmp_path: Path) -> None:
    changed = {
        "f/a/page__raw_app/backend/run.yaml": "type: script\npath: f/a/ran\n",
        "f/a/page__raw_app/package.json": '{"dependencies": {"preact": "1.2.4"}}',
    }
    runnable, packages = find(tmp_path, {**PAGE, **changed})
    assert str(runnable) == (
        "f/a/page__raw_app/backend/run.yaml:2:1: WM901 There is no script f/a/ran. Did you mean f/a/run?"
    )
    assert str(packages) == (
        "f/a/page__raw_app/package.json:1:1: WM903 The page is built with preact 1.2.4; package-lock.json "
        'has 1.2.3. Write "preact": "1.2.3".'
    )
