"""The code of scripts, as a worker fetches it."""

from __future__ import annotations

import pytest

from tests.mill.api.stage import Stage


@pytest.mark.parametrize("ending", [".py", ""])
def test_code_is_served_by_path(stage: Stage, ending: str) -> None:
    stage.write("f/demo/texts/hello.py", "HELLO = 'Grüße'")
    with stage.serve():
        reply = stage.send("GET", f"/api/w/local/scripts/raw/p/f/demo/texts/hello{ending}", token=True)
    assert (reply.status, reply.text) == (200, "HELLO = 'Grüße'")


@pytest.mark.parametrize(
    ("path", "status"),
    [("f/demo/texts.py", 404), ("f/demo/other.py", 404), ("wmill.py", 400), ("f/../../secret.py", 400)],
)
def test_what_is_no_script_is_refused(stage: Stage, path: str, status: int) -> None:
    stage.write("f/demo/texts/hello.py", "")
    with stage.serve():
        assert stage.send("GET", f"/api/w/local/scripts/raw/p/{path}", token=True).status == status


def test_code_needs_the_token(stage: Stage) -> None:
    stage.write("f/demo/hello.py", "")
    with stage.serve():
        assert stage.send("GET", "/api/w/local/scripts/raw/p/f/demo/hello.py").status == 401
