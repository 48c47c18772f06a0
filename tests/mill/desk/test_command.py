"""`mill desk` as a person starts it: on a file, in a browser, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.mill.commands import mill
from tests.mill.desk.tiny_app import APP, TINY
from tests.mill.trees import write_tree

# What start_draft answers, and the file as it came, for the test to see.
START = """
import base64
from pathlib import Path

import wmill


def main(name: str, size: int, data: str = "", file: dict | None = None):
    if name == "empty.csv":
        raise ValueError("The file has no bytes: choose another.")
    content = base64.b64decode(data) if file is None else wmill.load_s3_file(file)
    Path(SEEN).write_bytes(content)
    return {"draft": {"id": f"20260101-{name}-{size}"}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    code = START.replace("SEEN", repr(str(tmp_path / "seen")))
    return write_tree(tmp_path / "tree", {**TINY, "f/desk/start_draft.py": code})


@pytest.mark.parametrize("size", [12, 1_000_001])
def test_it_begins_an_import_with_the_file_and_opens_the_page_there(
    root: Path, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(b"n" * size)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "opened"}\n', "utf-8")
    browser.chmod(0o755)
    command = [sys.executable, "-u", "-c", "from mill.cli import main; main()", "desk", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--state", str(tmp_path / "state"), str(file)],
        cwd=root,
        env={**os.environ, "BROWSER": str(browser)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, process.communicate()
        where = process.stdout.readline().strip()
        assert re.fullmatch(
            r"The import desk of .*: [\d.]+ kB of JavaScript and [\d.]+ kB of styles\. Ctrl-C stops\.\n", said
        )
        draft = f"20260101-customers.csv-{size}"
        shape = rf"http://127\.0\.0\.1:\d+/desk\?token=[\w-]{{43}}#/draft/{draft}/reading"
        assert re.fullmatch(shape, where)
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        with urllib.request.build_opener(jar).open(where, timeout=20) as page:
            assert page.url == where.partition("?")[0]
            assert b"app.js" in page.read()
        assert (tmp_path / "seen").read_bytes() == file.read_bytes()
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "Stopped.\n")
    assert (tmp_path / "opened").read_text("utf-8").strip() == where


def test_a_file_that_is_refused_and_a_page_that_cannot_be_made_end_it_with_a_sentence(
    root: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    options = ("--port", "0", "--no-open", "--state", str(tmp_path / "state"))
    refused = mill("desk", *options, str(empty), cwd=root)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"mill: {empty}: The file has no bytes: choose another.\n"
    missing = mill("desk", *options, str(tmp_path / "other.csv"), cwd=root)
    assert (missing.returncode, "does not exist" in missing.stderr) == (2, True)
    elsewhere = ("--port", "0", "--no-open", "--state", str(tmp_path / "other"))  # with no bundle yet
    without = mill("desk", *elsewhere, cwd=root, env={"PATH": str(tmp_path)})
    assert without.returncode == 3
    assert without.stderr.startswith(
        "mill: The import desk's page is bundled by esbuild, which needs Node.js"
    )
    (root / APP / "raw_app.yaml").unlink()
    nothing = mill("desk", *options, cwd=root)
    assert (nothing.returncode, "has no import desk" in nothing.stderr) == (2, True)
