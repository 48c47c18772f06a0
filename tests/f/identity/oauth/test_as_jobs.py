"""What needs a platform: a token that goes into a variable, and one that Windmill keeps fresh by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.f.identity.oauth.conftest import environ_of, make_workspace, resource_at
from tests.mill.twins.stage import TwinClient

# Two scripts in one job, as mill keeps variables that jobs set for one run.
STEP = """
from f.identity import finish_device_sign_in, get_access_token, start_device_sign_in


def main(app: dict, inputs: dict) -> dict:
    code = start_device_sign_in.main(app, "ada")
    finish_device_sign_in.main(app, code["device_key"], 20)
    result = get_access_token.main(app, "ada", **inputs)
    if result["delivered"] == "variable":
        import wmill

        return {**result, "read": wmill.get_variable(result["variable"])}
    return result
"""


@pytest.fixture
def run(tmp_path: Path, twin: TwinClient) -> Callable[..., Any]:
    """Run a script as a job; the result, or the sentence of its error."""
    folder = tmp_path / "workspace"
    made = {
        "google": ("oauth_app", resource_at(twin.url)),
        "connected": ("gmail", {"token": "ya29.windmills"}),
    }
    made |= {"broken": ("gmail", {"token": ""})}
    folder.mkdir()
    make_workspace(folder, made)
    (folder / "f/identity/use_token.py").write_text(STEP)
    (folder / "f/identity/use_token.script.yaml").write_text("summary: x\nschema: {}\n")

    def run(script: str, **inputs: Any) -> Any:
        command = [sys.executable, "-m", "mill", "script", "run", script, "-d", json.dumps(inputs)]
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ_of(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        if done.returncode:
            return done.stderr.strip().splitlines()[-1]
        assert "ya29" not in done.stderr
        return json.loads(done.stdout)

    return run


def test_a_token_goes_into_a_secret_variable_and_not_into_the_result(run: Callable[..., Any]) -> None:
    inputs = {"hand_on": "variable", "variable": "f/identity/google_token"}
    result = run("f/identity/use_token", app="$res:f/identity/google", inputs=inputs)
    assert (result["access_token"], result["delivered"]) == (None, "variable")
    assert result["read"].startswith("ya29.")


def test_a_token_that_windmill_keeps_fresh_is_read_and_not_refreshed(
    run: Callable[..., Any], twin: TwinClient
) -> None:
    result = run("f/identity/get_access_token", windmill_resource="f/identity/connected", hand_on="result")
    assert (result["access_token"], result["provider"]) == ("ya29.windmills", "windmill")
    assert (
        run("f/identity/get_access_token", windmill_resource="f/identity/connected")["access_token"] is None
    )
    assert twin.ledger() == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"windmill_resource": "f/identity/nobody"}, "There is no resource"),
        ({"windmill_resource": "f/identity/broken"}, "has no token"),
        ({"windmill_resource": "https://evil"}, "named by its path"),
        ({"windmill_resource": "f/identity/connected", "hand_on": "variable"}, "Name the variable"),
        ({}, "client_id is missing"),
        ({"app": "$res:f/identity/google", "min_seconds": -1}, "must be from 0 to"),
        ({"app": "$res:f/identity/google", "min_seconds": 10**400}, "must be from 0 to"),
    ],
    ids=["nobody", "broken", "path", "variable", "app", "below", "beyond"],
)
def test_bad_input_is_a_sentence(run: Callable[..., Any], inputs: dict[str, Any], words: str) -> None:
    assert words in run("f/identity/get_access_token", **inputs)
