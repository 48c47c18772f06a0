"""Holds what imports report of their rows against what the target's ledger says. It trusts the ledger alone.

A report is what `create_customers` returned. It says more than it knows if

- `created`, `updated` or `unchanged` stands for a row that the target does not hold exactly once, with the
  values of the row where the ledger knows values;
- `duplicate` stands for a row that the target does not hold;
- `failed`, `rejected` or `invalid` stands for a row that was committed for the importer since a report last
  said that it is there. "Another import is sending this record right now" is no such claim;
- the id it gives is not that of the customer;
- its guarantee is broken: a row is there twice, or, where it says exactly once, stays `unknown` to the end.

`unknown` claims nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EXACTLY_ONCE = "Exactly once"
# A guarantee that says so leaves room for rows nobody can find out about.
_UNLESS = "reported as unknown"
_THERE = frozenset({"created", "updated", "unchanged", "applied"})
_NOT_SENT = frozenset({"failed", "rejected", "invalid"})
# Somebody else may have applied the row, and the reason says so.
_ELSEWHERE = frozenset({"in_progress_elsewhere"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a ledger says of each e-mail, in lower case; `values` and `ids` if it keeps them."""

    held: Mapping[str, int]
    committed: Mapping[str, int]
    values: Mapping[str, Mapping[str, Any]] | None = None
    ids: Mapping[str, set[str]] | None = None
    # Acknowledged by the target and never stored: its lie, which no reply can show.
    dropped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """What one report says of one row; `applied` where its outcome is one of several that mean that."""

    outcome: str
    code: str = ""


@dataclass(slots=True)
class Witness:
    """Hears the reports of one import's lives, in order. `untrue`: the e-mails of which any was not true."""

    untrue: set[str] = field(default_factory=set)
    _known: Counter[str] = field(default_factory=Counter)

    def hear(
        self, result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], facts: Facts, first_line: int = 1
    ) -> dict[str, str]:
        """Return why the report is not true, by e-mail; an empty e-mail for the report as a whole."""
        told = read(result, range(first_line, first_line + len(rows)))
        wrong = {}
        if sum(result["counts"].values()) != len(rows):
            wrong[""] = f"{len(rows)} rows, but outcomes for {sum(result['counts'].values())}"
        for line, (row, one) in enumerate(zip(rows, told, strict=True), start=first_line):
            email = row["email"].casefold()
            told_id = result["ids"].get(str(line))
            if why := self._contradiction(one, email, row, facts) or _wrong_id(told_id, email, facts):
                wrong[email] = why
            if one.outcome in _THERE or one.outcome == "duplicate":
                self._known[email] = facts.committed.get(email, 0)
        self.untrue.update(wrong)
        return wrong

    def _contradiction(self, told: Told, email: str, row: Mapping[str, Any], facts: Facts) -> str:
        held = facts.held.get(email, 0)
        if told.outcome in _THERE and email not in facts.dropped:
            if held != 1:
                return f"{told.outcome} {told.code}: it is there {held} times"
            if facts.values is not None and not _agrees(row, facts.values[email]):
                return f"{told.outcome} {told.code}: it is there with other values"
        if told.outcome == "duplicate" and not held and email not in facts.dropped:
            return f"duplicate {told.code}: it is not there"
        if told.outcome in _NOT_SENT and told.code not in _ELSEWHERE:
            since = facts.committed.get(email, 0) - self._known[email]
            if since > 0:
                return f"{told.outcome} {told.code}: it was committed"
        return ""


def leaves_none_unknown(guarantee: str) -> bool:
    """Return whether a guarantee says that no row stays `unknown`."""
    return guarantee.startswith(EXACTLY_ONCE) and _UNLESS not in guarantee


def read(result: Mapping[str, Any], lines: Iterable[int]) -> list[Told]:
    """Return what a report says of each line. Rows that need no explanation are only counted in it."""
    named = {one["line"]: Told(one["outcome"], one["code"]) for one in result["reported"]["records"]}
    silent = Counter(result["counts"]) - Counter(one.outcome for one in named.values())
    plain = Told(next(iter(silent))) if len(silent) == 1 else Told("applied")
    return [named.get(line, plain) for line in lines]


def twice(facts: Facts, emails: Iterable[str]) -> list[str]:
    """Return the e-mails that are there more than once."""
    return [email for email in emails if facts.held.get(email.casefold(), 0) > 1]


def lost(told: Mapping[str, Told], facts: Facts) -> list[str]:
    """Return the e-mails that are not there though the last report does not say so."""
    excused = _NOT_SENT | {"unknown"}
    return [
        email
        for email, one in told.items()
        if one.outcome not in excused
        and not facts.held.get(email.casefold(), 0)
        and email.casefold() not in facts.dropped
    ]


def _wrong_id(id: str | None, email: str, facts: Facts) -> str:
    if id is None or facts.ids is None or email in facts.dropped or id in facts.ids.get(email, ()):
        return ""
    return "has the id of something else"


def _agrees(row: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Return whether a customer's values are the row's, whatever the target calls them."""
    return str(row.get("name", "")) in {str(value) for value in sent.values()}
