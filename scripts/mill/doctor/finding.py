"""What was found of one thing, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "unused", "warning", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table. Nothing in it is a secret.

    `status`: unused is a service that nobody has begun to set up, which is no fault. `remedy`: the command or
    the step that mends it; `why`: what it is good for, for who is told to do it.
    """

    group: str
    name: str
    status: Status
    text: str
    remedy: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and what it mends."""

    do: str
    why: str


def steps(findings: Sequence[Finding], more: Iterable[Step] = ()) -> list[Step]:
    """Return what to do next, in order: what is missing, then what is not as it should be, each once."""
    ordered = [one for status in ("missing", "warning") for one in findings if one.status == status]
    found: dict[str, list[str]] = {}
    for one in ordered:
        if one.remedy:
            found.setdefault(one.remedy, []).append(one.why or one.name)
    mending = [Step(do, "; ".join(dict.fromkeys(whys))) for do, whys in found.items()]
    return [*mending, *(step for step in more if step.do not in found)]


def as_data(findings: Sequence[Finding], todo: Sequence[Step]) -> dict[str, Any]:
    """Return findings and steps for --json."""
    counts = {
        status: sum(one.status == status for one in findings) for status in ("ok", "warning", "missing")
    }
    return {
        "ready": not counts["missing"],
        "counts": counts,
        "findings": [asdict(one) for one in findings],
        "next": [asdict(step) for step in todo],
    }
