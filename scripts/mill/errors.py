"""The one error the command line shows to a person."""

from __future__ import annotations


class MillError(Exception):
    """A sentence saying what is wrong, where, and what to do; and the exit code it ends `mill` with.

    Exit codes: 1 the run failed; 2 the command or its input is wrong; 3 something `mill` needs is
    missing (Node, the wmill CLI, a port).
    """

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class NotThere(MillError):
    """The workspace has nothing of the kind that was asked for at this path."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path
