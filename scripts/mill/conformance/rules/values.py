"""How arguments reach Python and how results leave it."""

from __future__ import annotations

import base64
from typing import Any

# Parameters of `main`, arguments, and the repr of `a` as `main` sees it.
ARGUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("a", {"a": 1}, "1"),
    ("a", {}, "None"),
    ("a", {"a": 1, "unknown": 2}, "1"),
    ("a=5", {}, "5"),
    ("a=5", {"a": None}, "5"),
    ("a='x'", {}, "'x'"),
    ("a=[1]", {}, "[1]"),
    ("a={'k': 1}", {}, "{'k': 1}"),
    ("a=dict(k=1)", {}, "{'k': 1}"),
    ("a=os.sep", {}, "'/'"),
    ("a=None", {}, "None"),
    ("a=-1", {}, "None"),
    ("a=(1, 2)", {}, "None"),
    ("a=60 * 60", {}, "None"),
    ("a=f'x'", {}, "None"),
    ("a=LIMIT", {}, "None"),
    ("a=-1", {"a": 4}, "4"),
    ("a=1, *, b=2", {"a": 3, "b": 9}, "3"),
    ("a: bytes", {"a": base64.b64encode(b"hi").decode()}, "b'hi'"),
    ("a: bytes", {"a": None}, "None"),
    ("a: bytes | None = None", {"a": "aGk="}, "b'hi'"),
    ("a: Optional[bytes] = None", {"a": "aGk="}, "b'hi'"),
    ("a: list[bytes]", {"a": ["aGk="]}, "['aGk=']"),
    ("a: datetime", {"a": "2024-01-02T03:04:05"}, "datetime.datetime(2024, 1, 2, 3, 4, 5)"),
    ("a: datetime.datetime", {"a": "2024-01-02"}, "datetime.datetime(2024, 1, 2, 0, 0)"),
    ("a: date", {"a": "2024-01-02"}, "datetime.date(2024, 1, 2)"),
    ("a: date", {"a": "02-01-2024"}, "datetime.date(2024, 1, 2)"),
    ("a: date", {"a": "01/02/2024"}, "datetime.date(2024, 1, 2)"),
    ("a: date", {"a": "31/12/2024"}, "datetime.date(2024, 12, 31)"),
    ("a: date", {"a": "2024/01/02"}, "datetime.date(2024, 1, 2)"),
    ("a: date", {"a": "soon"}, "'soon'"),
    ("a: Alias", {"a": "aGk="}, "'aGk='"),
    ("a: int", {"a": "text"}, "'text'"),
    ("a: Point", {"a": {"x": 1}}, "{'x': 1}"),
]

# An annotation, a value that is none, and what the error says.
UNDECODABLE: list[tuple[str, str, str]] = [
    ("bytes", "x", "base64"),
    ("datetime.datetime", "never", "isoformat"),
]

# What `main` returns, and the result of the job.
RESULTS: list[tuple[str, Any]] = [
    ("None", None),
    ("datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)", "2024-01-02 03:04:05+00:00"),
    ("Decimal('1.50')", "1.50"),
    ("UUID(int=1)", "00000000-0000-0000-0000-000000000001"),
    ("Plain.A", "Plain.A"),
    ("Text.A", "a"),
    ("Number.A", 1),
    ("Point(1)", "Point(x=1)"),
    ("{'k': {1}}", {"k": "{1}"}),
    ("{1}", "{1}"),
    ("range(3)", "range(0, 3)"),
    ("(1, 2)", [1, 2]),
    ("b'hi'", "aGk="),
    ("{'k': b'hi'}", {"k": "aGk="}),
    ("[b'hi']", ["b'hi'"]),
    ("float('nan')", None),
    ("[float('inf'), -float('inf'), 1.5]", [None, None, 1.5]),
    ("'NaN and Infinity'", "NaN and Infinity"),
    ("{'NaN': float('nan'), 'q\"NaN': 1}", {"NaN": None, 'q"NaN': 1}),
    ("'a\\x00b'", "a null b"),
    ("'\\x00\\x00'", " null  null "),
    (r"'a\\u0000b'", "a\\u0000b"),
    ("{1: 2}", {"1": 2}),
    ("10 ** 30", 10**30),
    ("'é😀'", "é😀"),
    ("(str(i) for i in range(3))", "012"),
    ("{'a': 1}.keys()", "a"),
    ("iter(['x\\ny'])", "x\ny"),
]

# What `main` returns and no job can.
REFUSED_RESULTS: list[str] = ["iter([1])", "Model(x=1)", "{(1, 2): 3}"]

_NAMES_FOR_ARGUMENTS = """
import os
from dataclasses import dataclass
from typing import Optional
import datetime as module
class datetime(module.datetime):
    datetime = module.datetime
date = module.date
LIMIT = 7
Alias = bytes
@dataclass
class Point:
    x: int
"""

_NAMES_FOR_RESULTS = """
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from uuid import UUID
class Plain(Enum):
    A = 1
class Text(str, Enum):
    A = "a"
class Number(IntEnum):
    A = 1
@dataclass
class Point:
    x: int
"""

WITH_MODEL = """
from pydantic import BaseModel
class Model(BaseModel):
    x: int
"""


def takes(signature: str) -> str:
    """Return a script with these parameters whose result is what `a` arrived as."""
    return f"{_NAMES_FOR_ARGUMENTS}def main({signature}):\n    return repr(a)\n"


def decodes(annotation: str) -> str:
    """Return a script whose parameter `a` is annotated so."""
    return f"import datetime\ndef main(a: {annotation}):\n    return 1\n"


def returns(expression: str, names: str = _NAMES_FOR_RESULTS) -> str:
    """Return a script with this result."""
    return f"{names}def main():\n    return {expression}\n"
