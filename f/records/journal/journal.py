"""What the planner and the sender know a journal by: the rows they ask about, and what is known of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from f.store.store import Permit


class Entry(NamedTuple):
    """A row to be sent, as the journal knows it: two hashes."""

    key: str
    content: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What the journal knows of a row that is to be sent. Times in seconds since the epoch.

    `mine`: nothing, send it. `in_doubt`: it may have been applied, with this content or another, as part of
    the bulk job `job` if that is set; it was sent at `since` at the latest, first at `first_sent`, by a job
    for whom a request was under way for `in_flight` seconds at most; `accepted`: the target said it would
    apply it later. `changed`: it was applied before with other content, as record `remote_id` if that is
    known. `done`: it was applied before, by this import or another. `elsewhere`: another job, still running,
    is sending it; if that job is known to have ended, its rows are free at `free_at`. `generation`: how often
    the record was made and then found to be gone.
    """

    state: Literal["mine", "in_doubt", "changed", "done", "elsewhere"]
    same_content: bool = True
    same_import: bool = False
    outcome: str = ""
    remote_id: str | None = None
    job: str | None = None
    since: float = 0.0
    first_sent: float = 0.0
    in_flight: float = 0.0
    accepted: bool = False
    generation: int = 0
    free_at: float | None = None


MINE = Claim("mine")


class Journal(Protocol):
    """What the planner reads, and what the sender reads and records. A method commits one transaction.

    `permit` is to be asked before each attempt to send what was claimed; None: nobody else can take it over.
    """

    @property
    def permit(self) -> Permit | None:
        """The right to send, while no other job has taken over."""

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        """Return what `claim` would return for these rows, by key. Claims nothing, and waits for no claim."""

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        """Commit that this job is going to send those rows that are known, and return what is known of each.

        Rows that are `done` or `elsewhere` are not claimed. One claim at a time for each target. A row that
        nothing is known of is claimed for nobody: `record_sent` says who sends it.
        """

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        """Commit that rows are about to be handed to the wire, as part of a bulk job if one is named.

        Returns the keys of those that are still this job's: no other may be sent. `in_flight`: seconds that
        a request can be under way. Raises TryLater if another job has taken this one's place.
        """

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        accepted: Iterable[Entry] = (),
        forgotten: Iterable[Entry],
    ) -> None:
        """Commit the outcomes of claimed rows, and give up the claims.

        `done` were applied, with outcome and remote id; `in_doubt` are without an answer, `accepted` with the
        answer that they are applied later; `forgotten` were not applied. A row that another job has taken
        over in the meantime is left alone.
        """

    def proof(self) -> str | None:
        """Return what an import has learnt of this target and kept; None if nothing."""

    def keep_proof(self, proof: str) -> None:
        """Keep what was learnt of this target, for all later imports."""

    def now(self) -> float:
        """Return the seconds since the epoch, by the clock of `Claim.since`."""
