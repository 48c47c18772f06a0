"""Faults a twin shows on purpose: some now and then by a seeded die, some exactly when a script says so."""

from __future__ import annotations

import random
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mill.twins.changed import Changed, HeaderName, HeaderValue

# Faults on the wire, the same for every twin. Others are replies, made by the twin that knows the words:
# `error_503` and `throttle_429` by every twin, more by some.
RESET_BEFORE = "reset_before"  # the connection breaks, nothing was applied
RESET_AFTER_COMMIT = "reset_after_commit"  # applied, then the connection breaks
TIMEOUT_AFTER_COMMIT = "timeout_after_commit"  # applied, then silence, then the connection breaks
SLOW = "slow"  # an ordinary answer, late
ON_THE_WIRE = (RESET_BEFORE, RESET_AFTER_COMMIT, TIMEOUT_AFTER_COMMIT, SLOW)
AFTER_COMMIT = (RESET_AFTER_COMMIT, TIMEOUT_AFTER_COMMIT)

Seconds = Annotated[float, Field(ge=0, le=3600)]
Share = Annotated[float, Field(ge=0, le=1)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """A reply word for word. With `applied` the request takes effect first, as behind a broken gateway."""

    model_config = _STRICT

    status: Annotated[int, Field(ge=200, le=599)]
    headers: dict[HeaderName, HeaderValue] = {}
    body: Any = None
    applied: bool = False


class Step(BaseModel):
    """What the next `times` calls of `operation` ("*" is any) meet: a named fault, or an answer."""

    model_config = _STRICT

    operation: str = "*"
    times: Annotated[int, Field(ge=1)] = 1
    fault: str | None = None
    answer: Answer | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.fault is None) == (self.answer is None):
            raise ValueError("a step has either `fault` or `answer`")
        return self


class Faults(BaseModel):
    """The faults of one twin. Of `rates`, each the share of requests that meet the fault, one is drawn.

    `changed`: how its API differs from the one that our code was written for.
    """

    model_config = _STRICT

    seed: int = 0
    rates: dict[str, Share] = {}
    script: list[Step] = []
    retry_after: Seconds = 1  # what throttle_429 tells the client to wait
    slow_seconds: Seconds = 1
    hang_seconds: Seconds = 60  # of timeout_after_commit, unless the client leaves before
    latency_ms: Annotated[float, Field(ge=0, le=60_000)] = 0  # of every answer
    changed: Changed = Changed()

    @model_validator(mode="after")
    def _shares_of_one(self) -> Self:
        if sum(self.rates.values()) > 1:
            raise ValueError("the rates add up to more than 1")
        return self

    def names(self) -> set[str]:
        """Return every fault named."""
        return {*self.rates, *(step.fault for step in self.script if step.fault is not None)}


class FaultPlan:
    """Deals out the faults of one twin: the script's in its order first, then the die's."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - a die to repeat a test with, no secret
        self._left = [step.times for step in faults.script]

    def next(self, operation: str) -> str | Answer | None:
        """Return what this call meets: the name of a fault, an answer word for word, or nothing."""
        for number, step in enumerate(self.faults.script):
            if self._left[number] and step.operation in {"*", operation}:
                self._left[number] -= 1
                return step.fault or step.answer
        if not self.faults.rates:
            return None
        drawn = self._random.random()
        for name, share in self.faults.rates.items():
            if drawn < share:
                return name
            drawn -= share
        return None
