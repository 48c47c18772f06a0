"""The import desk as its page sees it: scripts run by `mill`, with their storage and their store."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.session import Session

ROOT = Path(__file__).parents[3]
PARSE = Target("script", "f/customers/parse_csv")


@dataclass(frozen=True)
class Desk:
    """Runs the desk's scripts."""

    session: Session

    def run(self, script: str, /, **args: Any) -> Any:
        """Return the result of a script that has to succeed."""
        completed = self.session.run(Target("script", f"f/desk/{script}"), args)
        assert completed.success, completed.result
        return completed.result

    def refused(self, script: str, /, **args: Any) -> Mapping[str, Any]:
        """Return the error of a script that has to fail: ours, with a sentence, and no traceback of ours."""
        completed = self.session.run(Target("script", f"f/desk/{script}"), args)
        assert not completed.success, completed.result
        error: dict[str, Any] = completed.result["error"]
        return {"name": error["name"], "message": error["message"], "code": error["extra"]["code"]}

    def begin(self, content: str | bytes, name: str = "customers.csv") -> str:
        """Return the id of a draft with this small file."""
        data = content.encode() if isinstance(content, str) else content
        text = base64.b64encode(data).decode()
        started = self.run("start_draft", name=name, size=len(data), data=text)
        identifier: str = started["draft"]["id"]
        return identifier

    def checked(self, content: str | bytes, name: str = "customers.csv") -> Any:
        """Return a draft whose file was checked."""
        return self.run("check_draft", draft=self.begin(content, name))

    def rows(self, draft: str, **args: Any) -> Any:
        """Return a page of rows."""
        return self.run("list_rows", draft=draft, **args)

    def objects(self, prefix: str) -> list[str]:
        """Return what lies in the storage."""
        root = self.session.state / "objects" / "_default_"
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return sorted(path for path in found if path.startswith(prefix))


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("desk")) as session:
        yield Desk(session)
