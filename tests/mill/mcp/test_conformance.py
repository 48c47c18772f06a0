"""The protocol's own conformance suite, over the server class of `mill mcp`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mill.mcp.processes import environment
from tests.mill.trees import REPOSITORY

_SUITE = REPOSITORY / "node_modules/.bin/conformance"
_EVERYTHING = REPOSITORY / "tests/mill/mcp/everything.py"
# What a server SHOULD do and ours does not: it keeps no answers to send again, since a call can be repeated.
_WARNED = {"server-sse-polling"}
_SCENARIOS = 32
_SUMMARY = re.compile(r"^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)


def test_every_scenario_passes(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node is not installed, so the conformance suite cannot run.")
    if not _SUITE.exists():
        pytest.skip("The npm package @modelcontextprotocol/conformance is not installed: `make setup`.")
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(_EVERYTHING)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        done = subprocess.run(
            [str(_SUITE), "server", "--url", url, "--suite", "all"],
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    finally:
        server.terminate()
        server.wait(30)
        server.communicate()
    found = {name: (int(passed), int(failed)) for name, passed, failed in _SUMMARY.findall(done.stdout)}
    assert len(found) == _SCENARIOS, done.stdout + done.stderr
    assert {name for name, (_, failed) in found.items() if failed} == set()
    assert {name for name, (passed, _) in found.items() if not passed} == _WARNED
    assert done.returncode == 0
