"""From a reply, or none, to outcomes: what it says of its rows, and whether it stops the run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from f.connect.calls.message import Response
from f.connect.errors import (
    ConnectError,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.records.journal.journal import Claim
from f.records.rows.outcome import RowOutcome, Stop
from f.records.sending.parking import Parked
from f.records.target.applied import effect_of, names_a_duplicate, says_it_exists, unclear
from f.store.store import LEASE_LOST

if TYPE_CHECKING:
    from f.records.rows.row import Row, Rows
    from f.records.target.target import OnDuplicate, Target

# By line, what the journal knows of rows that may have been applied before.
InDoubt = Mapping[int, Claim]

# Replies that are about the whole import, not about one row: no credential, or no such endpoint.
_STOPS_THE_RUN = frozenset({401, 403, 404, 405, 410})
_GONE = frozenset({404, 410})
# How APIs refuse an idempotency key that came before with another body, written in another case perhaps.
_OF_A_KEY = frozenset({400, 409, 422})
# What an error makes of the row it met; the first that fits counts.
_CODES: dict[type[ConnectError], str] = {
    Parked: "parked",
    SignInAgain: "credential_refused",
    FixSettings: "wrong_settings",
    WaitForQuota: "quota_used_up",
    TryLater: "service_unavailable",
    GiveUpRecord: "rejected_by_api",
    OutcomeUnknown: "answer_lost",
}
_STOPPING = (SignInAgain, FixSettings, WaitForQuota)
_LOST = frozenset({"answer_lost", "answer_lost_keyed", "answer_unclear", "answer_unclear_keyed", "accepted"})


class Failure(NamedTuple):
    """The outcome of rows whose request got no usable answer, and the stop of the run if it means one."""

    outcome: RowOutcome
    stop: Stop | None


class Reading(NamedTuple):
    """One outcome for each row of a request, in order, and the stop of the run if the reply means one."""

    outcomes: list[RowOutcome]
    stop: Stop | None = None


class ReplyReader:
    """A reader of one target's replies, for an import that was asked to treat duplicates in one way."""

    def __init__(self, target: Target, on_duplicate: OnDuplicate) -> None:
        self._target, self._kind, self._on_duplicate = target, target.kind, on_duplicate

    def read_created(self, result: Response | ConnectError, rows: Rows, in_doubt: InDoubt) -> Reading:
        """Return what became of rows that were to be created."""
        failure = self.failure(result) if isinstance(result, ConnectError) else self._run_failure(result)
        if failure is not None:
            return Reading([failure.outcome] * len(rows), failure.stop)
        assert isinstance(result, Response)
        if not result.success and effect_of(result, self._target.replies) == "in_doubt":
            # A page of a proxy's instead of the API's own words: who knows what happened behind it.
            return Reading([unclear(result, "in_doubt")] * len(rows))
        outcomes = self._kind.outcomes_from(result, rows, self._target)
        if not in_doubt and not result.in_doubt:  # nearly always: nothing of it was sent before
            return Reading(list(map(self.apply_duplicate_policy, outcomes)))
        return Reading(
            [
                self._judged(outcome, result, in_doubt.get(row.line), alone=len(rows) == 1)
                for row, outcome in zip(rows, outcomes, strict=True)
            ]
        )

    def _judged(
        self, outcome: RowOutcome, response: Response, claim: Claim | None, *, alone: bool
    ) -> RowOutcome:
        """The outcome of a row, seen together with what is known of earlier attempts to send it."""
        was_sent = claim is not None or response.in_doubt
        if outcome.outcome == "duplicate":
            if was_sent and alone and _may_be_running(response, outcome):
                return unclear(response, "in_doubt")
            return (
                self._there_after_doubt(outcome, claim) if was_sent else self.apply_duplicate_policy(outcome)
            )
        if outcome.code != "rejected_by_api" or not was_sent or not alone:
            return outcome
        if says_it_exists(response, self._target.proven.exists_status):
            return self._there_after_doubt(RowOutcome.because("already_exists", outcome.detail), claim)
        # What was sent before may be why it is refused now: where that can be looked up, it is.
        by_key = claim is not None and self._target.obeys_keys and response.status in _OF_A_KEY
        unsure = by_key or self._target.can_ask
        return RowOutcome.because("answer_unclear", outcome.detail) if unsure else outcome

    def read_updated(self, result: Response | ConnectError, row: Row, in_doubt: InDoubt) -> Reading:
        """Return what became of a row whose record was there and was to be updated."""
        if isinstance(result, Response):
            effect = effect_of(result, self._target.replies)
            if effect == "applied":
                return Reading([RowOutcome("updated")])
            if result.success:
                return Reading([unclear(result, effect)])
            if result.status in _GONE:
                # A 404 to a create is about the endpoint and stops the run; to an update, about this record.
                gone = RowOutcome.because("rejected_by_api", f"{result.status} It is no longer there.")
                return Reading([gone])
        return self.read_created(result, [row], in_doubt)

    def read_unanswered_lookup(self, result: Response | ConnectError, *, in_doubt: bool) -> Failure:
        """Return what no answer to a look-up means for a row: one in doubt stays so, another was not sent."""
        failure = self.failure(result) if isinstance(result, ConnectError) else self._run_failure(result)
        stop = failure.stop if failure else None
        if isinstance(result, Response) and result.status in _GONE and not in_doubt:
            # The look-up's address is wrong, not the import's: the row can be neither found nor sent.
            detail = f"{result.call} answered {result.status}: check endpoints.lookup in the resource."
            return Failure(RowOutcome.because("wrong_settings", detail), stop)
        if in_doubt and not isinstance(result, Parked):
            return Failure(RowOutcome.because("answer_lost", failure.outcome.detail if failure else ""), stop)
        if failure is None:
            detail = f"The look-up answered {result.status}."
            return Failure(RowOutcome.because("service_unavailable", detail), None)
        return failure

    def _there_after_doubt(self, outcome: RowOutcome, claim: Claim | None) -> RowOutcome:
        """The outcome of a row that may have been sent before and is there: made by us, or by somebody else.

        Where it can be looked up, its values and its age tell. Otherwise it is left as what is certain.
        """
        if self._on_duplicate == "update" or (claim is not None and not claim.same_content):
            return self.apply_duplicate_policy(outcome)
        if self._target.can_ask:
            return RowOutcome.because("answer_unclear", outcome.detail)
        if self._on_duplicate == "fail":
            return RowOutcome.because("answer_unclear", "It is there; an earlier attempt may have made it.")
        return RowOutcome.because("already_exists", "An earlier attempt may have made it.", outcome.id)

    def existing(self, outcome: RowOutcome, claim: Claim | None) -> RowOutcome:
        """Return the outcome of a row that was looked up and found.

        If we may have sent just this content before, we created it. Otherwise it is what the import was asked
        to do with duplicates.
        """
        if claim is not None and claim.same_content and self._on_duplicate != "update":
            return RowOutcome.because("found_in_target", id=outcome.id)
        return self.apply_duplicate_policy(outcome)

    def apply_duplicate_policy(self, outcome: RowOutcome) -> RowOutcome:
        """Return the outcome under on_duplicate: `fail` rejects a duplicate, the others leave it one.

        An update is a request of its own, which follows later.
        """
        if outcome.outcome == "duplicate" and self._on_duplicate == "fail":
            return RowOutcome.because("exists_and_must_not")
        return outcome

    def _run_failure(self, response: Response) -> Failure | None:
        """What a reply means that is about the whole run, and stops it; None for any other."""
        if response.status not in _STOPS_THE_RUN and not 300 <= response.status < 400:
            return None
        try:
            response.raise_for_status()
        except ConnectError as error:
            return self.failure(error, self._kind.stop_code(response))
        return None

    def failure(self, error: ConnectError, code: str | None = None) -> Failure:
        """Return what an error means for the rows of its request; some errors stop the run as well.

        `code`: a reason code of the target's own for this error.
        """
        if error.code == LEASE_LOST and isinstance(error, TryLater):
            return Failure(RowOutcome.because("in_progress_elsewhere"), None)
        code = code or next(code for kind, code in _CODES.items() if isinstance(error, kind))
        if isinstance(error, OutcomeUnknown) and error.repeat_safe:
            code = "answer_lost_keyed"
        stop: Stop | None = None
        if isinstance(error, Parked):
            stop = error.stop()
        elif isinstance(error, _STOPPING):
            stop = {"code": code, "message": str(error)}
        return Failure(RowOutcome.because(code, str(error)), stop)


def _may_be_running(response: Response, outcome: RowOutcome) -> bool:
    """Whether a 409 may be about the request that was sent before under the same key, and is still worked on.

    That is what it means in draft-ietf-httpapi-idempotency-key-header; else it names the record, or says that
    it exists.
    """
    keyed = response.request.idempotency_key is not None and response.status == 409
    return keyed and not outcome.id and not names_a_duplicate(response)


def is_answer_lost(outcome: RowOutcome | None) -> bool:
    """Return whether a row was sent and nobody knows what became of it."""
    return outcome is not None and outcome.code in _LOST
