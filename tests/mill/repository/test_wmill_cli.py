"""Finding and running the Windmill CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

import mill.repository.wmill_cli as module
from mill.errors import MillError
from mill.repository.wmill_cli import Remote, WmillCli


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_other_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "OWN_REPOSITORY", tmp_path / "mill")


@pytest.mark.usefixtures("no_other_repository")
def test_without_the_cli_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MillError, match="run `npm ci`") as caught:
        WmillCli(tmp_path).run("--version")

    assert caught.value.exit_code == 3


@pytest.mark.usefixtures("no_other_repository")
@pytest.mark.parametrize(
    ("node", "said"),
    [
        (None, r"needs Node.js 20 or newer, which is not on PATH"),
        ("echo v18.19.0", r"needs Node.js 20 or newer; .*node is v18.19.0"),
        ("exit 1", r"needs Node.js 20 or newer; .*node is not Node.js"),
    ],
)
def test_without_a_fitting_node_the_error_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, node: str | None, said: str
) -> None:
    executable(tmp_path / "node_modules/.bin/wmill", "exit 0")
    if node is not None:
        executable(tmp_path / "bin/node", node)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with pytest.raises(MillError, match=said) as caught:
        WmillCli(tmp_path).run("--version")

    assert caught.value.exit_code == 3


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WmillCli:
    """A CLI that prints how it was called."""
    executable(tmp_path / "bin/node", "echo v22.1.0")
    shell = 'printf "\\033[31m%s\\033[39m\\n" "$*"; echo "$WM_TOKEN|$WMILL_CONFIG_DIR" >&2; exit 4'
    executable(tmp_path / "node_modules/.bin/wmill", shell)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("WM_TOKEN", "mine")
    monkeypatch.setenv("WMILL_CONFIG_DIR", "my-profiles")
    return WmillCli(tmp_path)


def test_a_run_against_a_given_instance_sees_nothing_of_the_callers_session(cli: WmillCli) -> None:
    done = cli.run("sync", "push", remote=Remote("http://127.0.0.1:1/", "team", "t"))

    assert done.stdout.startswith("sync push --config-dir /")
    assert done.stdout.endswith("--base-url http://127.0.0.1:1/ --workspace team --token t\n")
    assert done.stderr == "|\n"


def test_a_run_without_one_keeps_the_callers_session(cli: WmillCli) -> None:
    done = cli.run("workspace", "list")

    assert (done.exit_code, done.stdout, done.stderr) == (4, "workspace list\n", "mine|my-profiles\n")


def test_a_token_is_not_in_the_repr() -> None:
    assert "hidden" not in repr(Remote("http://127.0.0.1:1/", "team", "hidden"))
