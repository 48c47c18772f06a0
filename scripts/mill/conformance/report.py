"""What a check found, for people and for machines. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mill.conformance.rules import TRUE_OF
from mill.conformance.runner import Finding

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_NAMED = 4  # rules named for a reason not to run them


@dataclass(frozen=True, slots=True)
class Report:
    """The findings about a server, and what it calls itself."""

    url: str
    workspace: str
    version: str
    findings: Sequence[Finding]

    @property
    def differing(self) -> list[Finding]:
        """The rows that differ, by table."""
        return [one for one in self.findings if one.differs is not None]

    @property
    def not_run(self) -> list[Finding]:
        """The rows that were not run."""
        return [one for one in self.findings if one.not_run]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows agree, differ and were not run; a row counts once deployed and once as a preview."""
        differ, not_run = len(self.differing), len(self.not_run)
        return {"agree": len(self.findings) - differ - not_run, "differ": differ, "not_run": not_run}

    def heading(self) -> str:
        """Return which server it is, and what the tables are true of."""
        found = _VERSION.search(self.version)
        same = found is not None and found[0] == TRUE_OF
        tables = "as the tables" if same else f"the tables are true of Windmill {TRUE_OF}"
        return f"{self.version} at {self.url}, workspace {self.workspace}; {tables}."

    def summary(self) -> str:
        """Return the counts, all together and by table."""
        counts = self.counts
        agreeing = Counter(one.group for one in self.findings if one.differs is None and not one.not_run)
        by_table = ", ".join(f"{name} {number}" for name, number in agreeing.items())
        return (
            f"{counts['agree']} agree{f' ({by_table})' if by_table else ''}, {counts['differ']} differ, "
            f"{counts['not_run']} not run."
        )

    def reasons(self) -> list[str]:
        """Return why rows were not run, one line a reason."""
        rules: dict[str, list[str]] = {}
        for one in self.not_run:
            names = rules.setdefault(one.not_run, [])
            if one.rule not in names:
                names.append(one.rule)
        return [f"{_listed(names)}: {reason}" for reason, names in rules.items()]

    def as_json(self) -> dict[str, Any]:
        """Return all of it for machines."""
        return {
            "server": {"url": self.url, "workspace": self.workspace, "version": self.version},
            "tables_true_of": TRUE_OF,
            "counts": self.counts,
            "differences": [
                {**_named(one), "expected": one.differs.expected, "got": one.differs.got}
                for one in self.findings
                if one.differs is not None
            ],
            "not_run": [{**_named(one), "reason": one.not_run} for one in self.not_run],
        }


def _named(finding: Finding) -> dict[str, str]:
    return {"table": finding.group, "rule": finding.rule, "where": finding.where}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
