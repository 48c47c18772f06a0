"""The import desk in a session of `mill`, as its page uses it, with customer APIs that remember."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from f.desk.drafts.draft import Draft, Drafts
from f.desk.drafts.drafts_store import open_drafts
from f.windmill.connection import disconnect
from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.mill.twins.stage import TwinClient, TwinProcess, taking_any_customer

ROOT = Path(__file__).parents[4]
_LONGEST = 120.0  # seconds for a run on a busy machine
_PAUSE = 0.4
UNFINISHED = frozenset({"queued", "running"})


class Refused(Exception):
    """A script failed: by its error as the page gets it."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.name = error["name"]
        self.code = error.get("extra", {}).get("code")


@dataclass
class Desk:
    """Calls the scripts of the desk as its page does."""

    session: Session

    def call(self, script: str, **arguments: Any) -> Any:
        """Return what a script returns; Refused if it fails."""
        done = self.session.run(Target("script", f"f/desk/{script}"), arguments)
        if not done.success:
            raise Refused(done.result["error"])
        return done.result

    def begun(self, text: str, name: str = "customers.csv", **settings: Any) -> str:
        """Begin an import of a file that was checked as a whole, and return its id."""
        data = base64.b64encode(text.encode()).decode()
        draft_id = str(self.call("start_draft", name=name, size=len(text.encode()), data=data)["draft"]["id"])
        self.choose(draft_id, **settings)
        return draft_id

    def choose(self, draft_id: str, **settings: Any) -> None:
        """Choose settings, and check the file with them."""
        if settings:
            version = self.status(draft_id)["draft"]["version"]
            self.call("look_at", draft=draft_id, version=version, changes=settings)
        self.call("check_draft", draft=draft_id)

    def note(self, draft_id: str, change: Callable[[Draft], Draft]) -> None:
        with self.drafts() as drafts:
            drafts.note(draft_id, change)

    @contextmanager
    def drafts(self) -> Iterator[Drafts]:
        """Open the drafts as a job of this session would."""
        platform = self.session.platform
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOME", str(self.session.state / "home"))
            patch.setenv("BASE_INTERNAL_URL", platform.url)
            patch.setenv("WM_WORKSPACE", platform.workspace_id)
            patch.setenv("WM_TOKEN", platform.token)
            patch.setenv("MILL", "1")
            with open_drafts() as drafts:
                yield drafts
            disconnect()

    def status(self, draft_id: str) -> Any:
        return self.call("draft_status", draft=draft_id)

    def until(self, draft_id: str, ready: Callable[[Any], bool]) -> Any:
        """Return the first status that is ready."""
        deadline = time.monotonic() + _LONGEST
        while not ready(status := self.status(draft_id)):
            assert time.monotonic() < deadline, status
            time.sleep(_PAUSE)  # each look is a job, which takes time from the one that is looked at
        return status

    def ended(self, draft_id: str) -> Any:
        """Return the status once nothing runs."""
        return self.until(draft_id, lambda status: status["state"] not in UNFINISHED)

    def planned(self, draft_id: str) -> str:
        """Make a plan and return its hash."""
        self.call("plan_draft", draft=draft_id)
        status = self.ended(draft_id)
        assert (status["kind"], status["state"]) == ("plan", "succeeded"), status
        return str(status["draft"]["plan_hash"])

    def imported(self, draft_id: str) -> Any:
        """Plan and apply, and return how the import stands at its end."""
        self.call("apply_draft", draft=draft_id, hash=self.planned(draft_id))
        return self.ended(draft_id)

    def target(self, twin: TwinClient, token: str = "token", **settings: Any) -> str:
        """Make a resource for a twin, an account of its own for the test, and return its path."""
        test = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].partition(" ")[0]
        path, platform = f"f/customers/{test.replace('[', '_').rstrip(']')}", self.session.platform
        value = {
            "kind": "generic",
            "base_url": twin.url,
            "authentication": {"type": "bearer_token", "token": token},
            "endpoints": {"lookup": "/customers?email={email}"},
            "settings": {
                "account": test,
                "retry_attempts": 2,
                "initial_delay": 0.001,
                "max_delay": 0.002,
                **settings,
            },
        }
        requests.post(
            f"{platform.url}/api/w/{platform.workspace_id}/resources/create?update_if_exists=true",
            json={"path": path, "resource_type": "customer_api", "value": value},
            headers={"Authorization": f"Bearer {platform.token}"},
            timeout=10,
        ).raise_for_status()
        return path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state")) as session:
        yield Desk(session)


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    return taking_any_customer(twins)


def csv_of(*names: str, domain: str = "example.com") -> str:
    """Return a file of customers with these names."""
    return "name,email\n" + "".join(f"{name} Byron,{name.lower()}@{domain}\n" for name in names)
