"""Events: what a person should hear of, told by a job of its own (`f/notify/notify_event`).

    a call fails for good  -> raise_event -> that job routes it -> Slack, a phone, the digest

The job finds the channels in the resource f/notify/routing. Another one is named by NOTIFY_ROUTING in the
environment or by the variable f/notify/events_routing, as path or as $res:path; `off` there means that no
event is raised. Without the resource none is.

Two rules keep events from raising events. A job of f/notify raises none: what fails there cannot be told by
what failed. And what an event is about is told once in its window, over all jobs that share the store.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0
# wmill==1.850.0

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from f.connect.errors import ConnectError, FixSettings, TryLater
from f.connect.redact import MASK, hide, is_secret_name, mask_text
from f.store.sent_keys import key_of, remember, was_sent
from f.store.store import release, take
from f.store.stores import open_store
from f.windmill.connection import ask, is_on_windmill, post
from f.windmill.values import variable_at

if TYPE_CHECKING:
    from f.store.store import Store

NOTIFIER = "f/notify/notify_event"
ROUTING = "f/notify/routing"
ROUTING_NAME = "NOTIFY_ROUTING"  # of the environment
ROUTING_VARIABLE = "f/notify/events_routing"

_OWN_FOLDER = "f/notify/"
_OFF = frozenset({"off", "none", "false"})
_RESOURCE_PATH = re.compile(r"[fug]/[\w./-]+")
_SECONDS = 3.0  # for an answer of Windmill: nobody may be held up for long by what he reports
_LONGEST_WAIT = 8.0  # for all of it
_LEASE_SECONDS = 30.0
_TRY_AGAIN_SECONDS = 60.0  # in this process, before the store or Windmill is asked anew
_LOOK_AGAIN_SECONDS = 600.0  # for a routing that was not there
_MOST_KNOWN = 1000  # events that a process remembers to have raised
_LONGEST = 2000  # characters of one value
_DEEPEST = 10

log = logging.getLogger("connect.events")


def raise_event(
    event: str, data: Mapping[str, Any], store: Store, *, about: str, window: float = 3600.0
) -> bool:
    """Start a job that tells the channels of an event; return whether one was started.

    Once for each `about` in `window` seconds, over all jobs that share the store; of a store in memory, over
    those that share the workspace's own. Secrets and addresses in `data` are masked. Raises nothing, and
    waits a few seconds at most: what cannot be raised is logged. Without Windmill nothing happens.
    """
    started: list[bool] = []

    def work() -> None:
        try:
            started.append(_raise(event, data, store, key, window))
        except Exception as error:  # noqa: BLE001 - who raises an event is about to report something worse
            log.warning(
                "The event %s could not be raised: %s", event, hide(str(error)) or type(error).__name__
            )

    try:
        key = key_of("event", event, about)
        if _is_notifier() or not _is_due(store, key, window):
            return False
        if not is_on_windmill():
            log.info("The event %s is told to nobody: this is no job of Windmill.", event)
            return False
        # A store or a Windmill that answers drop by drop has no time limit that would end it in time.
        thread = threading.Thread(target=work, name="connect-event", daemon=True)
        thread.start()
        thread.join(_LONGEST_WAIT)
        if thread.is_alive():
            log.warning("The event %s is not raised yet: Windmill is slow to answer.", event)
        return any(started)
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("The event %s could not be raised: %s", event, hide(str(error)) or type(error).__name__)
        return False


def _raise(event: str, data: Mapping[str, Any], store: Store, key: str, window: float) -> bool:
    if not store.in_memory:
        return _raise_once(event, data, store, key, window)
    with open_store(None, "notify") as shared:
        return _raise_once(event, data, shared, key, window)


def _is_notifier() -> bool:
    """Return whether this job is one of those that tell people."""
    return any(os.environ.get(name, "").startswith(_OWN_FOLDER) for name in ("WM_JOB_PATH", "WM_FLOW_PATH"))


class _Known:
    """What a process has tried to raise: a thousand calls that fail alike cost a thousand look-ups here."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, key: str, now: float, seconds: float) -> bool:
        with self._lock:
            if now < self._until.get(key, now):
                return False
            if len(self._until) >= _MOST_KNOWN:
                self._until.clear()
            self._until[key] = now + seconds
            return True


def _is_due(store: Store, key: str, window: float) -> bool:
    return store.shared("events", _Known).take(key, store.ticks(), min(window, _TRY_AGAIN_SECONDS))


def _raise_once(event: str, data: Mapping[str, Any], store: Store, key: str, window: float) -> bool:
    if was_sent(store, key, window):
        return False
    lease = take(store, f"event:{key}", secrets.token_hex(8), _LEASE_SECONDS)
    if lease is None:  # another job is raising it
        return False
    try:
        routing = None if was_sent(store, key, window) else _routing(store)
        if routing is None:
            return False
        _start(event, data, routing, key)
        with contextlib.suppress(ConnectError):  # the job is under way, and knows the event by its key, too
            remember(store, key)
        return True
    finally:
        release(store, lease)


def _start(event: str, data: Mapping[str, Any], routing: str, key: str) -> None:
    facts = _shown(data, "", _DEEPEST + 1)
    origin = {"raised_by": os.environ.get("WM_FLOW_PATH") or os.environ.get("WM_JOB_PATH"), "job": _job()}
    arguments = {
        "event": event,
        "data": {**{name: value for name, value in origin.items() if value}, **facts},
        "routing": f"$res:{routing}",
        "dedupe_key": key,
    }
    reply = post(f"jobs/run/p/{NOTIFIER}", arguments, _SECONDS)
    if reply.status_code == 404:
        raise FixSettings(f"The workspace has no script {NOTIFIER}.", code="no_notifier")
    if not reply.is_success:
        raise TryLater(f"Windmill did not start {NOTIFIER} (status {reply.status_code}).", code="platform")


def _job() -> str | None:
    return os.environ.get("WM_ROOT_FLOW_JOB_ID") or os.environ.get("WM_JOB_ID")


def _routing(store: Store) -> str | None:
    """Return the path of the routing; None if there is none, which is asked at most every ten minutes."""
    text = (
        os.environ.get(ROUTING_NAME, "").strip() or variable_at(ROUTING_VARIABLE, seconds=_SECONDS) or ROUTING
    )
    path = text.removeprefix("$res:")
    if path.lower() in _OFF:
        return None
    if not _RESOURCE_PATH.fullmatch(path):
        raise FixSettings(
            f"{ROUTING_NAME} or the variable {ROUTING_VARIABLE} does not name a resource. Give a path such "
            f"as {ROUTING}, or off.",
            code="bad_settings",
        )
    missing = key_of("event routing missing", path)
    if was_sent(store, missing, _LOOK_AGAIN_SECONDS):
        return None
    reply = ask(f"resources/exists/{quote(path)}", seconds=_SECONDS)
    if reply.status_code == 200 and reply.text.strip() == "true":
        return path
    remember(store, missing)
    log.info("Nobody is told of events: the workspace has no resource %s.", path)
    return None


def _shown(value: Any, name: str, depth: int = _DEEPEST) -> Any:
    """Return a value as JSON without what no message may show, and without what Windmill would look up."""
    if is_secret_name(name) or not depth:
        return MASK
    if isinstance(value, Mapping):
        return {mask_text(str(inner)): _shown(item, str(inner), depth - 1) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item, "", depth - 1) for item in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = mask_text(str(value)[:_LONGEST])
    return f" {text}" if text.startswith("$") else text
