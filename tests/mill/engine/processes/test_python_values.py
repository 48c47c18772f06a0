"""How arguments reach Python and how results leave it, through a real worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mill.conformance.rules import values
from mill.engine.jobs.outcome import error_of
from tests.mill.engine.lab import Lab


@pytest.mark.parametrize(("signature", "args", "seen"), values.ARGUMENTS)
def test_an_argument_arrives_as_on_windmill(
    lab: Lab, signature: str, args: dict[str, Any], seen: str
) -> None:
    assert lab.script(values.takes(signature), args).result == seen


def test_keyword_arguments_take_everything(lab: Lab) -> None:
    completed = lab.script("def main(a=1, **rest):\n    return [a, rest]", {"b": 2})
    assert completed.result == [1, {"b": 2}]


@pytest.mark.parametrize(("annotation", "value", "problem"), values.UNDECODABLE)
def test_an_argument_that_cannot_be_decoded_dies_before_main(
    lab: Lab, annotation: str, value: str, problem: str
) -> None:
    completed = lab.script(values.decodes(annotation), {"a": value})
    error = error_of(completed.result)
    assert error["name"] == "ExecutionErr"
    assert error["exit_code"] == 1
    assert error["message"].startswith('exit code for "python run": 1, last log lines:\n')
    assert problem in error["message"]


@pytest.mark.parametrize(("expression", "result"), values.RESULTS)
def test_a_result_leaves_as_on_windmill(lab: Lab, expression: str, result: Any) -> None:
    assert lab.script(values.returns(expression)).result == result


@pytest.mark.parametrize("expression", values.REFUSED_RESULTS)
def test_a_result_windmill_cannot_take_fails_the_job(lab: Lab, expression: str) -> None:
    assert not lab.script(values.returns(expression, values.WITH_MODEL)).success


def test_a_coroutine_is_not_awaited(lab: Lab) -> None:
    completed = lab.script("async def main():\n    return 1")
    assert str(completed.result).startswith("<coroutine object main")


def test_streamed_lines_beside_an_object_become_wm_stream(lab: Lab) -> None:
    completed = lab.script("def main():\n    print('WM_STREAM: a\\\\nb')\n    return {'k': 1}")
    assert completed.result == {"k": 1, "wm_stream": "a\nb"}


def test_a_script_without_main_says_so(lab: Lab) -> None:
    completed = lab.script("main = None\ndef main():\n    return 1\nmain = None")
    assert error_of(completed.result)["message"] == "main function is missing"


def test_an_import_error_dies_before_main(lab: Lab) -> None:
    completed = lab.script("import no_such_module_here\ndef main():\n    return 1")
    assert "ModuleNotFoundError" in error_of(completed.result)["message"]


def test_scripts_import_each_other_from_the_root_of_the_workspace(lab: Lab) -> None:
    lab.write_script("def double(x):\n    return 2 * x", "f/shared/arithmetic")
    code = "from f.shared.arithmetic import double\ndef main(x):\n    return double(x)"
    assert lab.script(code, {"x": 4}).result == 8


def test_a_relative_import_works(lab: Lab) -> None:
    lab.write_script("def one():\n    return 1", "f/lab/numbers_here")
    assert lab.script("from .numbers_here import one\ndef main():\n    return one()").result == 1


def test_a_preprocessor_and_main_run_in_one_job(lab: Lab) -> None:
    code = """
        import os
        def preprocessor(event):
            return {"n": event["body"]["n"], "pid": os.getpid()}
        def main(n, pid):
            return [n, pid == os.getpid()]
    """
    assert lab.script(code, event={"body": {"n": 3}}).result == [3, True]


def test_an_event_is_ignored_where_there_is_no_preprocessor(lab: Lab) -> None:
    assert lab.script("def main(a=1):\n    return a", {"a": 2}, event={"body": {}}).result == 2


WINDMILL_NAMES = {
    "WORKSPACE", "TOKEN", "EMAIL", "USERNAME", "BASE_URL", "JOB_ID", "JOB_PATH", "FLOW_JOB_ID",
    "ROOT_FLOW_JOB_ID", "ROOT_JOB_ID", "FLOW_PATH", "FLOW_STEP_ID", "SCHEDULE_PATH", "SCHEDULED_FOR",
    "PERMISSIONED_AS", "STATE_PATH", "OBJECT_PATH", "WORKER_GROUP", "TESTED_RUNNABLE", "RUNNABLE_ID",
    "END_USER_EMAIL",
}  # fmt: skip


def test_the_environment_is_windmills_and_nothing_else(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_MINE", "x")
    env = lab.script("import os\ndef main():\n    return dict(os.environ)").result
    assert set(env) == {"PATH", "TZ", "HOME", "LC_CTYPE", "PYTHONPATH", "BASE_INTERNAL_URL", "MILL"} | {
        f"WM_{n}" for n in WINDMILL_NAMES
    }
    assert env["WM_BASE_URL"] == env["BASE_INTERNAL_URL"] == lab.shelf.url
    assert env["WM_FLOW_PATH"] == env["WM_FLOW_STEP_ID"] == env["WM_FLOW_JOB_ID"] == ""
    assert env["WM_STATE_PATH"] == f"{env['WM_JOB_PATH']}/user"
    assert env["WM_OBJECT_PATH"].startswith(f"{env['WM_JOB_PATH'].replace('/', '_')}/manual/")
    assert env["WM_OBJECT_PATH"].endswith(f"_{env['WM_JOB_ID']}")


def test_a_process_that_a_script_starts_finds_the_workspace(lab: Lab) -> None:
    lab.write_script("def one():\n    return 1", "f/shared/started")
    code = """
        import subprocess, sys
        def main():
            command = [sys.executable, "-c", "from f.shared.started import one; print(one())"]
            return subprocess.run(command, capture_output=True, text=True).stdout
    """
    assert lab.script(code).result == "1\n"


def test_each_job_has_a_folder_of_its_own_that_goes_away(lab: Lab) -> None:
    code = "import os\ndef main():\n    open('file', 'w').close()\n    return [os.getcwd(), os.listdir()]"
    (first, files), (second, _) = lab.script(code).result, lab.script(code).result
    assert sorted(files) == ["file", "shared"]
    assert first != second
    assert not Path(first).exists()


def test_what_a_script_prints_is_its_log(lab: Lab) -> None:
    code = """
        import sys
        def main():
            print("one")
            print("two", file=sys.stderr)
            print("three", end="")
    """
    lab.script(code)
    assert [event.data for event in lab.events if event.kind == "output"] == ["one", "two", "three"]


def test_threads_and_exit_handlers_finish_before_the_job_does(lab: Lab) -> None:
    code = """
        import atexit, threading, time
        def main():
            threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start()
            atexit.register(print, "exit")
            return 1
    """
    assert lab.script(code).result == 1
    assert [event.data for event in lab.events if event.kind == "output"] == ["thread", "exit"]
