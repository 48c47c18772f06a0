"""A flow as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.engine.definition.retry import Retry


@dataclass(frozen=True, slots=True)
class Transform:
    """An input transform: a fixed value or, where `expr` is set, JavaScript."""

    value: Any = None
    expr: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """stop_after_if. `error_message` None: stop quietly; "": an error that quotes the expression."""

    expr: str
    skip_if_stopped: bool
    error_message: str | None


@dataclass(frozen=True, slots=True)
class Suspend:
    """How many approvals the flow waits for after a step, and how many seconds."""

    required_events: int
    timeout: float
    continue_on_disapprove_timeout: bool


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """Runs a workspace script (`code` is None) or the Python in `code`, whose file may be known.

    `lock` is that of the code: its file, or its text.
    """

    path: str | None
    inputs: Mapping[str, Transform]
    code: str | None = None
    file: Path | None = None
    lock: Path | str | None = None


@dataclass(frozen=True, slots=True)
class SubflowStep:
    """Runs another flow of the workspace."""

    path: str
    inputs: Mapping[str, Transform]


@dataclass(frozen=True, slots=True)
class ForLoop:
    """Runs its steps for each item of an array."""

    modules: tuple[Module, ...]
    iterator: Transform
    parallel: bool
    parallelism: Transform | None
    skip_failures: bool


@dataclass(frozen=True, slots=True)
class WhileLoop:
    """Runs its steps until one stops it or fails."""

    modules: tuple[Module, ...]
    skip_failures: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch; `expr` only in a branchone."""

    modules: tuple[Module, ...]
    expr: str = ""
    skip_failure: bool = False


@dataclass(frozen=True, slots=True)
class BranchOne:
    """Runs the first branch whose predicate holds, else the default."""

    branches: tuple[Branch, ...]
    default: tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class BranchAll:
    """Runs every branch."""

    branches: tuple[Branch, ...]
    parallel: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Hands on the previous result."""


Value = ScriptStep | SubflowStep | ForLoop | WhileLoop | BranchOne | BranchAll | Identity


@dataclass(frozen=True, slots=True)
class Module:
    """A step and its settings, in the order Windmill acts on them."""

    id: str
    value: Value
    summary: str = ""
    skip_if: str | None = None
    mock: Transform | None = None
    timeout: Transform | None = None
    cache_ttl: int | None = None
    retry: Retry = field(default_factory=Retry)
    continue_on_error: bool = False
    stop_after_if: Stop | None = None
    stop_after_all_iters_if: Stop | None = None
    suspend: Suspend | None = None
    sleep: Transform | None = None

    @property
    def is_plain_script(self) -> bool:
        """Whether Windmill, as the only step of a loop body, runs it without a flow around it."""
        settings = (
            self.skip_if, self.mock, self.cache_ttl, self.stop_after_if, self.stop_after_all_iters_if,
            self.suspend, self.sleep,
        )  # fmt: skip
        no_settings = all(setting is None for setting in settings) and not self.retry.attempts
        return isinstance(self.value, ScriptStep | SubflowStep) and no_settings

    @property
    def stops_inside(self) -> bool:
        """Whether stop_after_if ends the step's own loop (or nothing, where it runs in parallel)."""
        return isinstance(self.value, ForLoop | WhileLoop | BranchAll)


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow."""

    path: str
    modules: tuple[Module, ...]
    failure_module: Module | None = None
    preprocessor_module: Module | None = None
    same_worker: bool = False
    skip_expr: str | None = None
    flow_env: Mapping[str, Any] = field(default_factory=dict)
    cache_ttl: int | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""


def runs_body_without_flow(module: Module, failure_module: Module | None) -> bool:
    """Whether a loop's body is a single plain step, which Windmill then runs with no flow around it."""
    match module.value:
        case ForLoop(modules=(body,), parallel=False) | WhileLoop(modules=(body,)):
            return body.is_plain_script and failure_module is None
        case _:
            return False


def sequences(modules: tuple[Module, ...]) -> Iterator[tuple[Module, ...]]:
    """Yield the steps that run one after the other: these, and those of every loop and branch inside."""
    if modules:
        yield modules
    for module in modules:
        match module.value:
            case ForLoop(modules=inner) | WhileLoop(modules=inner):
                yield from sequences(inner)
            case BranchOne(branches=branches, default=default):
                for inner in (default, *(branch.modules for branch in branches)):
                    yield from sequences(inner)
            case BranchAll(branches=branches):
                for branch in branches:
                    yield from sequences(branch.modules)
            case _:
                pass


def walk(modules: tuple[Module, ...]) -> Iterator[Module]:
    """Yield every module, those inside loops and branches too."""
    for sequence in sequences(modules):
        yield from sequence
