"""Scripts that are kept loaded: imported once, and each job a process of its own all the same."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.engine.definition.library import Library
from mill.engine.processes.pool import WorkerPool
from mill.engine.processes.worker import Call, Ending
from mill.repository.workspace import Workspace
from tests.mill.trees import write_tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no script is kept loaded")

_COUNTED = """
    import os
    from f.kit.words import WORD

    with open(os.environ["IMPORTS"], "a") as file:
        file.write("imported\\n")
    seen = []


    def main(name: str):
        seen.append(name)
        job, folder = os.environ["WM_JOB_ID"], os.getcwd()
        return {"seen": seen, "word": WORD, "job": job, "pid": os.getpid(), "in": folder}
"""
_FILES = {
    "f/kit/count.py": _COUNTED,
    "f/kit/plain.py": _COUNTED,
    "f/kit/words.py": 'WORD = "before"\n',
    "f/kit/threads.py": """
        import os
        import threading

        with open(os.environ["IMPORTS"], "a") as file:
            file.write("imported\\n")
        threading.Thread(target=threading.Event().wait, daemon=True).start()


        def main(name: str):
            return {"threads": threading.active_count()}
        """,
    "f/kit/late.py": """
        import os
        import sys


        def main(name: str):
            known = "f.kit.slow" in sys.modules
            import f.kit.slow
            return {"known": known}
        """,
    "f/kit/slow.py": "",
    "f/kit/broken.py": "import nowhere\n\n\ndef main(name: str):\n    pass\n",
    "f/kit/waits.py": """
        import os
        import time
        from pathlib import Path


        def main(name: str):
            folder = Path(name)
            (folder / "begun").write_text(str(os.getpid()))
            while not (folder / "go").exists():
                time.sleep(0.02)
            return {"done": True}
        """,
}
_KEPT = {"f/kit/count", "f/kit/threads", "f/kit/late", "f/kit/broken", "f/kit/waits"}

Run = Callable[..., Ending]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of these scripts."""
    return write_tree(tmp_path / "workspace", _FILES)


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Iterator[Run]:
    """Run a script as a job."""
    library = Library(Workspace(root), tmp_path / "inline")
    numbers = iter(range(1_000))

    with WorkerPool(root, tmp_path / "bytecode", _KEPT.__contains__) as pool:

        def call(path: str, name: str = "x") -> Ending:
            job = str(next(numbers))
            folder = tmp_path / "jobs" / job
            folder.mkdir(parents=True)
            env = {"WM_JOB_ID": job, "IMPORTS": str(tmp_path / "imports"), "PATH": os.environ["PATH"]}
            one = Call(library.script(path), {"name": name}, env, folder)
            with pool.take_for(one) as worker:
                return worker.run(one, lambda _output: None)

        yield call


def _result(ending: Ending) -> Any:
    assert ending.reply is not None
    assert ending.reply["ok"], ending.reply
    return ending.reply["result"]


def _imports(tmp_path: Path) -> int:
    return len((tmp_path / "imports").read_text("utf-8").splitlines())


def test_it_is_imported_once_and_a_job_sees_nothing_of_another(run: Run, tmp_path: Path) -> None:
    first, second = (_result(run("f/kit/count", name)) for name in ("a", "b"))
    assert (first["seen"], second["seen"]) == (["a"], ["b"])
    assert (first["job"], second["job"]) == ("0", "1")
    assert first["in"] != second["in"]
    assert first["pid"] != second["pid"]
    assert _imports(tmp_path) == 1


def test_another_script_is_imported_by_each_job(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert _result(run("f/kit/plain", name))["seen"] == [name]
    assert _imports(tmp_path) == 2


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("f/kit/count.py", '"word": WORD', '"word": "after"'),
        ("f/kit/words.py", '"before"', '"after"'),
    ],
    ids=["script", "library"],
)
def test_an_edit_counts_at_the_next_job(run: Run, root: Path, file: str, old: str, new: str) -> None:
    assert _result(run("f/kit/count"))["word"] == "before"
    code = (root / file).read_text("utf-8")
    assert old in code
    (root / file).write_text(code.replace(old, new), "utf-8")
    assert _result(run("f/kit/count"))["word"] == "after"


def test_an_edit_leaves_the_jobs_that_run_alone(run: Run, root: Path, tmp_path: Path) -> None:
    endings: list[Ending] = []
    running = threading.Thread(target=lambda: endings.append(run("f/kit/waits", str(tmp_path))))
    running.start()
    _until((tmp_path / "begun").exists)
    code = (root / "f/kit/waits.py").read_text("utf-8")
    (root / "f/kit/waits.py").write_text(code.replace('{"done": True}', '{"done": "anew"}'), "utf-8")
    (tmp_path / "go").touch()
    other = _result(run("f/kit/waits", str(tmp_path)))
    running.join(60)
    assert (_result(endings[0]), other) == ({"done": True}, {"done": "anew"})


def test_what_a_job_imports_on_its_way_is_there_for_the_next(run: Run) -> None:
    known = [_result(run("f/kit/late"))["known"] for _ in range(3)]
    # A worker may wait already when the first job tells of it.
    assert known[0] is False
    assert known[2] is True


def test_one_that_starts_a_thread_when_imported_runs_as_any_other(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert _result(run("f/kit/threads"))["threads"] == 2
    assert _imports(tmp_path) == 3  # once to find out


def test_one_that_cannot_be_imported_fails_as_any_other(run: Run) -> None:
    for _ in range(2):
        ending = run("f/kit/broken")
        assert (ending.reply, ending.exit_code) == (None, 1)


def test_a_job_that_is_killed_takes_no_other_with_it(run: Run, tmp_path: Path) -> None:
    endings: list[Ending] = []
    running = threading.Thread(target=lambda: endings.append(run("f/kit/waits", str(tmp_path))))
    running.start()
    _until(lambda: (tmp_path / "begun").exists() and (tmp_path / "begun").read_text("utf-8") != "")
    os.kill(int((tmp_path / "begun").read_text("utf-8")), 9)
    running.join(60)
    assert (endings[0].reply, endings[0].exit_code) == (None, -9)
    (tmp_path / "go").touch()
    assert _result(run("f/kit/waits", str(tmp_path))) == {"done": True}


def _until(condition: Callable[[], bool]) -> None:
    done = threading.Event()
    for _ in range(3_000):
        if condition():
            return
        done.wait(0.02)
    raise AssertionError("it never came")
