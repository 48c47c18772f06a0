"""`mill integration`, as a person and as a program would use it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mill.terminal.integrations import CHECK, CONTRACTS, METRICS, TEST, show
from tests.mill.commands import mill, mill_here

ROOT = Path(__file__).parents[3]


def asked(tmp_path: Path, *words: str, code: int = 0) -> Any:
    ended = mill_here("integration", *words, "--state", str(tmp_path), cwd=ROOT)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return json.loads(ended.stdout) if ended.stdout else ended.stderr


def shown(script: str, result: Any) -> str:
    console = Console(file=io.StringIO(), width=100)
    show(script, result, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert isinstance(text, str)
    return text


def test_all_services_are_checked_and_the_table_says_how_they_stand(tmp_path: Path) -> None:
    result = asked(tmp_path, "check", "f/notify")
    assert (result["failing"], result["not_tried"]) == (0, 1)
    text = shown(CHECK, result)
    assert "f/notify/twilio" in text
    assert text.rstrip().endswith(result["summary"])


def test_a_failing_service_makes_the_exit_code(tmp_path: Path) -> None:
    result = asked(tmp_path, "check", "f/customers/reqres", "f/payments/stripe", code=1)
    assert (result["failing"], result["ok"]) == (1, 1)


def test_contracts_are_remembered_from_one_command_to_the_next(tmp_path: Path) -> None:
    first = asked(tmp_path, "contracts", "stripe")
    again = asked(tmp_path, "contracts", "stripe")
    assert (first["first_seen"], again["unchanged"]) == (1, 1)
    assert "2026-10-28.endive" in shown(CONTRACTS, first)


def test_an_api_is_tested_and_left_as_it_was(tmp_path: Path) -> None:
    result = asked(tmp_path, "test", "f/payments/stripe", "--write")
    assert (result["failed"], result["remains"]) == (0, [])
    assert result["total"] == result["passed"] + result["skipped"] == len(result["checks"])
    text = shown(TEST, result)
    assert "it is deleted" in text
    assert "Right would be" not in text


def test_a_failed_check_makes_the_exit_code_and_says_what_is_right(tmp_path: Path) -> None:
    result = asked(tmp_path, "test", "$res:f/customers/mock_api", code=1)
    assert result["failed"] == 1
    assert "Right would be: 404" in " ".join(shown(TEST, result).split())


def test_a_call_and_what_is_counted_of_it(tmp_path: Path) -> None:
    result = asked(tmp_path, "call", "f/connect/customers_twin", "/health")
    assert "ok" in json.dumps(result)
    counted = asked(tmp_path, "metrics", "f/connect/customers_twin")
    assert shown(METRICS, counted)
    refused = mill(
        "integration", "call", "f/connect/customers_twin", "/no/such", "--state", str(tmp_path), cwd=ROOT
    )
    assert refused.returncode == 1
    assert "404" in refused.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("test", "f/nowhere/api"), "names no resource"),
        (("test", "f/payments/stripe", "--sample", "[1]"), "--sample"),
        (("check", "f/nowhere"), "names no resource"),
        (("call", "nowhere.yaml"), "neither a file nor a Windmill path"),
        (("call", "f/connect/mock_api", "/x", "--params", "{"), "--params"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    ended = mill("integration", *words, "--state", str(tmp_path), cwd=ROOT)
    assert ended.returncode in {1, 2}
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["check", "contracts", "test", "metrics", "call"])
def test_help_teaches(command: str) -> None:
    ended = mill("integration", command, "--help", cwd=ROOT)
    assert ended.returncode == 0
    assert f"mill integration {command}" in ended.stdout.split("Options:")[0]
