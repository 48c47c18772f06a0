"""What is known of a write by its once_key; what is in doubt is looked up now."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# annotated-types==0.8.0
# attrs==26.1.0
# cffi==2.1.1
# cryptography==50.0.2
# dnspython==2.9.2
# email-validator==2.4.0
# frozenlist==1.8.0
# idna==3.20
# jinja2==3.1.6
# markupsafe==3.0.4
# multidict==7.2.1
# orjson==3.13.0
# phonenumbers==9.0.43
# propcache==0.5.4
# pycparser==3.12
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5
# yarl==1.25.1

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.errors import FixInput, OutcomeUnknown
from f.connect.times import to_iso
from f.store.store import release
from f.store.stores import open_store
from f.tools.effects.ledger import Effect, Ledger, ledger_key
from f.tools.effects.once_only import Acted, checked_key

if TYPE_CHECKING:
    from f.tools.guards.desk import Desk

Known = Literal["not_known", "not_done", "running", "done", "confirmed", "unknown"]
_NOT_KNOWN = (
    "Nothing was ever begun under this once_key, or what was begun was certainly not done, or it is older "
    "than 90 days. It may be used."
)
_NOT_DONE = (
    "It was begun and certainly not done. Call the tool again with the same once_key and arguments to have "
    "it done."
)
_RUNNING = "It is under way, or was stopped less than two minutes ago. Ask again in a minute."


class EffectStatus(TypedDict):
    """`since`: when it was begun, ISO 8601; None if nothing is known. `result`: the first one."""

    status: Known
    once_key: str
    tool: str
    since: str | None
    result: dict[str, Any] | None
    message: str


def status_of(desk: Desk, once_key: str) -> EffectStatus:
    """Return what the ledger knows, or what a look-up finds out and the ledger then keeps."""
    once_key = checked_key(once_key)
    with open_store(desk.database(), "tools") as store:
        ledger = Ledger(store)
        effect = ledger.read(ledger_key(once_key))
        if effect is None:
            return _status(once_key, None, "not_known", _NOT_KNOWN)
        if effect.state == "done":
            return _first(once_key, effect)
        lease = ledger.take(effect.key)
        if lease is None:
            return _status(once_key, effect, "running", _RUNNING)
        try:
            return _looked_up(desk, ledger, once_key)
        finally:
            release(store, lease)


def _looked_up(desk: Desk, ledger: Ledger, once_key: str) -> EffectStatus:
    effect = ledger.read(ledger_key(once_key))
    if effect is None:
        return _status(once_key, None, "not_known", _NOT_KNOWN)
    if effect.state == "done":
        return _first(once_key, effect)
    try:
        acted = _look_up(desk, once_key, effect)
    except OutcomeUnknown as error:
        return _status(once_key, effect, "unknown", str(error))
    except FixInput as error:  # the guards changed since
        return _status(once_key, effect, "unknown", f"It cannot be looked up any more: {error}")
    return _found_out(ledger, once_key, effect, acted)


def _found_out(ledger: Ledger, once_key: str, effect: Effect, acted: Acted | None) -> EffectStatus:
    if acted is None:
        return _status(once_key, effect, "not_done", _NOT_DONE)
    if acted.status == "running":
        return _status(once_key, effect, "running", acted.message, acted.result)
    ledger.finish(effect, {"result": acted.result, "message": acted.message})
    status: Known = "confirmed" if acted.status == "confirmed" else "done"
    return _status(once_key, effect, status, acted.message, acted.result)


def _look_up(desk: Desk, once_key: str, effect: Effect) -> Acted | None:
    """Ask whoever would know. Each way is imported on first use: a call is about one tool."""
    match effect.tool:
        case "send_once":
            from f.tools.acting.messages import look_up as of_message

            return of_message(desk, once_key, effect)
        case "apply_plan":
            from f.tools.acting.imports import look_up as of_import

            return of_import(effect)
        case "replay_dead_letter":
            from f.tools.acting.replays import look_up as of_replay

            return of_replay(desk, effect)
    raise OutcomeUnknown(
        f"This version knows no tool {effect.tool}, so it cannot be looked up.", code="other_version"
    )


def _first(once_key: str, effect: Effect) -> EffectStatus:
    first = effect.result or {}
    return _status(once_key, effect, "done", str(first.get("message", "")), first.get("result"))


def _status(
    once_key: str, effect: Effect | None, status: Known, message: str, result: dict[str, Any] | None = None
) -> EffectStatus:
    return {
        "status": status,
        "once_key": once_key,
        "tool": effect.tool if effect else "",
        "since": to_iso(effect.at) if effect else None,
        "result": result or None,
        "message": message,
    }
