"""Whether a look-up finds what was just made, does not find what never was, and how late it knows."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from f.records.target.lookup_proof import LookupProof

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.records.checking.canaries import Attempt, Canaries
    from f.records.checking.findings import Findings
    from f.records.rows.row import Row
    from f.records.target.target import Lookup

# Waits before each look for a record that was just made: some indexes lag behind.
_LOOKS = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
_ASPECT = "look-up"


class LookupCheck:
    """Checks the look-up of one target with the records that the canaries make."""

    def __init__(self, canaries: Canaries, findings: Findings, sleep: Callable[[float], object]) -> None:
        self._canaries, self._findings, self._sleep = canaries, findings, sleep

    def learn(self, made: Attempt) -> LookupProof | None:
        """Return how the look-up shows a record just made and one never made; None if that is not shown.

        Once the record was found it must be found each time: an index of several copies may forget again.
        """
        lookup, target = self._canaries.target.lookup, self._canaries.target
        if lookup is None:
            return None
        found, lag = self._until_found(lookup, made.row, None)
        absent = [self._ask(lookup, self._canaries.samples.new()) for _ in range(2)]
        if found is None or None in absent:
            self._findings.add(_ASPECT, "no usable answer", _UNKNOWN)
            return None
        if lookup.proving is None:
            self._tell_documented(lookup, found, made.row, lag)
            return None
        proofs = [
            lookup.proving.prove(made.row, made.id or None, (found, one), lag, target)
            for one in absent
            if one is not None
        ]
        if why := next((one for one in proofs if isinstance(one, str)), ""):
            self._findings.add(_ASPECT, "proves nothing", f"{why} {_UNKNOWN}")
            return None
        [proof, other] = [one for one in proofs if isinstance(one, LookupProof)]
        if proof != other or not all(self._finds(lookup, made.row, proof) for _ in range(2)):
            self._findings.add(_ASPECT, "answers one question in several ways", _UNKNOWN)
            return None
        return proof

    def confirm(self, proof: LookupProof, made: Attempt) -> LookupProof | None:
        """Return the proof with the longest lag seen, if it holds of another new record as well."""
        lookup = self._canaries.target.lookup
        assert lookup is not None
        found, lag = self._until_found(lookup, made.row, proof)
        if found is None or not lookup.read_lookup(found, [made.row], self._canaries.target, proof).found:
            self._findings.add(_ASPECT, "did not find a second new record", _UNKNOWN)
            return None
        kept = dataclasses.replace(proof, lag_seconds=max(proof.lag_seconds, lag))
        self._findings.add(
            _ASPECT,
            f"finds what was made, after {kept.lag_seconds:.1f} s at most; says of others: {proof.absent}",
            "A row whose answer was lost is looked up, and sent again only if it is not there.",
        )
        return kept

    def tell_case(self, made: Attempt, proof: LookupProof) -> None:
        """Tell whether a record is found by what it is known by, written in another case."""
        lookup, target = self._canaries.target.lookup, self._canaries.target
        recased = self._canaries.samples.recased(made.row, 0)
        if lookup is None or recased is None:
            return
        response = self._ask(lookup, recased)
        if response is None:
            return
        reading = lookup.read_lookup(response, [recased], target, proof)
        found = "does not matter" if reading.found else "matters" if reading.absent else "not known"
        self._findings.add(
            "upper and lower case in the look-up", found, "Rows are asked for in both spellings either way."
        )

    def _tell_documented(self, lookup: Lookup, found: Response, row: Row, lag: float) -> None:
        reading = lookup.read_lookup(found, [row], self._canaries.target, None)
        if reading.found:
            self._findings.add(
                _ASPECT,
                f"finds what was made, after {lag:.1f} s",
                "A row whose answer was lost is looked up first.",
            )
        else:
            self._findings.add(
                _ASPECT, "did not find what was made", f"{reading.why} Its index may lag behind."
            )

    def _until_found(
        self, lookup: Lookup, row: Row, proof: LookupProof | None
    ) -> tuple[Response | None, float]:
        """The first answer that shows the record, else the last one; and the seconds it took."""
        began, waited, found = time.monotonic(), 0.0, None
        for wait in _LOOKS:
            if wait:
                self._sleep(wait)
                waited += wait
            found = self._ask(lookup, row)
            if found is not None and lookup.read_lookup(found, [row], self._canaries.target, proof).found:
                break
        return found, max(waited, time.monotonic() - began) if waited else 0.0

    def _finds(self, lookup: Lookup, row: Row, proof: LookupProof) -> bool:
        found = self._ask(lookup, row)
        return found is not None and bool(
            lookup.read_lookup(found, [row], self._canaries.target, proof).found
        )

    def _ask(self, lookup: Lookup, row: Row) -> Response | None:
        return self._canaries.ask(next(iter(lookup.lookups_for([row], self._canaries.target, []))))


_UNKNOWN = "So a row whose answer is lost is not looked up, but reported as unknown. Check endpoints.lookup."
