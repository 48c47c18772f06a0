"""What a target does with a record that is sent again. Measured, and judged on the side of proving less.

first     the record, made                                   another   another record, made
same_key  the same content, under the same key               (their ids must differ, or ids tell nothing)
new_key   the same content, under a new key: the control
changed   the same record with other content                 recased   ... written in another case

a target that obeys keys             same_key: no second record      new_key: a second one
one that tells the record itself     new_key, changed, recased: none
(both) and the same at one moment: two requests under way together, as a repeat after a time-out may be
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from f.records.checking.canaries import STOPS_AN_IMPORT, Attempt, Canaries
from f.records.target.replies import body_of

if TYPE_CHECKING:
    from f.records.checking.findings import Findings
    from f.records.rows.row import Row
    from f.records.target.proven import Repeats

# same: the reply shows the first record again; exists: it says that it is there, in words or by a status an
# import understands; refused: not in such a way; second: there are two now; unclear: that is not known.
Seen = Literal["same", "exists", "refused", "second", "unclear"]
_NONE_MADE = frozenset({"same", "exists"})
# Statuses that also stand for other refusals of a row: they cannot mean "exists" by themselves.
_OF_ANY_REFUSAL = STOPS_AN_IMPORT | {
    *(400, 402, 408, 411, 413, 414, 415, 417, 420, 422, 423, 424, 425, 426, 428, 429, 430, 431, 451),
    *range(440, 500),  # of proxies and of nobody: no standard gives them a meaning
}
_WORDS: dict[Seen, str] = {
    "same": "answered with the record that is there; no second one",
    "exists": "refused, for it exists; no second one",
    "refused": "refused",
    "second": "a second record",
    "unclear": "not known",
}
_DEEPEST = 3
_TRIES = 3
_PAIRS = 3  # new records that are sent twice at the same moment


@dataclass(frozen=True, slots=True)
class Duplicates:
    """How the target answers a record that is there. `status`: None if an import need not know it."""

    repeats: Repeats | None = None
    status: int | None = None
    existing_id: str = ""


class RepeatCheck:
    """Sends a record again in several ways. `wait`: lets the look-up come to know what was made last."""

    def __init__(
        self,
        canaries: Canaries,
        findings: Findings,
        first: Attempt,
        another: Attempt,
        wait: Callable[[], object],
    ) -> None:
        self._canaries, self._findings, self._wait = canaries, findings, wait
        self._first, self._another = first, another
        self._ids_tell = _ids_tell(first, another)
        self._listed = canaries.listed(first.row)
        self._seconds = 0

    def measure(self) -> Duplicates:
        """Return what was shown; each step adds a finding."""
        target, first, samples = self._canaries.target, self._first, self._canaries.samples
        if not self._ids_tell and self._listed is None:
            self._findings.add(
                "sent again",
                "not known",
                "Replies tell no id of the record, and no look-up lists it, so a second record could not be "
                "seen. Give id_field (where a reply holds the id) or endpoints.lookup.",
            )
            return Duplicates()
        by_key: Seen = "unclear"
        if target.sends_keys:
            by_key, keyed = self._seen("same content, same key", lambda _: first.row, first.key)
            if by_key == "exists" and not keyed.says_exists(target):
                by_key = "refused"  # an import would not understand it
        control, duplicate = self._seen("same content, another key", lambda _: first.row)
        changed, _ = self._seen("other content, another key", lambda n: samples.changed(first.row, n))
        recased = self._recased()
        if target.sends_keys:
            self._seen("other content, same key", lambda n: samples.changed(first.row, n + 20), first.key)
        repeats: Repeats | None = None
        if control in _NONE_MADE and changed in _NONE_MADE and recased in _NONE_MADE:
            repeats = "record"
        elif (
            target.sends_keys
            and target.batch_endpoint is None
            and by_key in _NONE_MADE
            and control == "second"
        ):
            repeats = "key"
        if repeats is not None and not self._holds_at_once(repeats):
            repeats = None
        self._tell(repeats, by_key, control)
        return self._duplicates(repeats, control, duplicate)

    def still_holds(self) -> bool:
        """Return whether the look-up, asked again at the end, lists no record that no reply told of."""
        listed = self._canaries.listed(self._first.row)
        if listed is None:
            return self._listed is None
        told = {made.id for made in self._canaries.made if made.id}
        return listed <= told if self._ids_tell else len(listed) <= 1 + self._seconds

    def _seen(self, aspect: str, row_of: Callable[[int], Row], key: str = "") -> tuple[Seen, Attempt]:
        attempt = self._canaries.repeat(row_of, key)
        seen = self._judge(attempt)
        if attempt.after_doubt and self._listed is None and seen in _NONE_MADE:
            seen = "unclear"  # the try that was lost may have made the record that this one met
        status = f" ({attempt.status})" if attempt.status else ""
        meaning = attempt.outcome.detail if seen in {"refused", "unclear"} else ""
        self._findings.add(f"sent again: {aspect}", f"{_WORDS[seen]}{status}", meaning)
        return seen, attempt

    def _judge(self, attempt: Attempt) -> Seen:
        before = self._listed
        if before is not None:
            self._wait()
            listed = self._canaries.listed(attempt.row)
            if listed is None:
                return "unclear"
            self._listed = before | listed
            if len(self._listed) > len(before):
                self._seconds += 1
                return "second"
        if attempt.is_created:
            return self._judge_created(attempt)
        if attempt.says_exists(self._canaries.target):
            return "exists"
        if attempt.outcome.code == "rejected_by_api":
            return "exists" if self._own_status(attempt) else "refused"
        return "unclear"

    def _judge_created(self, attempt: Attempt) -> Seen:
        """Seen by a success, of which the look-up, if it lists, shows no second record."""
        if not self._ids_tell or not attempt.id:
            return "same" if self._listed is not None else "unclear"
        if attempt.id == self._first.id:
            return "same"
        self._seconds += 1
        return "second"

    def _own_status(self, attempt: Attempt) -> bool:
        """Whether a status is refused with only for being there: the same content was taken just before."""
        status = attempt.status
        return status is not None and 400 <= status < 500 and status not in _OF_ANY_REFUSAL

    def _recased(self) -> Seen:
        """Seen of the record in upper case; `same` for those of which case may make another one."""
        samples, first = self._canaries.samples, self._first
        if samples.recased(first.row, 0) is None:
            return "same"

        def row_of(number: int) -> Row:
            recased = samples.recased(first.row, number + 40)
            assert recased is not None
            return recased

        return self._seen("known by the same in upper case", row_of)[0]

    def _holds_at_once(self, repeats: Repeats) -> bool:
        """Whether it holds also for two requests that are under way together. One pair may be lucky."""
        is_one, is_two = True, False
        for _ in range(_PAIRS):
            if is_one and not is_two:
                is_one, is_two = self._pair(repeats)
        holds = is_one and not is_two
        self._findings.add(
            "sent twice at the same moment",
            "one record" if holds else "two records" if is_two else "not known",
            "So a repeat after a time-out makes no second one either."
            if holds
            else "A repeat after a time-out, while the first is still worked on, could make a second record, "
            "so nothing is promised.",
        )
        return holds

    def _pair(self, repeats: Repeats) -> tuple[bool, bool]:
        """Whether two requests under way together were seen to make one record, and whether to make two."""
        for _ in range(_TRIES):
            pair = self._canaries.make_twice_at_once(same_key=repeats == "key")
            self._wait()
            listed = self._canaries.listed(pair[0].row)
            created = [one for one in pair if one.is_created]
            is_told = bool(created) and not any(one.is_unclear for one in pair)
            if is_told or (created and listed is not None):
                break
        ids = {one.id for one in created}
        is_two = (self._ids_tell and len(ids) > 1) or len(listed or ()) > 1
        # What the list shows counts; without one, both replies have to say that there is one record.
        is_one = len(listed) == 1 and bool(created) if listed is not None else is_told and "" not in ids
        return is_one, is_two

    def _tell(self, repeats: Repeats | None, by_key: Seen, control: Seen) -> None:
        if repeats == "record":
            found, meaning = "no second record", "A row whose answer was lost can be sent again safely."
            if self._canaries.target.sends_keys:
                meaning += " Whether keys are obeyed cannot be told from this, and need not be known."
        elif repeats == "key":
            found = "one record a key"
            meaning = "A row whose answer was lost is sent again with its key, while the key is kept."
        elif by_key == "second" or (control == "second" and not self._canaries.target.sends_keys):
            found, meaning = "a second record", "A row whose answer was lost is not sent again blindly."
        else:
            found = "not shown to be safe"
            meaning = "A row whose answer was lost is not sent again unless it is looked up and not there."
        self._findings.add("a repeated row", found, meaning)

    def _duplicates(self, repeats: Repeats | None, control: Seen, duplicate: Attempt) -> Duplicates:
        if control != "exists" or duplicate.response is None:
            return Duplicates(repeats)
        status = duplicate.status if duplicate.status is not None and duplicate.status >= 400 else None
        if status in _OF_ANY_REFUSAL:
            self._findings.add(
                "a record that is there",
                f"{status}, as for other refusals",
                "A row that was there before the import is reported as rejected, in the API's words.",
            )
            return Duplicates(repeats)
        place = self._existing_id(duplicate)
        self._findings.add(
            "a record that is there",
            f"{status}, its id at {place}" if place else f"{status}, without its id" if status else "told so",
            "Such a row is reported as duplicate"
            + (", and can be updated." if place else "; to update it, its id has to be looked up."),
        )
        return Duplicates(repeats, status, place)

    def _existing_id(self, duplicate: Attempt) -> str:
        """Where the reply has the id of the record that is there, if a second reply has it there too."""
        other = self._canaries.repeat(lambda _: self._another.row)
        if duplicate.response is None or other.response is None or not self._ids_tell:
            return ""
        places = set(_places_of(self._first.id, body_of(duplicate.response)))
        shared = places & set(_places_of(self._another.id, body_of(other.response)))
        return min(shared, key=lambda place: ("exist" not in place.casefold(), len(place)), default="")


def _ids_tell(first: Attempt, another: Attempt) -> bool:
    """Whether ids are the target's own and tell records apart, so that a second record has another one."""
    if not first.id or not another.id or first.id == another.id:
        return False
    return not any(_is_echo(attempt) for attempt in (first, another))


def _is_echo(attempt: Attempt) -> bool:
    """Whether the id is something that was sent."""
    sent = [str(value).casefold() for value in attempt.row.record.values()]
    one = attempt.id.casefold()
    return one in sent or attempt.key in one


def _places_of(wanted: str, body: Any, at: str = "", depth: int = _DEEPEST) -> list[str]:
    """The dotted paths of a value in nested objects."""
    if not isinstance(body, dict):
        return []
    found: list[str] = []
    for name, value in body.items():
        place = f"{at}.{name}" if at else str(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value) == wanted:
            found.append(place)
        elif depth:
            found += _places_of(wanted, value, place, depth - 1)
    return found
