"""Once only: a write under a once_key, however often and by however many it is asked for.

    same key, same arguments       the first result
    same key, other arguments      refused, and which arguments differ is said
    under way in another job       waited for briefly, then `running`
    killed, or its answer lost     acted on again: what acts looks up before it repeats anything

What acts must itself be safe to run again under the same mark: by f.store.once, by a job id, or by a record
it finds again. The ledger adds the arguments, the first result, and one answer for all tools.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown
from f.store.store import release
from f.tools.effects.arguments import differing, fingerprints
from f.tools.effects.ledger import IN_DOUBT_SECONDS, Begin, Effect, Ledger, ledger_key

if TYPE_CHECKING:
    from f.store.store import Lease
    from f.tools.effects.written import WriteStatus, Written

WAIT_SECONDS = 8.0  # for another job that acts on the same key
_LOOK_SECONDS = 0.2
_LONGEST_KEY = 200
_IN_HAND = "in_hand"  # the code of an error: another job sends the same just now


@dataclass(frozen=True, slots=True)
class Acted:
    """What acting came to. `running`: it goes on elsewhere, and is asked about by the same call.

    `refused`: it is certain that nothing was done.
    """

    status: WriteStatus
    message: str
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a tool.

    `act` gets the row, and whether an earlier run may have acted already. It raises OutcomeUnknown if nobody
    can tell, any other ConnectError if nothing was done. `keeps_row`: such an error may hide a part that was
    done, so the key stays bound to its arguments.
    """

    tool: str
    arguments: Mapping[str, object]
    act: Callable[[Effect, bool], Acted]
    kept: Mapping[str, Any] = field(default_factory=dict)
    sealed: str = ""
    most: int | None = None
    too_many: str = ""
    keeps_row: bool = False


def once_only(ledger: Ledger, once_key: str, write: Write, *, wait: float = WAIT_SECONDS) -> Written:
    """Do it once. Raises what is neither an outcome nor a refusal: settings to fix, a service to wait for."""
    once_key = checked_key(once_key)
    key, now = ledger_key(once_key), fingerprints(once_key, write.arguments)
    deadline = time.monotonic() + wait
    while True:
        known = ledger.read(key)
        if known and (answer := _known_answer(once_key, known, write.tool, now)):
            return answer
        lease = ledger.take(key)
        if lease is not None:
            break
        if time.monotonic() >= deadline:
            return _running(once_key)
        time.sleep(_LOOK_SECONDS)
    try:
        return _act(ledger, lease, once_key, write, now)
    finally:
        release(ledger.store, lease)


def once_prepared(
    ledger: Ledger, once_key: str, tool: str, arguments: Mapping[str, object], prepare: Callable[[], Write]
) -> Written:
    """Do once what is prepared. What guards refuse by now, in `prepare`, hides no earlier result.

    Raises what `once_only` does; FixInput only if nothing was begun under the key.
    """
    once_key = checked_key(once_key)
    known = ledger.read(ledger_key(once_key))
    if known and (earlier := _known_answer(once_key, known, tool, fingerprints(once_key, arguments))):
        return earlier
    try:
        write = prepare()
    except FixInput as error:
        if known is None:
            raise
        return answer(once_key, "unknown", f"{_BEFORE} {error} {_LOOK_AGAIN}")
    return once_only(ledger, once_key, write)


def _act(ledger: Ledger, lease: Lease, once_key: str, write: Write, now: Mapping[str, str]) -> Written:
    key = ledger_key(once_key)
    is_first = ledger.begin(lease, key, Begin(write.tool, now, write.kept, write.sealed, write.most))
    effect = ledger.read(key)
    if effect is None:
        return answer(once_key, "refused", write.too_many or "Too many of this tool within the hour.")
    if known := _known_answer(once_key, effect, write.tool, now):
        return known
    if not is_first and ledger.store.now() - effect.at > IN_DOUBT_SECONDS:
        return answer(once_key, "unknown", _TOO_OLD)
    return _acted(_Turn(ledger, lease, once_key, effect, is_first), write)


@dataclass(frozen=True, slots=True)
class _Turn:
    """This call's turn at a write. `is_first`: none before it can have acted."""

    ledger: Ledger
    lease: Lease
    once_key: str
    effect: Effect
    is_first: bool

    def give_back(self) -> None:
        """Forget the key, if nothing can have been done under it."""
        if self.is_first:
            self.ledger.give_back(self.lease, self.effect)


def _acted(turn: _Turn, write: Write) -> Written:
    """Act, and keep or forget what came of it."""
    try:
        acted = write.act(turn.effect, not turn.is_first)
    except OutcomeUnknown as error:
        return answer(turn.once_key, "unknown", f"{error} {_LOOK_AGAIN}")
    except ConnectError as error:
        if error.code == _IN_HAND:
            return _running(turn.once_key)
        if not write.keeps_row:
            turn.give_back()
        if not isinstance(error, FixInput | GiveUpRecord):
            raise
        if turn.is_first:
            return answer(turn.once_key, "refused", str(error))
        return answer(turn.once_key, "unknown", f"{_BEFORE} {error} {_LOOK_AGAIN}")
    if acted.status == "refused":
        turn.give_back()
        return answer(turn.once_key, "refused", acted.message)
    if acted.status in _ENDED:
        turn.ledger.finish(turn.effect, {"result": acted.result, "message": acted.message})
    return answer(turn.once_key, acted.status, acted.message, acted.result)


_ENDED = frozenset({"done", "confirmed", "already_done"})
_LOOK_AGAIN = (
    "Do not send it in another way. Ask effect_status, or call this again with the same once_key and "
    "arguments: it is looked up before anything is repeated."
)
_BEFORE = "An earlier call may have done it, and now it cannot be looked up or done:"
_TOO_OLD = (
    "An earlier call was begun so long ago that what it did cannot be found out any more. Nothing was done "
    "now. A person has to look."
)


def _known_answer(once_key: str, known: Effect, tool: str, now: Mapping[str, str]) -> Written | None:
    """Return what a row alone answers: a refusal, or the first result; None if it is in doubt."""
    if known.tool != tool:
        return answer(
            once_key,
            "refused",
            f"This once_key was used for {known.tool} before. Nothing was done. Use a once_key for one thing "
            "only.",
        )
    if names := differing(known.arguments, now):
        return answer(
            once_key,
            "refused",
            f"This once_key was used before with other arguments: {', '.join(names)}. Nothing was done. For "
            "the same thing give the arguments of then; for another thing use another once_key.",
        )
    if known.state == "done":
        first = known.result or {}
        return answer(
            once_key, "already_done", f"Done before. {first.get('message', '')}", first.get("result")
        )
    return None


def checked_key(once_key: str) -> str:
    """Return the key without blanks around it; FixInput if it cannot tell one thing from another."""
    # The same letter may come as one sign or as two: a model that repeats a key does not choose.
    key = unicodedata.normalize("NFC", once_key).strip()
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        raise FixInput(
            f"once_key must be a text of 1 to {_LONGEST_KEY} characters on one line, that names this one "
            "thing: such as reminder-invoice-4711. Use the same one when you repeat the call.",
            code="bad_once_key",
        )
    return key


def refusing(once_key: str, act: Callable[[], Written]) -> Written:
    """Return what acting answers; FixInput, which is raised only where nothing was done, as `refused`."""
    try:
        return act()
    except FixInput as error:
        return answer(once_key, "refused", str(error))


def answer(
    once_key: str, status: WriteStatus, message: str, result: Mapping[str, Any] | None = None
) -> Written:
    """Return what a tool that writes answers."""
    return {
        "status": status,
        "once_key": once_key,
        "result": dict(result) if result else None,
        "message": message.strip(),
    }


def _running(once_key: str) -> Written:
    return answer(
        once_key,
        "running",
        "Another call with this once_key is at work, or was stopped less than two minutes ago. Call this "
        "again in a minute with the same once_key and arguments, or ask effect_status.",
    )
