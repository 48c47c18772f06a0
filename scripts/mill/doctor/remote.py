"""A workspace on Windmill, through the real CLI: what a set-up of this repository lacks there."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mill.doctor.accounts import Account
from mill.doctor.finding import Finding
from mill.doctor.remote_services import Listing, Seen, by_path, examine_account, examine_services, some
from mill.errors import MillError
from mill.repository.remote_workspace import RemoteWorkspace
from mill.repository.workspace import Workspace

GROUP = "The workspace"
_AT_ONCE = 4  # runs of the CLI, each a process of Node
_TYPE = ".resource-type.yaml"
_ENDINGS = re.compile(r"(?:(?:__|\.)(?:flow|raw_app)/.*|\.script\.(?:yaml|lock)|\.py|\.resource-type\.yaml)$")


class Examination:
    """One look at the workspace that `wmill` has selected or that the environment names."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._remote = RemoteWorkspace(workspace)

    def sign_in(self) -> Finding:
        """Return who we are there; MillError never: that nobody is signed in is what is found."""
        try:
            said = self._remote.who()
        except MillError as error:
            text = str(error).strip().splitlines()[-1]
            return Finding(
                GROUP,
                "sign-in",
                "missing",
                text,
                "npx wmill workspace add",
                "the instance, workspace and token",
            )
        return Finding(GROUP, "sign-in", "ok", _who(said))

    def examine(self, accounts: Sequence[Account]) -> Iterator[Finding]:
        """Yield what is found, in the order in which it is set up."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            changes = pool.submit(self._remote.changes)  # first: it takes longest
            lists = {kind: pool.submit(self._remote.listing, kind) for kind in _LISTS}
            seen = Seen(
                by_path(lists["variable"].result()),
                by_path(lists["resource"].result()),
                frozenset(str(one.get("name")) for one in lists["resource-type"].result()),
            )
            triggers = [self._triggers(pool, lists["schedule"].result(), lists["trigger"].result())]
            yield from _deployed(changes)
            yield from self._types(seen)
            yield from triggers
            yield _data_table(lists["datatable"])
            yield _object_storage(lists["object-storage"])
        yield from examine_services(accounts, seen)

    def services(self, accounts: Sequence[Account]) -> tuple[list[Finding], Seen]:
        """Return what is found of some services alone, and what the workspace has of all."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            variables, resources = pool.map(self._remote.listing, ("variable", "resource"))
        seen = Seen(by_path(variables), by_path(resources), frozenset())
        return [line for account in accounts for line in examine_account(account, seen, in_full=True)], seen

    def _types(self, seen: Seen) -> Iterator[Finding]:
        ours = {file.name.removesuffix(_TYPE) for file in self._workspace.root.glob(f"*{_TYPE}")}
        if lacking := sorted(ours - seen.types):
            text = f"not there: {some(lacking)}"
            yield Finding(GROUP, "resource types", "missing", text, "npx wmill sync push", "resource types")
        else:
            yield Finding(GROUP, "resource types", "ok", f"all {len(ours)} are there")
        live = self._workspace.resources(self._workspace.root / "resources" / "live")
        used = {str(item.value().get("resource_type")) for item in live}
        if foreign := sorted(used - ours - seen.types):
            text = f"types of Windmill's hub that this instance does not have: {some(foreign)}"
            remedy = "Instance settings > Resource types > Sync, as a superadmin of the instance."
            yield Finding(GROUP, "hub's types", "warning", text, remedy, "forms of resources")

    def _triggers(self, pool: ThreadPoolExecutor, schedules: Listing, routes: Listing) -> Finding:
        """A listing has pages: what is missing from one is asked for by its path."""
        listed = {str(one.get("path")) for one in (*schedules, *routes)}
        items = [*self._workspace.schedules(), *self._workspace.items("http_trigger")]
        unsure = [item for item in items if item.path not in listed]
        absent = [
            item.path
            for item, there in zip(
                unsure, pool.map(lambda one: self._remote.read(one.kind, one.path), unsure), strict=True
            )
            if there is None
        ]
        name = "schedules and routes"
        if not absent:
            off = sum(one.get("enabled") is False for one in schedules)
            return Finding(GROUP, name, "ok", f"all {len(items)} are there; {off} schedules are switched off")
        text = f"{len(absent)} of {len(items)} are not there: {some(absent)}"
        return Finding(GROUP, name, "missing", text, "mill triggers push", "routes need an admin")


_LISTS = ("variable", "resource", "resource-type", "schedule", "trigger", "datatable", "object-storage")


def _deployed(changes: Future[list[dict[str, str]]]) -> Iterator[Finding]:
    try:
        found = changes.result()
    except MillError as error:
        yield Finding(
            GROUP,
            "scripts and flows",
            "warning",
            str(error).splitlines()[-1],
            "npx wmill sync push --dry-run",
        )
        return
    kinds: dict[str, set[str]] = {"added": set(), "edited": set(), "deleted": set()}
    for change in found:
        if not change["path"].endswith(_TYPE):  # a line of their own
            kinds.setdefault(change["type"], set()).add(_ENDINGS.sub("", change["path"]))
    name, push = "scripts and flows", "npx wmill sync push"
    if kinds["added"] or kinds["edited"]:
        counts = Counter({"not there": len(kinds["added"]), "other than here": len(kinds["edited"])})
        text = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        yield Finding(
            GROUP,
            name,
            "missing",
            f"{text}, such as {some(sorted(kinds['added'] or kinds['edited']))}",
            push,
            name,
        )
    else:
        yield Finding(GROUP, name, "ok", "as in this repository")
    if kinds["deleted"]:
        only_there = sorted(kinds["deleted"])
        text = f"a push would delete {len(only_there)} that are only there: {some(only_there)}"
        yield Finding(
            GROUP, name, "warning", text, "npx wmill sync pull", "look at what only the workspace has"
        )


def _data_table(listing: Future[list[Any]]) -> Finding:
    name, make = "data table", "npx wmill datatable create"
    why = "several workers need one memory of what was sent"
    try:
        tables = [
            str(one.get("name", one)) if isinstance(one, dict) else str(one) for one in listing.result()
        ]
    except MillError as error:
        return Finding(GROUP, name, "warning", _last_line(error), make, why)
    if "main" in tables:
        return Finding(GROUP, name, "ok", "main is there: all workers share one memory")
    return Finding(GROUP, name, "warning", "there is none: each worker remembers by itself", make, why)


def _object_storage(listing: Future[list[Any]]) -> Finding:
    name, make = "object storage", "Workspace settings > Object Storage (S3), as an admin."
    why = "files above about 1 MB, and the inbox, need it"
    try:
        storages = listing.result()
    except MillError as error:
        return Finding(GROUP, name, "warning", _last_line(error), make, why)
    if storages:
        return Finding(GROUP, name, "ok", "there is one")
    return Finding(
        GROUP, name, "warning", "there is none: files above about 1 MB cannot be imported", make, why
    )


def _last_line(error: MillError) -> str:
    return str(error).strip().splitlines()[-1]


def _who(said: str) -> str:
    user = re.search(r'"username":\s*"([^"]*)"', said)
    admin = re.search(r'"is_admin":\s*true', said)
    active = re.search(r"Active: (?!none)(\S+)", said)
    where = active[1] if active else os.environ.get("WM_WORKSPACE") or "the workspace"
    role = "an admin" if admin else "no admin: HTTP routes need one"
    return f"{user[1] if user else 'somebody'} in {where}, {role}"
