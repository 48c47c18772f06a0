"""A plan of an import, shown to an agent and applied once, through the flow as `mill` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mill.engine.jobs.approvals import Request
from mill.ports import Resume, Target
from mill.repository.workspace import Workspace
from mill.session import Session

ROOT = Path(__file__).parents[3]
ROWS = "name,email\nAda Byron,ada@example.com\nBen Smith,ben@example.com\n"
OTHER = ROWS.replace("Ben", "Bob")


class Person:
    """Who is asked when the flow waits."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.agrees = True

    def __call__(self, request: Request) -> Resume:
        self.asked.append(request)
        return Resume(1, approved=self.agrees)


class Agent:
    """Calls tools in one session; `says`: all it was answered, errors included."""

    def __init__(self, session: Session, person: Person) -> None:
        self.session, self.person = session, person

    def call(self, name: str, **arguments: Any) -> Any:
        return self.session.run(Target("script", f"f/tools/{name}"), arguments).result

    def guards(self, **value: Any) -> None:
        """Set the guards of the workspace."""
        at = self.session.platform
        requests.post(
            f"{at.url}/api/w/{at.workspace_id}/resources/create?update_if_exists=true",
            json={"path": "f/tools/guards", "resource_type": "tool_guards", "value": value},
            headers={"Authorization": f"Bearer {at.token}"},
            timeout=10,
        ).raise_for_status()

    def apply(self, key: str, plan_hash: str, text: str = ROWS, **more: Any) -> Any:
        given = {"approved_by": "Grace Hopper", "wait_seconds": 60, **more}
        return self.call("apply_plan", once_key=key, plan_hash=plan_hash, text=text, **given)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    person = Person()
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state"), approver=person) as session:
        yield Agent(session, person)


@pytest.mark.timeout(300)
def test_a_plan_is_applied_once_and_only_the_one_that_was_shown(agent: Agent) -> None:
    plan = agent.call("plan_import", text=ROWS)
    assert (plan["counts"]["would_create"], plan["would_stop"]) == (2, [])
    wrong = agent.apply("foreign", plan["plan_hash"], OTHER)
    assert (wrong["status"], wrong["result"]["outcome"]) == ("done", "failed")
    assert "not the one the plan was made of. Nothing was sent" in wrong["message"]
    assert agent.call("find_customer", email="ada@example.com")["answer"] != "found"
    first = agent.apply("import-1", plan["plan_hash"])
    assert (first["status"], first["result"]["counts"]["created"]) == ("done", 2)
    again = agent.apply("import-1", plan["plan_hash"], target="f/customers/crm_twin", on_duplicate="skip")
    assert (again["status"], again["result"]) == ("already_done", first["result"])
    assert agent.apply("import-1", plan["plan_hash"], OTHER)["status"] == "refused"
    assert agent.apply("new", "yes")["status"] == "refused"
    assert agent.apply("new", plan["plan_hash"], approved_by="\u3164")["status"] == "refused"
    found = agent.call("find_customer", email="ada@example.com", fields=["name"])
    assert (found["answer"], found["data"]) == ("found", {"name": "Ada Byron"})
    assert agent.call("effect_status", once_key="import-1")["status"] == "done"
    left = agent.call("quota_left")
    assert (left["messages_left"], left["messages_an_hour"]) == (20, 20)


@pytest.mark.timeout(300)
def test_where_guards_want_it_an_import_waits_for_a_person(agent: Agent) -> None:
    text = "name,email\nCy Young,cy@example.com\n"
    agent.guards(ask_person=True, targets=["f/customers/crm_twin"])
    try:
        plan = agent.call("plan_import", text=text)["plan_hash"]
        agent.person.agrees = False
        refused = agent.apply("asked-1", plan, text)
        assert (refused["status"], refused["result"]["outcome"]) == ("done", "failed")
        assert agent.call("find_customer", email="cy@example.com")["answer"] != "found"
        agent.person.agrees = True
        assert agent.apply("asked-2", plan, text)["result"]["counts"]["created"] == 1
        assert len(agent.person.asked) == 2
    finally:
        agent.guards(targets=["f/customers/crm_twin"])
