"""A workspace of an imitated Windmill instance: enough for `wmill sync`, `resource`, `schedule`, `trigger`.

It stores what it is sent as the server does (`server_rules`, `relocking`), and exports it as the server does
(`workspaces/tarball`), so that what a push created, and what a pull brings back, can be compared with the
files they came from.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from mill.repository.wmill_cli import Remote
from tests.mill.deploy.relocking import Relocking
from tests.mill.deploy.server_rules import Refused, User, check_rights, exported, route_key, stored

TOKEN = "loopback-token"
MEMBER_TOKEN = "member-token"
WORKSPACE = "team"

USERS = {
    TOKEN: User("deployer", is_admin=True),
    MEMBER_TOKEN: User("member", is_admin=False),
}

# API collection -> the word in the file name
KINDS = {
    "flows": "flow",
    "schedules": "schedule",
    "http_triggers": "http_trigger",
    "resources": "resource",
    "variables": "variable",
    "resources/type": "resource-type",
    "folders": "folder",
    "apps": "raw_app",
}


class WorkspaceApi:
    """The state of one workspace and the log of what changed it."""

    def __init__(self, name: str = WORKSPACE) -> None:
        self.name = name
        self.scripts: dict[str, dict[str, Any]] = {}
        self.items: dict[str, dict[str, dict[str, Any]]] = {collection: {} for collection in KINDS}
        self.writes: list[str] = []
        self.unknown: list[str] = []
        self.relocking = Relocking(self.scripts)
        self.remote = Remote("", name, TOKEN)
        self.neighbours: list[WorkspaceApi] = []
        self.data_tables: list[dict[str, Any]] = []
        self.storages: list[str] = []
        self.bundles: dict[str, dict[str, str]] = {}

    @property
    def member(self) -> Remote:
        """The same workspace for somebody who is no admin."""
        return Remote(self.remote.base_url, self.name, MEMBER_TOKEN)

    def paths(self, collection: str) -> set[str]:
        """The paths of all items of a kind, as they were created."""
        return set(self._store(collection))

    def export(self, query: dict[str, str]) -> bytes:
        """The workspace as the zip `wmill sync` compares files with."""
        self.relocking.run()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in sorted(self._export_files(query)):
                archive.writestr(name, content)
        return buffer.getvalue()

    def _export_files(self, query: dict[str, str]) -> Iterator[tuple[str, str]]:
        for path, script in self.scripts.items():
            yield f"{path}.py", script["content"]
            yield f"{path}.script.json", json.dumps(exported("scripts", script))
        for collection, kind in KINDS.items():
            if _left_out(kind, query):
                continue
            for path, item in self.items[collection].items():
                if kind == "variable" and item.get("is_secret") and query.get("skip_secrets") == "true":
                    continue
                name = f"f/{path}/folder.meta.json" if kind == "folder" else f"{path}.{kind}.json"
                yield name, json.dumps(exported(collection, item))

    def write(
        self, collection: str, action: str, path: str | None, body: dict[str, Any], user: User = USERS[TOKEN]
    ) -> None:
        """Create or update an item, as this user."""
        path = path or body.get("path") or body["name"]
        old = self._store(collection).get(path)
        check_rights(collection, path, user, self.items["folders"], exists=old is not None)
        item = stored(collection, old, body, user)
        if collection == "http_triggers" and self._is_taken(path, item):
            raise Refused(400, "Bad request: A route already exists with this path")
        self.writes.append(f"{action} {collection} {path}")
        self._store(collection)[path] = item
        if collection == "scripts":
            self.relocking.deployed(path)

    def switch(self, path: str, *, on: bool) -> None:
        """Switch a schedule on or off, as the button in Windmill does."""
        self.writes.append(f"{'enable' if on else 'disable'} schedules {path}")
        self.items["schedules"][path]["enabled"] = on

    def _is_taken(self, path: str, trigger: dict[str, Any]) -> bool:
        """Whether another route of the instance has this address."""
        return any(
            route_key(other.name, found) == route_key(self.name, trigger)
            for other in (self, *self.neighbours)
            for other_path, found in other.items["http_triggers"].items()
            if (other is not self or other_path != path)
        )

    def find(self, collection: str, path: str) -> dict[str, Any] | None:
        """An item as the API shows it."""
        return self._store(collection).get(path)

    def page(self, collection: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """One page of a listing; pages count from 1, and 0 is the first one too."""
        size = int(query.get("per_page", "30"))
        start = max(int(query.get("page", "1")) - 1, 0) * size
        listed = [{"path": path, **item} for path, item in sorted(self.items[collection].items())]
        return listed[start : start + size]

    def remove(self, collection: str, path: str) -> None:
        """Delete an item. The CLI has a page deleted once for each folder in it."""
        if collection == "apps" and path not in self.items["apps"]:
            return
        self.writes.append(f"delete {collection} {path}")
        self._store(collection).pop(path)

    def _store(self, collection: str) -> dict[str, dict[str, Any]]:
        return self.scripts if collection == "scripts" else self.items[collection]


def _left_out(kind: str, query: dict[str, str]) -> bool:
    wanted = {
        "schedule": query.get("include_schedules") == "true",
        "http_trigger": query.get("include_triggers") == "true",
        "resource": query.get("skip_resources") != "true",
        "resource-type": query.get("skip_resource_types") != "true",
        "variable": query.get("skip_variables") != "true",
    }
    return not wanted.get(kind, True)
