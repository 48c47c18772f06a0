"""What a scope can import is kept, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mill.metadata.reach import reachable
from tests.mill.trees import write_tree

_TREE = {
    "f/a/send.py": "from f.b.parts import one\n\ndef main():\n    from .near import two\n",
    "f/a/near.py": "import f.b.deep.three\nbroken(\n",
    "f/a/other.py": "",
    "f/b/parts.py": "from f.a import send\nimport json\n",
    "f/b/deep/three.py": "from ..four import x\n",
    "f/b/four.py": "from ....... import nothing\n",
    "f/b/alone.py": "",
    "f/a/x__flow/step.py": "from f.b import alone\n",
    "tests/f.py": "",
}


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (["f/a/near"], {"f/a/near.py", "f/b/deep/three.py", "f/b/four.py"}),
        (["f/b/alone", "f/a/other"], {"f/b/alone.py", "f/a/other.py"}),
        (["f/a/send"], _TREE.keys() - {"f/b/alone.py", "f/a/x__flow/step.py", "tests/f.py"}),
        (
            ["f/a/x__flow"],
            {
                "f/a/x__flow/step.py",
                "f/b/parts.py",
                "f/b/four.py",
                "f/b/alone.py",
                "f/a/send.py",
                "f/a/near.py",
                "f/a/other.py",
                "f/b/deep/three.py",
            },
        ),
        (["f/none"], set()),
    ],
)
def test_a_scope_keeps_what_it_imports(tmp_path: Path, scopes: list[str], expected: set[str]) -> None:
    tree = write_tree(tmp_path, _TREE)
    assert {file.relative_to(tree).as_posix() for file in reachable(tree, scopes)} == set(expected)
