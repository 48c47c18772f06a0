"""No process outlives the run that started it, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mill.engine.jobs.outcome import error_of
from mill.ports import Completed, Target
from tests.mill.engine.lab import Lab, fail, loop, py

# Runs the flow named on the command line with the real command's session, in a process of its own.
RUN = """
import contextlib, signal, sys
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # below nohup it is ignored
sys.path[:0] = [{root!r}, {scripts!r}]
from mill.ports import Target
from mill.session import Session
from mill.repository.workspace import Workspace
from tests.mill.engine.lab import Shelf
@contextlib.contextmanager
def shelf(jobs, workspace, state):
    yield Shelf()
workspace = Workspace(Path(sys.argv[1]))
with Session(workspace, Path(sys.argv[2]), platform=shelf) as session:
    session.run(Target("flow", sys.argv[3]), {{}})
"""
SPAWN_AND_SLEEP = """
import subprocess, time
child = subprocess.Popen(["sleep", "300"])
daemon = subprocess.Popen(["sleep", "300"], start_new_session=True)
with open(marks, "a") as file:
    file.write(f"{os.getpid()}\\n{child.pid}\\n{daemon.pid}\\n")
time.sleep(300)
"""


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _pids(marks: Path) -> list[int]:
    return [int(line) for line in marks.read_text("ascii").split()] if marks.exists() else []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_when_mill_is_ended_everything_it_started_ends(
    lab: Lab, tmp_path: Path, number: signal.Signals
) -> None:
    marks = tmp_path / "marks"
    step = py("a", SPAWN_AND_SLEEP, {"marks": ("static", str(marks))})
    path = lab.write_flow([loop("l", "[1, 2]", [step], parallel=True)])
    here = Path(__file__).parents[4]
    code = RUN.format(root=str(here), scripts=str(here / "scripts"))
    command = [sys.executable, "-c", code, str(lab.root), str(tmp_path / "state"), path]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as mill:
        assert _eventually(lambda: len(_pids(marks)) == 6)
        assert all(map(_is_running, _pids(marks)))
        mill.send_signal(number)
        mill.wait(20)
    assert mill.returncode != 0
    assert _eventually(lambda: not any(map(_is_running, _pids(marks))))


def test_when_the_zygote_is_killed_its_workers_end_and_the_job_fails(lab: Lab, tmp_path: Path) -> None:
    own = Lab(tmp_path)
    marks = tmp_path / "marks"
    with own.session:
        step = py("a", SPAWN_AND_SLEEP, {"marks": ("static", str(marks))})
        job = own.session.engine.start(Target("flow", own.write_flow([step])), {})
        assert _eventually(lambda: len(_pids(marks)) == 3)
        worker, *others = _pids(marks)
        os.kill(_parent(worker), signal.SIGKILL)
        completed = own.session.engine.wait(job, 20)
        for pid in others:
            os.kill(pid, signal.SIGKILL)
        assert not own.flow([py("b", "return 1")]).success
    assert completed is not None
    assert not completed.success
    assert _eventually(lambda: not _is_running(worker))


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[1])


def test_a_step_killed_from_outside_fails_and_the_flow_handles_it(lab: Lab, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    step = py("a", SPAWN_AND_SLEEP, {"marks": ("static", str(marks))})
    handler = py("failure", "return message", {"message": "error.message"})
    job = lab.session.engine.start(Target("flow", lab.write_flow([step], failure_module=handler)), {})
    assert _eventually(lambda: len(_pids(marks)) == 3)
    os.kill(_pids(marks)[0], signal.SIGKILL)
    completed = lab.session.engine.wait(job, 20)
    assert completed is not None
    assert "signal: Some(9)" in completed.result
    assert not _is_running(_pids(marks)[1]), "its own process group goes with it"


def test_a_timeout_kills_what_the_step_started(lab: Lab, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    completed = lab.flow([py("a", SPAWN_AND_SLEEP, {"marks": ("static", str(marks))}, timeout=1)])
    assert error_of(completed.result)["name"] == "ExecutionErr"
    assert _eventually(lambda: not any(map(_is_running, _pids(marks)[:2])))


def test_a_step_that_leaves_a_process_behind_does_not_hold_up_the_flow(lab: Lab) -> None:
    body = "import subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True); return 1"
    assert lab.flow([py("a", body)]) == Completed(True, 1)


def test_ending_a_session_ends_its_zygote(tmp_path: Path) -> None:
    own = Lab(tmp_path)
    with own.session:
        assert own.flow([fail("a")]).success is False
        zygote = own.flow([py("a", "return os.getppid()")]).result
        assert _is_running(zygote)
    assert not _is_running(zygote)


def test_what_lies_where_mill_was_started_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windmill a script has its own packages and the workspace's modules, and nothing else."""
    folder, root = tmp_path / "reports", tmp_path / "workspace"
    folder.mkdir()
    root.mkdir()
    (folder / "lying_here.py").write_text("", "utf-8")
    monkeypatch.chdir(folder)
    own = Lab(root)
    with own.session:
        ended = own.flow([py("a", "import lying_here")])
    assert error_of(ended.result)["name"] == "ModuleNotFoundError"
