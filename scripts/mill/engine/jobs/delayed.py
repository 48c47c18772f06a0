"""Jobs that are to start later, kept as run files so that they outlive the process that was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.ports import Target

FOLDER = "delayed"


@dataclass(frozen=True, slots=True)
class DelayedJob:
    """A job and when it is due, in seconds since the epoch. `file` is what `mill run` takes.

    `event` is for a preprocessor; where there is none, `args` count.
    """

    id: str
    target: Target
    args: Mapping[str, Any]
    event: Mapping[str, Any] | None
    due: float
    file: Path

    @property
    def due_text(self) -> str:
        """The moment for a person."""
        return f"{datetime.fromtimestamp(self.due, UTC):%Y-%m-%d %H:%M:%S} UTC"


class Delayed:
    """The delayed jobs of a state directory, which several `mill` may share. Whoever takes one starts it."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def keep(
        self, id: str, target: Target, args: Mapping[str, Any], event: Mapping[str, Any] | None, due: float
    ) -> None:
        """Write the job down. Its arguments may hold what only its owner may read."""
        document = {
            "summary": f"Job {id}, asked for by an earlier run",
            target.kind: target.path,
            "due": datetime.fromtimestamp(due, UTC).isoformat(),
            "args": dict(args),
            **({} if event is None else {"event": dict(event)}),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{id}.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(document, ensure_ascii=False, indent=2), "utf-8")
        draft.replace(self._file(id))

    def take(self, id: str) -> bool:
        """Have the job be nobody else's; False if it is gone."""
        try:
            self._file(id).unlink()
        except FileNotFoundError:
            return False
        return True

    def all(self) -> list[DelayedJob]:
        """Return the jobs that wait, the next first. Raises MillError for a file that cannot be read."""
        if not self._folder.is_dir():
            return []
        return sorted((_read(file) for file in self._folder.glob("*.yaml")), key=lambda job: job.due)

    def _file(self, id: str) -> Path:
        return self._folder / f"{id}.yaml"


def _read(file: Path) -> DelayedJob:
    try:
        document = json.loads(file.read_text("utf-8"))
        kind: Any = "flow" if "flow" in document else "script"
        return DelayedJob(
            file.stem,
            Target(kind, document[kind]),
            document.get("args") or {},
            document.get("event"),
            datetime.fromisoformat(document["due"]).timestamp(),
            file,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MillError(
            f"{file}: is not a delayed job any more ({type(error).__name__}). Mend or delete it."
        ) from error
