"""All pages that are written from the code, by the name of their command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mill.architecture.house import read_house
from mill.architecture.page import write as architecture_page
from mill.architecture.picture import draw
from mill.architecture.survey import survey
from mill.manual import inputs, lint_codes, names, reasons
from mill.repository.workspace import Workspace


def architecture(workspace: Workspace, page: Path | None = None) -> dict[Path, str]:
    """Return the page of the folders and its picture, by file."""
    house = read_house(workspace.root)
    measured = survey(workspace, house)
    page = page or workspace.root / "docs" / "architecture.md"
    picture = page.with_suffix(".svg")
    return {page: architecture_page(measured, house, workspace.root, picture.name), picture: draw(measured)}


def _inputs(workspace: Workspace) -> dict[Path, str]:
    return {workspace.root / "docs" / "inputs.md": inputs.write(workspace)}


def _lint_codes(workspace: Workspace) -> dict[Path, str]:
    return {workspace.root / "docs" / "lint-codes.md": lint_codes.write()}


def _reasons(workspace: Workspace) -> dict[Path, str]:
    page = workspace.root / "docs" / reasons.PAGE
    return {page: reasons.write(page.read_text("utf-8") if page.is_file() else "", workspace.root)}


PAGES: dict[str, Callable[[Workspace], dict[Path, str]]] = {
    "architecture": architecture,
    "inputs": _inputs,
    "lint-codes": _lint_codes,
    "names": names.files,
    "reasons": _reasons,
}


def outdated(wanted: dict[Path, str]) -> list[Path]:
    """Return the files that are not there or hold something else."""
    return [file for file, text in wanted.items() if not file.is_file() or file.read_text("utf-8") != text]


def refresh(workspace: Workspace, names: Sequence[str] = tuple(PAGES)) -> list[Path]:
    """Bring pages up to date, and return the files that were written."""
    written = []
    for name in names:
        wanted = PAGES[name](workspace)
        for file in outdated(wanted):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[file], "utf-8")
            written.append(file)
    return written
