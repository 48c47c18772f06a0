"""One rule and the small flow that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mill.engine.jobs.outcome import error_of
from tests.mill.engine.lab import Step

BAD_JS = "null.nothing"
ITER = "flow_input.iter"
BODY = f"{ITER}.value"

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Case:
    """`rule` names the test; `result` is the flow's, or a check of it; `value` the flow's own settings.

    A flow of `in_folder` gets `folder` as an argument: a directory of its own. The result is a deployed
    flow's; `preview` says what a preview on Windmill does instead, where it differs. A flow that `hangs`
    on Windmill is refused here.
    """

    rule: str
    steps: list[Step]
    result: Any
    success: bool = True
    args: dict[str, Any] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    in_folder: bool = False
    preview: str = ""
    hangs: bool = False


def error(name: str, text: str = "") -> Check:
    """A check for a result that is this error."""
    return lambda result: error_of(result).get("name") == name and text in error_of(result).get("message", "")


def plain_error(text: str) -> Check:
    """A check for a result whose error is a text and no object."""
    return lambda result: isinstance(result.get("error"), str) and text in result["error"]


def errors_in(*expected: Any) -> Check:
    """A check for an array in which `"error"` stands for a failed item."""
    return lambda result: ["error" if error_of(item) else item for item in result] == list(expected)
