"""How arguments reach Python and how results leave it, through a real worker."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from mill.engine.jobs.outcome import error_of
from tests.mill.engine.lab import Lab


@pytest.mark.parametrize(
    ("signature", "args", "seen"),
    [
        ("a", {"a": 1}, "1"),
        ("a", {}, "None"),
        ("a", {"a": 1, "unknown": 2}, "1"),
        ("a=5", {}, "5"),
        ("a=5", {"a": None}, "5"),
        ("a='x'", {}, "'x'"),
        ("a=[1]", {}, "[1]"),
        ("a={'k': 1}", {}, "{'k': 1}"),
        ("a=dict(k=1)", {}, "{'k': 1}"),
        ("a=os.sep", {}, "'/'"),
        ("a=None", {}, "None"),
        ("a=-1", {}, "None"),
        ("a=(1, 2)", {}, "None"),
        ("a=60 * 60", {}, "None"),
        ("a=f'x'", {}, "None"),
        ("a=LIMIT", {}, "None"),
        ("a=-1", {"a": 4}, "4"),
        ("a=1, *, b=2", {"a": 3, "b": 9}, "3"),
        ("a: bytes", {"a": base64.b64encode(b"hi").decode()}, "b'hi'"),
        ("a: bytes", {"a": None}, "None"),
        ("a: bytes | None = None", {"a": "aGk="}, "b'hi'"),
        ("a: Optional[bytes] = None", {"a": "aGk="}, "b'hi'"),
        ("a: list[bytes]", {"a": ["aGk="]}, "['aGk=']"),
        ("a: datetime", {"a": "2024-01-02T03:04:05"}, "datetime.datetime(2024, 1, 2, 3, 4, 5)"),
        ("a: datetime.datetime", {"a": "2024-01-02"}, "datetime.datetime(2024, 1, 2, 0, 0)"),
        ("a: date", {"a": "2024-01-02"}, "datetime.date(2024, 1, 2)"),
        ("a: date", {"a": "02-01-2024"}, "datetime.date(2024, 1, 2)"),
        ("a: date", {"a": "01/02/2024"}, "datetime.date(2024, 1, 2)"),
        ("a: date", {"a": "31/12/2024"}, "datetime.date(2024, 12, 31)"),
        ("a: date", {"a": "2024/01/02"}, "datetime.date(2024, 1, 2)"),
        ("a: date", {"a": "soon"}, "'soon'"),
        ("a: Alias", {"a": "aGk="}, "'aGk='"),
        ("a: int", {"a": "text"}, "'text'"),
        ("a: Point", {"a": {"x": 1}}, "{'x': 1}"),
    ],
)
def test_an_argument_arrives_as_on_windmill(
    lab: Lab, signature: str, args: dict[str, Any], seen: str
) -> None:
    code = f"""
import os
from dataclasses import dataclass
from typing import Optional
import datetime as module
class datetime(module.datetime):
    datetime = module.datetime
date = module.date
LIMIT = 7
Alias = bytes
@dataclass
class Point:
    x: int
def main({signature}):
    return repr(a)
"""
    assert lab.script(code, args).result == seen


def test_keyword_arguments_take_everything(lab: Lab) -> None:
    completed = lab.script("def main(a=1, **rest):\n    return [a, rest]", {"b": 2})
    assert completed.result == [1, {"b": 2}]


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [("bytes", "x", "base64"), ("datetime.datetime", "never", "isoformat")],
)
def test_an_argument_that_cannot_be_decoded_dies_before_main(
    lab: Lab, annotation: str, value: str, problem: str
) -> None:
    completed = lab.script(f"import datetime\ndef main(a: {annotation}):\n    return 1", {"a": value})
    error = error_of(completed.result)
    assert error["name"] == "ExecutionErr"
    assert error["exit_code"] == 1
    assert error["message"].startswith('exit code for "python run": 1, last log lines:\n')
    assert problem in error["message"]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("None", None),
        ("datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)", "2024-01-02 03:04:05+00:00"),
        ("Decimal('1.50')", "1.50"),
        ("UUID(int=1)", "00000000-0000-0000-0000-000000000001"),
        ("Plain.A", "Plain.A"),
        ("Text.A", "a"),
        ("Number.A", 1),
        ("Point(1)", "Point(x=1)"),
        ("{'k': {1}}", {"k": "{1}"}),
        ("{1}", "{1}"),
        ("range(3)", "range(0, 3)"),
        ("(1, 2)", [1, 2]),
        ("b'hi'", "aGk="),
        ("{'k': b'hi'}", {"k": "aGk="}),
        ("[b'hi']", ["b'hi'"]),
        ("float('nan')", None),
        ("[float('inf'), -float('inf'), 1.5]", [None, None, 1.5]),
        ("'NaN and Infinity'", "NaN and Infinity"),
        ("{'NaN': float('nan'), 'q\"NaN': 1}", {"NaN": None, 'q"NaN': 1}),
        ("'a\\x00b'", "a null b"),
        ("'\\x00\\x00'", " null  null "),
        (r"'a\\u0000b'", "a\\u0000b"),
        ("{1: 2}", {"1": 2}),
        ("10 ** 30", 10**30),
        ("'é😀'", "é😀"),
        ("(str(i) for i in range(3))", "012"),
        ("{'a': 1}.keys()", "a"),
        ("iter(['x\\ny'])", "x\ny"),
    ],
)
def test_a_result_leaves_as_on_windmill(lab: Lab, expression: str, result: Any) -> None:
    code = f"""
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from uuid import UUID
class Plain(Enum):
    A = 1
class Text(str, Enum):
    A = "a"
class Number(IntEnum):
    A = 1
@dataclass
class Point:
    x: int
def main():
    return {expression}
"""
    assert lab.script(code).result == result


@pytest.mark.parametrize("expression", ["iter([1])", "Model(x=1)", "{(1, 2): 3}"])
def test_a_result_windmill_cannot_take_fails_the_job(lab: Lab, expression: str) -> None:
    code = (
        f"from pydantic import BaseModel\nclass Model(BaseModel):\n    x: int\n"
        f"def main():\n    return {expression}"
    )
    assert not lab.script(code).success


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
