"""The real Windmill CLI (`wmill`), found and run without a terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mill.errors import MillError

OLDEST_NODE = 20

# The checkout mill runs from; the workspace may be another repository.
OWN_REPOSITORY = Path(__file__).resolve().parents[3]

# What the CLI would otherwise read of the caller's own Windmill session.
_SESSION_VARIABLES = (
    "WM_WORKSPACE",
    "WM_TOKEN",
    "BASE_INTERNAL_URL",
    "BASE_URL",
    "HEADERS",
    "WMILL_CONFIG_DIR",
)

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Remote:
    """A Windmill instance and workspace to talk to. The token is kept out of the repr."""

    base_url: str
    workspace: str
    token: str

    def __repr__(self) -> str:
        return f"Remote({self.base_url!r}, {self.workspace!r})"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run of the CLI ended; its output without colours."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything it said, for an error message or a report."""
        return "\n".join(part.strip() for part in (self.stdout, self.stderr) if part.strip())


class WmillCli:
    """Runs `wmill` in a directory, never waiting for an answer at the terminal.

    With a `remote` the caller's own profiles are out of sight: a run can only reach that instance.
    Without one the CLI resolves the workspace as it does for the user: wmill.yaml, the active profile.
    """

    def __init__(self, workspace_root: Path) -> None:
        self._root = workspace_root

    @cached_property
    def executable(self) -> Path:
        """Where `wmill` is: in the workspace's node_modules, in mill's own repository's, or on PATH."""
        for home in (self._root, OWN_REPOSITORY):
            candidate = home / "node_modules" / ".bin" / "wmill"
            if candidate.exists():
                node_program()
                return candidate
        on_path = shutil.which("wmill")
        if on_path is None:
            raise MillError(
                f"The Windmill CLI is not installed: run `npm ci` in {OWN_REPOSITORY}, "
                "or `npm install -g windmill-cli`.",
                exit_code=3,
            )
        node_program()
        return Path(on_path)

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        remote: Remote | None = None,
        isolated: bool = False,
    ) -> Finished:
        """Run `wmill ARGUMENTS` and return how it ended; a failure is the caller's to judge.

        `isolated` hides the caller's profiles, so that the CLI takes the workspace from the environment.
        """
        command = [str(self.executable), *arguments]
        with tempfile.TemporaryDirectory(prefix="mill-wmill-") as config_dir:
            if remote is not None or isolated:
                command += ["--config-dir", config_dir]
            if remote is not None:
                command += _remote_options(remote)
            done = subprocess.run(  # noqa: S603 - the command is the CLI found above, the arguments are ours
                command,
                cwd=cwd or self._root,
                env=_environment(keep_session=remote is None),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        return Finished(done.returncode, _plain(done.stdout), _plain(done.stderr))


def _remote_options(remote: Remote) -> Sequence[str]:
    return ("--base-url", remote.base_url, "--workspace", remote.workspace, "--token", remote.token)


def _environment(*, keep_session: bool) -> dict[str, str]:
    dropped = set[str]() if keep_session else _SESSION_VARIABLES
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    return env | {"NO_COLOR": "1", "CI": "1"}


def _plain(text: str) -> str:
    return _COLOUR.sub("", text)


def node_program(user: str = "The Windmill CLI") -> str:
    """Return the path of Node.js; MillError if `user`, which needs it, finds none or one that is too old."""
    node = shutil.which("node")
    if node is None:
        raise MillError(
            f"{user} needs Node.js {OLDEST_NODE} or newer, which is not on PATH: "
            "install it from https://nodejs.org or with your package manager.",
            exit_code=3,
        )
    said = subprocess.run(  # noqa: S603 - asks the node found on PATH for its version
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    major = said.removeprefix("v").split(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        raise MillError(
            f"{user} needs Node.js {OLDEST_NODE} or newer; {node} is {said or 'not Node.js'}.",
            exit_code=3,
        )
    return node
