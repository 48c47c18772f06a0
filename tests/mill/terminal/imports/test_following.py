from __future__ import annotations

from typing import Any

import pytest

from mill.engine.jobs.events import Event, EventKind
from mill.engine.jobs.outcome import Outcome, canceled
from mill.terminal.imports.following import Follower, Standing
from mill.terminal.imports.progress import figures

PARSED = {"chunks": [{"rows": {"count": 100}}, {"rows": {"count": 100}}, {"rows": {"count": 50}}]}


class Run:
    """An import as the engine tells of it: the flow is job `flow`, a step's job is named after the step."""

    def __init__(self, expected_rows: int = 0) -> None:
        self.follower = Follower("f/customers/import_csv", expected_rows)
        self.tell("started", "preview", None, "f/customers/preview_file")
        self.tell("started", "flow", None, "f/customers/import_csv")

    def tell(
        self, kind: EventKind, job: str, parent: str | None, label: str, data: Any = None, time: float = 0
    ) -> None:
        self.follower(Event(kind, job, parent, label, time, data))

    def step(self, name: str, result: Any) -> None:
        self.tell("started", name, "flow", name, name.title())
        self.tell("ended", name, "flow", name, Outcome(True, result))

    def sending(self) -> None:
        self.step("parse", PARSED)
        self.step("gate", {"decision": "go"})
        self.tell("started", "create", "flow", "create", "Send the rows")

    def begin(self, chunk: int) -> None:
        self.tell("started", f"part{chunk}", "create", f"#{chunk}")
        self.tell("started", f"script{chunk}", f"part{chunk}", "create_chunk")

    def end(self, chunk: int, outcome: Outcome) -> None:
        self.tell("ended", f"script{chunk}", f"part{chunk}", "create_chunk", outcome)
        self.tell("ended", f"part{chunk}", "create", f"#{chunk}", outcome)


def test_rows_are_counted_of_chunks_that_ended_and_of_those_under_way() -> None:
    run = Run()
    run.sending()
    run.begin(0)
    run.end(0, Outcome(True, {"counts": {}}))
    run.begin(1)
    run.tell("progress", "script1", "part1", "create_chunk", 40)

    standing = run.follower.standing(now=10)

    assert standing == Standing("Send the rows", 10, done=140, total=250)
    assert figures(standing) == "140 of 250 rows, 14 rows/s, 0:08 left"


@pytest.mark.parametrize(
    ("expected", "said"), [(0, "25 %, 0:12 left"), (1000, "250 of 1,000 rows, 62 rows/s, 0:12 left")]
)
def test_reading_has_rows_where_their_number_can_be_guessed(expected: int, said: str) -> None:
    run = Run(expected)
    run.tell("started", "parse", "flow", "parse", "Read the file")
    run.tell("progress", "parse", "flow", "parse", 25)

    standing = run.follower.standing(now=4)

    assert standing is not None
    assert figures(standing) == said


def test_each_chunk_leaves_what_is_known_of_it() -> None:
    run = Run()
    run.sending()
    run.begin(0)
    run.end(0, Outcome(True, {"index": 0}))
    run.begin(1)
    run.tell("late", "script1", "part1", "create_chunk", {"index": 1, "stopped": {"code": "cancelled"}})
    run.end(1, Outcome(False, canceled("interrupted")))

    assert run.follower.created() == [{"index": 0}, {"index": 1, "stopped": {"code": "cancelled"}}, None]
    assert run.follower.results == {"parse": PARSED, "gate": {"decision": "go"}}


def test_a_chunk_that_was_killed_leaves_its_error() -> None:
    run = Run()
    run.sending()
    run.begin(2)
    run.end(2, Outcome(False, canceled("interrupted")))

    assert run.follower.created()[2]["error"]["name"] == "Canceled"


def test_calls_of_the_workspaces_own_routes_are_not_part_of_it() -> None:
    run = Run()
    run.sending()
    run.tell("started", "route", None, "f/customers/mock_customer_api")
    run.tell("progress", "route", None, "f/customers/mock_customer_api", 50)
    run.tell("ended", "route", None, "f/customers/mock_customer_api", Outcome(True, {}))

    assert run.follower.standing(now=1) == Standing("Send the rows", 1, done=0, total=250)


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (Standing("a", 0.4), "0:00"),
        (Standing("a", 75), "1:15"),
        (Standing("a", 0.5, 1, 10), "1 of 10 rows, 2 rows/s, 0:00"),
        (Standing("a", 100, 1_000, 1_000_000), "1,000 of 1,000,000 rows, 10 rows/s, 27:45:00 left"),
        (Standing("a", 10, 0, 10), "0 of 10 rows, 0 rows/s, 0:10"),
    ],
)
def test_what_cannot_be_known_yet_is_not_said(standing: Standing, text: str) -> None:
    assert figures(standing) == text


def test_a_chunk_whose_turn_comes_after_the_end_has_sent_nothing() -> None:
    run = Run()
    run.sending()
    run.begin(0)
    run.end(0, Outcome(False, canceled("interrupted")))
    run.tell("started", "part1", "create", "#1")
    run.tell("ended", "part1", "create", "#1", Outcome(False, canceled("interrupted")))

    first, second, third = run.follower.created()

    assert "error" in first
    assert second is third is None
