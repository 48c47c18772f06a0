"""Finds what a person wants to run, and says for a near miss which command is meant."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path
from typing import Literal

from mill.errors import MillError
from mill.repository.workspace import AREAS, MARKER, Workspace, clean_path, is_part

Kind = Literal["flow", "script"]

# What no JSON and no run file is ever called, and what an import reads.
_TABLES = {".csv", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".xls", ".ods", ".gz", ".zip"}
_UNSAID = {"", ".txt", ".dat", ".data", ".out"}  # endings that say nothing: the first line does
_CELLS = re.compile(rb"[^\r\n{}]*[,;\t|][^\r\n{}]*\r?\n")
_RUN_FILE = re.compile(r"^(?:flow|script): *\S", re.MULTILINE)
_BEGINNING = 4096  # bytes that show what a file is


def find_runnable(workspace: Workspace, kind: Kind, path: str) -> str:
    """Return the path of a flow or script.

    MillError naming the right command where `path` is something else, or the nearest names.
    """
    try:
        return _find(workspace, kind, path)
    except MillError:
        refuse_table(Path(path), f"a {kind}")
        meant = _meant(workspace, kind, path)
        if meant is None:
            raise
        raise MillError(meant) from None


def refuse_table(file: Path, wanted: str) -> None:
    """MillError with the command that imports the file, if it is one of rows; `wanted` is what it is not."""
    if is_table(file):
        name = f"./{file}" if str(file).startswith("-") else str(file)
        raise MillError(
            f"{file} is a table and not {wanted}. This imports it: mill import {shlex.quote(name)}"
        )


def refuse_runnable(file: Path) -> None:
    """MillError with the command that runs it, if a flow or a script is given as a run file."""
    try:
        workspace = Workspace.find()
    except MillError:
        return
    found = _runnable(workspace, file, ("flow", "script"))
    if found is not None:
        kind, name = found
        raise MillError(f"{file} is a {kind}, not a run file. This runs it: {_command(kind, name)}")


def is_table(file: Path) -> bool:
    """Return whether a file, which may be missing, is one of rows: by its ending, or by its first line."""
    try:
        ending = file.suffix.lower()
        if ending not in _TABLES | _UNSAID or not file.is_file():
            return False
        with file.open("rb") as opened:
            beginning = opened.read(_BEGINNING).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (OSError, ValueError):  # a name no file can have
        return False
    return ending in _TABLES or bool(_CELLS.match(beginning) and not beginning.startswith(b"["))


def complete_flow(incomplete: str) -> list[str]:
    """Return the flows whose path begins so, for a shell."""
    return _complete("flow", incomplete)


def complete_script(incomplete: str) -> list[str]:
    """Return the scripts whose path begins so, for a shell."""
    return _complete("script", incomplete)


def _complete(kind: Kind, incomplete: str) -> list[str]:
    try:
        workspace = Workspace.find()
        known = workspace.flows() if kind == "flow" else workspace.scripts()
    except MillError:
        return []  # outside of a workspace there is nothing to name
    return [path for path in known if path.startswith(incomplete)]


def _find(workspace: Workspace, kind: Kind, path: str) -> str:
    return workspace.flow(path).path if kind == "flow" else workspace.script(path).path


def _meant(workspace: Workspace, kind: Kind, path: str) -> str | None:
    """Return a sentence with the command that is meant; None where nobody knows."""
    found = _runnable(workspace, Path(path), ("script", "flow"))
    if found is None:
        return _of_run_file(Path(path), kind)
    meant, name = found
    what = f"is the {kind} {name}" if meant == kind else f"is a {meant}, not a {kind}"
    return f"{path} {what}. This runs it: {_command(meant, name)}"


def _command(kind: Kind, name: str) -> str:
    return f"mill {kind} run {shlex.quote(name)}"


def _runnable(workspace: Workspace, file: Path, kinds: tuple[Kind, ...]) -> tuple[Kind, str] | None:
    """Return what a Windmill path, a file or a folder stands for, and its Windmill path."""
    for path in (*_of_file(workspace, file), file.as_posix()):
        for kind in kinds:
            with contextlib.suppress(MillError):
                return kind, _find(workspace, kind, path)
    return None


def _of_file(workspace: Workspace, file: Path) -> list[str]:
    """Return the Windmill path that a file or folder on disk has, if it has any."""
    try:
        inside = file.resolve().relative_to(workspace.root) if file.exists() else Path()
    except (OSError, ValueError):
        return []
    if not inside.parts or inside.parts[0] not in AREAS:
        return []
    if is_part(inside):  # a step, or the flow.yaml: the flow is meant
        inside = next(folder for folder in inside.parents if not is_part(folder))
    return [clean_path(inside.as_posix())]


def _of_run_file(file: Path, kind: Kind) -> str | None:
    if file.suffix not in {".yaml", ".yml"} or file.name == MARKER or not file.is_file():
        return None
    if _RUN_FILE.search(file.read_text("utf-8", errors="replace")) is None:
        return None
    return f"{file} is a run file, not a {kind}. This runs it: mill run {shlex.quote(str(file))}"
