"""A copy of what a push reads, for commands of the CLI that write where they should only look.

`wmill sync push --dry-run` and `wmill generate-metadata --dry-run` write the metadata of a script that has
none (seen in 1.819).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PUSHED = ("f", "u", "g", "dependencies")


@contextmanager
def copy_of(root: Path) -> Iterator[Path]:
    """Yield a copy of the repository, gone afterwards.

    Its branch, by which wmill.yaml may choose a workspace, is that of the repository.
    """
    with tempfile.TemporaryDirectory(prefix="mill-copy-") as folder:
        copy = Path(folder, "repository")
        copy.mkdir()
        for name in _PUSHED:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in root.glob("*.yaml"):
            shutil.copyfile(file, copy / file.name)
        branch = root / ".git"
        if branch.is_file():  # of a work tree: it names the place
            shutil.copyfile(branch, copy / ".git")
        elif branch.is_dir():
            (copy / ".git").write_text(f"gitdir: {branch}\n", "utf-8")
        yield copy
