"""The GraphQL twin answers as a server does: fields, fragments, directives, pages, and either dialect."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

DRAFT = "application/graphql-response+json, application/json;q=0.9"


@pytest.fixture
def graphql(twins: TwinProcess) -> TwinClient:
    client = twins.client("graphql")
    client.forget()
    return client


def ask(client: TwinClient, query: Any, accept: str = DRAFT, **variables: Any) -> Answer:
    return client.send("POST", "/graphql", {"query": query, "variables": variables}, {"Accept": accept})


def test_fields_are_answered_under_their_names_aliases_and_types(graphql: TwinClient) -> None:
    query = """query($id: ID!, $no: Boolean = false) {
        one: customer(id: $id) { ...N __typename note @include(if: $no) } customer(id: "9") { id }
        shop { ... on Shop { name currency @skip(if: true) } } } fragment N on Customer { name }"""
    answer = ask(graphql, query, id=1)
    assert (answer.status, answer.headers["content-type"]) == (
        200,
        "application/graphql-response+json; charset=utf-8",
    )
    one = {"name": "Ada", "__typename": "Customer"}
    assert answer.json == {"data": {"one": one, "customer": None, "shop": {"name": "Twin & Sons"}}}


def test_a_list_comes_page_by_page(graphql: TwinClient) -> None:
    query = """query($after: String) { customers(first: 2, after: $after) {
        edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"""
    seen, after = [], None
    while True:
        page = ask(graphql, query, after=after).json["data"]["customers"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{ customer(id: ) }", 400, "GRAPHQL_PARSE_FAILED"),
        ("{ customer(id: 1) { nobody } }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ customer(name: 1) { id } }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ customer(id: 1) }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ shop { name { x } } }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { ...F }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("query($id: ID!) { customer(id: $id) { id } }", 400, "BAD_USER_INPUT"),
        ("subscription { shop { name } }", 400, "OPERATION_RESOLUTION_FAILURE"),
        ("query A { shop { name } } query B { shop { name } }", 400, "OPERATION_RESOLUTION_FAILURE"),
        ("{ shop " * 50, 400, "GRAPHQL_PARSE_FAILED"),
        ("{ customer(id: " + "[" * 50, 400, "GRAPHQL_PARSE_FAILED"),
        ("", 400, "GRAPHQL_PARSE_FAILED"),
        (5, 400, "BAD_REQUEST"),
    ],
)
def test_what_cannot_be_answered_has_a_status_in_one_dialect_and_200_in_the_other(
    graphql: TwinClient, query: Any, status: int, code: str
) -> None:
    answer = ask(graphql, query)
    assert (answer.status, answer.json["errors"][0]["extensions"]["code"]) == (status, code)
    assert "data" not in answer.json
    if query != 5:
        assert ask(graphql, query, "application/json").status == 200


def test_a_forbidden_field_leaves_the_rest(graphql: TwinClient) -> None:
    graphql.put_settings(forbidden=["Customer.note"])
    answer = ask(graphql, "{ customer(id: 1) { id note } }")
    assert (answer.status, answer.json["data"]) == (294, {"customer": {"id": "1", "note": None}})
    assert answer.json["errors"][0]["path"] == ["customer", "note"]


def test_a_customer_is_created_once_under_a_key(graphql: TwinClient) -> None:
    create = 'mutation { createCustomer(input: {name: "Frida", email: "f@example.com"}) { customer { id } } }'
    first, again = (graphql.post("/graphql", {"query": create}, Idempotency_Key="k") for _ in range(2))
    assert first.json == again.json == {"data": {"createCustomer": {"customer": {"id": "6"}}}}
    assert graphql.ledger() == [("created", "f@example.com")]
    other = graphql.post("/graphql", {"query": create.replace("Frida", "Gil")}, Idempotency_Key="k")
    assert other.json["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    wrong = ask(
        graphql, 'mutation { createCustomer(input: {name: "x", email: "x"}) { userErrors { field } } }'
    )
    assert wrong.json["data"]["createCustomer"]["userErrors"] == [{"field": ["input", "email"]}]


def test_lists_of_operations_are_taken_where_the_settings_say_so(graphql: TwinClient) -> None:
    batch = [{"query": "{ shop { name } }"}, {"query": "{ nobody }"}]
    assert graphql.post("/graphql", batch).status == 400
    graphql.put_settings(batching=True)
    answer = graphql.post("/graphql", batch)
    assert answer.json[0] == {"data": {"shop": {"name": "Twin & Sons"}}}
    assert "errors" in answer.json[1]
    assert graphql.post("/graphql", batch * 6).status == 413


def test_tokens_that_are_refused(graphql: TwinClient) -> None:
    assert ask(TwinClient(graphql.url, "wrong"), "{ shop { name } }").status == 401
    expired = ask(TwinClient(graphql.url, "expired"), "{ shop { name } }")
    assert (expired.status, expired.json["errors"][0]["extensions"]["code"]) == (200, "UNAUTHENTICATED")
