"""One rule and the small flow that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mill.conformance.steps import Step
from mill.engine.jobs.outcome import error_of

BAD_JS = "null.nothing"
ITER = "flow_input.iter"
BODY = f"{ITER}.value"

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Ending:
    """How a run ends: its result, or a check of it, and the seconds it has waited."""

    result: Any
    success: bool = True
    waits: float = 0


@dataclass(frozen=True)
class Case:
    """`rule` names the test; `result` is the flow's, or a check of it; `value` the flow's own settings.

    The result is a deployed flow's; `preview` says what a preview on Windmill does instead, where it differs,
    and `in_preview` how that ends, where it ends in another way that can be compared. A flow that `hangs` on
    Windmill is refused here. A case that cannot run on a server says why in `not_run`.

    A flow of `in_folder` gets `folder` as an argument: a place of its own to count in, a directory here and
    the path of a resource on a server. Variables and resources lie in `u/test/` here, and in the folder of
    the check on a server.
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
    in_preview: Ending | None = None
    not_run: str = ""


@dataclass(frozen=True)
class IsError:
    """A check for a result that is this error. `on_server`: its words there, where `mill` has its own."""

    name: str
    text: str = ""
    on_server: str | None = None

    def __call__(self, result: Any) -> bool:
        """Return whether the result is the error in the words of `mill`."""
        return self._is(result, self.text)

    def holds_on_server(self, result: Any) -> bool:
        """Return whether the result is the error in the words of a server."""
        return self._is(result, self.text if self.on_server is None else self.on_server)

    def __str__(self) -> str:
        text = self.text if self.on_server is None else self.on_server
        return f"error {self.name}" + (f": ...{text}..." if text else "")

    def _is(self, result: Any, text: str) -> bool:
        found = error_of(result)
        return found.get("name") == self.name and text in str(found.get("message") or "")


@dataclass(frozen=True)
class ErrorsIn:
    """A check for an array in which `"error"` stands for a failed item."""

    expected: tuple[Any, ...]

    def __call__(self, result: Any) -> bool:
        """Return whether the result is such an array."""
        return isinstance(result, list) and (
            ["error" if error_of(item) else item for item in result] == list(self.expected)
        )

    def __str__(self) -> str:
        items = ("a failed item" if item == "error" else repr(item) for item in self.expected)
        return f"an array of {', '.join(items) or 'nothing'}"


@dataclass(frozen=True)
class IsPlainError:
    """A check for a result whose error is a text and no object."""

    text: str

    def __call__(self, result: Any) -> bool:
        """Return whether the result is such an error."""
        error = result.get("error") if isinstance(result, dict) else None
        return isinstance(error, str) and self.text in error

    def __str__(self) -> str:
        return f"an error that is a text: ...{self.text}..."


def plain_error(text: str) -> IsPlainError:
    """Return a check for a result whose error is a text and no object."""
    return IsPlainError(text)


def error(name: str, text: str = "", *, on_server: str | None = None) -> IsError:
    """Return a check for a result that is this error; `text` is part of its message."""
    return IsError(name, text, on_server)


def errors_in(*expected: Any) -> ErrorsIn:
    """Return a check for an array in which `"error"` stands for a failed item."""
    return ErrorsIn(expected)
