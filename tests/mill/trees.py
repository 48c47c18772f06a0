"""Small Windmill workspaces for tests, written as a mapping of file names to text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# The settings of the real repository: what is tested with them is what is deployed with them.
SETTINGS = (REPOSITORY / "wmill.yaml").read_text(encoding="utf-8")


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files, with our wmill.yaml where they name none, and return the root."""
    for name, text in {"wmill.yaml": SETTINGS, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return root


def with_own_resources(root: Path) -> Path:
    """Make `root` the repository, with a copy of resources/mock that a test can change, and return it."""
    root.mkdir()
    for name in ("f", "wmill.yaml", "requirements.lock"):
        (root / name).symlink_to(REPOSITORY / name)
    for file in (REPOSITORY / "resources" / "mock").rglob("*.yaml"):
        copy = root / file.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return root
