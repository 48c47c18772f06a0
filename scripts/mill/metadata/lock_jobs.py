"""Windmill's dependency jobs, answered from the files of a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.locks.imports import ImportScan, Script
from mill.locks.resolve import Resolver, UntestedPackages

_REQUIREMENTS = "requirements.in"

# Languages without a lock: the worker resolves nothing for them.
_LOCKLESS = {
    *("bash", "powershell", "graphql", "nativets"),
    *("postgresql", "mysql", "bigquery", "snowflake", "mssql", "oracledb", "duckdb"),
}


class LockJobs:
    """Locks for the scripts and flows below `root`, which is the workspace or a copy of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._resolver = Resolver(root)
        self._dependencies = workspace_dependencies(root)
        self.failures: list[MillError] = []

    def explain(self) -> MillError | None:
        """Return why jobs failed, each reason once: importers fail for what they import.

        None if none did.
        """
        untested = [failure for failure in self.failures if isinstance(failure, UntestedPackages)]
        reasons = dict.fromkeys(str(failure) for failure in self.failures if failure not in untested)
        if untested:
            packages = sorted({package for failure in untested for package in failure.packages})
            files = sorted({file for failure in untested for file in failure.files})
            reasons[str(UntestedPackages(packages, files))] = None
        return MillError("\n".join(reasons), exit_code=1) if reasons else None

    def script(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do the `dependencies` job of one script."""
        (raw,) = request["raw_scripts"]
        path = raw["script_path"]
        file = f"{path}.py" if raw["language"] == "python3" else path
        return {"lock": self._lock(raw["language"], Script(path, raw["raw_code"], file))}

    def flow(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do the `flow_dependencies` job: lock every inline step that has none."""
        value = request["flow_value"]
        for module in inline_modules(value):
            step = module["value"]
            if step.get("lock"):
                continue
            path = f"{request['path']}/{module['id']}"
            name = f"step {module['id']} of the flow {request['path']}"
            step["lock"] = self._lock(step["language"], Script(path, step["content"], name))
        return {"updated_flow_value": value}

    def _lock(self, language: str, script: Script) -> str:
        if language in _LOCKLESS:
            return ""
        if language != "python3":
            raise MillError(
                f"{script.file} is {language}: mill locks Python only. Run `wmill generate-metadata` "
                "against a Windmill instance for it."
            )
        needs = ImportScan(self._read_module, self._dependencies).run(script)
        return self._resolver.lock(needs, file=script.file)

    def _read_module(self, path: str) -> str | None:
        file = self._root / f"{path}.py"
        return file.read_text(encoding="utf-8") if file.is_file() else None


def inline_modules(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every module of a flow, at any depth, whose code is in the flow itself."""
    if isinstance(value, list):
        for item in value:
            yield from inline_modules(item)
    elif isinstance(value, dict):
        step = value.get("value")
        if "id" in value and isinstance(step, dict) and step.get("type") == "rawscript":
            yield value
        for item in value.values():
            yield from inline_modules(item)


def workspace_dependencies(root: Path) -> dict[str, str]:
    """Return dependencies/requirements.in ("default") and dependencies/NAME.requirements.in."""
    found: dict[str, str] = {}
    for file in sorted((root / "dependencies").glob(f"*{_REQUIREMENTS}")):
        name = file.name.removesuffix(_REQUIREMENTS).removesuffix(".")
        found[name or "default"] = file.read_text(encoding="utf-8")
    return found
