"""The page's program and styles, made of the raw app's sources by esbuild and kept by their content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from mill.errors import MillError
from mill.repository.raw_apps import ENTRY, RawApp
from mill.repository.wmill_cli import OWN_REPOSITORY, node_program

LARGEST_SCRIPT = 120_000  # bytes of minified JavaScript that the desk's page may have
_HERE = Path(__file__).parent
_PROGRAM = _HERE / "bundle.mjs"
_WMILL = _HERE / "wmill.ts"
_SCRIPT, _STYLES = "bundle.js", "bundle.css"
_PACKAGES = ("esbuild", "preact")
_SECONDS = 60
_REMEDY = f"run `make desk`, or `npm ci`, in {OWN_REPOSITORY}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a browser gets. `digest` is of all that it was made from."""

    digest: str
    script: bytes
    styles: bytes

    @property
    def sizes(self) -> str:
        """How large it is, in words."""
        script, styles = (len(part) / 1000 for part in (self.script, self.styles))
        return f"{script:.1f} kB of JavaScript and {styles:.1f} kB of styles"


class Bundler:
    """Bundles one raw app. What was made of the same sources before is taken from `folder`."""

    def __init__(self, app: RawApp, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._lock = threading.Lock()
        self._made: Bundle | None = None

    def bundle(self) -> Bundle:
        """Return the bundle of the sources as they are now.

        MillError if Node.js or a package is missing, or the sources have a fault.
        """
        with self._lock:
            digest = self._digest()
            if self._made is None or self._made.digest != digest:
                kept = self._folder / digest
                if not kept.is_dir():
                    self._make(kept)
                self._made = Bundle(digest, (kept / _SCRIPT).read_bytes(), _read(kept / _STYLES))
            return self._made

    def _digest(self) -> str:
        hashed = hashlib.sha256()
        packages = (OWN_REPOSITORY / "node_modules" / name / "package.json" for name in _PACKAGES)
        files = {**self._app.sources(), **{str(file): file for file in (_PROGRAM, _WMILL, *packages)}}
        for name, file in files.items():
            content = _read(file)
            hashed.update(f"{name}\0{len(content)}\0".encode())
            hashed.update(content)
        return hashed.hexdigest()[:24]

    def _make(self, target: Path) -> None:
        """Bundle into `target`, whole or not at all, and remove what older sources made."""
        if not (self._app.folder / ENTRY).is_file():
            raise MillError(f"{self._app.folder} has no {ENTRY}: the page cannot be bundled.")
        self._folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        try:
            _run_esbuild(self._app.folder / ENTRY, made / _SCRIPT)
            older = [place for place in self._folder.iterdir() if not place.name.startswith(".")]
            with contextlib.suppress(OSError):  # another mill has made the same
                made.rename(target)
            for place in older:
                shutil.rmtree(place, ignore_errors=True)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _run_esbuild(entry: Path, outfile: Path) -> None:
    node = node_program("The import desk's page is bundled by esbuild, which")
    order = {
        "entry": str(entry),
        "outfile": str(outfile),
        "wmill": str(_WMILL),
        "nodePaths": [str(OWN_REPOSITORY / "node_modules")],
    }
    try:
        done = subprocess.run(  # noqa: S603 - node as found on PATH, a program of ours
            [node, str(_PROGRAM)],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        said = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise MillError(f"esbuild did not bundle the import desk's page: {_REMEDY}.", exit_code=3) from error
    if "missing" in said:
        raise MillError(
            f"The import desk's page is bundled by esbuild, which is not installed: {_REMEDY}.",
            exit_code=3,
        )
    if errors := said.get("errors"):
        text = "\n".join(str(error).strip() for error in errors)
        hint = f"\nIf a package is missing, {_REMEDY}." if "Could not resolve" in text else ""
        raise MillError(f"The import desk's page cannot be bundled:\n{text}{hint}")


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""
