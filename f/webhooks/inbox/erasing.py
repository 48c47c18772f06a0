"""What is kept about one person, removed: every event in which a text stands, such as an e-mail address.

Bodies are sealed, so each has to be opened to be looked at. The row stays, with what tells nothing of a
person: hashes, the type, the times. By it the event is known if its provider tells it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from f.connect.errors import ConnectError, FixInput
from f.webhooks.inbox.replaying import PATCH
from f.webhooks.inbox.retention import EMPTY_PATCHES, LOCK, Retention, no_trace
from f.webhooks.inbox.sealing import open_body
from f.webhooks.inbox.selection import STILL_WAITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from f.store.store import Row, Store

_SHORTEST = 5  # characters; fewer stand in events of many people
_BLOCK = 50  # events whose bodies are in memory together

_ROWS = "FROM each_row(:rows) AS j"
_IDS = f"(SELECT j.value ->> 0 {_ROWS})"
# What an event says may stand in a failure or a note long after its body was purged.
_NEXT = """SELECT received_at, id, source, provider_id, headers, failure, body FROM webhook_event AS e
    WHERE (received_at > :at OR (received_at = :at AND id > :id))
    AND (body <> '' OR provider_id <> '' OR headers <> '{}' OR failure <> ''
    OR EXISTS (SELECT 1 FROM webhook_task AS t WHERE t.event = e.id AND t.failure <> '')
    OR EXISTS (SELECT 1 FROM webhook_replay AS r WHERE r.event = e.id AND r.note <> ''))
    ORDER BY received_at, id LIMIT :most"""
_NOTES = f"SELECT event, note, patch FROM webhook_replay WHERE event IN {_IDS}"  # noqa: S608 - made of constants
_FAILURES = f"SELECT event, failure FROM webhook_task WHERE failure <> '' AND event IN {_IDS}"  # noqa: S608 - made of constants
_ERASE = f"""UPDATE webhook_event AS e SET body = '', headers = '{{}}', provider_id = '', failure = ''
    WHERE e.id IN {_IDS} AND NOT {STILL_WAITS} RETURNING id"""  # noqa: S608 - made of constants
_EMPTIED = "EXISTS (SELECT 1 FROM webhook_event AS e WHERE e.id = event AND e.body = '')"
_ERASE_NOTES = f"UPDATE webhook_replay SET note = '' WHERE event IN {_IDS} AND {_EMPTIED}"  # noqa: S608 - made of constants
_ERASE_FAILURES = f"UPDATE webhook_task SET failure = '' WHERE event IN {_IDS} AND {_EMPTIED}"  # noqa: S608 - made of constants


@dataclass(slots=True)
class Erased:
    """How many events were emptied. `waiting`: have the text and are still to be handled, so they stay.

    `unreadable`: how many bodies could not be opened, by source; `complete`: all were looked at.
    """

    erased: int = 0
    waiting: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)
    complete: bool = True


def erase(
    store: Store, about: str, keys: Callable[[str], str], retention: Retention, *, dry_run: bool = False
) -> Erased:
    """Empty every event of which anything that is kept has a text, in any case of its letters.

    `keys`: the storage key of a source. FixInput for a text that is too short.
    """
    if len(about.strip()) < _SHORTEST:
        raise FixInput(
            f"about must have at least {_SHORTEST} characters: fewer stand in events of many people.",
            code="bad_argument",
        )
    needles, done, last = _needles(about.strip()), Erased(), (0.0, "")
    with no_trace(store, anew=not dry_run):
        while rows := store.execute(_NEXT, {"at": last[0], "id": last[1], "most": _BLOCK}):
            found = [str(row[1]) for row in _about(store, rows, needles, keys, done)]
            erased = len(found) if dry_run else _erase(store, found)
            done.erased += erased
            done.waiting += len(found) - erased
            last = rows[-1][:2]
            if retention.is_over():
                done.complete = False
                break
    return done


def _about(
    store: Store, rows: Sequence[Row], needles: Sequence[str], keys: Callable[[str], str], done: Erased
) -> list[Row]:
    """Return the rows that have the text; count those that could not be looked into."""
    said: dict[str, list[Any]] = {}
    patches: dict[str, list[str]] = {}
    block = {"rows": json.dumps([[row[1]] for row in rows])}
    for event, note, patch in store.execute(_NOTES, block):
        said.setdefault(event, []).append(note)
        patches.setdefault(event, []).append(patch)
    for event, failure in store.execute(_FAILURES, block):
        said.setdefault(event, []).append(json.loads(failure))
    found = []
    for row in rows:
        _, event, source, provider_id, headers, failure, body = row
        own = [provider_id, json.loads(headers), json.loads(failure or "null")]
        plain = [_text(one) for one in (*own, *said.get(event, []))]
        sealed = [(body, "body"), *((patch, PATCH) for patch in patches.get(event, []))]
        try:
            if not _has(plain, needles):
                plain = [_text(open_body(text, event, keys(source), part)) for text, part in sealed if text]
        except ConnectError:
            done.unreadable[source] = done.unreadable.get(source, 0) + 1
            continue
        if _has(plain, needles):
            found.append(row)
    return found


def _erase(store: Store, ids: Sequence[str]) -> int:
    if not ids:
        return 0
    block = {"rows": json.dumps([[one] for one in ids])}
    statements = (LOCK, _ERASE, EMPTY_PATCHES, _ERASE_NOTES, _ERASE_FAILURES)
    _, erased, *_ = store.together([(statement, block) for statement in statements])
    return len(erased)


def _needles(about: str) -> list[str]:
    """Return the text as it may stand in JSON: as it is, in an address, in a form."""
    spelled = {about, quote(about), quote(about, safe=""), quote_plus(about)}
    return sorted({_text(one)[1:-1] for one in spelled})


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).casefold()


def _has(texts: Sequence[str], needles: Sequence[str]) -> bool:
    return any(needle in text for text in texts for needle in needles)
