"""The import desk with a browser in front of it: `mill serve` with a state of its own, and visits.

A visit is a script for Node beside this file; see browser.mjs. Without Node, Chromium or playwright-core the
test is skipped with a sentence.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.desk.served import address
from tests import foreign
from tests.mill.openapi.fuzzing import TOKEN, serving
from tests.mill.twins.stage import TwinClient

HERE = Path(__file__).parent
_SECONDS = 180

Answers = Mapping[str, Callable[[], Any]]


@dataclass(frozen=True)
class Visit:
    """What a visit saw, what the browser complained of, and which other hosts it asked."""

    seen: Any
    complaints: list[str]
    strangers: list[str]


@dataclass(frozen=True)
class Site:
    """A running `mill serve`; `browser` is where a Chromium takes connections."""

    url: str
    state: Path
    browser: str

    @property
    def link(self) -> str:
        """The address that opens the desk, and begins a session."""
        return address(self.url, TOKEN)

    def target(self, twin: TwinClient, name: str, **settings: Any) -> str:
        """Make a resource for a twin, an account of its own for the test, and return its path."""
        value = {
            "kind": "generic",
            "base_url": twin.url,
            "authentication": {"type": "bearer_token", "token": twin.token},
            "endpoints": {"lookup": "/customers?email={email}"},
            "settings": {"account": name, **settings},
        }
        path = f"f/customers/{name}"
        made = {"path": path, "resource_type": "customer_api", "value": value}
        request = urllib.request.Request(
            f"{self.url}/api/w/local/resources/create",
            json.dumps(made).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as reply:
            assert reply.status == 201
        return path

    def visit(
        self, script: str, *, at: str = "", enter: bool = True, answers: Answers | None = None, **facts: Any
    ) -> Visit:
        """Open the desk and run `script`.mjs there; `facts` are for it, `answers` what it can ask for.

        `at`: the address's fragment, such as `/draft/<id>/rows`. `scheme`, `width`, `height` are facts that
        shape the window. Without `enter` the browser has no session.
        """
        command = foreign.node(HERE / f"{script}.mjs", "playwright-core", "axe-core")
        where = self.link if enter else f"{self.url}/desk"
        environ = {
            "BROWSER": self.browser,
            "ADDRESS": f"{where}#{at}" if at else where,
            "FACTS": json.dumps(facts),
        }
        pipe = subprocess.PIPE
        with (
            subprocess.Popen(
                command, env={**os.environ, **environ}, stdin=pipe, stdout=pipe, stderr=pipe, text=True
            ) as process,
            _ended_after(process, _SECONDS),
        ):
            told = _talk(process, answers or {})
            assert process.stderr is not None
            errors = process.stderr.read()
        assert process.returncode == 0, errors
        return Visit(**told)


def _talk(process: subprocess.Popen[str], answers: Answers) -> dict[str, Any]:
    """Do what a visit asks for, and return what it has told at its end; nothing if it broke off."""
    assert process.stdin is not None
    assert process.stdout is not None
    told: dict[str, Any] = {}
    for line in process.stdout:
        told = json.loads(line)
        if asked := told.get("ask"):
            process.stdin.write(json.dumps(answers[asked]()) + "\n")
            process.stdin.flush()
    return told


@contextmanager
def _ended_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """End a process that takes longer, or whose test has failed meanwhile."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    except BaseException:
        process.kill()
        raise
    finally:
        timer.cancel()


@contextmanager
def open_browser() -> Iterator[str]:
    """Run a Chromium until the end of the `with`, and yield where visits connect; skips tests without one."""
    command = foreign.node(HERE / "chromium.mjs", "playwright-core", "axe-core")
    environ = {**os.environ, "BROWSER": foreign.browser()}
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(30)


@contextmanager
def open_site(root: Path, state: Path, browser: str, *options: str) -> Iterator[Site]:
    """Serve a workspace until the end of the `with`."""
    with serving(root, state, *options) as url:
        yield Site(url, state, browser)
