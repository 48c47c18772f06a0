"""The storage keys of sources, each read once in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.errors import FixSettings, TryLater
from f.webhooks.inbox.sealing import open_body
from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.registry import source_at

if TYPE_CHECKING:
    from f.webhooks.inbox.work import StoredEvent
    from f.webhooks.requests.source import Source


class SourceFault(Exception):
    """The bodies of a source's events cannot be opened now. They wait, and nothing is counted as a try."""


class Sources:
    """Opens bodies. `faults`: what is wrong with the sources whose bodies could not be opened, by name."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self.faults: dict[str, str] = {}

    def open(self, event: StoredEvent) -> Any:
        """Return an event's body. SourceFault concerns its source, FixSettings this event alone."""
        if event.source in self.faults:
            raise SourceFault(self.faults[event.source])
        return open_body(event.body, event.id, self._source(event.source).storage_key)

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            try:
                self._sources[name] = source_at(name)
            except RefuseRequest as error:
                self.faults[name] = (
                    f"Events of {name} wait: there is no webhook_source f/webhooks/{name} any more. Make it "
                    "again, with the storage_key of then."
                )
                raise SourceFault(self.faults[name]) from error
            except (FixSettings, TryLater) as error:
                self.faults[name] = f"Events of {name} wait: {error}"
                raise SourceFault(self.faults[name]) from error
        return self._sources[name]
