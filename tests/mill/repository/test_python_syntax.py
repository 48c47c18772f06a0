from __future__ import annotations

import subprocess
import sys

import pytest

from mill.repository.python_syntax import explain

# Finalizers run while a tree is built, and each gives other threads a turn.
PARSING_IN_SEVEN_THREADS = """
import gc, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from mill.repository.python_syntax import parse_python

class Litter:
    def __init__(self):
        self.me = self

    def __del__(self):
        for _ in range(200):
            pass

def drop_litter():
    while not done.wait(0.0001):
        [Litter() for _ in range(5)]

def parse_often(_):
    end = time.monotonic() + 2
    while time.monotonic() < end:
        parse_python(code)

code = open(sys.argv[1], encoding="utf-8").read()
sys.setswitchinterval(1e-6)
gc.set_threshold(50, 5, 5)
done = threading.Event()
threading.Thread(target=drop_litter, daemon=True).start()
with ThreadPoolExecutor(7) as threads:
    list(threads.map(parse_often, range(7)))
done.set()
"""


def test_code_may_be_parsed_from_many_threads_at_once() -> None:
    command = [sys.executable, "-c", PARSING_IN_SEVEN_THREADS, __file__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")


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
