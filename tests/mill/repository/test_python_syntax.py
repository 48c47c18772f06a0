from __future__ import annotations

import pytest

from mill.repository.python_syntax import explain


def error(message: str, text: str) -> SyntaxError:
    return SyntaxError(message, ("f/a/script.py", 1, 1, text))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("invalid syntax", "type Forge = str\n"),
        ("expected '('", "def first[T](items: list[T]) -> T:\n"),
        ("expected '('", "    async def first[T](items):\n"),
        ("invalid syntax", "class Box[T]:\n"),
        ("f-string: unmatched '('", 'f"{name.replace(" ", "-")}"\n'),
    ],
)
def test_code_for_a_newer_python_is_not_called_wrong(message: str, text: str) -> None:
    said = explain(error(message, text), running=(3, 11))

    assert said.startswith(f"not valid in Python 3.11, on which mill runs ({message})")
    assert said.endswith("install mill under Python 3.12")
    assert explain(error(message, text), running=(3, 12)) == f"not valid Python: {message}"


def test_code_no_python_takes_is_called_wrong() -> None:
    assert explain(error("invalid syntax", "def (:\n"), running=(3, 11)) == "not valid Python: invalid syntax"
