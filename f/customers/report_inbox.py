"""Report one run over the inbox: the outcome of each file, and the rows of all of them.

Fails, with the whole summary in the error, when a file could not be imported or was left for the next run:
it needs a person's attention. A second run reports the same.
"""

from typing import Any, Literal, TypedDict

_OUTCOMES = ("done", "failed", "later", "interrupted", "skipped")
_RED = ("failed", "later", "interrupted")
_NAMED = 5


class FileLine(TypedDict):
    """One file of the run. `interrupted`: its jobs broke off; the next run takes it up again."""

    path: str
    outcome: Literal["done", "failed", "later", "interrupted", "skipped"]
    message: str
    folder: str


class InboxSummary(TypedDict):
    """One run over the inbox."""

    files: list[FileLine]
    counts: dict[str, int]
    rows: dict[str, int]


def main(listing: dict, settled: list[dict]) -> InboxSummary:
    paths = [file["path"] for file in listing["files"]]
    files = [_line(path, result) for path, result in zip(paths, settled, strict=True)]
    rows: dict[str, int] = {}
    for result in settled:
        for name, count in result.get("counts", {}).items():
            rows[name] = rows.get(name, 0) + count
    counts = {name: sum(file["outcome"] == name for file in files) for name in _OUTCOMES}
    summary: InboxSummary = {"files": files, "counts": counts, "rows": rows}
    red = [file for file in files if file["outcome"] in _RED]
    if red:
        from f.records.inbox.decisions import InboxIncomplete

        named = " ".join(f"{file['path']}: {file['message']}" for file in red[:_NAMED])
        more = f" And {len(red) - _NAMED} more." if len(red) > _NAMED else ""
        raise InboxIncomplete(
            f"{len(red)} of {len(files)} files need your attention; {counts['done']} were imported. "
            f"{named}{more}",
            dict(summary),
        )
    return summary


def _line(path: str, result: dict[str, Any]) -> FileLine:
    if "error" in result:
        message = str(result["error"].get("message", "")).strip()
        return {
            "path": path,
            "outcome": "interrupted",
            "message": f"{message} The next run takes it up again.",
            "folder": "",
        }
    return {
        "path": path,
        "outcome": result.get("outcome", "skipped"),
        "message": result["message"],
        "folder": result.get("folder", ""),
    }
