"""What `wmill generate-metadata` makes of a workspace, worked out in a copy.

Everything is generated anew (the copy's wmill-lock.yaml forgets what is regenerated), so the result
depends on the tree alone: a schema edited by hand is put right even if its hash was refreshed.
"""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ruamel.yaml import YAML

from mill.errors import MillError
from mill.locks.resolve import CONSTRAINTS
from mill.metadata.lock_jobs import LockJobs
from mill.metadata.reach import reachable
from mill.metadata.stand_in import StandIn
from mill.repository.raw_apps import SETTINGS as RAW_APP
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import FLOW_SUFFIXES, MARKER, Workspace, hint
from mill.repository.yaml_file import parse_yaml, read_mapping

HASHES = "wmill-lock.yaml"

# What of a repository the CLI looks at; the rest need not be copied.
_FOLDERS = ("f", "u", "g", "dependencies")
_FILES = ("wmill.yaml", HASHES, CONSTRAINTS)


@dataclass(frozen=True, slots=True)
class Change:
    """A file that regeneration would change; None stands for a file that is not there."""

    path: PurePosixPath
    before: str | None
    after: str | None

    def diff(self) -> str:
        """Return a unified diff."""
        name = str(self.path)
        return "".join(
            difflib.unified_diff(
                _lines(self.before),
                _lines(self.after),
                f"{name} (as it is)" if self.before is not None else "/dev/null",
                f"{name} (regenerated)" if self.after is not None else "/dev/null",
            )
        )

    def apply(self, root: Path) -> None:
        """Write the file, or remove it."""
        target = root / self.path
        if self.after is None:
            target.unlink()
        else:
            target.write_text(self.after, encoding="utf-8", newline="\n")


def regenerate(root: Path, paths: Sequence[str] = ()) -> list[Change]:
    """Return what brings metadata, locks and hashes up to date; the workspace is not touched.

    `paths` are folders, scripts or flow folders relative to `root`; none means everything. MillError where
    a script cannot be locked or parsed: then there is no result at all.
    """
    scopes = _scopes(root, paths)
    with tempfile.TemporaryDirectory(prefix="mill-metadata-") as folder:
        copy = Path(folder)
        _copy(root, copy)
        if scopes:
            _drop_unreached(copy, scopes)
        _forget_hashes(copy / HASHES, scopes)
        before = _contents(copy) | _hashes(root)
        jobs = LockJobs(copy)
        with StandIn(jobs) as server:
            cli = WmillCli(root)
            for scope in scopes or [""]:
                options = ["--yes", "--parallel", "4"]
                if scope:
                    options += [scope, "--strict-folder-boundaries"]
                done = cli.run("generate-metadata", *options, cwd=copy, remote=server.remote)
                if done.exit_code:
                    said = MillError(f"`wmill generate-metadata` failed:\n{done.output}", exit_code=1)
                    raise jobs.explain() or said
        after = _contents(copy) | _hashes(copy)
    changed = sorted(path for path in before.keys() | after.keys() if _differs(path, before, after))
    return [
        Change(PurePosixPath(path), before.get(path), after.get(path))
        for path in changed
        if path == HASHES or not scopes or any(_inside(path, scope) for scope in scopes)
    ]


def _differs(path: str, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Return whether a file changes.

    Of a flow.yaml, which no hash covers, the way it is written does not count.
    """
    old, new = before.get(path), after.get(path)
    if old == new or old is None or new is None or not path.endswith("/flow.yaml"):
        return old != new
    return bool(parse_yaml(old, path) != parse_yaml(new, path))


def _copy(root: Path, copy: Path) -> None:
    for name in _FOLDERS:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in _FILES:
        if (root / name).is_file():
            shutil.copyfile(root / name, copy / name)
    _show_pages(copy / MARKER)


def _show_pages(settings: Path) -> None:
    """Let the CLI see the settings of pages, by which it finds them: without a hash of them a push warns."""
    known = read_mapping(settings)
    excludes = known.get("excludes")
    if isinstance(excludes, list):
        known["excludes"] = [one for one in excludes if not str(one).endswith(RAW_APP)]
        with settings.open("w", encoding="utf-8") as stream:
            YAML().dump(known, stream)


def _drop_unreached(copy: Path, scopes: Sequence[str]) -> None:
    """Take away the code that the scopes do not import: the CLI would read all of it for each of them."""
    kept = reachable(copy, scopes)
    for folder in _FOLDERS:
        for file in (copy / folder).rglob("*.py"):
            if file not in kept:
                file.unlink()


def _contents(copy: Path) -> dict[str, str]:
    """Return the text of every file that metadata consists of: never code."""
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for file in (copy / folder).rglob("*"):
            if file.suffix in {".yaml", ".lock"}:
                found[file.relative_to(copy).as_posix()] = file.read_text(encoding="utf-8")
    return found


def _hashes(root: Path) -> dict[str, str]:
    file = root / HASHES
    return {HASHES: file.read_text(encoding="utf-8")} if file.is_file() else {}


def _forget_hashes(file: Path, scopes: Sequence[str]) -> None:
    """Without its hash an item is stale: the CLI regenerates it."""
    known = YAML(typ="safe").load(file) if scopes and file.is_file() else None
    locks = (known or {}).get("locks") or {}
    kept = {key: value for key, value in locks.items() if not any(_inside(key, scope) for scope in scopes)}
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump({"version": "v2", "locks": kept}, stream)


def _scopes(root: Path, paths: Sequence[str]) -> list[str]:
    scopes = [_scope(root, path) for path in paths]
    return [] if "" in scopes else scopes


def _scope(root: Path, path: str) -> str:
    """Return a path as the CLI takes it: a folder, a flow folder, or a script without its extension."""
    given = Path(path).resolve()
    target = given if given.exists() else (root / path).resolve()
    if not target.is_relative_to(root.resolve()):
        raise MillError(f"{path} is not inside the workspace {root}.")
    if not target.exists() and not target.with_suffix(".py").exists():
        workspace = Workspace(root)
        names = [*workspace.scripts(), *workspace.flows()]
        raise MillError(f"There is no {path} in the workspace {root}.{hint(path.strip('/'), names)}")
    relative = target.relative_to(root.resolve()).as_posix()
    if relative == ".":
        return ""
    for suffix in FLOW_SUFFIXES:
        flow, in_flow, _ = relative.partition(f"{suffix}/")
        if in_flow:
            return f"{flow}{suffix}"
    return relative if target.is_dir() else relative.split(".")[0]


def _inside(path: str, scope: str) -> bool:
    """Return whether a file or key of wmill-lock.yaml (`f/a/s`, `f/a/x__flow+step.py`) is in a scope."""
    return path == scope or path.startswith((f"{scope}/", f"{scope}.", f"{scope}+"))


def _lines(text: str | None) -> list[str]:
    if text is None:
        return []
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
