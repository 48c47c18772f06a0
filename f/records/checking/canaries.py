"""Making records at a target to see what it does with them, and removing them again.

Every record that is made here is remembered until it is removed: what remains is told.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, OutcomeUnknown
from f.records.rows.outcome import RowOutcome
from f.records.target.applied import effect_of, says_it_exists
from f.records.target.lookup_proof import id_in
from f.records.target.replies import body_of, dicts
from f.records.target.values import value_at

if TYPE_CHECKING:
    from f.connect.client import Client
    from f.records.checking.findings import Remaining
    from f.records.rows.row import Row
    from f.records.target.lookup_proof import LookupProof
    from f.records.target.target import Target

# About the whole import, in the engine's eyes: a reply of these statuses stops it.
STOPS_AN_IMPORT = frozenset({401, 403, 404, 405, 410})
# A target may be busy for a moment; a check does not give up at once.
_TRIES = 3


class Samples(Protocol):
    """Records of the type that the target takes, of nobody, and named so that everybody sees it."""

    def new(self) -> Row:
        """Return a record that was never made anywhere. Its `key` shows in every reply that holds it."""

    def changed(self, row: Row, number: int) -> Row:
        """Return the same record, as the target should know it, with other content."""

    def recased(self, row: Row, number: int) -> Row | None:
        """Return the record as `changed` does, what it is known by in upper case; None if case may count."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A record that was sent, under which key, and what came of it. `response`: None if there was none.

    `after_doubt`: an earlier try at the same was lost, and may have made what this one met.
    """

    row: Row
    key: str
    outcome: RowOutcome
    response: Response | None = None
    after_doubt: bool = False

    @property
    def id(self) -> str:
        """The id that the target told; empty if it told none."""
        return self.outcome.id or ""

    @property
    def is_created(self) -> bool:
        """Whether the reply says that a record was made."""
        return self.outcome.outcome == "created"

    @property
    def is_unclear(self) -> bool:
        """Whether the reply says neither that a record was made nor that none was."""
        return self.outcome.outcome in {"unknown", "failed"} and self.outcome.code != "wrong_settings"

    @property
    def status(self) -> int | None:
        """The reply's status."""
        return self.response.status if self.response is not None else None

    def says_exists(self, target: Target) -> bool:
        """Return whether an import would understand that the record is there already."""
        if self.outcome.outcome == "duplicate":
            return True
        if self.response is None or self.outcome.code != "rejected_by_api":
            return False
        # In a batch of several rows the words of a refusal are not looked at.
        return target.batch_endpoint is None and says_it_exists(self.response, None)


@dataclass(slots=True)
class _Made:
    """A record of the check. `is_own`: its id was seen to be this record's; `is_gone`: it is not there."""

    row: Row
    id: str
    why: str = ""
    is_own: bool = False
    is_gone: bool = False


@dataclass(slots=True)
class Canaries:
    """The records a check has made at one target."""

    target: Target
    client: Client
    samples: Samples
    requests: int = 0
    # Once it is known: how the look-up says that a record is not there.
    proof: LookupProof | None = None
    made: list[_Made] = field(default_factory=list)

    def make(self) -> Attempt:
        """Make a new record; another one if the answer to the first is lost or unclear."""
        for _ in range(_TRIES):
            attempt = self.send(self.samples.new(), new_key())
            if not attempt.is_unclear:
                break
        return attempt

    def repeat(self, row_of: Callable[[int], Row], key: str = "") -> Attempt:
        """Send a record that was made before, under this key or one that is new each time."""
        in_doubt = False
        for number in range(_TRIES):
            attempt = self.send(row_of(number), key or new_key())
            if not attempt.is_unclear:
                break
            in_doubt = in_doubt or attempt.outcome.outcome == "unknown"
        return dataclasses.replace(attempt, after_doubt=in_doubt)

    def make_twice_at_once(self, *, same_key: bool) -> tuple[Attempt, Attempt]:
        """Send a new record twice at the same moment, as a repeat after a time-out may be."""
        row, key = self.samples.new(), new_key()
        keys = (key, key if same_key else new_key())
        self.target.record_of(row)  # rendered before two threads want it
        with ThreadPoolExecutor(2) as threads:
            first, second = threads.map(lambda one: self.send(row, one), keys)
        return first, second

    def send(self, row: Row, key: str) -> Attempt:
        """Send a record once, and never repeat it by itself."""
        [request] = self.target.kind.requests_for([row], self.target, "skip")
        attempt = self._sent(row, key, request)
        if attempt.is_created or attempt.outcome.outcome == "unknown":
            self._remember(row, attempt)
        return attempt

    def listed(self, row: Row) -> frozenset[str] | None:
        """Return the ids under which the look-up lists a record; None if it does not list.

        An id that is listed several times, as where ids are made of the record's values, counts as often.
        """
        lookup, proof = self.target.lookup, self.proof
        if lookup is None or proof is None or not proof.many or not proof.id_at:
            return None
        found: Counter[str] = Counter()
        for request in lookup.lookups_for([row], self.target, []):
            response = self.ask(request)
            ids = self._listed_in(response) if response is not None else None
            if ids is None:
                return None
            found |= Counter(ids)
        each = ((one, time) for one, times in found.items() for time in range(1, times + 1))
        return frozenset(one if time == 1 else f"{one} #{time}" for one, time in each)

    def _listed_in(self, response: Response) -> list[str] | None:
        """The ids in a look-up's reply, which was shown to list nothing but what it is asked for."""
        proof = self.proof
        if proof is None or not proof.many or not response.success:
            return None
        records = value_at(body_of(response), proof.at.split(".") if proof.at else ())
        if not isinstance(records, list):
            return None
        ids = [id_in(record, proof.id_at) for record in dicts(records)]
        return ids if all(ids) and len(ids) == len(records) else None

    def ask(self, request: Request) -> Response | None:
        """Return the reply to a request that changes nothing; None if there is none."""
        self.requests += 1
        try:
            return self.client.request(request)
        except ConnectError:
            return None

    def update(self, attempt: Attempt) -> str:
        """Return `works` if a record can be changed by its id, or else why that is not known."""
        made = self._made_by(attempt)
        if made is None or not self._is_own(made):
            return "not known: its id could not be seen to be that of the record that was made"
        changed = self.samples.changed(attempt.row, 90)
        self.requests += 1
        try:
            response = self.client.request(self.target.kind.update_for(changed, made.id, self.target))
        except ConnectError as error:
            return f"no ({error})"
        if effect_of(response, self.target.replies) == "applied":
            return "works"
        return f"no ({response.status})" if not response.success else f"unclear ({response.status})"

    def remove_all(self) -> list[Remaining]:
        """Remove what was made, as far as its id is known to be its own; return what remains."""
        left = [made for made in self.made if not self._removed(made)]
        return [{"id": made.id, "record": made.row.key, "why": made.why} for made in left]

    def _removed(self, made: _Made) -> bool:
        if not self._is_own(made):
            made.why = "nothing was deleted: no reply showed that this id is that of the record"
            if not made.id:
                made.why = "the answer was lost or told no id: it may be there"
            return made.is_gone
        path = self.target.kind.update_for(made.row, made.id, self.target).path
        self.requests += 1
        try:
            response = self.client.request(Request(method="DELETE", path=path, endpoint="record"))
        except ConnectError as error:
            made.why = f"DELETE failed: {error}"
            return False
        made.why = f"DELETE answered {response.status}"
        return response.success

    def _is_own(self, made: _Made) -> bool:
        """Whether the id leads to this very record, and to nobody else's: by the look-up, or by GET."""
        if not made.is_own:
            self._look_up(made)
        if not made.is_own and made.id:
            path = self.target.kind.update_for(made.row, made.id, self.target).path
            response = self.ask(Request(method="GET", path=path, endpoint="record"))
            made.is_own = (
                response is not None
                and response.success
                and made.row.key.casefold() in response.text.casefold()
            )
        return made.is_own

    def _look_up(self, made: _Made) -> None:
        lookup = self.target.lookup
        if lookup is None:
            return
        for request in lookup.lookups_for([made.row], self.target, []):
            if (response := self.ask(request)) is None:
                continue
            reading = lookup.read_lookup(response, [made.row], self.target, self.proof)
            found = reading.found.get(made.row.line)
            ids = {found.id} if found is not None else set()
            if ids and not made.id:
                made.id = min(ids)
            made.is_own = made.is_own or made.id in {*ids, *(self._listed_in(response) or ())}
            made.is_gone = bool(reading.absent)

    def _made_by(self, attempt: Attempt) -> _Made | None:
        return next(
            (made for made in self.made if made.id == attempt.id and made.row.key == attempt.row.key), None
        )

    def _remember(self, row: Row, attempt: Attempt) -> None:
        if all((made.row.key, made.id) != (row.key, attempt.id) for made in self.made):
            self.made.append(_Made(row, attempt.id))

    def _sent(self, row: Row, key: str, request: Request) -> Attempt:
        sends_keys = self.target.sends_keys
        request = dataclasses.replace(request, idempotency_key=key if sends_keys else None, repeatable=False)
        self.requests += 1
        try:
            response = self.client.request(request)
        except ConnectError as error:
            code = "answer_lost" if isinstance(error, OutcomeUnknown) else "service_unavailable"
            return Attempt(row, key, RowOutcome.because(code, str(error)))
        if response.status in STOPS_AN_IMPORT or 300 <= response.status < 400:
            return Attempt(row, key, RowOutcome.because("wrong_settings", str(response.status)), response)
        [outcome] = self.target.kind.outcomes_from(response, [row], self.target)
        return Attempt(row, key, outcome, response)


def new_key() -> str:
    """Return an idempotency key that was never sent."""
    return secrets.token_hex(16)
