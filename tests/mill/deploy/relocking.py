"""Dependency jobs: who deploys a library makes the server resolve everything that imports it anew.

The index of this stand-in has moved on since the locks were made: it has a newer version of every package.
Only what a script pins comes out as it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Any

from mill.locks.imports import ImportScan, Script, visible_source

NEWER = "9999.1"

_IMPORT = re.compile(r"^(?:from|import) (f\.[\w.]+)", re.MULTILINE)
_PIN = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?==(\S+)")


class Relocking:
    """The dependency jobs of one workspace. They wait until somebody looks: servers debounce them."""

    def __init__(self, scripts: dict[str, dict[str, Any]]) -> None:
        self._scripts = scripts
        self._waiting: set[str] = set()
        self._pins: dict[tuple[str, str], dict[str, str]] = {}
        self.jobs = 0

    def deployed(self, path: str) -> None:
        """Note that all that imports this, over any number of steps, has to be resolved anew."""
        importers = self._importers()
        todo = [path]
        while todo:
            for importer in importers[todo.pop()] - self._waiting:
                self._waiting.add(importer)
                todo.append(importer)

    def run(self) -> None:
        """Run the jobs that wait."""
        waiting, self._waiting = self._waiting & self._scripts.keys(), set()
        for path in waiting:
            self.jobs += 1
            script = self._scripts[path]
            script["lock"] = _resolved(script.get("lock") or "", self._all_pins(path))

    def _importers(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for path, script in self._scripts.items():
            for imported in _imports(script["content"]):
                found[imported].add(path)
        return found

    def _all_pins(self, path: str) -> dict[str, str]:
        """Return the versions that a script and all it imports name."""
        pins: dict[str, str] = {}
        seen, todo = {path}, [path]
        while todo:
            current = todo.pop()
            if current not in self._scripts:
                continue
            code = self._scripts[current]["content"]
            pins |= self._own_pins(current, code)
            more = _imports(code) - seen
            seen |= more
            todo += more
        return pins

    def _own_pins(self, path: str, code: str) -> dict[str, str]:
        key = (path, code)
        if key not in self._pins:
            needs = ImportScan(lambda _: None, {}).run(Script(path, code, path))
            self._pins[key] = {
                found[1].lower(): found[2]
                for text in needs.requirements
                if (found := _PIN.fullmatch(text)) is not None
            }
        return self._pins[key]


@cache  # asked for again with every deployed script
def _imports(code: str) -> set[str]:
    return {name.replace(".", "/") for name in _IMPORT.findall(visible_source(Script("", code, "")))}


def _resolved(lock: str, pins: dict[str, str]) -> str:
    """Return a lock with the same packages, each in the version that is pinned or in the newest."""
    lines = []
    for line in lock.splitlines(keepends=True):
        name, is_package, _ = line.partition("==")
        end = "\n" if line.endswith("\n") else ""
        lines.append(f"{name}=={pins.get(name, NEWER)}{end}" if is_package and line[0] != "#" else line)
    return "".join(lines)
