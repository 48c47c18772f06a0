"""Where the jobs of a workspace remember: one store a purpose, shared by every job that opens it.

A SQLite file in the home directory serves the jobs of one machine. Several workers need one Postgres
between them: give every script the same `postgresql` resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from f.store.store import Store

_FOLDER = ".millwright"


class postgresql(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Postgres database, as Windmill's own resource type has it."""

    host: str
    port: int
    user: str
    password: str
    dbname: str
    sslmode: str


def open_store(database: Mapping[str, object] | None, purpose: str, *, durable: bool = False) -> Store:
    """Return the database given, else this machine's file for the purpose, such as `imports`.

    `durable`: what is committed to the file outlives a power cut, as it does in a database.
    """
    if database:
        return Store.postgres(database)
    return Store.sqlite(folder() / f"{purpose}.sqlite", durable=durable)


def folder() -> Path:
    """Where this machine's files lie."""
    return Path.home() / _FOLDER
