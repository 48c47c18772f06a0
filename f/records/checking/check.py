"""A check of one target: whether it answers, and, if it may write, what its answers are worth.

connection --reads only--> reached, credential, look-up, quota
canaries   --writes------> look-up proof, what a repeated row becomes, updates; then removed again
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from f.connect.client import Client
from f.connect.integration import CircuitBreaker, Integration
from f.records.checking.canaries import Attempt, Canaries, Samples
from f.records.checking.connection import check_connection
from f.records.checking.findings import CheckResult, Findings
from f.records.checking.lookup_check import LookupCheck
from f.records.checking.repeats import Duplicates, RepeatCheck
from f.records.target.guarantee import guarantee_of
from f.records.target.proven import NOTHING, Proven

if TYPE_CHECKING:
    from f.records.target.target import Target

# A person waits for a check: it says soon that nobody answers.
_RETRIES, _MOST_SECONDS, _LONGEST_WAIT = 2, 30.0, 10.0


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a check does. `write`: it may make records; `is_documented`: there is nothing to find out by that.

    `before` is what the resource says was proven; it is not believed, only told.
    """

    write: bool = False
    health: str = ""
    is_documented: bool = False
    before: Proven = NOTHING


def check(
    target: Target, samples: Samples, plan: Plan, sleep: Callable[[float], object] = time.sleep
) -> CheckResult:
    """Check a target that has proven nothing yet, and return what was found.

    Raises a ConnectError if the target cannot be used at all; its message says why. Made records are removed
    as far as that can be done, also after an error.
    """
    findings = Findings()
    with Client(_soon(target.integration)) as client:
        check_connection(target, client, samples.new(), plan.health, findings)
        canaries = Canaries(target, client, samples)
        proven, remaining = plan.before, []
        if plan.write and not plan.is_documented:
            try:
                proven = _Measuring(canaries, findings, sleep).measure()
            finally:
                remaining = canaries.remove_all()
                _tell_remaining(canaries, len(remaining), findings)
        else:
            _tell_unwritten(target, plan, findings)
    return {
        "target": target.title,
        "wrote": bool(canaries.made),
        "findings": findings.rows,
        "proven": proven.to_json(target.identity) if proven.checked_at else None,
        "guarantee_before": guarantee_of(dataclasses.replace(target, proven=plan.before)),
        "guarantee_after": guarantee_of(dataclasses.replace(target, proven=proven)),
        "remaining": remaining,
        "requests": canaries.requests,
    }


class _Measuring:
    """The part of a check that makes records."""

    def __init__(self, canaries: Canaries, findings: Findings, sleep: Callable[[float], object]) -> None:
        self._canaries, self._findings, self._sleep = canaries, findings, sleep
        self._lookup = LookupCheck(canaries, findings, sleep)

    def measure(self) -> Proven:
        """Return what was shown. The look-up comes first: it is what shows a second record best."""
        checked_at = datetime.now(UTC).isoformat(timespec="seconds")
        first = self._canaries.make()
        if not self._was_made(first):
            return Proven(checked_at=checked_at)
        self._canaries.proof = self._lookup.learn(first)
        another = self._canaries.make()
        if not another.is_created:
            self._findings.add("a second new record", "not made", another.outcome.detail)
            return Proven(checked_at=checked_at)
        if self._canaries.proof is not None:
            self._canaries.proof = self._lookup.confirm(self._canaries.proof, another)
        repeating = RepeatCheck(self._canaries, self._findings, first, another, self._wait)
        shown = repeating.measure()
        if (proof := self._canaries.proof) is not None:
            self._lookup.tell_case(another, proof)
        self._findings.add("update by id", self._canaries.update(another), "For on_duplicate: update.")
        if shown.repeats is not None and not repeating.still_holds():
            self._findings.add(
                "a repeated row", "a second record came to light late", "So nothing is promised of repeats."
            )
            shown = Duplicates(None, shown.status, shown.existing_id)
        return Proven(shown.repeats, self._canaries.proof, shown.status, shown.existing_id, checked_at)

    def _was_made(self, first: Attempt) -> bool:
        if first.is_created:
            where = f"{first.status}, its id is told" if first.id else f"{first.status}, without an id"
            self._findings.add(
                "a new record",
                where,
                "Understood as created."
                if first.id
                else "Understood as created. If the reply holds the id elsewhere, give id_field.",
            )
            return True
        code, detail = first.outcome.code, first.outcome.detail
        if code == "accepted":
            found, meaning = "accepted for later (202)", "Whether it is made is not told: rows stay unknown."
        elif code == "rejected_by_api":
            found, meaning = "refused", f"{detail} If it misses a field, give it in `fields`."
        elif first.status is not None and first.response is not None and first.response.success:
            found = f"unclear ({first.status})"
            meaning = f"{detail} If this means success, list the status in applied_on_status."
        else:
            found, meaning = "not made", detail
        self._findings.add("a new record", found, meaning)
        return False

    def _wait(self) -> None:
        """Let the look-up come to know what was made last: a lag once seen is not the longest there is."""
        proof = self._canaries.proof
        if proof is not None and proof.lag_seconds:
            self._sleep(2 * proof.lag_seconds)


def _soon(integration: Integration) -> Integration:
    """The integration with the patience of a person, and without the memory of earlier failures."""
    retry = integration.retry
    return dataclasses.replace(
        integration,
        circuit_breaker=CircuitBreaker(enabled=False),
        retry=dataclasses.replace(
            retry,
            max_retries=min(retry.max_retries, _RETRIES),
            max_elapsed=min(retry.max_elapsed, _MOST_SECONDS),
            longest_wait=min(retry.longest_wait, _LONGEST_WAIT),
        ),
    )


def _tell_unwritten(target: Target, plan: Plan, findings: Findings) -> None:
    if plan.is_documented:
        findings.add(
            "a repeated row",
            "nothing to measure",
            "What this API does is documented, and the import relies on that. No record was made.",
        )
        return
    unknown = ["what a repeated row becomes", "how a duplicate is answered", "whether updates work"]
    if target.lookup is not None and target.lookup.proving is not None:
        unknown.append("whether the look-up finds anything")
    findings.add(
        "not known without writing",
        ", ".join(unknown),
        "Check again with `write`, best at a sandbox: it makes a few records and removes them.",
    )


def _tell_remaining(canaries: Canaries, remaining: int, findings: Findings) -> None:
    made = len(canaries.made)
    if not made:
        return
    findings.add(
        "cleaning up",
        f"{made - remaining} of {made} records removed",
        "Nothing remains."
        if not remaining
        else "`remaining` names the others: look for them there, and remove them by hand.",
    )
