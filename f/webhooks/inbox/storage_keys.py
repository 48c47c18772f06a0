"""The keys under which bodies lie in the store, from the resources of their sources."""

from __future__ import annotations

from f.connect.errors import ConnectError, FixSettings
from f.connect.redact import remember
from f.windmill.values import resource_at


class StorageKeys:
    """Reads each source's resource once."""

    def __init__(self) -> None:
        self._known: dict[str, str | ConnectError] = {}

    def __call__(self, source: str) -> str:
        """Return the storage key of a source; FixSettings or TryLater if it cannot be had."""
        if source not in self._known:
            try:
                self._known[source] = _key_at(f"f/webhooks/{source}")
            except ConnectError as error:
                self._known[source] = error
        known = self._known[source]
        if isinstance(known, ConnectError):
            raise known
        return known


def _key_at(path: str) -> str:
    key = resource_at(path).get("storage_key")
    if not isinstance(key, str) or not key:
        raise FixSettings(
            f"The resource {path} has no storage_key. Give it the one that its events were kept under.",
            code="bad_settings",
        )
    remember(key)
    return key
