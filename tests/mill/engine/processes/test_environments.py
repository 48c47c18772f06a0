"""Scripts of other repositories: each in an environment made of its own lock."""

from __future__ import annotations

import contextlib
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mill.engine.definition.lock import Lock, parse_lock
from mill.engine.processes import uv as uv_module
from mill.engine.processes.environments import Environments, Order, Stopped
from mill.engine.processes.uv import find_uv, own_version
from mill.ports import Completed, Target
from tests.mill.engine.lab import Lab, py
from tests.mill.engine.wheels import write_wheel

SHOW = """
import sys
import tiny_greeting
import requests

def main():
    return [tiny_greeting.WORD, requests.__version__, sys.prefix]
"""


class Foreign:
    """A repository whose scripts need what mill does not have, and how often uv was called for it."""

    def __init__(self, root: Path, calls: Path) -> None:
        self.lab = Lab(root / "workspace")
        self.wheels = root / "wheels"
        self.envs = root / "cache" / "millwright" / "envs"
        self._calls = calls

    def lock(self, *pins: str, python: str = "") -> str:
        """A lock that needs no network."""
        lines = [f"# py: {python or own_version()}", "--no-index", f"--find-links {self.wheels}", *pins]
        return "\n".join(lines) + "\n"

    def script(self, code: str, lock: str | None) -> str:
        path = self.lab.write_script(code)
        if lock is not None:
            (self.lab.root / f"{path}.script.lock").write_text(lock, "utf-8")
        return path

    def run(self, code: str, lock: str | None) -> Completed:
        return self.lab.run("script", self.script(code, lock))

    def uv_calls(self) -> list[str]:
        """What uv was asked for, by its first word."""
        return [line.split()[0] for line in self._calls.read_text("utf-8").splitlines()]

    def told(self, kind: str) -> list[str]:
        return [str(event.data) for event in self.lab.events if event.kind == kind]

    def made(self) -> list[str]:
        """The folders below the environments' own: whole ones and left ones."""
        return [item.name for item in self.envs.iterdir() if item.is_dir()] if self.envs.is_dir() else []


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Foreign]:
    calls, counting = tmp_path / "calls", tmp_path / "uv"
    calls.touch()
    counting.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec {find_uv()} "$@"\n', "utf-8")
    counting.chmod(counting.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(uv_module, "find_uv", lambda: str(counting))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    (tmp_path / "workspace").mkdir()
    one = Foreign(tmp_path, calls)
    write_wheel(one.wheels, "tiny_greeting", "1.0", "WORD = 'hello'")
    write_wheel(one.wheels, "tiny_greeting", "2.0", "WORD = 'good day'")
    write_wheel(one.wheels, "requests", "2.32.0", "__version__ = '2.32.0'")
    with one.lab.session:
        yield one


def test_a_script_runs_with_the_packages_of_its_lock_and_no_others(foreign: Foreign) -> None:
    done = foreign.run(SHOW, foreign.lock("tiny-greeting==1.0", "requests==2.32.0"))
    assert done.success, done.result
    word, version, prefix = done.result
    assert (word, version) == ("hello", "2.32.0")  # mill's own requests is another
    assert Path(prefix).parent == foreign.envs
    nothing_else = "import tiny_greeting\nimport typer\ndef main(): pass\n"
    failed = foreign.run(nothing_else, foreign.lock("tiny-greeting==1.0"))
    assert "No module named 'typer'" in failed.result["error"]["message"]


def test_a_second_run_asks_uv_for_nothing(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==1.0", "requests==2.32.0"))
    assert foreign.lab.run("script", path).success
    calls = foreign.uv_calls()
    assert calls == ["venv", "pip"]
    assert foreign.lab.run("script", path).success
    assert foreign.uv_calls() == calls
    assert foreign.told("waiting") == [
        f"makes its environment (2 packages, Python {own_version()})",
        "",
    ]


def test_a_lock_that_mill_meets_costs_no_environment(foreign: Foreign) -> None:
    done = foreign.run("import sys\ndef main(): return sys.prefix\n", "# py: 3.99\n")
    assert done.result == sys.prefix
    assert foreign.uv_calls() == []


def test_an_inline_step_has_a_lock_of_its_own_and_imports_of_the_workspace_work(foreign: Foreign) -> None:
    library = foreign.lab.root / "f" / "lab" / "library.py"
    library.parent.mkdir(parents=True, exist_ok=True)
    library.write_text("import tiny_greeting\ndef word(): return tiny_greeting.WORD\n", "utf-8")
    body = "from f.lab.library import word\nreturn f'{word()} {name}'\n"
    path = foreign.lab.write_flow([])
    folder = foreign.lab.root / f"{path}.flow"
    steps = []
    for version in ("1.0", "2.0"):
        step = f"greet_{version[0]}"
        (folder / f"{step}.lock").write_text(foreign.lock(f"tiny_greeting=={version}"), "utf-8")
        one = py(step, body, {"name": ("static", "Ada")})
        one["value"]["lock"] = f"!inline {step}.lock"
        steps.append(one)
    last = py("both", "return [a, b]", {"a": "results.greet_1", "b": "results.greet_2"})
    foreign.lab.write_flow([*steps, last], path)
    assert foreign.lab.run("flow", path).result == ["hello Ada", "good day Ada"]


def test_jobs_at_the_same_time_make_one_environment(foreign: Foreign) -> None:
    lock = foreign.lock("tiny-greeting==1.0", "requests==2.32.0")
    paths = [foreign.script(SHOW, lock) for _ in range(4)]
    engine = foreign.lab.session.engine
    jobs = [engine.start(Target("script", path), {}) for path in paths]
    done = [engine.wait(job, 60) for job in jobs]
    assert all(one is not None and one.success for one in done)
    assert foreign.uv_calls() == ["venv", "pip"]
    assert len(foreign.made()) == 1


def test_two_processes_make_one_environment(foreign: Foreign) -> None:
    lock = parse_lock(foreign.lock("tiny-greeting==2.0"), "x.lock")
    assert lock is not None
    found: list[Path] = []

    def make(lock: Lock) -> None:  # an Environments of its own, as another process has
        order = Order(lock, "f/demo/x", lambda _text: None, lambda: False)
        found.append(Environments(foreign.lab.root).python_for(order))

    threads = [threading.Thread(target=make, args=(lock,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert foreign.uv_calls() == ["venv", "pip"]


def test_a_lock_that_cannot_be_installed_fails_the_job_with_uv_s_reason(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==9.9"))
    error = foreign.lab.run("script", path).result["error"]
    assert error["name"] == "ExecutionErr"
    assert f"environment of {path} cannot be made from {path}.script.lock" in error["message"]
    assert "tiny-greeting==9.9" in error["message"]
    assert "`mill metadata` write it anew" in error["message"]
    assert foreign.made() == []


def test_a_failure_is_not_tried_again_at_once(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==9.9"))
    first = foreign.lab.run("script", path)
    calls = foreign.uv_calls()
    assert foreign.lab.run("script", path).result == first.result
    assert foreign.uv_calls() == calls


def test_credentials_of_an_index_are_in_no_error(foreign: Foreign) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens: refused
        port = taken.getsockname()[1]
        lock = f"--index-url http://ada:geheim@127.0.0.1:{port}/simple\ntiny-greeting==1.0\n"
        message = foreign.run(SHOW, lock).result["error"]["message"]
    assert "geheim" not in message
    assert "offline" in message


def test_a_python_that_the_machine_lacks_is_named_with_those_it_has(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==1.0", python="3.99"))
    message = foreign.lab.run("script", path).result["error"]["message"]
    assert f"{path} needs Python 3.99, as {path}.script.lock says" in message
    assert own_version() in message
    assert "python install 3.99" in message
    assert foreign.made() == []


def test_an_environment_whose_python_is_gone_is_made_again(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==1.0", "requests==2.32.0"))
    assert foreign.lab.run("script", path).success
    (python,) = foreign.envs.glob("*/bin/python")
    python.unlink()
    python.symlink_to(foreign.lab.root / "nowhere")
    assert foreign.lab.run("script", path).success
    assert foreign.uv_calls().count("venv") == 2


@contextlib.contextmanager
def silent_index() -> Iterator[str]:
    """An index that takes a request and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/simple"


def test_a_job_that_is_canceled_while_its_environment_is_made_leaves_nothing(foreign: Foreign) -> None:
    with silent_index() as index:
        path = foreign.script(SHOW, f"--index-url {index}\ntiny-greeting==1.0\n")
        engine = foreign.lab.session.engine
        job = engine.start(Target("script", path), {})
        deadline = time.monotonic() + 20
        while "pip" not in foreign.uv_calls() and time.monotonic() < deadline:
            time.sleep(0.02)
        begun = time.monotonic()
        engine.cancel(job, "enough")
        done = engine.wait(job, 20)
    assert done is not None
    assert done.result["error"]["name"] == "Canceled"
    assert time.monotonic() - begun < 5
    assert foreign.made() == []


def test_an_interrupted_mill_leaves_no_environment_and_says_what_it_was_doing(foreign: Foreign) -> None:
    with silent_index() as index:
        path = foreign.script(SHOW, f"--index-url {index}\ntiny-greeting==1.0\n")
        process = subprocess.Popen(
            [sys.executable, "-c", "from mill.cli import main; main()", "script", "run", path],
            cwd=foreign.lab.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 20
        while not any(foreign.envs.glob("*.making-*/env/bin")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (130, "")
    assert f"{path} makes its environment (1 package, Python {own_version()})\n" in errors
    assert foreign.made() == []


def test_who_waits_for_another_to_make_it_can_be_canceled(foreign: Foreign) -> None:
    lock = parse_lock(foreign.lock("tiny-greeting==1.0"), "x.lock")
    assert lock is not None
    environments, canceled = Environments(foreign.lab.root), threading.Event()
    canceled.set()
    order = Order(lock, "f/demo/x", lambda _text: None, canceled.is_set)
    with (
        environments._alone(foreign.envs / "x", order),
        pytest.raises(Stopped),
        environments._alone(foreign.envs / "x", order),
    ):
        pass


def test_what_a_killed_mill_left_is_removed_by_the_next(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==1.0", "requests==2.32.0"))
    assert foreign.lab.run("script", path).success
    (name,) = foreign.made()
    (foreign.envs / f"{name}.making-left").mkdir()
    (foreign.envs / name / "bin" / "python").unlink()
    assert foreign.lab.run("script", path).success
    assert foreign.made() == [name]


def test_a_route_s_script_is_kept_warm_in_its_environment(foreign: Foreign) -> None:
    path = foreign.script(SHOW, foreign.lock("tiny-greeting==1.0", "requests==2.32.0"))
    engine = foreign.lab.session.engine
    for _ in range(2):
        assert engine.call(Target("script", path), {}).result[0] == "hello"
    assert foreign.uv_calls() == ["venv", "pip"]


def test_a_package_of_the_public_index(foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one test with a download, of 6 KB; uv keeps it in the user's own cache."""
    monkeypatch.delenv("UV_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME")
    ask = [str(find_uv()), "pip", "compile", "--quiet", "--no-deps", "-"]
    if subprocess.run(
        ask, input=b"iniconfig==1.1.1", capture_output=True, timeout=60, check=False
    ).returncode:
        pytest.skip("uv cannot reach a package index from here.")
    monkeypatch.setattr(foreign.lab.session.engine._runtime.environments, "_folder", foreign.envs)
    code = "import iniconfig\nimport importlib.metadata as m\ndef main(): return m.version('iniconfig')\n"
    assert foreign.run(code, "iniconfig==1.1.1\n").result == "1.1.1"
