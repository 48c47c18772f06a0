"""A workspace of its own with handlers that are real jobs, and the API of `mill` that starts them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from f.connect.times import Clock
from f.store.store import Store
from f.store.stores import sqlite_store
from f.webhooks.dispatch.dispatcher import Dispatcher
from f.webhooks.dispatch.middleware import Chain
from f.webhooks.dispatch.report import DispatchReport
from f.webhooks.dispatch.routing_resource import ROUTING, routing_at
from f.webhooks.inbox.inbox import Inbox, event_id
from f.webhooks.inbox.work import Task, Work
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.requests.source import Source
from mill.ports import Job
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.pools import pool_of

ROOT = Path(__file__).parents[4]
KEY = "k" * 32
SOURCE = Source(name="shop", kind="generic", secrets=("s" * 20,), storage_key=KEY)
LATER = 10 * 86_400.0

_NOTE = """
import json

def main(event: dict, ledger: str, name: str = "note"):
    with open(ledger, "a") as file:
        file.write(json.dumps([name, event["body"], event["attempt"]]) + "\\n")
"""
_NOTE_ALL = """
import json

def main(events: list[dict], ledger: str, name: str = "all"):
    with open(ledger, "a") as file:
        file.write(json.dumps([name, [one["body"] for one in events], events[0]["attempt"]]) + "\\n")
    if any(one["body"].get("poison") for one in events):
        raise ValueError("one of these cannot be read")
"""
_FAIL = """
import json

def main(event: dict, ledger: str, times: int = 99, error: str = "ValueError", after: float | None = None):
    from f.connect import errors
    with open(ledger, "a") as file:
        file.write(json.dumps(["fail", event["body"], event["attempt"]]) + "\\n")
    if event["attempt"] > times:
        return
    text = "no luck with ada@example.com"
    if error == "TryLater":
        raise errors.TryLater(text, retry_after=after, code="busy")
    raise getattr(errors, error, ValueError)(text)
"""
_SLOW = """
import time

def main(event: dict, seconds: float):
    time.sleep(seconds)
"""
_FLOW = """
summary: Note
value:
  modules:
    - id: note_it
      value:
        type: script
        path: f/team/note
        input_transforms:
          event: {type: javascript, expr: flow_input.event}
          ledger: {type: javascript, expr: flow_input.ledger}
          name: {type: static, value: flow}
schema:
  type: object
  properties: {event: {type: object}, ledger: {type: string}}
"""
_MIDDLEWARE = """
def middleware(event):
    body = event["body"]
    if body.get("raise"):
        raise RuntimeError("a middleware that fails over ada@example.com")
    if body.get("drop"):
        return None
    return {**event, "body": {**body, "seen": body.get("seen", 0) + 1}}
"""


class Hurried(Clock):
    """A clock whose ticks a test can push on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def ticks(self) -> float:
        return super().ticks() + self.ahead

    def draw(self) -> float:
        return 1.0


class Shop:
    """The workspace, its session, its store, and what handlers noted."""

    def __init__(self, root: Path, session: Session, store: Store) -> None:
        self.root, self.session, self.store = root, session, store
        self.ledger = root / "ledger.jsonl"
        self.inbox, self.work = Inbox(store), Work(store)
        self.clock = Hurried()

    def routing(self, *routes: dict[str, Any], **more: Any) -> None:
        """Write the routing; each route hands the ledger on."""
        full = [{**route, "args": {"ledger": str(self.ledger), **route.get("args", {})}} for route in routes]
        _put(self.root, f"resources/mock/{ROUTING}.resource.yaml", {"value": {"routes": full, **more}})

    def source(self, name: str, **more: Any) -> None:
        value = {"kind": "generic", "secret": "s" * 20, "storage_key": KEY, **more}
        _put(
            self.root,
            f"resources/mock/f/webhooks/{name}.resource.yaml",
            {"resource_type": "webhook_source", "value": value},
        )

    def receive(self, *bodies: Any, type: str = "order.paid", source: Source = SOURCE) -> list[str]:
        """Take events in whose key is their body's n."""
        events = [
            IncomingEvent(key=str(body["n"]), type=type, body=body, content_hash=str(body["n"]))
            for body in bodies
        ]
        self.inbox.receive(source, events)
        return [event_id(source.name, event.key) for event in events]

    def dispatch(self, *, most: int = 1000, seconds: float = 60.0, another: Any = None) -> DispatchReport:
        """One run of the dispatcher in this process."""
        routing = routing_at(ROUTING)
        chain = Chain(routing.middleware)
        run = Dispatcher(self.store, routing, chain, most=most, seconds=seconds, clock=self.clock)
        return run.run(another or (lambda: False))

    def finish(self) -> list[Job]:
        """Wait for all jobs; return those that failed."""
        return self.session.finish()

    def round(self) -> DispatchReport:
        """Dispatch, let the jobs end, and settle them."""
        self.dispatch()
        self.finish()
        return self.dispatch()

    def pass_time(self) -> None:
        """Have everything that waits be due."""
        self.store.execute("UPDATE webhook_task SET due_at = 0 WHERE state = 'due'")
        self.store.execute("UPDATE webhook_event SET due_at = 0")

    def age(self, seconds: float) -> None:
        """Have what runs have begun earlier."""
        self.store.execute("UPDATE webhook_task SET at = at - :by", {"by": seconds})

    def noted(self) -> list[Any]:
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]

    def tasks(self, events: Sequence[str]) -> dict[str, Task]:
        """The tasks of one event by route, of several by event."""
        found = self.work.tasks_of(events)
        return {task.route if len(events) == 1 else task.event: task for task in found}

    def state(self, event: str) -> str:
        return self.work.events([event])[event].state


def _put(root: Path, path: str, content: Any) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace whose libraries are ours, and whose handlers are those above."""
    root = tmp_path_factory.mktemp("workspace")
    _put(root, "wmill.yaml", "defaultTs: bun\n")
    (root / "f").mkdir()
    for wing in ("connect", "store", "windmill", "webhooks", "notify"):
        (root / "f" / wing).symlink_to(ROOT / "f" / wing)
    scripts = {"note": _NOTE, "note_all": _NOTE_ALL, "fail": _FAIL, "slow": _SLOW, "mark": _MIDDLEWARE}
    for name, code in scripts.items():
        _put(root, f"f/team/{name}.py", code)
    _put(root, "f/team/steps__flow/flow.yaml", _FLOW)
    with pool_of(root):
        yield root


@pytest.fixture
def shop(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(sys, "path", [*sys.path, str(workspace)])
    with Session(Workspace(workspace), tmp_path / "state") as session:
        monkeypatch.setenv("BASE_INTERNAL_URL", session.platform.url)
        monkeypatch.setenv("WM_TOKEN", session.platform.token)
        monkeypatch.setenv("WM_WORKSPACE", session.platform.workspace_id)
        monkeypatch.setenv("HOME", str(tmp_path))
        with sqlite_store(tmp_path / "webhooks.sqlite") as store:
            shop = Shop(workspace, session, store)
            shop.ledger = tmp_path / "ledger.jsonl"
            shop.source("shop")
            yield shop
