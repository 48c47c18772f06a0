"""Variables are held against the operation before anything is sent; no value stands in an error."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput
from f.graphql.queries.document import read_document
from f.graphql.queries.variables import check_variables
from f.graphql.run_mutation import main as run_mutation
from f.graphql.run_query import main as run_query
from f.graphql.run_subscription import main as run_subscription


def checked(kind: str, *values: Any) -> Any:
    operation = read_document(f"query($v: {kind}) {{ a(v: $v) }}").operation()
    return check_variables(operation, {"v": values[0]} if values else {})


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("Int!", 2**31 - 1, 2**31 - 1),
        ("Int", 3.0, 3),
        ("Float!", 3, 3),
        ("Float", 1.5, 1.5),
        ("String!", "", ""),
        ("Boolean!", False, False),
        ("ID!", 7, 7),
        ("ID!", "7", "7"),
        ("Int", None, None),
        ("[Int!]!", [1, 2.0], [1, 2]),
        ("[Int!]!", 5, 5),
        ("[[ID!]]", [["a"], None], [["a"], None]),
        ("Order", "ASC", "ASC"),
        ("CustomerInput!", {"name": "x"}, {"name": "x"}),
        ("DateTime", "2026-01-01", "2026-01-01"),
    ],
)
def test_what_fits_is_sent(kind: str, value: Any, sent: Any) -> None:
    assert checked(kind, value) == {"v": sent}
    assert type(checked(kind, value)["v"]) is type(sent)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("Int!", "10", "takes a whole number, not a text"),
        ("Int", 1.5, "takes a whole number, not a number"),
        ("Int", True, "takes a whole number, not true or false"),
        ("Int", 2**31, "beyond 32 bits"),
        ("Float", "1", "takes a number, not a text"),
        ("Float", float("nan"), "takes a number"),
        ("Float", 10**400, "takes a number"),
        ("String", 1, "takes a text, not a number"),
        ("String", ["a"], "takes a text, not a list"),
        ("Boolean", "true", "takes true or false, not a text"),
        ("Boolean", 0, "takes true or false, not a number"),
        ("ID", 1.5, "takes a text or a whole number"),
        ("ID", {"id": 1}, "not an object"),
        ("Int!", None, "must not be null"),
        ("[Int!]", [1, None], r"must not be null \(item 2\)"),
        ("[Int]!", None, "must not be null"),
        ("[String]", ["a", 5], r"not a number \(item 2\)"),
    ],
)
def test_what_does_not_fit_is_named(kind: str, value: Any, said: str) -> None:
    with pytest.raises(FixInput, match=said) as caught:
        checked(kind, value)
    assert caught.value.code == "bad_variables"


def test_what_is_missing_and_what_nobody_asked_for_are_named_together() -> None:
    operation = read_document(
        'query($first: Int!, $after: String = "", $n: Int! = 3) { a(b: $first, c: $after, d: $n) }'
    ).operation()
    with pytest.raises(
        FixInput, match=r"\$frist is not defined \(did you mean \$first\?\); \$first \(Int!\) is missing"
    ):
        check_variables(operation, {"frist": 1})
    assert check_variables(operation, {"first": 1}) == {"first": 1}
    with pytest.raises(FixInput, match="takes no variables"):
        check_variables(read_document("{ a }").operation(), {"a": "personal"})
    with pytest.raises(FixInput, match="must be an object"):
        check_variables(operation, ["first"])  # type: ignore[arg-type]  # what a form may hand over


@pytest.mark.parametrize("value", [5, "Ada Lovelace", ["Ada Lovelace"]])
def test_no_value_stands_in_the_error(value: Any) -> None:
    with pytest.raises(FixInput) as caught:
        checked("Boolean", value)
    assert "Lovelace" not in str(caught.value)


def test_each_script_takes_its_own_kind_and_names_the_right_one() -> None:
    nowhere: Any = {"base_url": "http://127.0.0.1:9/graphql"}
    for run, text, said in (
        (run_query, "mutation { a }", "Use run_mutation"),
        (run_query, "query A { a } mutation B { b }", "several operations"),
        (run_mutation, "{ a }", "Use run_query"),
        (run_subscription, "mutation { a }", "Use run_mutation"),
        (run_query, "subscription { a }", "Use run_subscription"),
    ):
        with pytest.raises(FixInput, match=said) as caught:
            run(text, nowhere)
        assert caught.value.attempts == 0
