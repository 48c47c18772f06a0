"""This machine: Python and its packages, Node and the Windmill CLI, a port, folders that can be written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from mill.doctor.finding import Finding
from mill.engine.processes.environments import cache_folder
from mill.errors import MillError
from mill.listening import HOST, listen
from mill.repository.wmill_cli import OWN_REPOSITORY, WmillCli

GROUP = "This machine"
OLDEST_PYTHON = (3, 11)
PORT = 8000
_LOCKS = ("requirements.lock", "requirements.test.lock")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)
_FEW = 3


def examine(root: Path) -> Iterator[Finding]:
    """Yield what is found of this machine, for a repository at `root`."""
    yield _python()
    yield from _packages(OWN_REPOSITORY)
    yield from _node()
    yield _wmill(root)
    yield _port()
    yield writable(GROUP, "cache of environments", cache_folder())


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding(GROUP, "Python", "missing", f"{running}; 3.11 or newer is needed", "make setup")
    return Finding(GROUP, "Python", "ok", running)


def _packages(home: Path) -> Iterator[Finding]:
    """Compare what is installed with the first lock; the second is for tests, and only then to be met."""
    lock = home / _LOCKS[0]
    if not lock.is_file():
        return
    absent, other = compare(lock.read_text("utf-8"), _installed())
    if absent or other:
        some = ", ".join(sorted(absent or other)[:_FEW])
        told = f"{len(absent)} not installed" if absent else f"{len(other)} in other versions than the lock"
        text = f"{told}, such as {some}"
        yield Finding(GROUP, "packages", "missing" if absent else "warning", text, "make setup")
    else:
        yield Finding(GROUP, "packages", "ok", f"all of {lock.name}, in its versions")


def compare(lock: str, installed: dict[str, str]) -> tuple[set[str], set[str]]:
    """Return which packages of a lock are not installed, and which are in another version."""
    wanted: dict[str, str] = {
        canonicalize_name(name): version
        for name, version, marker in _PIN.findall(lock)
        if not marker or Marker(marker.strip()).evaluate()
    }
    absent = {name for name in wanted if name not in installed}
    other = {name for name, version in wanted.items() if name in installed and installed[name] != version}
    return absent, other


def _installed() -> dict[str, str]:
    return {canonicalize_name(one.metadata["Name"]): one.version for one in metadata.distributions()}


def _node() -> Iterator[Finding]:
    """Say which Node there is; that there is none, or an old one, is said of the CLI that needs it."""
    node = shutil.which("node")
    if node is not None:
        said = subprocess.run(  # noqa: S603 - the node on PATH, with words of ours
            [node, "--version"], capture_output=True, text=True, check=False
        )
        yield Finding(GROUP, "Node", "ok", said.stdout.strip().removeprefix("v") or "there")


def _wmill(root: Path) -> Finding:
    try:
        cli = WmillCli(root)
        version = cli.run("version", cwd=root if root.is_dir() else None).stdout
    except MillError as error:
        return Finding(
            GROUP,
            "Windmill CLI",
            "warning",
            str(error),
            "npm ci",
            "the Windmill CLI: needed to deploy, and by mill metadata and mill lint",
        )
    found = re.search(r"\d+\.\d+\.\d+", version)
    return Finding(GROUP, "Windmill CLI", "ok", f"wmill {found[0]}" if found else "wmill")


def _port() -> Finding:
    try:
        listen(PORT).close()
    except MillError:
        text = f"port {PORT} on {HOST} is in use: mill serve needs another"
        return Finding(GROUP, "port", "warning", text, "mill serve --port 0")
    return Finding(GROUP, "port", "ok", f"{PORT} is free for mill serve")


def writable(group: str, name: str, folder: Path) -> Finding:
    """Return whether a folder, or the nearest one above it that there is, can be written."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(group, name, "ok", f"{shortened(folder)} can be written")
    text = f"{shortened(folder)} cannot be written"
    return Finding(group, name, "missing", text, f"Make {shortened(folder)} writable for this user.")


def shortened(path: Path) -> str:
    """Return a path as people write it: with ~ for the home."""
    home = str(Path.home())
    return f"~{str(path)[len(home) :]}" if str(path).startswith(f"{home}/") else str(path)
