"""`mill flow run`, `mill script run` and `mill run`, as a person and as a program would use them."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mill.commands.run import read_case
from mill.engine.jobs.events import Event, EventKind
from mill.engine.jobs.outcome import Outcome
from mill.errors import MillError
from mill.ports import Completed
from mill.repository.env_file import read_env_file
from mill.terminal.display import Lines, LiveTree
from mill.terminal.inputs import read_data
from mill.terminal.options import Options
from mill.terminal.report import failure_text, report
from mill.terminal.show import show_description, show_files, show_result

MILL = [sys.executable, "-c", "from mill.cli import main; main()"]

FLOW = """
summary: Double
schema:
  properties:
    n: {type: integer}
    fail: {type: boolean, default: false}
  required: [n]
value:
  modules:
    - id: double
      value:
        type: script
        path: f/demo/double
        input_transforms: {n: {type: javascript, expr: flow_input.n}}
    - id: each
      value:
        type: forloopflow
        skip_failures: false
        iterator: {type: static, value: [1, 2]}
        modules:
          - id: check
            value:
              type: rawscript
              language: python3
              content: |
                def main(fail):
                    if fail:
                        raise ValueError("refused")
              input_transforms: {fail: {type: javascript, expr: flow_input.fail}}
    - id: last
      value: {type: identity}
      mock: {enabled: true, return_value: {doubled: 1}}
"""


DOUBLE = """
def main(n: int, times: int = 2):
    print("doubling", n)
    return n * times
"""


TALK = """
import wmill
def main():
    wmill.set_progress(40)
    wmill.set_state({"seen": 1})
    return [wmill.get_state(), wmill.get_variable("f/demo/word"), wmill.get_resource("f/demo/api")]
"""


DEAF = """
import signal, time
def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("ready", flush=True)
    time.sleep(60)
"""


LOAD = """
import wmill
def main():
    return wmill.load_s3_file({"s3": "in/a.csv"}).decode()
"""


BESIDE = """
import wmill
def main(path: str, args: dict):
    return wmill.run_script_by_path_async(path, args) and "done"
"""


NOTED = """
import time
from pathlib import Path
def main(file: str):
    time.sleep(1)
    Path(file).touch()
"""


LATER = """
import wmill
def main(path: str, n: int):
    return wmill.run_script_by_path_async(path, {"n": n}, scheduled_in_secs=3600)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    files = {
        "wmill.yaml": "",
        "f/demo/double.py": DOUBLE,
        "f/demo/wait.py": "import time\ndef main():\n    print('ready', flush=True)\n    time.sleep(60)\n",
        "f/demo/deaf.py": DEAF,
        "f/demo/beside.py": BESIDE,
        "f/demo/noted.py": NOTED,
        "f/demo/env.py": "import os\ndef main(name: str):\n    return os.environ.get(name)\n",
        "f/demo/read.py": "def main(csv: bytes):\n    return csv.decode()\n",
        "f/demo/talk.py": TALK,
        "f/demo/run_double.flow/flow.yaml": FLOW,
        "f/demo/ask.flow/flow.yaml": json.dumps(
            {
                "value": {
                    "modules": [
                        {
                            "id": "a",
                            "value": {"type": "identity"},
                            "suspend": {"required_events": 1, "timeout": 20},
                        },
                        {"id": "b", "value": {"type": "identity"}},
                    ]
                }
            }
        ),
        "f/demo/wait.flow/flow.yaml": json.dumps(
            {
                "value": {
                    "modules": [
                        {
                            "id": "a",
                            "value": {
                                "type": "rawscript",
                                "language": "python3",
                                "content": "def main():\n    return {'description': {'md': 'Two rows\\n\\n"
                                "| Action | Rows |\\n| --- | --- |\\n| create | 2 |'}}\n",
                                "input_transforms": {},
                            },
                            "suspend": {"required_events": 1, "timeout": 20},
                        },
                        {"id": "b", "value": {"type": "identity"}},
                    ]
                }
            }
        ),
        "resources/mock/f/demo/word.variable.yaml": "value: hello\nis_secret: false\n",
        "resources/mock/f/demo/api.resource.yaml": "value: {url: /api}\nresource_type: api\n",
        "flows/double.yaml": "summary: Double four\nflow: f/demo/run_double\nargs: {n: 4}\n",
        "flows/read.yaml": "script: f/demo/read\nfiles: {csv: data/sample.csv}\n",
        "f/demo/load.py": LOAD,
        "f/demo/later.py": LATER,
        "flows/load.yaml": "script: f/demo/load\nobjects: {in/a.csv: data/sample.csv}\n",
        "flows/gone_object.yaml": "script: f/demo/load\nobjects: {in/a.csv: data/gone.csv}\n",
        "flows/bad_key.yaml": "script: f/demo/load\nobjects: {../a.csv: data/sample.csv}\n",
        "flows/data/sample.csv": "a,b\n",
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return root


def mill(root: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MILL, *words], cwd=root, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_flows_result_goes_to_stdout_and_the_rest_to_stderr(root: Path) -> None:
    done = mill(root, "flow", "run", "f/demo/run_double", "-d", '{"n": 2}')
    assert (done.returncode, json.loads(done.stdout)) == (0, {"doubled": 1})
    lines = [line.split("  ")[0] for line in done.stderr.splitlines()]
    assert lines == ["double", "each", "last", "f/demo/run_double"]


def test_silent_prints_the_result_and_nothing_else(root: Path) -> None:
    done = mill(root, "flow", "run", "f/demo/run_double", "-s", "-d", "@-", stdin='{"n": 2}')
    assert (json.loads(done.stdout), done.stderr) == ({"doubled": 1}, "")


def test_a_failed_run_exits_with_1_and_says_which_step_and_why(root: Path) -> None:
    done = mill(root, "flow", "run", "f/demo/run_double", "-d", '{"n": 2, "fail": true}')
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["error"]["message"] == "refused"
    assert done.stderr.splitlines()[-1].startswith("Failed in step ")
    assert done.stderr.splitlines()[-1].endswith("ValueError: refused")
    assert "Traceback" not in done.stderr


def test_verbose_shows_logs_and_the_stack(root: Path) -> None:
    done = mill(root, "flow", "run", "f/demo/run_double", "-v", "-d", '{"n": 2, "fail": true}')
    assert "double | doubling 2" in done.stderr
    assert 'raise ValueError("refused")' in done.stderr


def test_a_script_runs_with_its_log_on_stderr(root: Path) -> None:
    done = mill(root, "script", "run", "f/demo/double", "-d", '{"n": 4}')
    assert (done.returncode, done.stdout) == (0, "8\n")
    assert "doubling 4" in done.stderr


def test_a_script_talks_to_the_loopback_api_with_the_official_client(root: Path) -> None:
    done = mill(root, "script", "run", "f/demo/talk", "-s")
    assert json.loads(done.stdout) == [{"seen": 1}, "hello", {"url": "/api"}]


def test_a_job_for_later_is_kept_said_and_run_by_hand_once(root: Path) -> None:
    done = mill(root, "script", "run", "f/demo/later", "-d", '{"path": "f/demo/double", "n": 4}')
    job = json.loads(done.stdout)
    file = f".mill/delayed/{job}.yaml"
    [said] = [line for line in done.stderr.splitlines() if line.startswith("Waiting: ")]
    assert said.startswith("Waiting: script f/demo/double is due at ")
    assert said.endswith(f"(job {job}). `mill serve` runs it then; to go on by hand: mill run {file}")
    again = mill(root, "run", file)
    assert (again.returncode, again.stdout) == (0, "8\n")
    assert not (root / file).exists()


def test_a_case_outside_every_workspace_belongs_to_the_one_you_are_in(root: Path, tmp_path: Path) -> None:
    case = tmp_path / "double.yaml"
    case.write_text("script: f/demo/double\nargs: {n: 3}\n", "utf-8")
    assert mill(root, "run", str(case)).stdout == "6\n"


def test_a_case_names_what_to_run_and_with_what(root: Path, tmp_path: Path) -> None:
    trace, state = tmp_path / "trace.json", tmp_path / "state"
    words = ["run", str(root / "flows" / "double.yaml"), "-s", "--state", str(state), "--trace", str(trace)]
    done = mill(tmp_path, *words)
    assert json.loads(done.stdout) == {"doubled": 1}
    assert (state / "mill.sqlite").exists()
    events = json.loads(trace.read_text("utf-8"))["traceEvents"]
    assert {"double", "each", "#0", "#1", "last"} <= {event["name"] for event in events}
    assert all(event["ph"] == "X" and event["dur"] >= 0 for event in events)


def test_a_cases_files_are_handed_over_as_base64(root: Path) -> None:
    assert json.loads(mill(root, "run", "flows/read.yaml", "-s").stdout) == "a,b\n"


def test_a_cases_objects_lie_in_the_storage_before_it_runs(root: Path, tmp_path: Path) -> None:
    assert json.loads(mill(root, "run", "flows/load.yaml", "-s", "--state", str(tmp_path)).stdout) == "a,b\n"
    assert [file.name for file in (tmp_path / "objects/_default_/in").iterdir()] == ["a.csv"]


def test_arguments_of_the_command_line_replace_those_of_the_case(root: Path) -> None:
    done = mill(root, "run", "flows/double.yaml", "-d", '{"n": "x"}')
    assert "argument n must be a whole number, not the string 'x'" in done.stderr


def test_an_environment_file_reaches_the_scripts(root: Path, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# comment\nexport CITY='Oslo'\n", "utf-8")
    done = mill(
        root,
        "script",
        "run",
        "f/demo/env",
        "-s",
        "-d",
        '{"name": "CITY"}',
        "--env-file",
        str(tmp_path / "env"),
    )
    assert done.stdout == '"Oslo"\n'


def test_approve_answers_for_the_person(root: Path) -> None:
    done = mill(root, "flow", "run", "f/demo/ask", "--approve")
    assert done.returncode == 0
    assert "waits for approval after a" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["flow", "run", "f/demo/run_doubl"],
            "There is no flow f/demo/run_doubl. Did you mean f/demo/run_double?",
        ),
        (["flow", "run", "f/demo/run_double"], "Flow f/demo/run_double needs n: give it with -d"),
        (["flow", "run", "f/demo/run_double", "-d", "{"], "-d is not JSON: Expecting property name"),
        (
            ["script", "run", "f/demo/double", "-d", '{"m": 1}'],
            "Script f/demo/double has no argument m. It takes n, times.",
        ),
        (["script", "run", "f/demo/double", "-d", "@gone.json"], "gone.json: cannot be read"),
        (["run", "flows/gone.yaml"], "gone.yaml: cannot be read"),
        (["run", "flows/gone_object.yaml"], "the file for the object in/a.csv"),
        (["run", "flows/bad_key.yaml"], "'../a.csv' is not an S3 key"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_code_2(root: Path, words: list[str], sentence: str) -> None:
    done = mill(root, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("mill: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_ends_the_run_with_one_line(root: Path) -> None:
    command = [*MILL, "script", "run", "f/demo/wait"]
    with subprocess.Popen(
        command, cwd=root, stdout=-1, stderr=-1, text=True, start_new_session=True
    ) as running:
        assert running.stderr is not None
        assert "ready" in running.stderr.readline()
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert errors.splitlines()[-1] == "mill: Interrupted: the run and everything it started have ended."
    assert "Traceback" not in errors


def test_ctrl_c_while_it_waits_for_what_was_started_beside_keeps_the_result(root: Path) -> None:
    data = json.dumps({"path": "f/demo/wait", "args": {}})
    command = [*MILL, "script", "run", "f/demo/beside", "-d", data]
    with subprocess.Popen(
        command, cwd=root, stdout=-1, stderr=-1, text=True, start_new_session=True
    ) as running:
        assert running.stderr is not None
        seen = ""
        while "ready" not in seen or "f/demo/beside  ok" not in seen:
            seen += running.stderr.readline()
        time.sleep(0.5)  # its end is shown a moment before it is waited for no more
        os.killpg(running.pid, signal.SIGINT)
        output, errors = running.communicate(timeout=20)
    assert (running.returncode, output) == (0, '"done"\n')
    assert "Traceback" not in errors


def test_what_a_job_beside_starts_in_turn_is_waited_for_as_well(root: Path, tmp_path: Path) -> None:
    last = {"path": "f/demo/noted", "args": {"file": str(tmp_path / "noted")}}
    data = json.dumps({"path": "f/demo/beside", "args": last})
    done = mill(root, "script", "run", "f/demo/beside", "-d", data)
    assert (done.returncode, (tmp_path / "noted").exists()) == (0, True)
    assert "ancel" not in done.stderr


def test_a_second_ctrl_c_does_not_wait_for_a_script_that_goes_on(root: Path) -> None:
    command = [*MILL, "script", "run", "f/demo/deaf"]
    with subprocess.Popen(command, cwd=root, stdout=-1, stderr=-1, text=True) as running:
        assert running.stderr is not None
        assert "ready" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        assert "has 30 s to finish what is under way" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in errors


def test_help_teaches_by_example(root: Path) -> None:
    assert "mill flow run f/customers/import_csv -d" in mill(root, "--help").stdout
    assert "files:" in mill(root, "run", "--help").stdout


def test_lists_say_what_there_is(root: Path) -> None:
    assert mill(root, "flow", "list").stdout.split() == ["f/demo/ask", "f/demo/run_double", "f/demo/wait"]
    assert "f/demo/double" in mill(root, "script", "list").stdout.split()


def test_on_a_terminal_there_is_a_tree_and_a_question(root: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*MILL, "flow", "run", "f/demo/ask"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        command, cwd=root, stdin=theirs, stdout=-1, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        shown = _read_until(ours, "resume URL: ")
        os.write(ours, b"y\n")
        assert running.stdout is not None
        result = running.stdout.read()
        shown += _read_until(ours, None)
    os.close(ours)
    assert json.loads(result) == {}
    assert "Approve after step a?" in shown
    assert "f/demo/ask" in shown


def test_a_question_is_asked_below_what_there_is_to_decide_on(root: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*MILL, "flow", "run", "f/demo/wait"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        command, cwd=root, stdin=theirs, stdout=-1, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        shown = _read_until(ours, "resume URL: ")
        os.write(ours, b"n\n")
        assert running.stdout is not None
        running.stdout.read()
        _read_until(ours, None)
    os.close(ours)
    assert running.returncode == 1
    table = shown[shown.index("Two rows") : shown.index("Approve after step a?")]
    assert "create" in table
    assert "|" not in table


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        (None, ""),
        ("[b]bold[/b]", "[b]bold[/b]\n"),
        ({"md": "It **is** so"}, "It is so\n"),
        ({"deep": {"er": []}}, '{\n  "deep": {\n    "er": []\n  }\n}\n\n'),
    ],
)
def test_a_description_is_shown_whatever_it_is(description: Any, shown: str) -> None:
    console = Console(file=io.StringIO(), width=20)
    show_description(description, console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # the StringIO above
    assert [line.rstrip() for line in lines] == shown.splitlines()


def _read_until(fd: int, text: str | None) -> str:
    """What a terminal shows, up to `text` or its end."""
    shown, deadline = "", time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            data = os.read(fd, 4096)
        except OSError:
            return shown
        shown += data.decode("utf-8", "replace")
        if text is not None and text in shown:
            return shown
    raise AssertionError(shown)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "must be a JSON object"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1,\n "b" 2}', "Expecting ':' delimiter at line 2, column 6"),
    ],
)
def test_broken_arguments_are_placed_by_line_and_column(text: str, sentence: str) -> None:
    with pytest.raises(MillError) as caught:
        read_data(text)
    assert sentence in str(caught.value)


def test_a_line_that_is_no_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("A=1\nnonsense\n", "utf-8")
    with pytest.raises(MillError, match=r"env:2: is not NAME=value"):
        read_env_file(tmp_path / "env")
    (tmp_path / "env").write_bytes(b"A=1\nB=\xfc\n")
    with pytest.raises(MillError, match=r"env:2: is not UTF-8 text"):
        read_env_file(tmp_path / "env")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("flows: f/a/b\n", "has no use for flows. Did you mean flow or files?"),
        ("summary: x\n", "names what to run by either `flow` or `script`"),
        ("flow: f/a/b\nscript: f/a/c\n", "names what to run by either `flow` or `script`"),
        ("flow: f/a/b\nargs: [1]\n", "`args` must be a mapping"),
        ("flow: f/a/b\nfiles: {csv: gone.csv}\n", "the file for csv, "),
    ],
)
def test_a_broken_case_says_what_is_wrong(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    with pytest.raises(MillError) as caught:
        read_case(tmp_path / "case.yaml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"created": 3, "failed": 1}, ["created", "3", "failed", "1"]),
        ([{"id": 1, "name": "Ann"}, {"id": 2}], ["id", "name", "Ann", "null"]),
        ({"render_all": [{"md": "# Report"}, {"table-row-object": [{"x": 7}]}]}, ["Report", "x", "7"]),
        ({"ok": True, "counts": {"created": 2}}, ["ok", "true", "counts", "created", "2"]),
        ([{"n": n} for n in range(60)], ["the first 20 of 60"]),
        ({"ok": 1, "plan": {"hash": "0f", "counts": {"create": 2}}}, ["plan", "hash", "0f", "create", "2"]),
    ],
)
def test_a_result_is_shown_as_a_table(result: Any, words: list[str]) -> None:
    console = Console(file=io.StringIO(), width=100)
    show_result(result, console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    assert all(word in shown for word in words)


LONG_PATH = f"imports/20260101-000000-abcdef12/{'a_long_name_' * 8}.csv"
IMPORTED = {
    "counts": {"rows": 7, "created": 4, "would_leave": 0, "invalid": 3},
    "reasons": [
        {"outcome": "warning", "message": "The phone is odd.", "rows": 1, "examples": [{"line": 1200}]},
        {
            "outcome": "invalid",
            "message": "The [b]address[/b] cannot exist.",
            "rows": 3,
            "examples": [{"line": 5}, {"line": 1004}],
        },
    ],
    "plan": {"hash": "0f", "counts": {"create": 4}, "file": {"s3": "imports/1/plan.csv", "rows": 1}},
    "stopped": {"code": "FixInput", "message": "too many"},
    "error": {"name": "FixInput", "message": "too many"},
    "rejects": {"filename": "rejects.csv", "s3": LONG_PATH, "rows": 3},
}


def terminal(**options: Any) -> Console:
    return Console(file=io.StringIO(), width=40, **options)


def written(console: Console) -> str:
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    return text


def test_the_reasons_stand_under_the_table_and_those_that_need_a_person_come_first() -> None:
    console = terminal()
    show_result(IMPORTED, console)
    lines = [line.rstrip() for line in written(console).splitlines()]
    start = lines.index("Rows that need your attention")
    assert lines[start + 1 : start + 4] == [
        "  3  invalid: The [b]address[/b] cannot exist. (lines 5, 1,004, ...)",
        "Worth knowing",
        "  1  warning: The phone is odd. (line 1,200)",
    ]
    assert any(line.split()[:3] == ["would", "leave", "0"] for line in lines[:start])


def test_one_table_of_counts_is_shown_and_an_error_is_left_to_the_last_sentence() -> None:
    console = terminal()
    show_result(IMPORTED, console)
    assert "create " not in written(console)
    assert "too many" not in written(console)


def test_a_path_is_one_line_on_a_narrow_terminal_and_a_link_to_the_file(tmp_path: Path) -> None:
    plain, links = terminal(), terminal(force_terminal=True, color_system="standard")
    show_files(IMPORTED, plain, tmp_path)
    file = tmp_path / "_default_" / LONG_PATH
    assert written(plain).splitlines() == [
        f"plan        {tmp_path / '_default_/imports/1/plan.csv'} (1 row)",
        f"rejects     {file} (3 rows)",
    ]
    show_files(IMPORTED, links, tmp_path)
    assert re.search(rf"\x1b]8;id=\d+;{re.escape(file.as_uri())}\x1b\\", written(links))
    assert written(links).count("\n") == 2


def test_what_has_succeeded_is_green_and_what_needs_a_person_is_yellow() -> None:
    console = terminal(force_terminal=True, color_system="truecolor")
    show_result({"created": 4, "invalid": 3}, console)
    created, invalid = written(console).splitlines()
    assert "\x1b[32m" in created
    assert "\x1b[33m" in invalid
    assert "\x1b[31m" not in written(console)
    assert "249;38;114" not in written(console)  # the red of the library's own bars


def test_a_failure_is_told_once_and_the_files_come_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    padding = {f"n{number}": number for number in range(40)}
    assert report(Completed(False, {**IMPORTED, **padding}), Options(), tmp_path) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "too many" in line] == ["Failed: FixInput: too many"]
    assert [line.split()[0] for line in lines[-3:]] == ["Failed:", "plan", "rejects"]


@pytest.mark.parametrize("result", [5, "text", [], {}, [1, 2], None])
def test_a_plain_result_needs_no_table(result: Any) -> None:
    console = Console(file=io.StringIO())
    show_result(result, console)
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]  # the StringIO above


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"name": "ValueError", "message": "no", "step_id": "a"}, "Failed in step a: ValueError: no"),
        (
            {"name": "ExecutionErr", "message": "last log lines:\nx\nKeyError: 1", "exit_code": 1},
            "Failed: ExecutionErr: KeyError: 1",
        ),
        ({"name": "Odd"}, "Failed: Odd: it gave no reason"),
        (
            {"name": "ModuleNotFoundError", "message": "No module named 'psycopg2.extras'"},
            (
                "Failed: ModuleNotFoundError: No module named 'psycopg2.extras'. "
                "It comes with the package psycopg2-binary: `mill metadata` writes the script's lock, and "
                "with the lock the script gets an environment of its own. An import inside a function needs "
                "`# extra_requirements:`."
            ),
        ),
        (
            {"name": "ModuleNotFoundError", "message": "No module named 'f.crm'"},
            "Failed: ModuleNotFoundError: No module named 'f.crm'",
        ),
    ],
)
def test_a_failure_is_a_sentence(error: dict[str, Any], text: str) -> None:
    assert failure_text({"error": error}, verbose=False) == text


def test_an_error_that_is_a_text_is_a_sentence_too() -> None:
    assert failure_text({"error": "stop_after_if: no"}, verbose=False) == "Failed: stop_after_if: no"


def test_a_failure_that_only_the_failure_module_tells_of_is_one_too() -> None:
    text = failure_text({"status": "sorry"}, verbose=False)
    assert text.startswith("Failed: the result is what the failure module made of it")


def test_what_a_deployed_flow_ignores_is_said_on_stderr(root: Path) -> None:
    folder = root / "f/demo/nap.flow"
    folder.mkdir()
    (folder / "flow.yaml").write_text(
        "value: {modules: [{id: a, value: {type: identity}, sleep: {type: static, value: 3600}}]}\n", "utf-8"
    )
    done = mill(root, "flow", "run", "f/demo/nap")
    warning, *_ = done.stderr.splitlines()
    assert done.returncode == 0
    assert warning == (
        "Warning: f/demo/nap: step a comes last, so a deployed flow ignores its sleep, and mill does too "
        "(a preview on Windmill waits); add a step after it, such as an identity."
    )
    assert mill(root, "flow", "run", "f/demo/nap", "-s").stderr == ""


def test_a_flow_takes_what_only_its_expressions_know(root: Path) -> None:
    folder = root / "f/demo/hook.flow"
    folder.mkdir()
    (folder / "flow.yaml").write_text(
        "schema: {properties: {id: {type: string}}}\n"
        "value: {modules: [{id: a, value: {type: rawscript, language: python3,\n"
        "  content: 'def main(x): return x',\n"
        "  input_transforms: {x: {type: javascript, expr: flow_input.id ?? flow_input.event_id}}}}]}\n",
        "utf-8",
    )
    assert mill(root, "flow", "run", "f/demo/hook", "-d", '{"event_id": "7"}', "-s").stdout == '"7"\n'
    refused = mill(root, "flow", "run", "f/demo/hook", "-d", '{"evnt_id": "7"}')
    assert "Flow f/demo/hook has no argument evnt_id." in refused.stderr


def test_a_long_log_line_is_not_broken() -> None:
    console = Console(file=io.StringIO(), width=40)
    with Lines(console, logs=True) as lines:
        lines(event("started", "flow", "f/a/b", parent=None))
        lines(event("output", "flow", "f/a/b", "x" * 90, parent=None))
    assert console.file.getvalue() == f"f/a/b | {'x' * 90}\n"  # type: ignore[attr-defined]  # the StringIO above


def test_the_bench_prints_named_figures(root: Path) -> None:
    done = mill(root, "bench", "runner", "--iterations", "3", "--json")
    figures = json.loads(done.stdout)
    alone = {"iterations", "function_ms", "call_ms"}
    sides = {f"{way}{name}" for way in ("", "parallel_") for name in ("fork_ms", "step_ms", "step_vs_fork")}
    assert set(figures) == alone | sides
    assert all(figure > 0 for figure in figures.values())


DONE = Outcome(True, 1)
REFUSED = Outcome(False, {"error": {"name": "ValueError", "message": "refused\nlong story"}})


def event(kind: EventKind, job: str, label: str, data: Any = None, parent: str | None = "flow") -> Event:
    return Event(kind, job, parent, label, 10.0 if kind == "started" else 12.5, data)


RUN = [
    event("started", "flow", "f/a/b", parent=None),
    event("started", "1", "each", "All of them"),
    event("items", "1", "each", 3),
    event("started", "2", "#0", parent="1"),
    event("started", "3", "send", parent="2"),
    event("output", "3", "send", "hello", parent="2"),
    event("ended", "3", "send", DONE, parent="2"),
    event("ended", "2", "#0", DONE, parent="1"),
    event("started", "route", "f/a/mock", parent=None),
    event("ended", "route", "f/a/mock", DONE, parent=None),
    event("started", "4", "#1", parent="1"),
    event("started", "5", "send", parent="4"),
    event("progress", "5", "send", 40, parent="4"),
]
END = [
    event("ended", "5", "send", REFUSED, parent="4"),
    event("ended", "4", "#1", REFUSED, parent="1"),
    event("ended", "1", "each", DONE),
    event("waiting", "flow", "f/a/b", "sleeps 2 s after each", parent=None),
    event("started", "6", "last"),
    event("ended", "6", "last", Outcome(True, None, skipped=True)),
    event("ended", "flow", "f/a/b", DONE, parent=None),
]


def test_plain_lines_tell_of_steps_and_of_iterations_that_failed() -> None:
    console = Console(file=io.StringIO(), width=100)
    lines = Lines(console, logs=False)
    for happening in RUN + END:
        lines(happening)
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]  # the StringIO above
        "each > #1 > send  failed, 2.50 s: refused",
        "each > #1  failed, 2.50 s: refused",
        "each  ok, 2.50 s, 2 of 3, 1 failed",
        "f/a/b sleeps 2 s after each",
        "last  skipped, 2.50 s",
        "f/a/b  ok, 2.50 s",
    ]


def test_the_tree_shows_what_runs_and_not_the_iterations_that_are_done() -> None:
    console = Console(file=io.StringIO(), width=100)
    tree = LiveTree(console, logs=True)
    for happening in RUN:
        tree(happening)
    console.print(tree.render())
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    assert "each > #0 > send | hello" in shown
    assert "each running, 1 of 3" in shown
    assert "#1 running" in shown
    assert "send running, 40 %" in shown
    assert "#0 running" not in shown
    assert "f/a/mock" not in shown
