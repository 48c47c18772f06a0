"""The resource `tool_guards`: what agents may name, whom they may write to, and how often.

Without the resource the guards are those below, which allow little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from f.connect.errors import FixSettings

GUARDS = "f/tools/guards"  # the path of the resource
ROUTING = "f/notify/routing"
TARGET = "f/customers/crm"
_TARGETS = ("f/customers/*",)
_MOST_AN_HOUR = 20
_RESOURCE = "$res:"
_LISTS = ("targets", "channels", "recipients", "approvers", "files")
PATH = re.compile(r"[ufg](?:/[A-Za-z0-9][A-Za-z0-9_-]*){2,6}")
_PATTERN = re.compile(r"[ufg](?:/[A-Za-z0-9*][A-Za-z0-9_*-]*){1,6}")


class tool_guards(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """What agents may do. Windmill's form for it comes from the resource type of the same name."""

    targets: list[str]
    routing: str
    channels: list[str]
    recipients: list[str]
    max_per_hour: int
    approvers: list[str]
    ask_person: bool
    files: list[str]
    database: str


@dataclass(frozen=True, slots=True)
class Guards:
    """The checked resource. `target`: the one that is taken where a tool is given none.

    `channels`: of the routing; empty: all. `recipients`: patterns beside those of the routing. `approvers`:
    patterns; empty: any name of a person. `ask_person`: an import waits for a person on Windmill's own page.
    `database`: the path of a postgresql resource, the one that other jobs are given; empty: the data table.
    """

    targets: tuple[str, ...] = _TARGETS
    target: str = TARGET
    routing: str = ROUTING
    channels: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    max_per_hour: int = _MOST_AN_HOUR
    approvers: tuple[str, ...] = ()
    ask_person: bool = False
    files: tuple[str, ...] = ("*",)
    database: str = ""


def read_guards(resource: Mapping[str, Any] | None) -> Guards:
    """Check the resource; FixSettings lists every fault, and no value: one may be a credential."""
    given = {name: value for name, value in (resource or {}).items() if value not in (None, "", [], {})}
    faults = list(_faults(given))
    if faults:
        raise FixSettings(
            f"The guards of the tools ({GUARDS}) cannot be used: {'; '.join(faults)}.",
            faults=faults,
            code="bad_settings",
        )
    lists = {name: tuple(given[name]) for name in _LISTS if name in given}
    targets = {"target": _default_target(lists["targets"])} if "targets" in lists else {}
    database = {"database": str(given.get("database", "")).removeprefix(_RESOURCE)}
    return Guards(**{**given, **lists, **targets, **database})


def _faults(given: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(given.keys() - tool_guards.__annotations__):
        yield f"there is no field {name!r}"
    for name in _LISTS:
        if not _is_list_of_texts(given.get(name, [])):
            yield f"{name} must be a list of texts"
    targets = given.get("targets", [])
    for pattern in targets if _is_list_of_texts(targets) else []:
        if not _PATTERN.fullmatch(pattern):
            yield f"{pattern!r} in targets must be a resource's path, or a pattern such as {_TARGETS[0]}"
    if not _is_path(given.get("routing", ROUTING)):
        yield f"routing must be the path of a resource, such as {ROUTING}"
    most = given.get("max_per_hour", _MOST_AN_HOUR)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        yield "max_per_hour must be a whole number of messages, 0 for none"
    if not isinstance(given.get("ask_person", False), bool):
        yield "ask_person must be true or false"
    database = given.get("database", _RESOURCE + ROUTING)
    if not isinstance(database, str) or not _is_path(database.removeprefix(_RESOURCE)):
        yield "database must be chosen among the resources, not written out: jobs are told its path"


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and PATH.fullmatch(value) is not None


def _default_target(targets: Sequence[str]) -> str:
    """Return the first that is a path and no pattern."""
    return next((one for one in targets if "*" not in one), TARGET)
