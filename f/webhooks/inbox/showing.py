"""One event whole: what is known of it, what became of it, and its body, masked unless it is asked for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.errors import ConnectError
from f.connect.redact import MASK, mask_json
from f.webhooks.inbox.handed import iso
from f.webhooks.inbox.listing import EventView, Listing
from f.webhooks.inbox.replaying import PATCH, Replay, Replays
from f.webhooks.inbox.sealing import open_body
from f.webhooks.inbox.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.store.store import Store
    from f.webhooks.inbox.listing import Found

_PURGED = "The body was purged."
# In what others send, under these stands who a person is, where, or what they wrote: Twilio's ProfileName and
# FromCity, a name on a card, the text of a message. A log needs some of them; here nobody has asked for any.
_OF_A_PERSON = re.compile(
    r"(^|[a-z_-])name$|^login$|^text$|^(plain|html)[_-]?text$|^body$|city$|zip$|postal|^line[12]$|^wa_?id$"
    r"|^(client_?)?ip$|ip[_-]?address|user[_-]?agent",
    re.IGNORECASE,
)


class ReplayView(TypedDict):
    """A replay that was made. `routes`: none - it was routed anew; `changes`: a JSON merge patch."""

    at: str
    who: str
    routes: list[str]
    note: str
    changed: bool
    as_received: bool
    changes: Any


class ShownEvent(EventView):
    """An event with its request. `content`: the body; `content_note`: why there is none."""

    headers: dict[str, str]
    changed: bool
    content: Any
    content_note: str
    masked: bool
    replays: list[ReplayView]


def shown(store: Store, found: Found, keys: Callable[[str], str], *, whole: bool = False) -> ShownEvent:
    """Return an event for a person; with `whole` nothing of it is masked.

    A body that cannot be opened is no error: the rest is shown, and why.
    """
    event = Work(store).events([found.event.id])[found.event.id]
    replays = Replays(store, keys).of(event.id)
    content, note, views = None, "" if event.body else _PURGED, [_replay_view(one, None) for one in replays]
    if event.body:
        try:
            key = keys(event.source)
            content = open_body(event.body, event.id, key)
            views = [
                _replay_view(one, open_body(one.patch, event.id, key, PATCH) if one.patch else None)
                for one in replays
            ]
        except ConnectError as error:
            note = str(error)
    (view,) = Listing(store).views([found])
    result: ShownEvent = {
        **view,
        "headers": event.headers,
        "changed": _is_changed(views),
        "content": content,
        "content_note": note,
        "masked": not whole,
        "replays": views,
    }
    if not whole:
        result["headers"] = _masked(event.headers)
        result["content"] = _masked(content)
        for one in views:
            one["changes"] = _masked(one["changes"])
    return result


def _masked(value: Any) -> Any:
    """Return a body without what is secret or personal, also in JSON that is a text in it."""
    return mask_json(_impersonal(mask_json(value)))


def _impersonal(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK
            if _OF_A_PERSON.search(name) and isinstance(item, str | int) and item != ""
            else _impersonal(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_impersonal(item) for item in value]
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            return json.dumps(_masked(json.loads(value)), ensure_ascii=False)
        except (ValueError, RecursionError):  # no JSON
            return value
    return value


def _replay_view(replay: Replay, change: Any) -> ReplayView:
    return {
        "at": iso(replay.at),
        "who": replay.who,
        "routes": list(replay.routes),
        "note": replay.note,
        "changed": bool(replay.patch),
        "as_received": bool(change and change["as_received"]),
        "changes": change["changes"] if change else None,
    }


def _is_changed(replays: list[ReplayView]) -> bool:
    changes = [one for one in replays if one["changed"]]
    return bool(changes) and not changes[-1]["as_received"]
