"""Near misses: what is given to the wrong command is answered with the right one. And what --help lists."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mill.terminal.input_help import describe_inputs, type_of
from tests.mill.commands import mill, mill_here
from tests.mill.trees import write_tree

CSV = "name;email\nAda;ada@example.com\n"
FLOW = """
    summary: Greet people
    description: |
      Says hello.

      Twice, if asked.
    schema:
      type: object
      order: [who, style]
      required: [who]
      properties:
        style: {type: string, enum: [short, long], default: short, description: How.}
        who: {type: string, description: Whom to greet}
    value: {modules: []}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(
        tmp_path_factory.mktemp("workspace"),
        {
            "wmill.yaml": "",
            "f/demo/greet__flow/flow.yaml": FLOW,
            "f/demo/greet__flow/step.py": "def main(): pass\n",
            "f/demo/say_hello.py": "def main(name: str, times: int = 2): pass\n",
            "f/demo/nothing.py": "def main(): pass\n",
            "flows/case.yaml": "flow: f/demo/greet\n",
            "my customers.csv": CSV,
            "rows": CSV,
            "-odd.csv": CSV,
            "book.xlsx": "PK\x03\x04",
        },
    )


RUNS, IMPORTS = "This runs it: mill", "This imports it: mill import"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("script run f/demo/greet", f"f/demo/greet is a flow, not a script. {RUNS} flow run f/demo/greet"),
        (
            "flow run f/demo/say_hello",
            f"f/demo/say_hello is a script, not a flow. {RUNS} script run f/demo/say_hello",
        ),
        (
            "flow run ./f/demo/greet__flow/step.py",
            f"f/demo/greet__flow/step.py is the flow f/demo/greet. {RUNS} flow run f/demo/greet",
        ),
        (
            "script run ./f/demo/say_hello.py",
            f"f/demo/say_hello.py is the script f/demo/say_hello. {RUNS} script run f/demo/say_hello",
        ),
        (
            "flow run flows/case.yaml",
            f"flows/case.yaml is a run file, not a flow. {RUNS} run flows/case.yaml",
        ),
        ("run f/demo/greet", f"f/demo/greet is a flow, not a run file. {RUNS} flow run f/demo/greet"),
        (
            "run f/demo/say_hello.py",
            f"f/demo/say_hello.py is a script, not a run file. {RUNS} script run f/demo/say_hello",
        ),
        (
            "run 'my customers.csv'",
            f"my customers.csv is a table and not a run file. {IMPORTS} 'my customers.csv'",
        ),
        ("run rows", f"rows is a table and not a run file. {IMPORTS} rows"),
        ("run book.xlsx", f"book.xlsx is a table and not a run file. {IMPORTS} book.xlsx"),
        ("flow run rows", f"rows is a table and not a flow. {IMPORTS} rows"),
        ("flow run f/demo/greet -d @rows", f"rows is a table and not arguments as JSON. {IMPORTS} rows"),
        (
            "flow run f/demo/greet -d @-odd.csv",
            f"-odd.csv is a table and not arguments as JSON. {IMPORTS} ./-odd.csv",
        ),
        ("flow run f/demo/gret", "There is no flow f/demo/gret. Did you mean f/demo/greet?"),
        ("flow run f/demo/gret --help", "There is no flow f/demo/gret. Did you mean f/demo/greet?"),
    ],
)
def test_a_near_miss_is_answered_with_the_command_that_is_meant(
    root: Path, words: str, sentence: str
) -> None:
    done = mill_here(*shlex.split(words), cwd=root)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.removeprefix("mill: ").removeprefix("./") == f"{sentence}\n"


def test_json_in_a_text_file_is_no_table(root: Path) -> None:
    (root / "args.txt").write_text('{"who": "Ada", "other": 1}\n', "utf-8")
    done = mill_here("flow", "run", "f/demo/greet", "-d", "@args.txt", cwd=root)
    assert "has no argument other" in done.stderr


def test_the_help_of_a_flow_lists_its_inputs_in_their_order(root: Path) -> None:
    done = mill("flow", "run", "f/demo/greet", "--help", cwd=root)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[2:11] == [
        "  Greet people",
        "",
        "  Says hello.",
        "",
        "  Twice, if asked.",
        "",
        "Inputs of f/demo/greet:",
        "  who    text, required. Whom to greet.",
        "  style  text. How. One of short, long. Default: short.",
    ]
    assert """  mill flow run f/demo/greet -d '{"who": "..."}'""" in lines
    assert any(line.startswith("  -d, --data") for line in lines)


def test_the_help_of_a_script_without_a_form_lists_what_its_main_takes(root: Path) -> None:
    done = mill_here("script", "run", "-h", "f/demo/say_hello", cwd=root)
    assert "  name   text, required.\n  times  whole number.\n" in done.stdout
    assert (
        "f/demo/nothing takes no inputs."
        in mill_here("script", "run", "f/demo/nothing", "-h", cwd=root).stdout
    )


def test_help_without_a_path_is_that_of_the_command(tmp_path: Path) -> None:
    done = mill("flow", "run", "--help", cwd=tmp_path)  # outside of any workspace
    assert "Run a flow of this workspace here" in done.stdout


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"type": "string", "contentEncoding": "base64"}, "file, as base64"),
        ({"type": "object", "format": "resource-slack"}, "slack resource, as $res:f/folder/name"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "array", "items": {"type": "object"}}, "list of objects"),
        ({"type": "array"}, "list of anything"),
        ({"type": "string", "format": "date-time"}, "date and time"),
        ({"type": "boolean"}, "true or false"),
        ({"type": ""}, "anything"),
        ({}, "anything"),
    ],
)
def test_a_type_is_said_in_words(spec: dict[str, object], words: str) -> None:
    assert type_of(spec) == words


@pytest.mark.parametrize("declared", [None, [], {"description": 5}, {"enum": [1]}, {"items": None}])
def test_a_form_of_odd_shape_is_described_all_the_same(declared: object) -> None:
    ((name, text),) = describe_inputs({"properties": {"x": declared}})
    assert (name, text.split(".")[0]) == ("x", "anything")


def test_the_version_is_said_at_once(tmp_path: Path) -> None:
    done = mill("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("mill ")
    assert "Python 3." in done.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mill flow run f/de", ["f/demo/greet"]),
        ("mill script run f/demo/s", ["f/demo/say_hello"]),
        ("mill fl", ["flow"]),
        ("mill script run f/other", []),
    ],
)
def test_a_shell_completes_commands_and_paths(root: Path, line: str, expected: list[str]) -> None:
    words = line.split()
    asked = {"_MILL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = mill(cwd=root, env=asked)
    assert done.stdout.split() == expected
    asked = {"_MILL_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    assert all(word in mill(cwd=root, env=asked).stdout for word in expected)


def test_completion_outside_of_a_workspace_is_silent(tmp_path: Path) -> None:
    asked = {"_MILL_COMPLETE": "complete_bash", "COMP_WORDS": "mill flow run f", "COMP_CWORD": "3"}
    done = mill(cwd=tmp_path, env=asked)
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_the_shell_that_asks_is_printed(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"There is no {shell} on this machine.")
    command = shlex.join([sys.executable, "-c", "from mill.cli import main; main()", "--show-completion"])
    # The second command keeps the shell from becoming mill itself.
    done = subprocess.run(
        [shell, "-c", f"{command}; true"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert f"complete_{shell}" in done.stdout, done.stderr
