"""Where this folder remembers across jobs: what was sent, what waits for a digest, who opted out.

A SQLite file in the home directory serves the jobs of one machine. Several workers need one
Postgres between them: give every script the same `postgresql` resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from f.connect.journal import Store

_FILE = Path(".millwright", "notify.sqlite")


class postgresql(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Postgres database, as Windmill's own resource type has it."""

    host: str
    port: int
    user: str
    password: str
    dbname: str
    sslmode: str


def open_store(database: Mapping[str, object] | None) -> Store:
    """Return the store all notifications share: the database given, else the file of this machine."""
    return Store.postgres(database) if database else Store.sqlite(Path.home() / _FILE)
