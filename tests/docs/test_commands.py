"""Every command in README and docs is run, in a copy of the repository, page by page, as a reader would.

What cannot run here stands in CANNOT with its reason, and what a reader replaces by something of his own in
STAND_INS. A command that is new in a page is run without further ado.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
import typer.main

from mill.cli import build
from mill.repository.yaml_file import read_mapping
from tests.docs.blocks import Command, commands, mentions
from tests.mill.trees import REPOSITORY

PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *sorted((REPOSITORY / "f").glob("*/README.md")),
]

_CI = "a part of `make test`, over the same tree"
_WORKSPACE = "needs a Windmill workspace; tests/mill/deploy takes these steps with the real CLI"
_INSTALLS = "installs from the package registries"
_SCAFFOLD = "tests/mill/scaffold writes a target in a copy, and does this with it"
CANNOT: dict[str, str] = {
    r"git clone ": "needs a network",
    r"make test$": "runs tests, and `make test-slow` this one",
    r"make test-slow$": "runs this test",
    r"make setup$": _INSTALLS,
    r"(ruff|mypy|pytest)\b": _CI,
    r"mill (lint|metadata|docs all)\b": _CI,
    r"mill new target |mill run flows/acme\.yaml|mill target check f/customers/acme_twin": _SCAFFOLD,
    r"mill (new integration |run flows/openmeteo\.yaml|doctor openmeteo)": _SCAFFOLD,
    r"npm ci\b": _INSTALLS,
    r"npx wmill ": _WORKSPACE,
    r"\.venv/bin/mill (resources|triggers) push": _WORKSPACE,
    r"export WM_TOKEN=\.\.\.": "a token of the reader's",
    r"mill conformance ": "needs a Windmill server; tests/mill/conformance runs it against mill's own",
}
# Of an import of the past: one that is made before.
SAMPLE_ID = "20261128-090000-1a2b3c4d"
CRM = """\
kind: generic
base_url: /twins/customers
endpoints: {customers: /customers, lookup: "/customers?email={email}"}
authentication: {type: bearer_token, token: any}
"""
# What stands in two pages is run in the first, save where the commands after it need it.
_ANEW = r"export |mill serve|mill run flows/customers_seed\.yaml"
_NOT_COPIED = (".git", ".venv", ".mill", ".oracles", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
_LONGEST_SECONDS = 180
_READY_SECONDS = 60


def reason_not_to_run(command: Command) -> str | None:
    return next((why for start, why in CANNOT.items() if re.match(start, command.text)), None)


def to_run(page: Path) -> list[Command]:
    earlier = PAGES[: PAGES.index(page)]
    seen = {plain(command) for one in earlier for command in commands(one)}
    return [
        command
        for command in commands(page)
        if reason_not_to_run(command) is None
        and (plain(command) not in seen or re.match(_ANEW, plain(command)))
    ]


def plain(command: Command) -> str:
    return command.text.removeprefix(".venv/bin/")


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository, set up as after `make run`, with a reader's own files."""
    copy = tmp_path_factory.mktemp("docs") / "millwright"
    shutil.copytree(REPOSITORY, copy, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    mill = copy / ".venv" / "bin" / "mill"
    mill.parent.mkdir(parents=True)
    mill.write_text(f'#!/bin/sh\nPYTHONPATH="{copy}:{copy}/scripts" exec "{sys.executable}" -m mill "$@"\n')
    mill.chmod(0o755)
    write_customers(copy)
    (copy / "crm.yaml").write_text(CRM, "utf-8")
    return copy


def write_customers(tree: Path) -> str:
    """Write customers.csv, with customers whom no import has met, and return it."""
    marks = [f"{name}.{secrets.token_hex(4)}" for name in ("ada", "grace", "mary")]
    rows = [f"{mark.split('.')[0].title()} Example,{mark}@example.com,met at a fair" for mark in marks]
    text = "\n".join(["Full Name,E-Mail,Notes", *rows, ""])
    (tree / "customers.csv").write_text(text, "utf-8")
    return text


@pytest.fixture(scope="session")
def website(tree: Path) -> Iterator[str]:
    """Serves the sample file, as https://example.com/customers.csv does in the pages."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    folder = tree / ".website"
    folder.mkdir()
    shutil.copyfile(tree / "customers.csv", folder / "customers.csv")
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Reader:
    """A shell on a reader's machine: a home of its own, and one `mill serve` at a time."""

    def __init__(self, tree: Path, home: Path, website: str) -> None:
        self.tree = tree
        self.exports: list[str] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.stand_ins = {
            "https://example.com/customers.csv": f"{website}/customers.csv",
            "127.0.0.1:8000": f"127.0.0.1:{port}",
            "mill serve": f"mill serve --port {port}",
        }
        self.url = f"http://127.0.0.1:{port}"
        path = f"{tree}/.venv/bin:{os.environ['PATH']}"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("WM_", "MILL_"))}
        # What Python compiles of the packages is shared by all pages: it is the same for each reader.
        cache = str(tree / ".cache")
        self.environment = {
            **kept,
            "HOME": str(home),
            "PATH": path,
            "COLUMNS": "120",
            "XDG_CACHE_HOME": cache,
        }
        self.server: subprocess.Popen[bytes] | None = None

    def do(self, command: Command) -> None:
        """Run one command; it has to succeed."""
        text = command.text
        if SAMPLE_ID in text:
            text = text.replace(SAMPLE_ID, self.import_id())
        if text.startswith("make "):
            text = self.recipe(text)
        for shown, real in self.stand_ins.items():
            text = text.replace(shown, real)
        if text.startswith("export "):
            self.exports.append(text)
        if re.match(r"(\S*/)?mill serve\b", text):
            self.serve(text)
            return
        done = self.run(text)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", "\n".join([*self.exports, text])],
            cwd=self.tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )

    def recipe(self, text: str) -> str:
        """What a target of the Makefile runs at its end: before that it installs what is here already."""
        done = self.run(f"{text} --dry-run --silent")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    def import_id(self) -> str:
        """Make an import of customers.csv into crm.yaml, and return its id."""
        text = write_customers(self.tree)
        arguments = self.tree / "import.json"
        arguments.write_text(json.dumps({"text": text, "api": read_mapping(self.tree / "crm.yaml")}), "utf-8")
        done = self.run(f"mill flow run f/customers/import_csv -d @{arguments} --silent")
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["import_id"])

    def serve(self, text: str) -> None:
        """Start it, and wait until it answers; it ends with the page, or with the next one."""
        self.end()
        self.server = subprocess.Popen(
            ["bash", "-c", "\n".join([*self.exports, f"exec {text}"])],
            cwd=self.tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.server.poll() is None:
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{self.url}/api/version", timeout=2).close()
                return
            time.sleep(0.05)
        pytest.fail(f"`{text}` does not answer")

    def end(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(_READY_SECONDS)
            self.server = None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_works(page: Path, tree: Path, website: str, tmp_path: Path) -> None:
    mine = to_run(page)
    if not mine:
        return
    shutil.rmtree(tree / ".mill", ignore_errors=True)
    reader = Reader(tree, tmp_path, website)
    try:
        for command in mine:
            reader.do(command)
    finally:
        reader.end()


def test_nothing_is_excused_that_no_page_has() -> None:
    shown = [command.text for page in PAGES for command in commands(page)]
    assert not [start for start in CANNOT if not any(re.match(start, text) for text in shown)]


@functools.cache
def command_line() -> click.Command:
    return typer.main.get_command(build())  # type: ignore[return-value]  # typer carries a copy of click


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_in_the_text_exists_with_its_options(page: Path) -> None:
    for text in mentions(page):
        for part in text.split("; "):
            if part.startswith("mill "):
                check_exists(part, page.name)


def check_exists(text: str, page: str) -> None:
    command: click.Command | None = command_line()
    words = text.split()[1:]
    inner: Mapping[str, click.Command] = getattr(command, "commands", {})
    while words and inner and not words[0].startswith("-"):
        name = words.pop(0).rstrip(",.")
        if not name:  # `mill docs ...`
            return
        assert name in inner or "file" in inner, f"{page} speaks of `{text}`: there is no {name}"
        command = inner.get(name) or inner["file"]
        inner = getattr(command, "commands", {})
    assert command is not None
    options = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    if inner and "file" in inner:  # a group whose command need not be named
        options |= {option for parameter in inner["file"].params for option in parameter.opts}
    for word in words:
        if re.fullmatch(r"flows/[\w/]+\.yaml", word):
            assert (REPOSITORY / word).is_file() or "acme" in word, (
                f"{page} speaks of {word}: it is not there"
            )
        name = word.partition("=")[0].rstrip(",.")
        if name.startswith("--") and name != "--help":
            assert name in options, f"{page} speaks of `{text}`: there is no option {name}"


def test_a_command_over_several_lines_is_one_and_output_is_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    shown = "```console\n$ mill a \\\n    --b\noutput\n$ mill c  # why\n```\n```sh\nmill d\n# no\n```\n"
    page.write_text(shown, "utf-8")
    assert [(one.line, one.text) for one in commands(page)] == [
        (2, "mill a \\\n    --b"),
        (5, "mill c  # why"),
        (8, "mill d"),
    ]
