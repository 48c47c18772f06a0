"""What a worker process does once it has been forked: take a job, run the script, send the result.

A frame on the socket is a 4-byte big-endian length and that many bytes of JSON. The worker reads
`{"kind": "job", ...}` and writes `{"ok": bool, "result": <JSON text>}`; a warm worker goes on reading. One
that `forks` loads the script, and forks a worker for each job from then on (mill.engine.processes.loaded).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from mill.engine.definition.signature import Signature
from mill.engine.processes.encoding import (
    choose_arguments,
    decode_arguments,
    encode_exception,
    encode_result,
    is_streamed,
    stream,
)

_LENGTH = struct.Struct(">I")
_RARELY = 50_000  # objects made between two looks of the collector, while a script is imported
_NO_PARAMETERS = Signature((), takes_anything=False)


def send_frame(sock: socket.socket, payload: bytes) -> None:
    """Write one frame."""
    sock.sendall(_LENGTH.pack(len(payload)) + payload)


def receive_frame(sock: socket.socket) -> bytes | None:
    """Read one frame; None if the other side has closed."""
    header = receive_exactly(sock, _LENGTH.size)
    return None if header is None else receive_exactly(sock, _LENGTH.unpack(header)[0])


def receive_exactly(sock: socket.socket, size: int) -> bytes | None:
    """Read so many bytes; None if the other side has closed before."""
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def work(sock: socket.socket, fork_on_request: Callable[[socket.socket], None]) -> int:
    """Serve one job, or with `warm` every job until the socket closes. Returns the exit code.

    `fork_on_request` serves the socket of a process that forks workers.
    """
    frame = receive_frame(sock)
    if frame is None:
        return 0
    job = json.loads(frame)
    _enter(job)
    try:
        runner = _Runner(job)
        if not job["warm"]:
            return _serve_once(sock, runner, job)
        if job.get("forks"):
            return _load_and_fork(sock, runner, fork_on_request)
        send_frame(sock, json.dumps({"files": runner.workspace_files()}).encode())
        while (frame := receive_frame(sock)) is not None:
            call = json.loads(frame)
            os.environ.update(call["env"])
            _serve_once(sock, runner, {**job, **call})
    except BaseException:  # noqa: BLE001 - the process's last word, as the interpreter's own would be
        traceback.print_exc()
        return 1
    return 0


def _serve_once(sock: socket.socket, runner: _Runner, job: dict[str, Any]) -> int:
    ok, text = runner.run(job)
    sys.stdout.flush()
    sys.stderr.flush()
    start = b'{"ok":true,"result":' if ok else b'{"ok":false,"result":'
    send_frame(sock, start + text.encode() + _learned(runner) + b"}")
    return 0 if ok else 1


_loaded: set[str] = set()  # modules of the process that this one was forked from, if it has a script loaded


def _load_and_fork(
    sock: socket.socket, runner: _Runner, fork_on_request: Callable[[socket.socket], None]
) -> int:
    """Say what is loaded, and fork workers until the socket closes. With threads in it it is of no use."""
    is_alone = threading.active_count() == 1
    _loaded.update(sys.modules)
    send_frame(sock, json.dumps({"files": runner.workspace_files(), "alone": is_alone}).encode())
    if is_alone:
        gc.collect()
        gc.freeze()
        fork_on_request(sock)
    return 0


def import_all(names: Sequence[str]) -> None:
    """Import modules for the workers to come; those that cannot be are left to who needs them."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    _loaded.update(sys.modules)
    gc.collect()
    gc.freeze()


def _learned(runner: _Runner) -> bytes:
    """Return what a forked job adds to its reply: what it has imported, for those that come after it.

    Nothing if threads run by now: importing may have started them, which must not be before a fork.
    """
    if not _loaded or threading.active_count() > 1:
        return b""
    imported = [name for name in sys.modules if name not in _loaded]
    if not imported:
        return b""
    return b"," + json.dumps({"imported": imported, "files": runner.workspace_files()}).encode()[1:-1]


def finish() -> None:
    """Do what the interpreter does at its end, which `os._exit` leaves out: threads and atexit."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - joins the script's threads
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way to run them in a forked child
    sys.stdout.flush()
    sys.stderr.flush()


def _enter(job: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["cwd"])
    if sys.path[:1] != [job["root"]]:  # it is there in one that was forked from a loaded script
        sys.path.insert(0, job["root"])
    sys.argv = [job["file"]]


class _Runner:
    """One loaded script."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._root = job["root"]
        signatures = {name: Signature.from_json(value) for name, value in job["signatures"].items()}
        self._main = signatures.get("main")
        self._preprocessor = signatures.get("preprocessor")
        self._module = _load(job)

    def workspace_files(self) -> list[str]:
        """Return every file of the workspace that is loaded: what a warm worker's code depends on."""
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        # Not the whole root: a virtual environment may lie below it, with a thousand files to look at.
        folders = tuple(f"{self._root}{os.sep}{name}{os.sep}" for name in ("f", "u"))
        return sorted({file for file in [*files, self._module.__file__] if file and file.startswith(folders)})

    def run(self, job: dict[str, Any]) -> tuple[bool, str]:
        """Call the script: `(True, result JSON)` or `(False, error JSON)`.

        What goes wrong before the first function is called is not caught: on Windmill, too, the
        process then dies with a traceback in its log.
        """
        event, entry = job["event"], job["entry"]
        if self._preprocessor is None:
            event = None
        first = self._preprocessor if event is not None or entry == "preprocessor" else self._main
        decoded = decode_arguments(
            job["args"] if event is None else {"event": event}, first or _NO_PARAMETERS
        )
        try:
            if event is not None:
                made = self._call("preprocessor", self._preprocessor, decoded)
                decoded = json.loads(encode_result(made))
                if not isinstance(decoded, dict):
                    decoded = {} if decoded is None else {"value": decoded}
            signature = self._main if entry == "main" else self._preprocessor
            result = self._call(entry, signature, decoded)
            if is_streamed(result):
                stream(result)
                result = None
            return True, encode_result(result)
        except BaseException as error:  # noqa: BLE001 - even sys.exit(0) is a failed job on Windmill
            return False, encode_exception(error, os.environ.get("WM_FLOW_STEP_ID", ""), skip_frames=2)

    def _call(self, name: str, signature: Signature | None, decoded: dict[str, Any]) -> Any:
        function: Callable[..., Any] | None = getattr(self._module, name, None)
        if not callable(function):
            raise ValueError(f"{name} function is missing")  # noqa: TRY004 - Windmill's own words and type
        arguments = choose_arguments(decoded, signature) if signature is not None else decoded
        return function(**arguments)


def _load(job: dict[str, Any]) -> ModuleType:
    """Import the very file: a workspace script by its dotted path, an inline one under its step's name.

    What imports make stays, so the collector that looks through it again and again finds nothing: it looks
    rarely meanwhile, which takes a fifth off.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_RARELY, *usual[1:])
    try:
        return _imported(job)
    finally:
        gc.set_threshold(*usual)


def _imported(job: dict[str, Any]) -> ModuleType:
    name = job["module"]
    if job["importable"]:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, job["file"])
    if spec is None or spec.loader is None:
        raise ImportError(f"{job['file']} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
