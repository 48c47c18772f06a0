"""Idempotency keys as a server keeps them: for a while, and by rules of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mill.bench.rig.strangers.behaviour import Behaviour
    from mill.bench.rig.strangers.messages import Reply


@dataclass(slots=True)
class _Kept:
    """A key that came: with which content, when, as which write, and what was answered once it was."""

    content: bytes
    at: float
    write: int
    reply: Reply | None = None


class Keys:
    """The keys of one API."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._writes = 0

    def meet(self, key: str, content: bytes, now: float, rules: Behaviour) -> Reply | str | None:
        """Return the reply to repeat, why the key is refused (`running`, `other_content`), or None: go on."""
        self._writes += 1
        if not key or rules.keys == "none":
            return None
        kept = self._kept.get(key)
        if kept is None or self._is_forgotten(kept, now, rules):
            self._kept[key] = _Kept(content, now, self._writes)
            return None
        if kept.content != content and rules.keys_other_content != "replay":
            return "other_content" if rules.keys_other_content == "422" else None
        if kept.reply is None:
            return "running" if rules.keys_running == "409" else None
        return kept.reply

    def keep(self, key: str, reply: Reply) -> None:
        """Remember what the write with this key came to."""
        if kept := self._kept.get(key):
            kept.reply = reply

    def drop(self, key: str) -> None:
        """Forget a key whose write came to nothing."""
        self._kept.pop(key, None)

    def _is_forgotten(self, kept: _Kept, now: float, rules: Behaviour) -> bool:
        if rules.keys_seconds is not None and now - kept.at > rules.keys_seconds:
            return True
        return rules.keys_requests is not None and self._writes - kept.write > rules.keys_requests
