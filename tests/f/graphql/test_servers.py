"""Servers of other people, which disagree on statuses, codes and lists of queries: ours takes both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings, GiveUpRecord, OutcomeUnknown, SignInAgain, TryLater
from f.graphql.build_query import main as build_query
from f.graphql.fetch_all import main as fetch_all
from f.graphql.run_batch import main as run_batch
from f.graphql.run_mutation import main as run_mutation
from f.graphql.run_query import main as run_query
from f.graphql.run_subscription import main as run_subscription
from tests.f.graphql.conftest import changed, strawberry, yoga

PAGES = """query($after: String) {
    customers(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
STUCK = """query($after: String) {
    stuck(after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
CREATE = "mutation($name: String!) { createCustomer(input: {name: $name}) { id name } }"
SERVERS: dict[str, tuple[Callable[..., AbstractContextManager[str]], tuple[str, ...]]] = {
    "yoga": (yoga, ()),
    "yoga with batching": (yoga, ("batching",)),
    "strawberry": (strawberry, ()),
    "strawberry with batching": (strawberry, ("batching",)),
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    start, options = SERVERS[request.param]
    with start(*options) as url:
        yield request.param, {"base_url": url}


@pytest.fixture(scope="module")
def yoga_api() -> Iterator[Any]:
    with yoga() as url:
        yield {"base_url": url}


def test_a_query_that_was_built_is_answered(server: tuple[str, Any]) -> None:
    built = build_query(
        ["customer.id", "customer.name"], field_arguments={"customer": {"id": "$id"}}, variables={"id": "ID!"}
    )
    result = run_query(built["query"], server[1], {"id": 3})
    assert result == {"data": {"customer": {"id": "3", "name": "Person 3"}}, "partial": False, "errors": []}


def test_a_part_of_an_answer_is_handed_over_with_its_errors_or_fails(server: tuple[str, Any]) -> None:
    query = "{ customer(id: 2) { id note } }"
    result = run_query(query, server[1])
    assert result["data"] == {"customer": {"id": "2", "note": None}}
    assert [error["path"] for error in result["errors"]] == ["customer.note"]
    assert "ada@example.com" not in str(result)
    with pytest.raises(GiveUpRecord, match=r"not whole at customer\.note: No note"):
        run_query(query, server[1], partial="fail")


def test_a_field_nobody_has_is_named_with_its_place(server: tuple[str, Any]) -> None:
    with pytest.raises(FixInput, match=r"line 1, column 20: Cannot query field .nam. on type .Customer"):
        run_query("{ customer(id:2) { nam } }", server[1])


def test_a_mutation_is_sent_once_under_its_key(server: tuple[str, Any]) -> None:
    before = len(
        run_query("{ made }" if "straw" in server[0] else "{ made { id } }", server[1])["data"]["made"]
    )
    first = run_mutation(CREATE, server[1], {"name": "Ada"}, request_key="k")
    again = run_mutation(CREATE, server[1], {"name": "Ada"}, request_key="k")
    assert (first["status"], again["status"], again["id"]) == ("sent", "already_sent", first["id"])
    made = run_query("{ made }" if "straw" in server[0] else "{ made { id } }", server[1])["data"]["made"]
    assert len(made) == before + 1


def test_a_mutation_that_fails_without_a_code_is_in_doubt_and_not_sent_again(
    server: tuple[str, Any],
) -> None:
    for said in ("The name is taken", "An earlier run sent this mutation"):
        with pytest.raises(OutcomeUnknown, match=said):
            run_mutation("mutation { refuses { id } }", server[1], request_key="refused")


def test_a_mutation_that_is_not_valid_was_certainly_not_applied(server: tuple[str, Any]) -> None:
    for _ in range(2):  # its key is free again
        with pytest.raises(FixInput, match="Cannot query field"):
            run_mutation("mutation { nobody { id } }", server[1], request_key="invalid")


@pytest.mark.parametrize("batching", ["auto", "aliases", "single"])
def test_each_query_of_a_batch_has_its_own_answer(server: tuple[str, Any], batching: str) -> None:
    queries = [
        "{ customer(id: 1) { id } }",
        "{ customer(id: 2) { note } other: customer(id: 3) { id } }",
        "query($id: ID!) { customer(id: $id) { ...Name } } fragment Name on Customer { name }",
    ]
    result = run_batch(queries, changed(server[1], batching=batching), [{}, {}, {"id": "4"}])
    assert [one["data"] for one in result["answers"]] == [
        {"customer": {"id": "1"}},
        {"customer": {"note": None}, "other": {"id": "3"}},
        {"customer": {"name": "Person 4"}},
    ]
    assert [one["status"] for one in result["answers"]] == ["ok", "partial", "ok"]
    assert result["answers"][1]["errors"][0]["path"] == "customer.note"
    takes_lists = "with batching" in server[0]
    expected = {
        "auto": ["array"] if takes_lists else ["array", "aliases"],
        "aliases": ["aliases"],
        "single": ["single"],
    }
    assert result["sent_as"] == expected[batching]


def test_one_bad_query_of_a_batch_does_not_spoil_the_others(server: tuple[str, Any]) -> None:
    result = run_batch(["{ customer(id: 1) { id } }", "{ customer(id: 2) { nam } }"], server[1])
    assert [one["status"] for one in result["answers"]] == ["ok", "failed"]
    assert "Cannot query field" in result["answers"][1]["error"]
    with pytest.raises(GiveUpRecord, match="Of 2 queries 1 failed"):
        run_batch(["{ customer(id: 1) { id } }", "{ customer(id: 2) { nam } }"], server[1], partial="fail")


def test_an_array_that_was_asked_for_and_is_not_taken_is_said(yoga_api: Any) -> None:
    with pytest.raises(FixInput, match="does not take a list") as caught:
        run_batch(["{ made { id } }"] * 2, changed(yoga_api, batching="array"))
    assert caught.value.code == "no_batching"


def test_all_pages_of_a_list_are_fetched_and_bounds_are_kept(server: tuple[str, Any]) -> None:
    result = fetch_all(PAGES, server[1])
    assert ([row["id"] for row in result["rows"]], result["pages"], result["stopped"]) == (
        ["1", "2", "3", "4", "5", "6", "7"],
        3,
        "end",
    )
    part = fetch_all(PAGES, server[1], max_pages=1)
    assert (len(part["rows"]), part["stopped"]) == (3, "max_pages")
    rest = fetch_all(PAGES, server[1], {"after": part["next_cursor"]}, max_rows=1)
    assert ([row["id"] for row in rest["rows"]], rest["stopped"]) == (["4", "5", "6"], "max_rows")


def test_a_server_that_repeats_its_cursor_is_noticed(yoga_api: Any) -> None:
    with pytest.raises(FixSettings, match="earlier page after 2 pages"):
        fetch_all(STUCK, yoga_api)


def test_edges_are_rows_as_nodes_are(yoga_api: Any) -> None:
    edges = PAGES.replace("nodes { id }", "edges { node { id } }")
    assert len(fetch_all(edges, yoga_api)["rows"]) == 7


def test_events_arrive_in_order_until_there_are_no_more(server: tuple[str, Any]) -> None:
    argument = "start" if "straw" in server[0] else "from"
    result = run_subscription(f"subscription {{ countdown({argument}: 3) }}", server[1])
    assert [one["countdown"] for one in result["events"] if one] == [3, 2, 1]
    assert (result["reason"], result["reconnects"], result["errors"]) == ("complete", 0, [])
    some = run_subscription(f"subscription {{ countdown({argument}: 30) }}", server[1], max_events=2)
    assert (some["count"], some["reason"]) == (2, "max_events")


def test_nothing_happens_until_the_time_is_up(server: tuple[str, Any]) -> None:
    result = run_subscription("subscription { silent }", server[1], max_seconds=0.8)
    assert (result["count"], result["reason"]) == (0, "max_seconds")


def test_a_subscription_the_server_refuses_is_an_error(server: tuple[str, Any]) -> None:
    with pytest.raises(FixInput, match="Cannot query field"):
        run_subscription("subscription { nobody }", server[1])


def test_a_subscription_that_breaks_keeps_what_has_arrived(yoga_api: Any) -> None:
    result = run_subscription("subscription { breaks }", yoga_api)
    assert (result["events"], result["reason"]) == ([{"breaks": 1}], "error")
    assert "The feed broke" in result["message"]


def test_a_token_goes_into_the_header_and_the_first_frame_and_into_no_error(yoga_api: Any) -> None:
    api = changed(yoga_api, bearer_token="tok-4711-abcdef")
    run_subscription("subscription { countdown(from: 1) }", api, connection_payload={"tenant": "t1"})
    seen = run_query("{ inits }", yoga_api)["data"]["inits"]
    assert '"params":{"Authorization":"Bearer tok-4711-abcdef","tenant":"t1"}' in seen
    assert '"authorization":"Bearer tok-4711-abcdef"' in seen
    with pytest.raises(SignInAgain, match="4403") as caught:
        run_subscription(
            "subscription { countdown(from: 1) }", changed(yoga_api, bearer_token="refused"), max_seconds=1.5
        )
    assert "Bearer" not in str(vars(caught.value))


@pytest.mark.parametrize(
    ("query", "kind", "said"),
    [
        ("{ fails }", TryLater, "INTERNAL_SERVER_ERROR"),
        ('{ fails(code: "BAD_USER_INPUT") }', FixInput, "refused what it was given"),
        ('{ fails(code: "UNAUTHENTICATED") }', SignInAgain, "refused the credential"),
        ('{ fails(code: "SOMETHING_NEW") }', GiveUpRecord, "SOMETHING_NEW"),
        ("{ customer(id: 2) { secret } }", SignInAgain, r"may not do this \(FORBIDDEN\) at customer.secret"),
    ],
)
def test_a_code_decides_what_an_error_means(
    yoga_api: Any, query: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        run_query(query, yoga_api)
    assert "private detail" not in str(caught.value)


def test_a_field_that_fails_below_a_mutation_came_after_it(yoga_api: Any) -> None:
    with pytest.raises(OutcomeUnknown, match=r"FORBIDDEN\) at createCustomer.secret"):
        run_mutation('mutation { createCustomer(input: {name: "x"}) { secret } }', yoga_api)


def test_a_wrong_token_and_a_wrong_address_are_told_apart(yoga_api: Any) -> None:
    with pytest.raises(SignInAgain, match="401"):
        run_query("{ made { id } }", changed(yoga_api, bearer_token="wrong"))
    with pytest.raises(FixSettings, match="Check base_url"):
        run_query(
            "{ made { id } }",
            changed(yoga_api, base_url=yoga_api["base_url"].replace("/graphql", "/elsewhere")),
        )
