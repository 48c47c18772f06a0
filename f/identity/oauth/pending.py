"""Sign-ins that were begun and not finished: what is to be known when the person comes back.

The verifier never leaves the store, where it lies under a seal; the state is found by its digest, and is
good for one use. Whoever finishes has to be whoever began (RFC 6749, 10.12): a second secret, the browser
key, is known to the browser that began alone, by a cookie or by the result of the script. Somebody who
lures a person into finishing a sign-in of his own does not have both.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput
from f.connect.redact import digest_of, remember
from f.connect.sign_in.seal import Seal
from f.identity.oauth.authorization import same

if TYPE_CHECKING:
    from f.identity.oauth.app import App
    from f.store.store import Store

STATE_SECONDS = 600.0  # a code lives ten minutes at most (RFC 6749, 4.1.2)

_TABLE = """CREATE TABLE IF NOT EXISTS identity_pending (
    key TEXT PRIMARY KEY, browser TEXT NOT NULL, sealed TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL)"""
_BEGIN = """INSERT INTO identity_pending (key, browser, sealed, expires_at)
    VALUES (:key, :browser, :sealed, :expires_at)"""
_FORGET_OLD = "DELETE FROM identity_pending WHERE expires_at < :now"
_READ = "SELECT browser, sealed, expires_at FROM identity_pending WHERE key = :key"
_USE = "DELETE FROM identity_pending WHERE key = :key RETURNING key"
_CHANGE = "UPDATE identity_pending SET sealed = :sealed WHERE key = :key"


class Pending:
    """The unfinished sign-ins of an app. `kind`: by `code`, or by `device`."""

    def __init__(self, app: App, store: Store, kind: str) -> None:
        self._app, self._store, self._kind = app, store, kind

        def make() -> bool:
            store.create(_TABLE)
            return True

        store.shared("identity_pending", make)

    def begin(self, state: str, browser_key: str, facts: dict[str, Any], seconds: float) -> float:
        """Keep the facts under a state for so many seconds; return when they are forgotten."""
        now = self._store.now()
        values = {
            "key": self._key(state),
            "browser": digest_of(browser_key),
            "sealed": self._seal(state).close(json.dumps({**facts, "state": state})),
            "expires_at": now + seconds,
        }
        self._store.together([(_FORGET_OLD, {"now": now}), (_BEGIN, values)])
        return now + seconds

    def read(self, state: str, browser_key: str | None = None) -> dict[str, Any]:
        """Return the facts, and the time of their end as `expires_at`; FixInput unless both secrets fit."""
        rows = self._store.execute(_READ, {"key": self._key(state)})
        if not rows or rows[0][2] < self._store.now():
            raise unknown_sign_in()
        browser, sealed, expires_at = rows[0]
        if browser_key is not None and not same(digest_of(browser_key), browser):
            raise FixInput(
                "This sign-in was begun in another browser, so it cannot be finished in this one. If the "
                "script start_sign_in began it, finish it by finish_sign_in, with the code and the state in "
                "this page's address and the browser_key of the script's result.",
                code="another_browser",
            )
        try:
            facts = json.loads(self._seal(state).open(sealed) or "null")
        except ValueError:
            facts = None
        if not isinstance(facts, dict) or not same(state, str(facts.get("state", ""))):
            raise unknown_sign_in()
        remember(*(text for text in facts.values() if isinstance(text, str) and len(text) > 40))
        return {**facts, "expires_at": expires_at}

    def use(self, state: str, browser_key: str | None = None) -> dict[str, Any]:
        """Return the facts to the first who asks, and to nobody else."""
        facts = self.read(state, browser_key)
        if not self._store.execute(_USE, {"key": self._key(state)}):
            raise unknown_sign_in()
        return facts

    def change(self, state: str, facts: dict[str, Any]) -> None:
        """Replace the facts."""
        sealed = self._seal(state).close(json.dumps({**facts, "state": state}))
        self._store.execute(_CHANGE, {"key": self._key(state), "sealed": sealed})

    def _key(self, state: str) -> str:
        return self._app.key(self._kind, state)

    def _seal(self, state: str) -> Seal:
        return Seal(self._key(state), self._app.seal_key, takes_plain=False)


def unknown_sign_in() -> FixInput:
    """Return the error for a state that nobody can go on with."""
    return FixInput(
        "This sign-in is not known: it was finished already, was begun more than ten minutes ago, or was "
        "never begun here. Start it again.",
        code="unknown_state",
    )
