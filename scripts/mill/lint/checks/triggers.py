"""WM6: schedules and HTTP routes."""

from __future__ import annotations

from collections.abc import Iterator

from mill.errors import MillError
from mill.lint.sources.document import Document, mapping
from mill.lint.sources.finding import Finding
from mill.repository.workspace import Workspace

_CRON_FIELDS = {"v1": (6, 7), "v2": (5, 6, 7)}


def check_trigger(document: Document, kind: str, workspace: Workspace) -> Iterator[Finding]:
    """Yield findings for a schedule or trigger; `kind` is the word in its file name."""
    data = mapping(document.data)
    path = str(data.get("script_path", ""))
    if path.startswith(("f/", "u/")):
        try:
            workspace.flow(path) if data.get("is_flow") else workspace.script(path)
        except MillError as error:
            yield document.place(("script_path",)).find("WM604", str(error), "")
    if kind == "schedule" and data.get("schedule"):
        version = str(data.get("cron_version") or "v1")
        allowed = _CRON_FIELDS.get(version, (5, 6, 7))
        if len(str(data["schedule"]).split()) not in allowed:
            yield document.place(("schedule",)).find(
                "WM605",
                f"`{data['schedule']}` does not have {allowed[0]} fields.",
                "Windmill's cron begins with seconds: `0 0 2 * * *` is 02:00 every night.",
            )
