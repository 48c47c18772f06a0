"""Plan and apply through the flow f/customers/import_csv: what is shown, what is sent, what is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mill.commands.run import read_case
from mill.engine.jobs.approvals import Request
from mill.ports import Completed, Resume, Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.f.customers.strangers import Stranger
from tests.loopback import Reply, serve
from tests.mill.twins.stage import TwinClient, TwinProcess

ROOT = Path(__file__).parents[3]
FLOW = Target("flow", "f/customers/import_csv")
FAST = {"retry_attempts": 2, "initial_delay": 0.001, "max_delay": 0.002}
LOOKUP = "/customers?email={email}"
BEFORE = "name,email,city\n" + "".join(f"C {n},c{n}@example.com,Rome\n" for n in range(4))
AFTER = BEFORE.replace("c1@example.com,Rome", "c1@example.com,Oslo") + "=New,new@example.com,Rome\n"


class Person:
    """Who is asked when the flow waits: `decides` does something first, and answers."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.decides: Callable[[], bool] = lambda: True

    def __call__(self, request: Request) -> Resume:
        self.asked.append(request)
        return Resume(1, approved=self.decides())


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Person]]:
    person = Person()
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state"), approver=person) as session:
        yield session, person


@pytest.fixture
def person(opened: tuple[Session, Person]) -> Person:
    opened[1].asked.clear()
    opened[1].decides = lambda: True
    return opened[1]


class Stage:
    """A target with four customers, of which the file changes one and adds another."""

    def __init__(self, session: Session, twin: TwinClient) -> None:
        self.session, self.twin = session, twin
        assert self.run(BEFORE).success
        self.applied = twin.ledger()

    def run(self, text: str = AFTER, **args: Any) -> Completed:
        return self.session.run(FLOW, {"api": self.api(text), "on_duplicate": "update", "text": text, **args})

    def api(self, text: str) -> dict[str, Any]:
        # Another account for what seeds the target: the journal of these imports is not what is tested.
        account = f"{os.environ['PYTEST_CURRENT_TEST']} {text == BEFORE}"
        return {
            "kind": "generic",
            "base_url": self.twin.url,
            "authentication": {"type": "bearer_token", "token": "token"},
            "endpoints": {"lookup": LOOKUP},
            "settings": {**FAST, "account": account},
        }

    def plan(self, **args: Any) -> dict[str, Any]:
        completed = self.run(dry_run=True, **args)
        assert completed.success, completed.result
        plan: dict[str, Any] = completed.result["plan"]
        return plan

    def stored(self, file: Mapping[str, Any]) -> str:
        text: str = (self.session.state / "objects" / "_default_" / file["s3"]).read_text("utf-8-sig")
        return text

    def change_a_row(self) -> bool:
        customer = self.twin.get("/customers?email=c2%40example.com").json["data"][0]
        assert self.twin.patch(f"/customers/{customer['id']}", {"city": "Bern"}).status == 200
        self.applied = self.twin.ledger()
        return True


@pytest.fixture
def stage(opened: tuple[Session, Person], person: Person, twins: TwinProcess) -> Stage:
    twin = twins.client("customers")
    twin.forget()
    return Stage(opened[0], twin)


def test_a_dry_run_shows_the_plan_and_sends_nothing(stage: Stage) -> None:
    completed = stage.run(dry_run=True)
    assert stage.twin.ledger() == stage.applied
    result = completed.result
    assert (result["dry_run"], {name: rows for name, rows in result["counts"].items() if rows}) == (
        True,
        {"rows": 5, "would_create": 1, "would_update": 1, "would_leave": 3},
    )
    reasons = [(one["outcome"], one["code"], one["rows"]) for one in result["reasons"]]
    assert reasons == [("would_leave", "unchanged_in_target", 3)]
    plan = result["plan"]
    assert {action: rows for action, rows in plan["counts"].items() if rows} == {
        "create": 1,
        "update": 1,
        "unchanged": 3,
    }
    assert (plan["reads_target"], plan["fields"], plan["requests"]) == (True, {"city": 1}, 5)
    [change] = plan["examples"]
    assert (change["line"], change["field"], change["after"]) == (3, "city", "Os… (4 characters)")
    table = list(csv.DictReader(io.StringIO(stage.stored(plan["file"]))))
    columns = ("line", "key", "action", "field", "from", "to")
    assert [tuple(row[name] for name in columns) for row in table] == [
        ("2", "c0@example.com", "unchanged", "", "", ""),
        ("3", "c1@example.com", "update", "city", "Rome", "Oslo"),
        ("4", "c2@example.com", "unchanged", "", "", ""),
        ("5", "c3@example.com", "unchanged", "", "", ""),
        ("6", "new@example.com", "create", "", "", ""),
    ]
    page = stage.stored(result["report"])
    assert "What an import would do" in page
    assert plan["hash"] in page
    assert "Line 3 · city · Rome → Oslo" in page
    assert '<a href="plan.csv" download="plan.csv">' in page


def test_the_plan_that_was_shown_is_applied(stage: Stage) -> None:
    completed = stage.run(apply_plan=stage.plan()["hash"])
    assert completed.success, completed.result
    counts = completed.result["counts"]
    assert (counts["created"], counts["updated"], counts["unchanged"]) == (1, 1, 3)
    assert sorted(stage.twin.ledger()[len(stage.applied) :]) == [
        ("created", "new@example.com"),
        ("updated", "c1@example.com"),
    ]
    reasons = {reason["code"]: reason["rows"] for reason in completed.result["reasons"]}
    assert reasons == {"unchanged_in_target": 3}


def test_what_a_plan_updates_is_not_made_a_second_time_by_an_api_that_takes_any_customer(
    opened: tuple[Session, Person],
) -> None:
    """Nothing is known of this API but what it shows: that a customer is there, the plan has seen."""
    api = Stranger()
    api.stored.append({"id": "7", "name": "C 1", "email": "c1@example.com", "city": "Rome"})
    with serve(api) as server:
        args: dict[str, Any] = {
            "api": {"kind": "generic", "base_url": server.url, "endpoints": {"lookup": LOOKUP}},
            "text": AFTER,
            "on_duplicate": "update",
        }
        plan = opened[0].run(FLOW, {**args, "dry_run": True}).result["plan"]
        assert (plan["counts"]["update"], plan["counts"]["create"]) == (1, 4)
        completed = opened[0].run(FLOW, {**args, "apply_plan": plan["hash"]})
    assert completed.success, completed.result
    counts = completed.result["counts"]
    assert (counts["updated"], counts["created"]) == (1, 4)
    assert [one["city"] for one in api.found("c1@example.com")] == ["Oslo"]


@pytest.mark.parametrize(
    ("change", "text", "args", "says"),
    [
        (False, AFTER + "X,x@example.com,Rome\n", {}, "The file is not the one the plan was made of."),
        (False, AFTER, {"mapping": {"city": ""}}, "Other values would be sent than the plan shows"),
        (False, AFTER, {"on_duplicate": "skip"}, "Other values would be sent than the plan shows"),
        (True, AFTER, {}, "The target has changed since the plan was made"),
    ],
)
def test_a_plan_that_no_longer_holds_is_not_applied(
    stage: Stage, change: bool, text: str, args: dict[str, Any], says: str
) -> None:
    plan_hash = stage.plan()["hash"]
    if change:
        stage.change_a_row()
    completed = stage.run(text, apply_plan=plan_hash, **args)
    assert not completed.success
    assert says in completed.result["error"]["message"]
    assert "Nothing was sent. Make a new plan with a dry run" in completed.result["error"]["message"]
    assert stage.twin.ledger() == stage.applied


def test_what_is_not_a_hash_is_refused_before_the_target_is_read(stage: Stage) -> None:
    with serve(lambda _: Reply(500)) as server:
        stage.twin = TwinClient(server.url)
        completed = stage.run(apply_plan="the plan of yesterday")
    assert "is not the hash of a plan" in completed.result["error"]["message"]
    assert server.asked == []


def test_a_person_sees_the_plan_before_it_is_applied(stage: Stage, person: Person) -> None:
    seen: list[list[tuple[str, str]]] = []

    def look() -> bool:
        seen.append(stage.twin.ledger())
        return True

    person.decides = look
    completed = stage.run(ask_first=True)
    assert completed.success, completed.result
    assert seen == [stage.applied]
    [request] = person.asked
    shown = request.description["md"]
    assert "| create | 1 | is not in the target; would be created |" in shown
    assert "| city | 1 |" in shown
    assert (completed.result["counts"]["created"], completed.result["counts"]["updated"]) == (1, 1)


def test_nothing_is_sent_where_the_person_refuses(stage: Stage, person: Person) -> None:
    person.decides = lambda: False
    completed = stage.run(ask_first=True)
    assert not completed.success
    assert completed.result["error"]["name"] == "SuspendedDisapproved"
    assert completed.result["plan"]["counts"]["create"] == 1
    assert stage.twin.ledger() == stage.applied


def test_what_changes_while_the_plan_waits_for_approval_ends_the_import(stage: Stage, person: Person) -> None:
    person.decides = stage.change_a_row
    completed = stage.run(ask_first=True)
    assert not completed.success
    assert (completed.result["error"]["step_id"], len(person.asked)) == ("confirm", 1)
    assert "The target has changed since the plan was made" in completed.result["error"]["message"]
    assert stage.twin.ledger() == stage.applied


def test_nobody_is_asked_about_a_plan_that_would_send_nothing(stage: Stage, person: Person) -> None:
    assert stage.run(BEFORE, ask_first=True).success
    assert person.asked == []
    assert stage.twin.ledger() == stage.applied


def test_too_many_bad_rows_are_asked_about_together_with_the_plan(stage: Stage, person: Person) -> None:
    text = AFTER + "".join(f"Bad {n},none,Rome\n" for n in range(9))
    completed = stage.run(text, on_too_many_bad="ask", ask_first=True)
    assert completed.success, completed.result
    [request] = person.asked
    assert "9 cannot" in request.description["md"]
    assert "| update | 1 |" in request.description["md"]


@pytest.mark.parametrize(
    ("on_duplicate", "outcome", "reason"),
    [("skip", "duplicate", "already_exists"), ("fail", "rejected", "exists_and_must_not")],
)
def test_rows_a_plan_settles_have_their_outcome_without_being_sent(
    stage: Stage, on_duplicate: str, outcome: str, reason: str
) -> None:
    plan = stage.plan(on_duplicate=on_duplicate)
    completed = stage.run(apply_plan=plan["hash"], on_duplicate=on_duplicate)
    counts = completed.result["counts"]
    assert (counts["created"], counts[outcome]) == (1, 4)
    assert {found["code"]: found["rows"] for found in completed.result["reasons"]} == {reason: 4}
    # One row is sent; with it the import learns, once, what the look-up answers.
    assert completed.result["timings"]["requests"] == 1 + 2


def test_a_target_that_cannot_be_asked_is_planned_in_so_many_words(opened: tuple[Session, Person]) -> None:
    with serve(lambda _: Reply(201, {"id": "1"})) as server:
        api = {"kind": "generic", "base_url": server.url, "settings": FAST}
        result = opened[0].run(FLOW, {"api": api, "text": BEFORE, "dry_run": True}).result
    assert server.asked == []
    assert (result["plan"]["reads_target"], result["plan"]["counts"]["create"]) == (False, 4)
    page = opened[0].state / "objects" / "_default_" / result["report"]["s3"]
    assert "The target could not be asked" in page.read_text("utf-8")


def test_a_dry_run_at_a_target_that_does_not_answer_says_what_is_known(
    opened: tuple[Session, Person], stage: Stage
) -> None:
    with serve(lambda _: Reply(401)) as server:
        api = {
            "kind": "generic",
            "base_url": server.url,
            "endpoints": {"lookup": "/customers?email={email}"},
            "settings": FAST,
        }
        completed = opened[0].run(FLOW, {"api": api, "text": BEFORE + "Bad,none,Rome\n", "dry_run": True})
        with_apply = opened[0].run(FLOW, {"api": api, "text": BEFORE, "apply_plan": "0" * 12})
    assert completed.success, completed.result
    assert len(server.asked) == 1
    result = completed.result
    assert {name: rows for name, rows in result["counts"].items() if rows} == {
        "rows": 5,
        "not_known": 4,
        "invalid": 1,
    }
    [text] = result["would_stop"]
    assert text.startswith("An import would stop here: ")
    assert "answered 401" in text
    assert (result["plan"]["hash"], result["plan"]["counts"]["unread"]) == ("", 4)
    assert "c3@example.com,unread" in stage.stored(result["plan"]["file"])
    assert "answered 401" in stage.stored(result["report"])
    assert not with_apply.success


def test_what_the_journal_knows_is_planned_for_a_target_that_does_not_answer(
    opened: tuple[Session, Person], stage: Stage
) -> None:
    answers = [Reply(201, {"id": "1"})] * 4
    with serve(lambda _: answers.pop() if answers else Reply(401)) as server:
        api = {
            "kind": "generic",
            "base_url": server.url,
            "authentication": {"type": "bearer_token", "token": "t"},
            "settings": FAST,
        }
        assert opened[0].run(FLOW, {"api": api, "text": BEFORE}).success
        api["endpoints"] = {"lookup": "/customers?email={email}"}
        counts = opened[0].run(FLOW, {"api": api, "text": AFTER, "dry_run": True}).result["counts"]
    assert {name: rows for name, rows in counts.items() if rows} == {
        "rows": 5,
        "would_leave": 3,
        "not_known": 2,
    }


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            {"api": {"kind": "generic", "base_url": "nowhere"}},
            "base_url must be like https://api.example.com",
        ),
        (
            {"text": "name,email\nAda,none\nBob,b@example.com\n"},
            "1 cannot (50.0%). That is more than the 20%",
        ),
        ({"apply_plan": "yesterday's"}, "apply_plan is not the hash of a plan"),
        ({"apply_plan": "-".join(["0" * 12] * 3)}, "The file is not the one the plan was made of."),
        (
            {"journal": {"host": "127.0.0.1", "port": 9, "user": "u", "dbname": "d", "password": "p"}},
            "The state database cannot be used",
        ),
    ],
)
def test_a_dry_run_goes_on_where_an_import_would_stop_and_says_so(
    stage: Stage, args: dict[str, Any], says: str
) -> None:
    given = {"text": BEFORE, "api": stage.api(BEFORE), **args}
    completed = stage.session.run(FLOW, {**given, "dry_run": True})
    assert completed.success, completed.result
    assert any(text.startswith("An import would stop here: ") for text in completed.result["would_stop"])
    assert says in " ".join(completed.result["would_stop"])
    counts = completed.result["counts"]
    assert sum(rows for name, rows in counts.items() if name != "rows") == counts["rows"]
    assert "An import would stop here" in stage.stored(completed.result["report"])
    assert not stage.session.run(FLOW, given).success


def test_a_plan_in_many_chunks_settles_the_rows_of_each(stage: Stage) -> None:
    text = BEFORE + "".join(f"D {n},d{n}@example.com,Rome\n" for n in range(6))
    completed = stage.run(text, apply_plan=stage.plan(text=text, chunk_rows=3)["hash"], chunk_rows=2)
    assert completed.success, completed.result
    assert (completed.result["counts"]["created"], completed.result["counts"]["unchanged"]) == (6, 4)


def test_the_approval_page_shows_the_plan_and_runs_nothing_of_it(stage: Stage, person: Person) -> None:
    pages: list[str] = []

    def open_the_page() -> bool:
        jobs = stage.session.engine
        job = jobs.get(person.asked[0].job_id)
        assert job is not None
        assert job.completed is not None
        with urllib.request.urlopen(job.completed.result["approvalPage"], timeout=10) as reply:
            pages.append(reply.read().decode())
        return True

    person.decides = open_the_page
    text = AFTER.replace("city", "<b>city</b>")
    stage.run(text, ask_first=True, mapping={"<b>city</b>": "<script>"})
    assert "| create | 1 |" in pages[0]
    assert "<script>" not in pages[0]
    assert "&lt;script" in pages[0]


def test_the_channels_hear_of_the_plan_that_waits(stage: Stage) -> None:
    with serve(lambda _: Reply(200, b"ok")) as channel:
        hooks = {"slack_webhook_url": f"{channel.url}/slack", "webhook_url": f"{channel.url}/hook"}
        assert stage.run(ask_first=True, **hooks).success
    slack, hook = (asked.json for asked in channel.asked[:2])
    assert "1 to create, 1 to update, 3 unchanged. The look-up has not been seen yet" in slack["text"]
    assert (hook["event"], hook["plan"]["counts"]["update"]) == ("import_waits", 1)


def test_a_posted_file_is_planned_and_then_applied_by_the_hash(opened: tuple[Session, Person]) -> None:
    session = opened[0]

    def post(query: str) -> Completed:
        request = urllib.request.Request(
            f"{session.platform.url}/api/r/local/customers/import?api=f/customers/crm_twin&{query}",
            data=b"name,email\nPosted,posted@example.com\n",
            headers={"Content-Type": "text/csv", "X-API-Key": "local-import-key"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            completed = session.engine.wait(reply.read().decode().strip('"'), 30)
        assert completed is not None
        return completed

    plan = post("dry_run=true").result["plan"]
    assert (plan["reads_target"], plan["counts"]["create"]) == (True, 1)
    assert not post(f"apply_plan={'0' * 12}{plan['hash'][12:]}").success
    assert post(f"apply_plan={plan['hash']}").result["counts"]["created"] == 1


def test_the_cases_that_come_along_show_what_an_edited_file_would_change(
    opened: tuple[Session, Person],
) -> None:
    results = []
    for name in ("customers_seed", "customers_plan"):
        case = read_case(ROOT / "flows" / f"{name}.yaml")
        results.append(opened[0].run(case.target, case.args).result)
    seeded, planned = results
    assert seeded["counts"]["created"] == 6
    counts = planned["plan"]["counts"]
    assert (counts["create"], counts["update"], counts["unchanged"]) == (2, 3, 3)
    assert planned["plan"]["fields"] == {"custom_fields.Tier": 2, "city": 1, "phone": 1}


def test_what_windmill_shows_of_a_dry_run_has_the_plan_and_its_file(stage: Stage) -> None:
    def step(name: str, **args: Any) -> Any:
        completed = stage.session.run(Target("script", f"f/customers/{name}"), args)
        assert completed.success, completed.result
        return completed.result

    parsed = step("parse_csv", text=AFTER)
    gate = step("gate_import", parsed=parsed, api=stage.api(AFTER), on_duplicate="update", dry_run=True)
    summary = step("report_import", parsed=parsed, gate=gate, created=[], dry_run=True)
    shown = step("show_import", summary=summary)["render_all"]
    tables = [part["table-row-object"] for part in shown if "table-row-object" in part]
    assert {
        "outcome": "would update",
        "rows": 1,
        "meaning": "there with other values, which would be replaced",
    } in tables[0]
    assert [part["s3"].rsplit("/")[-1] for part in shown if set(part) == {"s3"}] == [
        "plan.csv",
        "report.html",
    ]


def test_a_dry_run_asks_nobody_however_many_rows_are_bad(stage: Stage, person: Person) -> None:
    text = AFTER + "".join(f"Bad {n},none,Rome\n" for n in range(9))
    completed = stage.run(text, on_too_many_bad="ask", ask_first=True, dry_run=True)
    assert completed.success, completed.result
    assert person.asked == []
    [text] = completed.result["would_stop"]
    assert text.startswith("An import would ask a person here: 5 of 14 rows can be sent")
    assert completed.result["plan"]["counts"]["update"] == 1


def test_a_file_without_a_row_to_send_has_a_plan_too(stage: Stage, person: Person) -> None:
    result = stage.run("name,email\nBad,none\n", max_bad_share=1, ask_first=True).result
    assert (sum(result["plan"]["counts"].values()), result["counts"]["invalid"]) == (0, 1)
    assert person.asked == []


def test_the_gates_result_names_nobody(stage: Stage) -> None:
    result = stage.run(dry_run=True).result
    assert "@example.com" not in json.dumps(result)
    assert "Oslo" not in json.dumps(result)
