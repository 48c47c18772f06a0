"""`mill conformance` as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.mill.commands import mill
from tests.mill.conformance.stage import TOKEN, Between
from tests.mill.conformance.test_check import left_on, otherwise

PREVIEWS = "flow rules: skip_expr true ends the flow before it begins"


def run(url: str, *arguments: str, cwd: Path, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    return mill(
        "conformance", "--url", url, "--workspace", "local", *arguments, cwd=cwd, env={"WM_TOKEN": token}
    )


def test_a_server_that_agrees_is_code_0(server: Between, tmp_path: Path) -> None:
    ended = run(server.url, "--only", PREVIEWS, cwd=tmp_path)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (
        0,
        "2 agree (flow rules 2), 0 differ, 0 not run.",
    )
    assert "removed at the end" in ended.stderr


def test_a_server_that_differs_is_code_1_and_a_table(server: Between, tmp_path: Path) -> None:
    server.change = otherwise
    ended = run(server.url, "--only", PREVIEWS, cwd=tmp_path)
    assert ended.returncode == 1
    assert 'success: "skipped"' in ended.stdout
    assert ended.stdout.splitlines()[-1] == "0 agree, 2 differ, 0 not run."


def test_json_has_the_same_for_machines(server: Between, tmp_path: Path) -> None:
    server.change = otherwise
    ended = run(server.url, "--only", PREVIEWS, "--json", cwd=tmp_path)
    found = json.loads(ended.stdout)
    assert found["counts"] == {"agree": 0, "differ": 2, "not_run": 0}
    assert found["differences"][0] == {
        "table": "flow rules",
        "rule": PREVIEWS.removeprefix("flow rules: "),
        "where": "deployed",
        "expected": 'success: "stopped early"',
        "got": 'success: "skipped"',
    }


def test_rows_that_are_not_run_are_named_with_the_reason(server: Between, tmp_path: Path) -> None:
    ended = run(server.url, "--only", "expressions: result", cwd=tmp_path)
    assert "- result: `result` exists in predicates and stops only" in ended.stdout


@pytest.mark.parametrize(
    ("url", "token", "sentence"),
    [
        ("{}", "wrong", "does not accept the token in WM_TOKEN"),
        ("{}", "", "WM_TOKEN is not set"),
        ("{}/nowhere", TOKEN, "There is no Windmill at"),
        ("http://127.0.0.1:9", TOKEN, "Cannot reach http://127.0.0.1:9: no connection"),
        ("windmill.example.com", TOKEN, "--url must be the address of a server"),
        ("http://x:y@z", TOKEN, "--url must be the address of a server"),
        ("http://[", TOKEN, "--url must be the address of a server"),
    ],
)
def test_a_check_that_cannot_begin_says_why(
    server: Between, tmp_path: Path, url: str, token: str, sentence: str
) -> None:
    ended = run(url.format(server.url), cwd=tmp_path, token=token)
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.returncode in {2, 3}
    assert server.writes == []


def test_a_pattern_that_matches_nothing_says_so(server: Between, tmp_path: Path) -> None:
    ended = run(server.url, "--only", "no such rule", cwd=tmp_path)
    assert (ended.returncode, "No rule matches" in ended.stderr) == (2, True)


def test_another_workspace_than_the_tokens_is_refused(server: Between, tmp_path: Path) -> None:
    ended = mill(
        *("conformance", "--url", server.url, "--workspace", "other"), cwd=tmp_path, env={"WM_TOKEN": TOKEN}
    )
    assert "does not open the workspace other" in ended.stderr


def test_ctrl_c_cancels_what_runs_and_removes_what_was_created(server: Between, tmp_path: Path) -> None:
    rule = "flow rules: constant attempts come before exponential ones"  # 43 s of waits
    words = ("conformance", "--url", server.url, "--workspace", "local", "--only", rule)
    process = subprocess.Popen(
        [sys.executable, "-c", "from mill.cli import main; main()", *words],
        env={**os.environ, "WM_TOKEN": TOKEN},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "removed at the end" in process.stderr.readline()
        while sum("get_result_maybe" in one for one in list(server.asked)) < 4:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, said.splitlines()[-1]) == (
        130,
        "mill: Interrupted: what ran has been canceled, and what was created has been removed.",
    )
    assert sum("queue/cancel" in one for one in server.writes) == 2
    assert any(one.startswith("DELETE flows/") for one in server.writes)
    assert left_on(server) == []
