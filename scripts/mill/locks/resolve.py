"""A lock from requirements, as Windmill's worker makes it: `uv pip compile`, the Python version on top."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uv
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from mill.errors import MillError
from mill.locks.imports import Needs

DEFAULT_PYTHON = "3.12"
_PYTHONS = ("3.13", "3.12", "3.11", "3.10")

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==", re.MULTILINE)

# The repository's own lock: where there is one, what is deployed is what its tests ran with.
CONSTRAINTS = "requirements.lock"


class UntestedPackages(MillError):
    """A script needs what requirements.lock does not hold: no test has seen it."""

    def __init__(self, packages: Sequence[str], files: Sequence[str]) -> None:
        others = f" and {len(files) - 1} more" if len(files) > 1 else ""
        super().__init__(
            f"{CONSTRAINTS} does not hold {', '.join(packages)}, needed by {files[0]}{others}. Add what is "
            f"missing to pyproject.toml and renew {CONSTRAINTS}; where a module's package is called "
            "otherwise, write `# pin: <package>` behind the import."
        )
        self.packages = packages
        self.files = files


class Resolver:
    """Resolves each distinct set of requirements once. `root` is where requirements.lock may lie."""

    def __init__(self, root: Path) -> None:
        self._constraints = root / CONSTRAINTS if (root / CONSTRAINTS).is_file() else None
        self._known = _pinned_names(self._constraints) if self._constraints else None
        self._locks: dict[tuple[str, tuple[str, ...]], str] = {}

    def lock(self, needs: Needs, *, file: str) -> str:
        """Return the lock's text; `file` is what an error names."""
        python = choose_python(needs, file=file)
        key = (python, tuple(needs.requirements))
        if key not in self._locks:
            self._locks[key] = self._compile(python, needs.requirements, file)
        return self._locks[key]

    def _compile(self, python: str, requirements: list[str], file: str) -> str:
        versions = self._resolve(python, requirements, file) if requirements else []
        self._check_tested(versions, file)
        # No newline at the end: the worker writes none, and a pull brings back what the worker wrote.
        return "\n".join([f"# py: {python}", *versions]) if versions else f"# py: {python}\n"

    def _resolve(self, python: str, requirements: list[str], file: str) -> list[str]:
        with tempfile.TemporaryDirectory(prefix="mill-lock-") as folder:
            source = Path(folder, "requirements.in")
            source.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
            done = self._uv(python, source, "--offline") if self._constraints else None
            if done is None or done.returncode:
                done = self._uv(python, source)
        if done.returncode:
            raise MillError(f"{file}: uv cannot lock {', '.join(requirements)}: {_cause(done.stderr)}")
        return [line for line in done.stdout.splitlines() if line and not line.lstrip().startswith("#")]

    def _uv(self, python: str, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Run `uv pip compile`. Exact pins leave only one answer, so with them uv's cache is asked first."""
        command = [
            uv.find_uv_bin(),
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--strip-extras",
        ]
        # Workers run Linux; a laptop's platform must not change the lock.
        command += ["--python", sys.executable, "--python-version", python, "--python-platform", "linux"]
        if self._constraints:
            command += ["--constraint", str(self._constraints)]
        return subprocess.run(  # noqa: S603 - uv from its own package, on a file of ours
            [*command, *options, str(source)], cwd=source.parent, capture_output=True, text=True, check=False
        )

    def _check_tested(self, versions: list[str], file: str) -> None:
        if self._known is None:
            return
        names = [line.split("==")[0] for line in versions]
        untested = [name for name in names if canonicalize_name(name) not in self._known]
        if untested:
            raise UntestedPackages(untested, [file])


def choose_python(needs: Needs, *, file: str) -> str:
    """Return Windmill's default where the script accepts it, else the newest it does."""
    try:
        accepted = SpecifierSet(",".join(needs.python))
    except InvalidSpecifier as error:
        raise MillError(f"{file}: the Python version asked for cannot be read: {error}.") from error
    order = _PYTHONS if needs.newest_python else (DEFAULT_PYTHON, *_PYTHONS)
    for version in order:
        if accepted.contains(version):
            return version
    raise MillError(f"{file} asks for Python {accepted}; Windmill has {', '.join(reversed(_PYTHONS))}.")


def _pinned_names(lock: Path) -> set[str]:
    return {canonicalize_name(pin[1]) for pin in _PINNED.finditer(lock.read_text(encoding="utf-8"))}


def _cause(stderr: str) -> str:
    """Return the explanation uv gives, on one line and without its heading."""
    text = " ".join(stderr.split())
    return text.partition("cause:")[2].strip() or text.removeprefix("error:").strip()
