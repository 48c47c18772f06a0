"""Resources and variables of the workspace that no input names, read by their path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from f.connect.errors import FixSettings, TryLater
from f.windmill.connection import ask

if TYPE_CHECKING:
    import httpx

_PER_PAGE = 1000
_MOST_PAGES = 100  # of an API that pages without end


@dataclass(frozen=True, slots=True)
class ListedResource:
    """A resource that this job may read, without its value."""

    path: str
    resource_type: str


def list_resources() -> Iterator[ListedResource]:
    """Yield every resource of the workspace that this job may read; TryLater if Windmill does not answer."""
    for page in range(1, _MOST_PAGES + 1):
        reply = ask("resources/list", {"page": page, "per_page": _PER_PAGE})
        rows = _value_in(reply)
        if not isinstance(rows, list):
            raise TryLater("Windmill did not list the resources. Try again later.", code="platform")
        for row in rows:
            fields = row if isinstance(row, dict) else {}
            path, kind = fields.get("path"), fields.get("resource_type")
            if isinstance(path, str) and isinstance(kind, str):
                yield ListedResource(path, kind)
        if len(rows) < _PER_PAGE:
            return


def resource_at(path: str) -> dict[str, Any]:
    """Return a resource with the variables it refers to filled in; FixSettings if there is none."""
    reply = ask(f"resources/get_value_interpolated/{quote(path)}")
    if 400 <= reply.status_code < 500:
        raise FixSettings(
            f"There is no resource {path} that this job may read. Make it, or name another one.",
            code="no_resource",
        )
    value = _value_in(reply)
    if not isinstance(value, dict):
        raise TryLater(f"Windmill did not give the resource {path}. Try again later.", code="platform")
    return value


def first_resource(paths: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the first of these resources that there is, with its path; FixSettings if there is none."""
    for path in paths:
        try:
            return path, resource_at(path)
        except FixSettings as error:
            if error.code != "no_resource":
                raise
    raise FixSettings(f"There is no resource {' or '.join(paths)}. Make one of them.", code="no_resource")


def resource_type_at(path: str) -> str:
    """Return the type of a resource, "" if there is none that this job may read."""
    facts = _value_in(ask(f"resources/get/{quote(path)}"))
    return str(facts.get("resource_type") or "") if isinstance(facts, dict) else ""


def variable_at(path: str, *, seconds: float | None = None) -> str:
    """Return the text of a variable, "" if there is none that this job may read.

    TryLater if Windmill does not answer, in `seconds` where that is less than usual.
    """
    value = _value_in(ask(f"variables/get_value/{quote(path)}", seconds=seconds))
    return value.strip() if isinstance(value, str) else ""


def _value_in(reply: httpx.Response) -> Any:
    """Return the JSON of an answer; None if it is a refusal, or none that can be read."""
    try:
        return reply.json() if reply.status_code == 200 else None
    except (ValueError, RecursionError):
        return None
