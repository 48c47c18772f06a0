"""The flows and scripts a run needs, read once and checked before anything runs."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from mill.engine.definition.code import Code
from mill.engine.definition.deployed import differences
from mill.engine.definition.flow_file import parse_flow, read_flow
from mill.engine.definition.lock import INLINE, Lock, parse_lock
from mill.engine.definition.openflow import Flow, Module, ScriptStep, SubflowStep, walk
from mill.engine.definition.signature import Signature, read_signatures
from mill.errors import MillError
from mill.repository.python_syntax import explain
from mill.repository.workspace import Script, Workspace

T = TypeVar("T")
_LOCK_LINE = re.compile(r"""^lock: *(["']?)(!inline [^\s"'#]+)\1 *$""", re.MULTILINE)


class Library:
    """Flows by path, and a script's file, signature and settings. What has changed on disk is read again."""

    def __init__(self, workspace: Workspace, inline_folder: Path) -> None:
        self._workspace = workspace
        self._inline_folder = inline_folder
        self._flows = _FileCache[Flow]()
        self._codes = _FileCache[Code]()
        self._settings = _FileCache[dict[str, Any]]()
        self._said_locks = _FileCache[Any]()
        self._locks = _FileCache[Lock | None]()

    def flow(self, path: str) -> Flow:
        """Return the flow at `path`. Raises MillError."""
        found = self._workspace.flow(path)
        return self._flows.get(found.file, lambda file: read_flow(found.path, file))

    def script(self, path: str) -> Code:
        """Return how to run a workspace script. Raises MillError."""
        script = self._workspace.script(path)
        if not script.is_python:
            raise MillError(f"{script.file} is not Python; only Python scripts run here.")
        module = script.path.replace("/", ".")
        # What was deployed at run time lies elsewhere, where no import finds it.
        importable = script.file.is_relative_to(self._workspace.root)
        code = self._codes.get(script.file, lambda file: _read_code(file, module, importable=importable))
        return replace(code, lock=self._lock_of(script))

    def inline(self, code: str, file: Path | None, path: str, lock: Path | str | None = None) -> Code:
        """Return how to run a flow's inline script, from its own file where it has one. Raises MillError.

        `lock` is the file or the text of its lock.
        """
        if file is None:
            file = self._inline_folder / f"{hashlib.sha256(code.encode()).hexdigest()[:20]}.py"
            if not file.is_file():
                _put(file, code)
        module = path.replace("/", ".")
        read = self._codes.get(file, lambda file: _read_code(file, module, importable=False))
        if isinstance(lock, str):
            return replace(read, module=module, lock=parse_lock(lock, f"the flow of {path}"))
        return replace(read, module=module, lock=self._lock_in(lock))

    def timeout_and_cache(self, path: str) -> tuple[int | None, int | None]:
        """`timeout` and `cache_ttl` of a script's own metadata, in seconds."""
        metadata = self._metadata(self._workspace.script(path))
        return metadata.get("timeout") or None, metadata.get("cache_ttl") or None

    def _metadata(self, script: Script) -> dict[str, Any]:
        if script.metadata_file is None:
            return {}
        return self._settings.get(script.metadata_file, lambda _file: script.metadata())

    def _lock_of(self, script: Script) -> Lock | None:
        """Return a script's lock: what its metadata say, else the file that lies beside it."""
        said: Any = None
        if script.metadata_file is not None:
            said = self._said_locks.get(script.metadata_file, lambda file: _said_lock(file, script))
        if not isinstance(said, str):
            return self._lock_in(script.file.with_suffix(".script.lock"))
        if not said.startswith(INLINE):
            return parse_lock(said, str(script.metadata_file))
        return self._lock_in(self._workspace.root / said.removeprefix(INLINE).strip())

    def _lock_in(self, file: Path | None) -> Lock | None:
        if file is None or not file.is_file():
            return None
        return self._locks.get(file, lambda file: _read_lock(file, self._workspace.root))

    def check_flow(self, path: str, text: str | None = None) -> Flow:
        """Return the flow, with everything it runs known to exist. Raises MillError for what is not.

        `text` is a flow that lies nowhere: the JSON of what a flow.yaml holds.
        """
        flow = self.flow(path) if text is None else parse_flow(path, json.loads(text))
        self._check(flow, (flow.path,))
        return flow

    def differences(self, flow: Flow) -> list[str]:
        """Return a sentence for each setting a preview treats otherwise, in this flow and those it runs."""
        found = [f"{flow.path}: {sentence}" for sentence in differences(flow)]
        for module in walk(flow.modules):
            if isinstance(module.value, SubflowStep) and module.mock is None:
                found += self.differences(self.flow(module.value.path))
        return list(dict.fromkeys(found))

    def check_script(self, path: str) -> None:
        """Raises MillError for a script that cannot run: missing, another language, no main."""
        self._signature(self.script(path), path, "main")

    def signature(self, path: str) -> Signature:
        """Return the parameters of a script's `main`. Raises MillError."""
        return self._signature(self.script(path), path, "main")

    def _check(self, flow: Flow, callers: tuple[str, ...]) -> None:
        for module in walk(flow.modules):
            self._check_module(flow, module, callers)
        if flow.failure_module is not None:
            self._check_module(flow, flow.failure_module, callers)
        if flow.preprocessor_module is not None:
            self._check_module(flow, flow.preprocessor_module, callers, function="preprocessor")

    def _check_module(
        self, flow: Flow, module: Module, callers: tuple[str, ...], function: str = "main"
    ) -> None:
        where = f"Flow {flow.path}, step {module.id}: "
        if module.mock is not None:
            return
        try:
            match module.value:
                case ScriptStep(code=None, path=path):
                    self._signature(self.script(path or ""), path or "", function)
                case ScriptStep(code=code, file=file) if code is not None:
                    path = f"{flow.path}/{module.id}"
                    self._signature(self.inline(code, file, path), path, function)
                case SubflowStep(path=path) if path in callers:
                    raise MillError(f"runs {' which runs '.join([*callers, path])}: that never ends.")  # noqa: TRY301 - names the step below
                case SubflowStep(path=path):
                    subflow = self.flow(path)
                    self._check(subflow, (*callers, subflow.path))
                case _:
                    pass
        except MillError as error:
            text = str(error)
            raise MillError(text if text.startswith("Flow ") else where + text) from error

    @staticmethod
    def _signature(code: Code, path: str, function: str) -> Signature:
        signature = code.signatures.get(function)
        if signature is None:
            raise MillError(f"{path} has no function {function}(); Windmill runs that one, so write it.")
        return signature


def _put(file: Path, code: str) -> None:
    """Write a file that others find whole or not at all: jobs of the same code may start at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{uuid.uuid4().hex}")
    draft.write_text(code, "utf-8")
    draft.replace(file)


class _FileCache(Generic[T]):
    """What was made of a file, kept until the file changes."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, T]] = {}

    def get(self, file: Path, read: Callable[[Path], T]) -> T:
        """Return the value for the file as it is now."""
        changed = file.stat().st_mtime_ns
        known = self._known.get(file)
        if known is None or known[0] != changed:
            known = self._known[file] = changed, read(file)
        return known[1]


def _said_lock(file: Path, script: Script) -> Any:
    """Return the `lock` of a script's metadata. The usual line is found without YAML, which is slow."""
    usual = _LOCK_LINE.search(file.read_text("utf-8", errors="replace"))
    return usual[2] if usual is not None else script.metadata().get("lock")


def _read_lock(file: Path, root: Path) -> Lock | None:
    place = str(file.relative_to(root) if file.is_relative_to(root) else file)
    try:
        return parse_lock(file.read_text("utf-8"), place)
    except UnicodeDecodeError as error:
        raise MillError(
            f"{place}: is not UTF-8 (byte {error.start}); `mill metadata` writes it anew."
        ) from error


def _read_code(file: Path, module: str, *, importable: bool) -> Code:
    try:
        signatures = read_signatures(file.read_text("utf-8"), str(file))
    except UnicodeDecodeError as error:
        raise MillError(f"{file}: is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    except SyntaxError as error:
        raise MillError(f"{file}:{error.lineno}:{error.offset}: {explain(error)}.") from error
    return Code(file, module, importable, signatures)
