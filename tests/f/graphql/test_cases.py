"""Every ready case of this folder runs at once, with no account, through the command a newcomer types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mill.commands import mill

ROOT = Path(__file__).parents[3]
CASES: dict[str, Any] = {
    "graphql_query": lambda result: result["data"]["customer"]["name"] == "Ben" and not result["partial"],
    "graphql_mutation": lambda result: (result["status"], result["id"]) == ("sent", "6"),
    "graphql_batch": lambda result: result["counts"] == {"ok": 3, "partial": 0, "failed": 0},
    "graphql_fetch_all": lambda result: (len(result["rows"]), result["pages"]) == (5, 3),
    "graphql_build_query": lambda result: "customers(first: 50, after: $after)" in result["query"],
}


def run(case: str, state: Path) -> Any:
    done = mill("run", f"flows/{case}.yaml", "-s", "--state", str(state), cwd=ROOT)
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def test_no_case_is_forgotten_here() -> None:
    assert sorted(CASES) == sorted(file.stem for file in (ROOT / "flows").glob("graphql_*.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_a_case_does_what_it_says(case: str, tmp_path: Path) -> None:
    assert CASES[case](run(case, tmp_path))


def test_a_second_run_of_the_mutation_sends_nothing(tmp_path: Path) -> None:
    assert [run("graphql_mutation", tmp_path)["status"] for _ in range(2)] == ["sent", "already_sent"]
