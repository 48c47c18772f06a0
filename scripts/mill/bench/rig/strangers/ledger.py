"""What an API has truly done, whatever it said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mill.bench.rig.strangers.messages import Request

Values = Mapping[str, Any]


@dataclass(slots=True)
class Record:
    """A customer as it is stored."""

    id: str
    email: str
    values: dict[str, Any]
    since: float


@dataclass(slots=True)
class Ledger:
    """Every commit in order, and the customers that they left. Times are seconds since the API began."""

    prefix: str = "cus_"
    commits: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    replies: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    pending: int = 0  # writes that are going to be committed

    def add(self, operation: str, record: Record, sent: Values, at: float, request: Request | None) -> None:
        """Commit a creation or a change. `sent` is what the client sent, `record` what is kept of it."""
        self.records[record.id] = record
        self._commit(operation, record, sent, at, request)

    def remove(self, record: Record, at: float, request: Request) -> None:
        """Commit a deletion."""
        del self.records[record.id]
        self._commit("delete", record, {}, at, request)

    def new_id(self) -> str:
        """Return an id that no customer has had."""
        return f"{self.prefix}{len(self.commits) + 101}"

    def with_email(self, email: str, *, exact: bool) -> Iterator[Record]:
        """Yield the customers that have this e-mail."""
        folded = email.casefold()
        for record in self.records.values():
            if record.email == email or (not exact and record.email.casefold() == folded):
                yield record

    def to_json(self, now: float) -> dict[str, Any]:
        """Return all of it."""
        return {
            "now": now,
            "commits": self.commits,
            "records": [
                {"id": record.id, "email": record.email, "values": record.values}
                for record in self.records.values()
            ],
            "dropped": self.dropped,
            "replies": self.replies,
            "requests": self.requests,
            "pending": self.pending,
        }

    def _commit(
        self, operation: str, record: Record, sent: Values, at: float, request: Request | None
    ) -> None:
        self.commits.append(
            {
                "operation": operation,
                "id": record.id,
                "email": record.email,
                "values": dict(sent),
                "at": at,
                "received": request.at if request else at,
                "key": request.key if request else "",
                "request": f"req_{request.number}" if request else "",
            }
        )
