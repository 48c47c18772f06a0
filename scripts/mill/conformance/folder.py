"""The folder on the server that a check works in: all it creates lies there, and goes at the end."""

from __future__ import annotations

import contextlib
import functools
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mill.conformance.plans import RESOURCES, VARIABLES
from mill.conformance.server import NoAnswer, Refused, Server
from mill.errors import MillError

PREFIX = "mill_conformance_"
_TRIVIAL_LOCK = "# py: 3.12\n"  # needs no packages: the server has nothing to resolve
_DEPLOYMENT_SECONDS = 120.0
_NOT_YET = "row-level security"  # in the words of a refusal
_OURS_SECONDS, _OURS_PAUSE = 60.0, 2.0

# How an item of each kind is deleted: method and path.
_DELETIONS = {
    "variable": ("DELETE", "variables/delete"),
    "resource": ("DELETE", "resources/delete"),
    "script": ("POST", "scripts/delete/p"),
    "flow": ("DELETE", "flows/delete"),
    "route": ("DELETE", "http_triggers/delete"),
}


class Folder:
    """A folder that nobody had before, and the register of what was created in it."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self.path = f"f/{name}"
        self._server = server
        self._created: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def new_path(self, word: str) -> str:
        """Return a path in the folder that nothing has yet."""
        return f"{self.path}/{word}_{next(self._numbers)}"

    def create_variable(self, name: str, value: str) -> None:
        """Create a variable that is no secret."""
        path = f"{self.path}/{name}"
        body = {"path": path, "value": value, "is_secret": False, "description": ""}
        with self._creating("variable", path):
            self._server.post("variables/create", body)

    def create_resource(self, path: str, value: Any) -> None:
        """Create a resource of any type."""
        with self._creating("resource", path):
            self._server.post("resources/create", {"path": path, "value": value, "resource_type": "any"})

    def create_route(self, path: str, body: Mapping[str, Any]) -> None:
        """Create an HTTP trigger."""
        with self._creating("route", path):
            self._server.post("http_triggers/create", {"path": path, **body})

    def deploy_flow(self, path: str, value: Mapping[str, Any]) -> None:
        """Deploy a flow, and wait until the server has made of it what it runs."""
        body = {"path": path, "summary": "", "description": "", "value": value, "schema": {}}
        with self._creating("flow", path):
            self._server.post("flows/create", body)
        job = self._server.get(f"flows/get/{path}").get("dependency_job")
        if job:
            self._server.wait(job, _DEPLOYMENT_SECONDS)

    def deploy_script(self, path: str, code: str, *, packages: bool) -> None:
        """Deploy a Python script; with `packages` the server resolves what it imports."""
        body = {
            "path": path,
            "summary": "",
            "description": "",
            "content": code,
            "language": "python3",
            "kind": "script",
            "schema": {},
            **({} if packages else {"lock": _TRIVIAL_LOCK}),
        }
        with self._creating("script", path):
            self._server.post("scripts/create", body)
        if packages:
            self._wait_for_lock(path)

    def delete(self, kind: str, path: str) -> None:
        """Delete an item. Raises Refused, NoAnswer."""
        method, place = _DELETIONS[kind]
        try:
            if method == "POST":
                self._server.post(f"{place}/{path}", {})
            else:
                self._server.delete(f"{place}/{path}")
        except Refused as error:
            if kind == "script" and error.status != 404:  # only admins delete scripts: others archive them
                self._server.post(f"scripts/archive/p/{path}", {})
            elif error.status != 404:
                raise
        with self._lock:
            self._created.pop((kind, path), None)

    def empty(self) -> list[str]:
        """Delete everything, then the folder; returns what could not be deleted and why."""
        left = []
        for kind, path in reversed(list(self._created)):
            try:
                self.delete(kind, path)
            except (Refused, NoAnswer) as error:
                left.append(f"{kind} {path}: {error}")
        try:
            self._server.delete(f"folders/delete/{self.name}")
        except (Refused, NoAnswer) as error:
            left.append(f"folder {self.path}: {error}")
        return left

    @contextlib.contextmanager
    def _creating(self, kind: str, path: str) -> Iterator[None]:
        """Enter the item before it is asked for: a lost answer may have created it, a refusal has not."""
        with self._lock:
            self._created[kind, path] = None
        try:
            yield
        except Refused:
            with self._lock:
                del self._created[kind, path]
            raise

    def _wait_for_lock(self, path: str) -> None:
        begun, pause = 0.0, 0.2
        while begun < _DEPLOYMENT_SECONDS:
            script = self._server.get(f"scripts/get/p/{path}")
            if script.get("lock") is not None or script.get("lock_error_logs"):
                return
            if self._server.stopping.wait(pause):
                return
            begun += pause


@contextlib.contextmanager
def own_folder(server: Server, name: str | None = None) -> Iterator[Folder]:
    """Create a folder with the variables and resources of the tables, and delete it at the end.

    MillError where it exists, where it may not be created, and where something of it could not be deleted.
    """
    name = name or f"{PREFIX}{secrets.token_hex(4)}"
    _create(server, name)
    folder = Folder(server, name)
    try:
        _furnish(server, folder)
        yield folder
    finally:  # also after an interruption
        left = _emptied(folder)
        if left:
            listed = "".join(f"\n  {line}" for line in left)
            raise MillError(f"Not everything could be removed; delete it by hand:{listed}", exit_code=1)


def _create(server: Server, name: str) -> None:
    try:
        if server.get(f"folders/exists/{name}"):
            raise MillError(f"The folder f/{name} exists already; nothing was touched. Run it again.")
        server.post("folders/create", {"name": name})
    except Refused as error:
        raise MillError(
            f"Cannot create the folder f/{name}: {error}. The token needs a member who may create folders."
        ) from error
    except NoAnswer as error:
        raise MillError(f"{server.remote.url} did not answer: {error}.", exit_code=3) from error


def _furnish(server: Server, folder: Folder) -> None:
    try:
        for name, text in VARIABLES.items():
            _once_ours(server, functools.partial(folder.create_variable, name, text))
        for name, value in RESOURCES.items():
            folder.create_resource(f"{folder.path}/{name}", value)
    except Refused as error:
        raise MillError(f"Cannot create what the check needs: {error}.") from error
    except NoAnswer as error:
        raise MillError(f"The server did not answer: {error}.", exit_code=3) from error


def _once_ours(server: Server, create: Callable[[], None]) -> None:
    """Create something, again and again while a server has not yet heard whose the new folder is.

    It keeps what a member may write for some seconds.
    """
    begun = time.monotonic()
    while True:
        try:
            create()
        except Refused as error:
            if _NOT_YET not in error.said or time.monotonic() - begun > _OURS_SECONDS:
                raise
            server.stopping.wait(_OURS_PAUSE)
        else:
            return


def _emptied(folder: Folder) -> list[str]:
    try:
        return folder.empty()
    except KeyboardInterrupt:
        return [f"folder {folder.path} and what is in it: interrupted"]
