"""The page's bundle: made once of the same sources, whole or not at all, and no larger than it may be."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from mill.desk import bundling
from mill.desk.bundling import LARGEST_SCRIPT, Bundler
from mill.desk.served import APP as DESK
from mill.errors import MillError
from mill.repository.raw_apps import RawApp, raw_app
from mill.repository.workspace import Workspace
from tests.mill.desk.tiny_app import APP, TINY
from tests.mill.trees import REPOSITORY, write_tree


@pytest.fixture
def app(tmp_path: Path) -> RawApp:
    found = raw_app(Workspace(write_tree(tmp_path / "tree", TINY)), DESK)
    assert found is not None
    return found


def test_the_same_sources_are_bundled_once_and_what_older_ones_made_is_removed(
    app: RawApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Any] = []
    real = subprocess.run

    def counted(command: list[str], **options: Any) -> Any:
        if "bundle.mjs" in command[-1]:
            runs.append(command)
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    folder = tmp_path / "state" / "desk"
    first = Bundler(app, folder).bundle()
    assert Bundler(app, folder).bundle() == first
    (app.folder / "backend" / "greet.yaml").write_text("type: script\npath: f/desk/other\n", "utf-8")
    assert Bundler(app, folder).bundle() == first  # what it runs is no part of the page
    assert len(runs) == 1
    (app.folder / "index.css").write_text("h2 { color: red }", "utf-8")
    second = Bundler(app, folder).bundle()
    assert (len(runs), second.styles) == (2, b"h2{color:red}\n")
    assert [place.name for place in folder.iterdir()] == [second.digest]


def test_a_page_without_styles_and_one_whose_parts_import_the_server_from_below_are_bundled(
    app: RawApp, tmp_path: Path
) -> None:
    (app.folder / "index.tsx").write_text("import './parts/one';\n", "utf-8")
    (app.folder / "parts").mkdir()
    (app.folder / "parts" / "one.ts").write_text(
        "import { backend } from '../wmill';\nbackend.x({});\n", "utf-8"
    )
    made = Bundler(app, tmp_path / "desk").bundle()
    assert made.styles == b""
    assert b"/desk/run/" in made.script


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ("import { x } from 'no-such-package';\nx();\n", "If a package is missing, run `make desk`"),
        ("const a = ;\n", "index.tsx:1:10"),
        (None, "has no index.tsx"),
    ],
)
def test_a_fault_in_the_sources_leaves_no_bundle(
    app: RawApp, tmp_path: Path, index: str | None, sentence: str
) -> None:
    file = app.folder / "index.tsx"
    file.unlink() if index is None else file.write_text(index, "utf-8")
    with pytest.raises(MillError, match=r"[\s\S]*" + sentence):
        Bundler(app, tmp_path / "desk").bundle()
    assert list((tmp_path / "desk").glob("*")) == []


def test_without_esbuild_a_sentence_says_how_to_get_it(
    app: RawApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bundle.mjs"  # as in a checkout whose packages are not installed
    program.write_bytes((REPOSITORY / "scripts" / "mill" / "desk" / "bundle.mjs").read_bytes())
    monkeypatch.setattr(bundling, "_PROGRAM", program)
    with pytest.raises(
        MillError, match="esbuild, which is not installed: run `make desk`, or `npm ci`"
    ) as error:
        Bundler(app, tmp_path / "desk").bundle()
    assert error.value.exit_code == 3


def test_our_page_is_no_larger_than_it_may_be(tmp_path: Path) -> None:
    app = raw_app(Workspace(REPOSITORY), DESK)
    assert app is not None
    made = Bundler(app, tmp_path).bundle()
    assert 0 < len(made.script) <= LARGEST_SCRIPT, made.sizes
    assert b"http://" not in made.script.replace(b"http://www.w3.org/", b"")


def test_the_sources_of_an_app_are_what_a_push_sends(app: RawApp) -> None:
    for name in ("node_modules/preact/index.js", "dist/bundle.js", "package-lock.json", "wmill.d.ts"):
        file = app.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", "utf-8")
    ours = {name.removeprefix(f"{APP}/") for name in TINY if name.startswith(APP)}
    assert set(app.sources()) == ours - {"raw_app.yaml", "backend/greet.yaml"}
