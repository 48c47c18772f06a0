"""The desk every tool begins at: its arguments are values, and the guards say what it may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from f.connect.errors import FixInput, FixSettings, TryLater
from f.tools.guards.argument_types import check_types
from f.tools.guards.guards_resource import GUARDS, PATH, Guards, read_guards
from f.tools.guards.patterns import is_allowed
from f.tools.guards.references import refuse_references
from f.windmill.api import get

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What a tool may do here."""

    guards: Guards

    def target_path(self, name: str) -> str:
        """Return the path of the customer API that is named, or of the guards' first; FixInput if refused."""
        path = name.strip() or self.guards.target
        if PATH.fullmatch(path) and is_allowed(path, self.guards.targets):
            return path
        raise FixInput(
            f"The target {path!r} is not one that tools may use. Allowed: {', '.join(self.guards.targets)}. "
            f"A person can add it to targets in {GUARDS}.",
            code="target_not_allowed",
        )

    def target(self, name: str) -> Mapping[str, Any]:
        """Return the value of a customer API's resource; see `target_path`."""
        return resource_of(self.target_path(name), "customer_api")

    def database(self) -> Mapping[str, Any] | None:
        """Return the Postgres that keeps what jobs remember; None: the data table, or this machine's file."""
        return resource_of(self.guards.database, "postgresql") if self.guards.database else None

    def routing(self) -> Mapping[str, Any]:
        """Return the notification routing, whose channels agents may use."""
        return resource_of(self.guards.routing, "notification_routing")


@contextmanager
def open_desk(expected: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Desk]:
    """Yield the desk for a call: the annotations of a tool's main, and what main was given.

    FixInput for an argument of another type, or one that refers to a value of the workspace; FixSettings if
    the guards cannot be used.
    """
    check_types(expected, given)
    refuse_references()
    yield Desk(read_guards(_answer(f"resources/get_value/{quote(GUARDS)}")))


def resource_of(path: str, kind: str) -> Mapping[str, Any]:
    """Return a resource with its variables filled in; FixSettings if there is none of this type."""
    facts = _answer(f"resources/get/{quote(path)}")
    found = facts.get("resource_type") if facts is not None else None
    value = _answer(f"resources/get_value_interpolated/{quote(path)}") if found == kind else None
    if value is None:
        why = (
            f"is of type {found}, not {kind}"
            if found and found != kind
            else "is not there, or may not be read"
        )
        raise FixSettings(f"The resource {path} {why}. Make it, or name another one.", code="no_resource")
    return value


def _answer(call: str) -> Mapping[str, Any] | None:
    """Return what Windmill says; None if there is no such thing. Anything else than an answer is an error.

    Guards that exist and cannot be read must not be taken for none.
    """
    reply = get(call, seconds=_SECONDS)
    if reply.status == 404:
        return None
    if 400 <= reply.status < 500:
        raise FixSettings(
            f"Windmill refused {call} (status {reply.status}). Let whoever the tools run as read it.",
            code="not_allowed",
        )
    value = reply.json() if reply.is_success else None
    if not isinstance(value, Mapping):
        raise TryLater(f"Windmill did not answer {call}. Try again later.", code="platform")
    return value
