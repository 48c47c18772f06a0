"""One file on one course: life after life, until every row has its outcome."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mill.bench.chaos.courses import Course, Faults
from mill.bench.chaos.journals import Journal
from mill.bench.chaos.lives import Couple, Report
from mill.bench.chaos.remotes import Remote, Service
from mill.bench.chaos.score import Score
from mill.bench.rig.witness import Facts, Witness, leaves_none_unknown, lost, read, twice
from mill.errors import MillError

# Lives one file may take before the run is given up: far more than any needs that gets on at all.
MOST_LIVES = 60
# So many lives in peace are given to rows that are unknown where it says exactly once.
LIVES_FOR_THE_UNKNOWN = 3
# The share of an undisturbed import after which a life is killed at the latest.
LONGEST_LIFE = 0.5
# How many files meet a stop among their kills, and how many lives are a restart of the same job.
STOPPED_SHARE = 0.25
SAME_JOB_SHARE = 0.5
# How many files begin with a journal in blocks, which the second life of theirs brings into rows.
IN_BLOCKS_SHARE = 0.75
_PAUSE_SECONDS = 0.1  # before a life that has to wait for the lease of another
_FIRST_LINE = 2


@dataclass
class Lane:
    """What files go through one after the other: the API's server, two nurseries, one dice."""

    service: Service
    couple: Couple
    dice: random.Random
    end: float
    numbers: int = 0
    jobs: int = 0
    lasted: dict[str, float] = field(default_factory=dict)

    def check_time(self) -> None:
        """MillError once the time of the run is over."""
        if time.monotonic() > self.end:
            raise MillError("The time for the run is over; give it more with --seconds.")


class Trip:
    """One file."""

    def __init__(self, lane: Lane, course: Course, faults: Faults, journal: Journal, rows: int) -> None:
        self._lane, self._course, self._faults, self._journal = lane, course, faults, journal
        lane.numbers += 1
        lane.jobs += 1
        self._import_id = f"import-{lane.numbers}"
        records = [_row(f"c{lane.numbers}.{row}@example.com", row + _FIRST_LINE) for row in range(rows)]
        self._chunk: dict[str, Any] = {"index": 0, "rows": {"count": rows, "records": records}}
        # The others are as a chunk made by hand: the journal is by rows from the first.
        if lane.dice.random() < IN_BLOCKS_SHARE:
            self._chunk["reading"] = f"{lane.numbers:04x}"
        self._score, self._witness = Score(files=1, rows=rows), Witness()

    def run(self, most_kills: int) -> Score:
        """Import the file, disturbed so often; then in peace until no row has failed."""
        lane, score = self._lane, self._score
        longest = self._longest_life()
        remote = lane.service.open(self._course, self._faults, lane.dice.randrange(2**31))
        stop_after = lane.dice.randrange(most_kills) if lane.dice.random() < STOPPED_SHARE else None
        patience = LIVES_FOR_THE_UNKNOWN
        for _ in range(MOST_LIVES):
            lane.check_time()
            if score.kills == stop_after and not score.stops:
                reports = self._stopped(remote, longest)
            else:
                reports = self._killed(remote, longest, most_kills)
            if not reports:
                continue
            facts = remote.facts(self._emails())
            for report in reports:
                self._hear(report, facts)
            counts, promise = reports[-1]["counts"], reports[-1]["guarantee"]
            if counts.get("failed"):
                time.sleep(_PAUSE_SECONDS)
            elif not counts.get("unknown") or not leaves_none_unknown(promise) or patience == 1:
                return self._ended(reports[-1], facts)
            else:
                patience -= 1
        raise MillError(f"{self._course.name}: {MOST_LIVES} lives did not finish a file.")

    def _killed(self, remote: Remote, longest: float, most_kills: int) -> list[Report]:
        """Live one life; it is killed somewhere if the file has not had its kills yet."""
        lane, score = self._lane, self._score
        after = lane.dice.uniform(0, longest) if score.kills < most_kills else None
        began = time.monotonic()
        report = lane.couple.first.live(self._args(remote), self._next_environment(), after)
        if report is None:
            score.kills += 1
            score.caught += self._journal.rows_in_doubt(self._import_id)
            return []
        if not score.kills and not score.stops:  # it did the whole file before it could be killed
            lane.lasted[self._course.name] = min(longest, (time.monotonic() - began) * LONGEST_LIFE)
        return [report]

    def _stopped(self, remote: Remote, longest: float) -> list[Report]:
        """Live two lives: the first is stopped until the second has taken over, and goes on then."""
        moments = (self._lane.dice.uniform(0, longest), self._lane.dice.uniform(0, longest))
        self._score.stops += 1
        environments = self._next_environment(), self._next_environment()
        return self._lane.couple.take_over(self._args(remote), environments, *moments)

    def _hear(self, report: Report, facts: Facts) -> None:
        wrong = self._witness.hear(report, [row["record"] for row in self._rows()], facts, _FIRST_LINE)
        self._tell(wrong.values())

    def _ended(self, report: Report, facts: Facts) -> Score:
        score, emails = self._score, self._emails()
        last = read(report, range(_FIRST_LINE, _FIRST_LINE + len(emails)))
        told = dict(zip(emails, last, strict=True))
        score.lost, score.twice = len(lost(told, facts)), len(twice(facts, emails))
        if leaves_none_unknown(report["guarantee"]):
            unknown = [email for email, one in told.items() if one.outcome == "unknown"]
            self._witness.untrue.update(unknown)
            self._tell("stays unknown, and it says exactly once" for _ in unknown)
        score.untrue = len(self._witness.untrue)
        return score

    def _tell(self, sentences: Iterable[str]) -> None:
        """Keep one example of each kind."""
        named = [f"{self._course.name}, {self._journal.name}: {sentence}" for sentence in sentences]
        self._score.examples += sorted(set(named) - set(self._score.examples))

    def _longest_life(self) -> float:
        """Return after how many seconds a life is disturbed at the latest: a share of one in peace."""
        lane = self._lane
        name = self._course.name
        if name not in lane.lasted:
            remote = lane.service.open(self._course, self._faults, lane.dice.randrange(2**31))
            began = time.monotonic()
            calm = Trip(lane, self._course, self._faults, self._journal, self._chunk["rows"]["count"])
            lane.couple.first.live(calm._args(remote), calm._next_environment(), None)
            lane.lasted[name] = (time.monotonic() - began) * LONGEST_LIFE
        return lane.lasted[name]

    def _next_environment(self) -> dict[str, str]:
        """Return that of a new job, or of the last one: Windmill restarts a job whose worker is gone."""
        if self._lane.dice.random() > SAME_JOB_SHARE:
            self._lane.jobs += 1
        return {**self._journal.environment, "WM_JOB_ID": f"job-{self._lane.jobs}"}

    def _emails(self) -> list[str]:
        return [row["key"] for row in self._rows()]

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._chunk["rows"]["records"]
        return rows

    def _args(self, remote: Remote) -> dict[str, Any]:
        return {
            "api": self._course.api(remote.url, self._import_id),
            "chunk": self._chunk,
            "import_id": self._import_id,
            "on_duplicate": self._course.on_duplicate,
            "journal": self._journal.resource,
        }


def _row(email: str, line: int) -> dict[str, Any]:
    record = {"name": f"Customer {line}", "email": email, "external_id": email}
    return {"line": line, "cells": [], "key": email, "record": record}
