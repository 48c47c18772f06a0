"""The targets that a person may choose from. What opens them never leaves the job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypedDict
from urllib.parse import quote

from f.connect.errors import TryLater
from f.windmill.api import get

_TYPE = "customer_api"
_MOST = 50
_AT_ONCE = 8


class TargetInfo(TypedDict):
    """A resource of type customer_api that this person may use; `kind` is that of its API."""

    path: str
    title: str
    description: str
    kind: str


def list_targets() -> list[TargetInfo]:
    """Return the targets in the order of their paths, the first of them if there are very many."""
    rows = get(f"resources/list?resource_type={_TYPE}&per_page={_MOST}").json()
    if not isinstance(rows, list):
        raise TryLater("Windmill did not list the resources. Try again later.", code="platform")
    paths = sorted(row["path"] for row in rows if isinstance(row, dict) and isinstance(row.get("path"), str))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_target, paths[:_MOST]))


def _target(path: str) -> TargetInfo:
    """A resource whose value this person may not read is shown all the same: its use says why."""
    facts = get(f"resources/get/{quote(path)}").json()
    described: dict[str, Any] = facts if isinstance(facts, dict) else {}
    value = described.get("value")
    kind = value.get("kind") if isinstance(value, dict) else ""
    title = path.rpartition("/")[2].replace("_", " ")
    return {
        "path": path,
        "title": f"{title[:1].upper()}{title[1:]}",
        "description": str(described.get("description") or ""),
        "kind": kind if isinstance(kind, str) else "",
    }
