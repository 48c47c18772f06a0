"""What agents may name: guards are read whole, references are refused, types are checked."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings, TryLater
from f.tools.guards.approvers import check_approver
from f.tools.guards.argument_types import check_types
from f.tools.guards.desk import Desk, open_desk
from f.tools.guards.file import FileChoice
from f.tools.guards.guards_resource import Guards, read_guards
from f.tools.guards.patterns import is_allowed
from f.tools.guards.references import named_in, refuse_references
from f.tools.send_once import main as send_once
from tests.loopback import Asked, Reply, serve


def test_without_a_resource_the_guards_allow_little() -> None:
    assert read_guards(None) == Guards()
    assert read_guards({"channels": [], "recipients": None, "database": ""}) == Guards()


def test_a_resource_is_read_whole_and_every_fault_named_at_once() -> None:
    guards = read_guards({"targets": ["f/crm/*", "f/crm/main"], "max_per_hour": 0, "database": "$res:u/a/pg"})
    assert (guards.target, guards.max_per_hour, guards.database) == ("f/crm/main", 0, "u/a/pg")
    wrong = {
        "targets": ["../x"],
        "max_per_hour": "9",
        "approvers": "me",
        "database": {"host": "h"},
        "wish": 1,
    }
    with pytest.raises(FixSettings) as raised:
        read_guards(wrong)
    assert len(raised.value.faults) == 5


@pytest.mark.parametrize(
    "path",
    ["f/notify/slack", "f/customers/../notify/slack", "$res:f/customers/crm", "f/customers/crm?x=1", "crm"],
)
def test_a_target_that_the_guards_do_not_name_is_refused(path: str) -> None:
    with pytest.raises(FixInput, match="not one that tools may use"):
        Desk(Guards()).target_path(path)


def test_a_star_stands_for_any_text_and_all_else_for_itself() -> None:
    assert is_allowed("Boss@Example.com", ["*@example.com"])
    assert not is_allowed("boss@exampleXcom", ["*@example.com"])
    assert not is_allowed("x@example.com\nb@example.org", ["*@example.com*"])
    assert not is_allowed("x", [])


@pytest.mark.parametrize(
    "given",
    [
        {"text": "$var:f/notify/slack_token"},
        {"text": " $res:f/notify/slack"},
        {"fields": ["name", "$jsonvar:f/a/b"]},
        {"text": {"deep": [["$encrypted:x"]]}},
    ],
)
def test_a_reference_anywhere_in_the_arguments_is_found(given: dict[str, Any]) -> None:
    assert list(named_in(given)) == list(given)[:1]


def test_a_price_is_no_reference() -> None:
    assert list(named_in({"text": "it costs $5: cheap", "to": "$"})) == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(200, {"text": "$var:f/notify/slack_token"}), FixInput),
        (Reply(500, b"down"), TryLater),
        (Reply(404, b"no job"), TryLater),
    ],
)
def test_a_job_asks_what_it_was_given_and_does_nothing_if_that_is_not_said(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, error: type[Exception]
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path.endswith("/jobs_u/get_args/some-job")
        return reply

    with serve(answer) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "w")
        monkeypatch.setenv("WM_JOB_ID", "some-job")
        with pytest.raises(error):
            refuse_references()


def test_guards_that_may_not_be_read_are_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, {}) if "get_args" in asked.path else Reply(403, b"no")

    with serve(answer) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "w")
        monkeypatch.setenv("WM_JOB_ID", "some-job")
        with pytest.raises(FixSettings, match="status 403"), open_desk({}, {}):
            pass


@pytest.mark.parametrize(
    ("name", "value", "should"), [("text", 5, "a text"), ("to", ["a"], "a text"), ("channel", None, "a text")]
)
def test_an_argument_of_another_type_gets_a_sentence(name: str, value: Any, should: str) -> None:
    with pytest.raises(FixInput, match=f"{name} must be {should}"):
        check_types(send_once.__annotations__, {name: value})


NOBODIES = (
    *(
        "",
        "\u3164",
        "\u2800\u00a0",
        "\u200b",
        "\uff21\uff29",
        "x\ny",
        "7",
        "X",
        "A.I.",
        "n/a",
        "yes",
        "the user",
    ),
    *("AI agent", "approved by the system", "Claude", "Claude Opus 4.5 (Anthropic)", "GPT-4o"),
    "agent@example.com",
)


@pytest.mark.parametrize("name", NOBODIES, ids=map(ascii, NOBODIES))
def test_nobody_approves_nothing(name: str) -> None:
    with pytest.raises(FixInput, match="must name the person"):
        check_approver(name, ())


@pytest.mark.parametrize("name", ["Grace Hopper", "Claude Monet", "Li", "\u674e\u660e", "zoe@ai.com"])
def test_a_person_approves_by_name(name: str) -> None:
    check_approver(name, ())


@pytest.mark.parametrize(
    "key", ["up/../private/x.csv", "../x.csv", "/up/x.csv", "up//x.csv", "up/./x.csv", "private/x.csv"]
)
def test_a_file_outside_of_what_is_allowed_is_refused(key: str) -> None:
    with pytest.raises(FixInput) as raised:
        FileChoice(file=key).check(("up/*",))
    assert raised.value.code == "file_not_allowed"


def test_blanks_are_no_file() -> None:
    choice = FileChoice(file=" ", url="\t", text="name,email\n")
    choice.check(("up/*",))
    assert choice.inputs() == {"text": "name,email\n"}


def test_who_may_approve_can_be_limited() -> None:
    check_approver("grace@example.com", ["*@example.com"])
    with pytest.raises(FixInput, match="may not approve"):
        check_approver("Grace Hopper", ["*@example.com"])
