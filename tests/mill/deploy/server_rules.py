"""What a Windmill server adds to what it is sent, and what it refuses.

Seen on 1.743, except where a comment says that it was read in its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# What a create or update request carries beside the item itself.
_REQUEST_ONLY = {
    *("path", "name", "content", "language", "parent_hash", "auto_parent"),
    *("deployment_message", "skip_draft_deletion", "ws_specific"),
    *("permissioned_as", "preserve_permissioned_as"),
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    "resources/type": {"format_extension": None, "is_fileset": False},
    "schedules": {
        "enabled": False,
        "cron_version": "v2",
        "ws_error_handler_muted": False,
        "no_flow_overlap": False,
    },
    "http_triggers": {"mode": "enabled", "workspaced_route": False},
}

# Kept in the workspace, in no export.
_NOT_EXPORTED = {"http_triggers": {"mode"}}

# Exported as null where they are empty; elsewhere the server leaves out what is null.
_KEEPS_NULL = {"resources/type"}

_PARAMETER = re.compile(r"(/)?([:*])[-\w]+")


@dataclass(frozen=True)
class User:
    """Who makes a request."""

    name: str
    is_admin: bool

    @property
    def owner(self) -> str:
        """The name under which folders know this user."""
        return f"u/{self.name}"


class Refused(Exception):
    """A request that the server answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def stored(collection: str, old: dict[str, Any] | None, body: dict[str, Any], user: User) -> dict[str, Any]:
    """Return the item that a create (`old` is None) or update leaves behind."""
    sent = {key: value for key, value in body.items() if not key.startswith("preserve_")}
    if old is None:
        item = {**_DEFAULTS.get(collection, {}), **sent}
        return _owned(item, user) if collection == "folders" else _run_as(item, user)
    if collection == "schedules":  # an update does not switch: `setenabled` does
        sent.pop("enabled", None)
    if collection == "http_triggers":  # read in the source: an update without a mode switches the route on
        sent.setdefault("mode", "enabled" if sent.get("enabled", True) else "disabled")
    return {**old, **sent}


def _run_as(item: dict[str, Any], user: User) -> dict[str, Any]:
    """Return an app with the one it runs as, where its policy lets it run as another than who looks at it."""
    if "policy" not in item:
        return item
    owner = {"on_behalf_of": user.owner, "on_behalf_of_email": f"{user.name}@example.com"}
    return {**item, "policy": {**item["policy"], **owner}}


def _owned(folder: dict[str, Any], user: User) -> dict[str, Any]:
    """Return a new folder: a member who creates one becomes its owner."""
    if user.is_admin:
        return folder
    owners = [*dict.fromkeys([*folder.get("owners", ()), user.owner])]
    return {**folder, "owners": owners, "extra_perms": {**folder.get("extra_perms", {}), user.owner: True}}


def exported(collection: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return what `workspaces/tarball` says of an item."""
    hidden = _REQUEST_ONLY | _NOT_EXPORTED.get(collection, set())
    return {
        key: value
        for key, value in item.items()
        if key not in hidden and (value is not None or collection in _KEEPS_NULL)
    }


def check_rights(
    collection: str, path: str, user: User, folders: dict[str, dict[str, Any]], *, exists: bool
) -> None:
    """Refuse what this user may not write."""
    if user.is_admin:
        return
    if collection == "http_triggers" and not exists:  # read in the source
        raise Refused(403, "Require Admin privilege")
    if collection in {"resources/type", "folders"}:
        return
    folder = folders.get(path.split("/")[1]) if path.startswith("f/") else {"owners": [user.owner]}
    if folder is None or user.owner not in folder.get("owners", ()):
        table = collection.rstrip("s")
        message = f'new row violates row-level security policy for table "{table}"'
        raise Refused(400, f"SqlErr: error returned from database: {message}")


def route_key(workspace: str, trigger: dict[str, Any]) -> tuple[str, str]:
    """Return what must be unique on a whole instance: the method, and the route without its names."""
    key = _PARAMETER.sub(r"\1\2key", str(trigger["route_path"]))
    return trigger["http_method"], f"{workspace}/{key}" if trigger.get("workspaced_route") else key
