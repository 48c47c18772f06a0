"""`includes` and `excludes` mean in mill what they mean in `wmill sync`."""

from __future__ import annotations

import pytest

from mill.repository.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("f/**", "f/a/b/script.py", True),
        ("f/**", "u/ann/script.py", False),
        ("**", "u/ann/script.py", True),
        ("**/tests/**", "f/a/tests/test_it.py", True),
        ("**/tests/**", "f/a/tests/deep/er/test_it.py", True),
        ("**/tests/**", "f/a/contests/script.py", False),
        ("**/__init__.py", "f/__init__.py", True),
        ("f/a/*.py", "f/a/script.py", True),
        ("f/a/*.py", "f/a/b/script.py", False),
        ("f/**/*_draft.py", "f/b_draft.py", True),
        ("f/a/script.py", "f/a/scriptXpy", False),
        ("f/{a,b}/**", "f/b/script.py", True),
        ("f/{a,b}/**", "f/c/script.py", False),
        ("f/?/script.py", "f/a/script.py", True),
        ("f/[a-c]/script.py", "f/b/script.py", True),
        ("f/[!a-c]/script.py", "f/b/script.py", False),
        ("!f/a/**", "f/b/script.py", True),
        ("!f/a/**", "f/a/script.py", False),
        ("f/**", "f/.cache/script.py", False),
    ],
)
def test_a_pattern_means_what_the_cli_makes_of_it(pattern: str, path: str, expected: bool) -> None:
    assert matches(path, pattern) is expected
