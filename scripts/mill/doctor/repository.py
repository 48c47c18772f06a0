"""The repository: what lies in it, its metadata, the state that runs left, and .env."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from mill.api.storage.values import environment_name
from mill.doctor.finding import Finding
from mill.doctor.machine import shortened, writable
from mill.errors import MillError
from mill.metadata.lock_jobs import LockJobs
from mill.metadata.stand_in import StandIn
from mill.names.aliases import ALIASES, looks_like_ours
from mill.names.environment import JOB_NAMES, VARIABLES, explained
from mill.repository.copying import copy_of
from mill.repository.env_file import env_lines
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import Item, Workspace, defines_main, nearest
from mill.session import STATE_FOLDER
from mill.twins.registry import NAMES as TWINS

GROUP = "This repository"
_TWIN = re.compile(r"/twins/([\w-]+)")
_REFERENCE = re.compile(r"\$(var|res):([\w/.-]+)")


def examine(workspace: Workspace, *, quick: bool) -> Iterator[Finding]:
    """Yield what is found of the repository. `quick` leaves out what takes seconds: the metadata."""
    scripts, flows = sum(map(defines_main, workspace.python_files())), len(workspace.flows())
    yield Finding(GROUP, "wmill.yaml", "ok", f"{shortened(workspace.root)}: {scripts} scripts, {flows} flows")
    if not quick:
        yield _metadata(workspace)
    state = workspace.root / STATE_FOLDER
    yield writable(GROUP, "state of runs", state)
    yield from _stores(state, Path.home() / ".millwright")
    yield _templates(workspace)
    yield from _env_file(workspace.root, _variables(workspace))


def _metadata(workspace: Workspace) -> Finding:
    """Ask the CLI, by its hashes; `mill metadata --check` makes everything anew and takes longer."""
    try:
        with copy_of(workspace.root) as copy, StandIn(LockJobs(copy)) as server:
            done = WmillCli(workspace.root).run(
                "generate-metadata", "--dry-run", "--yes", cwd=copy, remote=server.remote
            )
    except MillError:
        return Finding(GROUP, "metadata", "warning", "not looked at: that needs the Windmill CLI")
    if done.exit_code:
        text = f"wmill generate-metadata: {done.output.splitlines()[-1] if done.output else 'no answer'}"
        return Finding(GROUP, "metadata", "missing", text, "mill metadata")
    if "up-to-date" in done.output:
        return Finding(GROUP, "metadata", "ok", "forms and locks fit the code")
    text = "forms or locks are older than the code"
    return Finding(GROUP, "metadata", "missing", text, "mill metadata", "forms and locks fit the code again")


def _stores(*folders: Path) -> Iterator[Finding]:
    """Yield whether the databases that runs left can be read."""
    files = [file for folder in folders for file in sorted(folder.rglob("*.sqlite"))]
    broken = {file: why for file in files if (why := _damage(file))}
    for file, why in broken.items():
        remedy = f"mv {shortened(file)} {shortened(file)}.damaged"
        yield Finding(GROUP, "store", "missing", f"{shortened(file)} cannot be read: {why}", remedy)
    if files and not broken:
        yield Finding(GROUP, "stores", "ok", f"{len(files)} can be read")


def _damage(file: Path) -> str:
    """Return what is wrong with a database, empty if nothing."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=2)) as database:
            [(said,)] = database.execute("PRAGMA quick_check(1)")
    except (sqlite3.Error, ValueError) as error:
        return str(error)
    return "" if said == "ok" else str(said)


def _templates(workspace: Workspace) -> Finding:
    """Say whether what runs on this machine find by default is whole."""
    folder = workspace.root / "resources" / "mock"
    resources, variables = workspace.resources(folder), workspace.variables(folder)
    lacking = [line for item in resources for line in _lacks(item, resources, variables)]
    if lacking:
        return Finding(GROUP, "resources/mock", "missing", "; ".join(lacking), "mill docs names")
    if not resources:
        return Finding(GROUP, "resources/mock", "warning", "no resources to practise with")
    text = f"{len(resources)} resources to practise with, each whole"
    return Finding(GROUP, "resources/mock", "ok", text)


def _lacks(item: Item, resources: list[Item], variables: list[Item]) -> Iterator[str]:
    text = item.file.read_text("utf-8")
    known = {"var": {one.path for one in variables}, "res": {one.path for one in resources}}
    for kind, path in _REFERENCE.findall(text):
        if path not in known[kind]:
            yield f"{item.path} refers to {path}, which is not there"
    for twin in _TWIN.findall(text):
        if twin not in TWINS:
            yield f"{item.path} is served by the twin {twin}, which there is not"


def _variables(workspace: Workspace) -> set[str]:
    folders = [workspace.root / "resources" / name for name in ("mock", "live")]
    return {item.path for folder in folders for item in workspace.variables(folder)} | VARIABLES.keys()


def _env_file(root: Path, variables: set[str]) -> Iterator[Finding]:
    file = root / ".env"
    if not file.is_file():
        yield Finding(GROUP, ".env", "ok", "none, and none is needed: .env.example has the names")
        return
    lines = list(env_lines(file))
    named = {line.name: line.value for line in lines if line.name}
    yield Finding(GROUP, ".env", "ok", f"{len(named)} names are read")
    if unread := [line.number for line in lines if not line.name]:
        numbers = f"lines that give no name a value: {len(unread)}, the first is line {unread[0]}"
        yield Finding(GROUP, ".env", "warning", numbers, "In .env: write NAME=value, or # before a comment.")
    yield from _strange_names(named, variables)
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(GROUP, ".env", "warning", "others on this machine can read it", "chmod 600 .env")
    if _would_be_committed(root):
        text = "git would commit it"
        yield Finding(GROUP, ".env", "warning", text, "echo .env >> .gitignore", "no secret is committed")


def _would_be_committed(root: Path) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    done = subprocess.run(  # noqa: S603 - the user's own git, with words of ours
        [git, "check-ignore", "--quiet", ".env"], cwd=root, check=False, capture_output=True
    )
    return done.returncode == 1


def _strange_names(lines: Mapping[str, str], variables: set[str]) -> Iterator[Finding]:
    """Yield the names that nothing reads: most often a slip of the pen."""
    ours = {environment_name(path) for path in variables}
    known = ours | ALIASES.keys() | JOB_NAMES.keys()
    for name in lines:
        is_ours = looks_like_ours(name) and name.startswith("MILL_VAR_")
        if name in known or (not is_ours and explained(name)):
            continue
        close = nearest(name, known, 1)
        hint = f"Did you mean {close[0]}?" if close else "docs/names.md lists the names."
        yield Finding(GROUP, ".env", "warning", f"nothing reads {name}", f"In .env: {name}. {hint}")
