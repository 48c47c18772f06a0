"""Every name that is read is explained, every credential has a source, and two names never disagree."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.manual.names import Templates
from mill.names import environment
from mill.names.aliases import ALIASES, given, names_of, with_fields
from mill.names.environment import JOB_NAMES, NAMES, VARIABLES, WORKED_OUT, explained
from mill.names.reading import Read, names_read, reads_in
from mill.names.sources import SOURCES
from mill.repository.workspace import Workspace
from tests.mill.trees import REPOSITORY


@functools.cache
def reads() -> list[Read]:
    """What all code reads: the whole tree is walked for it, so not before a test asks."""
    return names_read(REPOSITORY)


@functools.cache
def templates(kind: str) -> Templates:
    return Templates.of(Workspace(REPOSITORY), kind)


def test_every_name_that_is_read_is_explained() -> None:
    unexplained = [read for read in reads() if read.name is not None and explained(read.name) is None]
    assert not unexplained, f"explain it in {environment.__name__}"


def test_where_a_name_is_worked_out_somebody_says_what_it_can_be() -> None:
    places = {read.file for read in reads() if read.name is None}
    assert places == WORKED_OUT.keys()


def test_no_name_is_explained_that_nothing_reads() -> None:
    assert NAMES.keys() - {read.name for read in reads()} == set()


def test_every_credential_of_a_real_account_has_a_source_and_no_other_has() -> None:
    asked = {path for path, item in templates("variable").live.items() if not item.value().get("value")}
    assert asked == SOURCES.keys()


@pytest.mark.parametrize("target", sorted({target for targets in ALIASES.values() for target in targets}))
def test_a_name_leads_to_a_template_that_is_there(target: str) -> None:
    path, _, field = target.partition("#")
    assert path in (templates("resource") if field else templates("variable")).live
    if field:
        value, names = with_fields(
            path, templates("resource").value(path)["value"], {names_of(target)[0]: "new"}
        )
        assert names
        assert "new" in str(value)


def test_variables_that_scripts_read_by_themselves_are_listed() -> None:
    code = "\n".join(file.read_text("utf-8") for file in (REPOSITORY / "f").rglob("*.py"))
    named = {path for path in re.findall(r'"(f/\w+/\w+)"', code) if path in VARIABLES}
    assert {"f/connect/allowed_addresses", "f/notify/events_routing"} <= named
    assert JOB_NAMES.keys() == {"FROM_EMAIL", "FROM_NAME", "TWILIO_PHONE_NUMBER"}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("os.environ['A_NAME']", ["A_NAME"]),
        ("os.environ.get('A_NAME', '')", ["A_NAME"]),
        ("os.getenv('A_NAME')", ["A_NAME"]),
        ("'A_NAME' in os.environ", ["A_NAME"]),
        ("NAME = 'A_NAME'\nenviron.get(NAME)", ["A_NAME"]),
        ("[os.environ.get(one) for one in ('A', 'B')]", ["A", "B"]),
        ("ALL = ('A', 'B')\nfor one in ALL:\n    os.environ.get(one)", ["A", "B"]),
        ("typer.Option(envvar='A_NAME')", ["A_NAME"]),
        ("os.environ.get(worked_out())", [None]),
        ("os.environ['A_NAME'] = 'set'", []),
        ("settings.get('A_NAME')", []),
    ],
)
def test_how_a_name_is_read(code: str, names: list[str | None]) -> None:
    assert [read.name for read in reads_in(ast.parse(code), "f/x.py", {})] == names


def test_a_constant_of_another_module_is_known() -> None:
    tree = ast.parse("from f.a import ROUTING\nos.environ.get(ROUTING)")
    assert list(reads_in(tree, "f/x.py", {"ROUTING": ("A_NAME",)})) == [Read("f/x.py", 2, "A_NAME")]


def test_the_own_name_and_that_of_others_give_the_same_and_an_empty_one_gives_nothing() -> None:
    target = "f/payments/stripe_token"
    assert given(target, {}) is None
    assert given(target, {"STRIPE_SECRET_KEY": ""}) is None
    for name in ("STRIPE_SECRET_KEY", "STRIPE_API_KEY", "MILL_VAR_F_PAYMENTS_STRIPE_TOKEN"):
        found = given(target, {name: "sk_test_1"})
        assert found is not None
        assert (found.name, found.value) == (name, "sk_test_1")
        assert "sk_test_1" not in repr(found)
    assert given(target, {"STRIPE_SECRET_KEY": "same", "STRIPE_API_KEY": "same"}) is not None


def test_two_names_that_disagree_are_refused_without_their_values() -> None:
    with pytest.raises(MillError, match="STRIPE_SECRET_KEY and STRIPE_API_KEY give") as caught:
        given("f/payments/stripe_token", {"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_API_KEY": "sk_test_2"})
    assert "sk_" not in str(caught.value)


def test_a_field_of_an_entry_in_a_list_is_given_by_the_entrys_name() -> None:
    routing = {"channels": [{"name": "ops", "channel": "C0"}, {"name": "office", "sender": "x"}]}
    value, names = with_fields("f/notify/routing", routing, {"SLACK_CHANNEL": "C7"})
    assert value == {"channels": [{"name": "ops", "channel": "C7"}, {"name": "office", "sender": "x"}]}
    assert names == ["SLACK_CHANNEL"]
    assert routing["channels"][0]["channel"] == "C0"


def test_the_example_holds_names_and_no_value() -> None:
    lines = Path(REPOSITORY, ".env.example").read_text("utf-8").splitlines()
    names = [line for line in lines if re.fullmatch(r"#[A-Z][A-Z0-9_]*=.*", line)]
    assert len(names) > 40
    assert all(line.endswith("=") for line in names)
    assert all(line.startswith("#") or not line for line in lines)
