"""Every dialect of GraphQL over HTTP, and what is none: a class to act by, a code, a sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.times import Clock
from f.graphql.queries.operation import prepare
from f.graphql.replies.answer import Answer
from f.graphql.transport.batching import ask_all, prepare_all
from f.graphql.transport.calling import run_one
from f.graphql.transport.connections import fetch_rows, read_page
from f.graphql.transport.mutating import MutationResult, found_id, mutate
from f.store.stores import memory_store
from tests.loopback import Asked, Reply, serve

GRAPHQL = {"Content-Type": "application/graphql-response+json; charset=utf-8"}
PAGE = {"Content-Type": "text/html"}
HTML = b"<!DOCTYPE html><title>Busy</title>"


class Patient(Clock):
    """Lets no time pass, and remembers how long it was to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def ticks(self) -> float:
        return super().ticks() + sum(self.slept)

    def sleep(self, seconds: float) -> bool:
        self.slept.append(seconds)
        return False


class Asking:
    """One operation against a server that answers with these replies in turn, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.clock = Patient()
        self.asked: Sequence[Asked] = ()

    def _answer(self, _: Asked) -> Reply:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    def query(self, query: str = "{ a b }", variables: Any = None, **options: Any) -> Answer:
        prepared = prepare(query, variables, "", "query")
        with serve(self._answer) as server, memory_store() as store:
            self.asked = server.asked
            api = {"base_url": f"{server.url}/graphql", **options}
            return run_one(prepared, api, store, "accept", clock=self.clock)

    def mutation(self, key: str = "", variables: Any = None, **options: Any) -> MutationResult:
        prepared = prepare("mutation($v: String) { a(v: $v) { id } }", variables, "", "mutation")
        with serve(self._answer) as server, memory_store() as store:
            self.asked = server.asked
            api = {"base_url": f"{server.url}/graphql", **options}
            return mutate(prepared, api, store, request_key=key, clock=self.clock)


def error(code: str = "", path: list[Any] | None = None, message: str = "No.", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"message": message, **more}
    if code:
        found["extensions"] = {"code": code}
    return found if path is None else {**found, "path": path}


VALIDATION = {"errors": [error("GRAPHQL_VALIDATION_FAILED", locations=[{"line": 2, "column": 3}])]}
PARTIAL = {"data": {"a": 1, "b": None}, "errors": [error("FORBIDDEN", ["b"])]}
NULL = {"data": None, "errors": [error("", ["a", "b"])]}


def failed(code: str) -> dict[str, Any]:
    return {"data": {"a": None, "b": None}, "errors": [error(code, ["a"]), error(code, ["b"])]}


@pytest.mark.parametrize("status", [200, 294, 207])
def test_data_with_errors_is_a_part_of_an_answer_whatever_its_status(status: int) -> None:
    answer = Asking(Reply(status, PARTIAL, GRAPHQL)).query()
    assert answer.data == {"a": 1, "b": None}
    assert answer.errors == [
        {"message": "No.", "code": "FORBIDDEN", "path": "b", "line": None, "column": None}
    ]


def test_what_may_be_null_has_not_failed() -> None:
    answer = Asking(
        Reply(200, {"data": {"a": None, "b": None}, "errors": [error("FORBIDDEN", ["b"])]})
    ).query()
    assert answer.data == {"a": None, "b": None}
    assert Asking(Reply(200, {"data": {"a": None}, "errors": []})).query().errors == []


READS: list[tuple[str, Reply, type[ConnectError], str]] = [
    ("422", Reply(422, VALIDATION, GRAPHQL), FixInput, "GRAPHQL_VALIDATION_FAILED"),
    ("400", Reply(400, VALIDATION, GRAPHQL), FixInput, "GRAPHQL_VALIDATION_FAILED"),
    ("200 with errors only", Reply(200, VALIDATION), FixInput, "GRAPHQL_VALIDATION_FAILED"),
    (
        "no code, a place",
        Reply(200, {"data": None, "errors": [error(locations=[{"line": 1, "column": 1}])]}),
        FixInput,
        "bad_query",
    ),
    ("no code, 400", Reply(400, {"errors": [error()]}), FixInput, "bad_query"),
    (
        "shopify's undefinedField",
        Reply(200, {"errors": [error("undefinedField")]}),
        FixInput,
        "undefinedField",
    ),
    ("too costly", Reply(200, {"errors": [error("MAX_COST_EXCEEDED")]}), FixInput, "MAX_COST_EXCEEDED"),
    (
        "persisted",
        Reply(200, {"errors": [error("PERSISTED_QUERY_NOT_FOUND")]}),
        FixInput,
        "PERSISTED_QUERY_NOT_FOUND",
    ),
    ("bad input", Reply(200, failed("BAD_USER_INPUT")), FixInput, "BAD_USER_INPUT"),
    (
        "github's type",
        Reply(200, {"data": {"a": None}, "errors": [error(path=["a"], type="NOT_FOUND")]}),
        FixInput,
        "NOT_FOUND",
    ),
    ("unauthenticated", Reply(200, failed("UNAUTHENTICATED")), SignInAgain, "UNAUTHENTICATED"),
    ("forbidden", Reply(200, failed("FORBIDDEN")), SignInAgain, "FORBIDDEN"),
    ("forbidden, 403", Reply(403, {"errors": [error("FORBIDDEN")]}), SignInAgain, "FORBIDDEN"),
    ("401", Reply(401, {"errors": [error()]}), SignInAgain, "http_401"),
    ("403, a page", Reply(403, HTML, PAGE), SignInAgain, "http_403"),
    ("404", Reply(404, HTML, PAGE), FixSettings, "http_404"),
    ("405", Reply(405, {"errors": [error()]}), FixSettings, "http_405"),
    ("413", Reply(413, HTML, PAGE), FixInput, "http_413"),
    ("415", Reply(415, b""), FixSettings, "http_415"),
    ("418", Reply(418, b"tea"), GiveUpRecord, "http_418"),
    ("a page", Reply(200, HTML, PAGE), FixSettings, "not_graphql"),
    ("nothing", Reply(200, b""), FixSettings, "not_graphql"),
    ("no JSON", Reply(200, b"{"), FixSettings, "not_graphql"),
    ("a list", Reply(200, [{"data": {}}]), FixSettings, "not_graphql"),
    ("other JSON", Reply(200, {"ok": True}), FixSettings, "not_graphql"),
    ("errors that are none", Reply(200, {"errors": "no"}), FixSettings, "not_graphql"),
    ("no errors, no data", Reply(200, {"errors": [], "data": None}), FixSettings, "not_graphql"),
    ("deep", Reply(200, b'{"data": ' + b"[" * 50_000), FixSettings, "not_graphql"),
    ("a redirect", Reply(302, b"", {"Location": "/other"}), FixSettings, "redirected"),
    ("a redirect to POST", Reply(307, b"", {"Location": "/other"}), FixSettings, "redirected"),
    ("the server failed", Reply(200, failed("INTERNAL_SERVER_ERROR")), TryLater, "INTERNAL_SERVER_ERROR"),
    ("a code of its own", Reply(200, failed("CUSTOMER_LOCKED")), GiveUpRecord, "CUSTOMER_LOCKED"),
    ("no code at all", Reply(200, NULL), GiveUpRecord, "refused"),
    ("500", Reply(500, {"errors": [error()]}), TryLater, "http_500"),
    ("503, a page", Reply(503, HTML, PAGE), TryLater, "http_503"),
    ("429", Reply(429, b"", {"Retry-After": "0"}), TryLater, "http_429"),
    (
        "odd paths",
        Reply(
            200,
            {
                "data": None,
                "errors": [{"path": [{}, -1, "a", 10**40], "locations": 5, "extensions": [], "message": 7}],
            },
        ),
        GiveUpRecord,
        "refused",
    ),
]


@pytest.mark.parametrize(
    ("reply", "kind", "code"), [case[1:] for case in READS], ids=[case[0] for case in READS]
)
def test_what_a_query_got_has_a_class_and_a_code(reply: Reply, kind: type[ConnectError], code: str) -> None:
    asking = Asking(reply)
    with pytest.raises(ConnectError) as caught:
        asking.query()
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert str(caught.value).count("\n") == 0
    assert "may have been applied" not in str(caught.value)
    assert len(asking.asked) == (4 if reply.status >= 429 else 1)  # asked again after 429 and 5xx


WRITES: list[tuple[str, Reply, type[ConnectError], str]] = [
    ("422", Reply(422, VALIDATION, GRAPHQL), FixInput, "GRAPHQL_VALIDATION_FAILED"),
    (
        "200 with a place",
        Reply(200, {"data": None, "errors": [error(locations=[{"line": 1, "column": 1}])]}),
        FixInput,
        "bad_query",
    ),
    ("refused", Reply(200, {"data": {"a": None}, "errors": [error("TAKEN", ["a"])]}), GiveUpRecord, "TAKEN"),
    (
        "forbidden",
        Reply(200, {"data": {"a": None}, "errors": [error("FORBIDDEN", ["a"])]}),
        SignInAgain,
        "FORBIDDEN",
    ),
    ("throttled", Reply(200, {"errors": [error("THROTTLED")]}), TryLater, "THROTTLED"),
    (
        "no code",
        Reply(200, {"data": {"a": None}, "errors": [error("", ["a"])]}),
        OutcomeUnknown,
        "resolver_failed",
    ),
    (
        "below the field",
        Reply(200, {"data": None, "errors": [error("FORBIDDEN", ["a", "id"])]}),
        OutcomeUnknown,
        "FORBIDDEN",
    ),
    (
        "one of two has no code",
        Reply(200, {"data": None, "errors": [error("TAKEN", ["a"]), error("", ["b"])]}),
        OutcomeUnknown,
        "TAKEN",
    ),
    (
        "the server failed",
        Reply(200, {"errors": [error("INTERNAL_SERVER_ERROR")]}),
        OutcomeUnknown,
        "INTERNAL_SERVER_ERROR",
    ),
    ("neither code nor place", Reply(200, {"errors": [error()]}), OutcomeUnknown, "resolver_failed"),
    ("a page", Reply(200, HTML, PAGE), OutcomeUnknown, "unreadable_reply"),
    ("nothing", Reply(200, b""), OutcomeUnknown, "unreadable_reply"),
    ("500", Reply(500, {"errors": [error()]}), OutcomeUnknown, "http_500"),
    ("502, a page", Reply(502, HTML, PAGE), OutcomeUnknown, "http_502"),
    ("lost", Reply(drop=True), OutcomeUnknown, "reset"),
    ("a redirect", Reply(307, b"", {"Location": "/other"}), FixSettings, "redirected"),
    ("405", Reply(405, {"errors": [error()]}), FixSettings, "http_405"),
    (
        "userErrors",
        Reply(
            200,
            {
                "data": {
                    "a": {"customer": None, "userErrors": [{"field": ["input", "email"], "message": "taken"}]}
                }
            },
        ),
        GiveUpRecord,
        "user_errors",
    ),
]


@pytest.mark.parametrize(
    ("reply", "kind", "code"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES]
)
def test_what_a_mutation_got_says_whether_it_was_applied_and_is_never_sent_again(
    reply: Reply, kind: type[ConnectError], code: str
) -> None:
    asking = Asking(reply)
    with pytest.raises(ConnectError) as caught:
        asking.mutation("k")
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert ("may have been applied" in str(caught.value)) == (kind is OutcomeUnknown)
    assert len(asking.asked) == 1


TWO = "mutation { a: make(x: 1) { id } b: make(x: 2) { id } }"


@pytest.mark.parametrize(
    ("mutation", "paths", "kind"),
    [
        (TWO, ["b"], OutcomeUnknown),
        (TWO, ["a"], OutcomeUnknown),
        ("mutation { ...F } fragment F on Mutation { a b }", ["a", "b"], OutcomeUnknown),
        (TWO, ["a", "b"], FixInput),
        ("mutation { a: make(x: 1) { id } }", ["a"], FixInput),
        (TWO, [], FixInput),
    ],
    ids=["second", "first", "fragment", "both", "only one", "none"],
)
def test_the_error_of_one_field_says_nothing_of_the_others(
    mutation: str, paths: list[str], kind: type[ConnectError]
) -> None:
    """A field that must not be null takes the data of those before it along, which have been applied."""
    errors = [error("BAD_USER_INPUT", [path]) for path in paths] or [error("BAD_USER_INPUT")]
    prepared = prepare(mutation, None, "", "mutation")
    with serve(lambda _: Reply(200, {"data": None, "errors": errors})) as server, memory_store() as store:
        for _ in range(2):
            with pytest.raises(kind) as caught:
                mutate(prepared, {"base_url": server.url}, store, request_key="k")
            assert type(caught.value) is kind
        assert len(server.asked) == (1 if kind is OutcomeUnknown else 2)


def test_a_mutation_goes_by_post_and_is_never_a_get() -> None:
    asking = Asking(Reply(200, {"data": {"a": {"id": 7}}}))
    result = asking.mutation("k", idempotency_header="X-Once")
    assert (result["id"], asking.asked[0].method) == ("7", "POST")
    assert len(asking.asked[0].headers["X-Once"]) == 40
    assert asking.asked[0].headers["Accept"] == "application/graphql-response+json, application/json;q=0.9"


@pytest.mark.parametrize("header", ["X-Once", "Idempotency-Key"])
def test_a_mutation_whose_key_the_server_reads_is_repeated_with_the_same_key(header: str) -> None:
    busy = Reply(200, {"errors": [error("THROTTLED")]})
    asking = Asking(Reply(503, HTML, PAGE), Reply(drop=True), busy, Reply(200, {"data": {"a": {"id": "7"}}}))
    assert asking.mutation("k", idempotency_header=header)["id"] == "7"
    assert len({asked.headers[header] for asked in asking.asked}) == 1
    assert len(asking.asked) == 4


def test_a_part_of_a_mutation_that_was_refused_is_said() -> None:
    body = {"data": {"a": {"id": "1"}, "b": None}, "errors": [error("TAKEN", ["b"])]}
    assert "A part of the mutation was refused" in Asking(Reply(294, body, GRAPHQL)).mutation()["notices"][0]
    payload = {"a": {"customer": {"id": "2"}, "userErrors": [{"message": "one of many"}]}}
    result = Asking(Reply(200, {"data": payload})).mutation()
    assert (result["id"], len(result["notices"])) == ("2", 1)


def cost(wanted: float, there: float, rate: float = 50, most: float = 1000) -> dict[str, Any]:
    status = {"maximumAvailable": most, "currentlyAvailable": there, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": wanted, "throttleStatus": status}}


def test_a_used_up_limit_is_waited_for_as_long_as_it_says() -> None:
    good = Reply(200, {"data": {"a": 1}})
    shopify = Reply(200, {"errors": [error("THROTTLED")], "extensions": cost(500, 100)})
    asking = Asking(shopify, good)
    assert asking.query().data == {"a": 1}
    assert asking.clock.slept == [8.0]
    asking = Asking(Reply(200, {"errors": [error("RATE_LIMITED")]}, {"Retry-After": "3"}), good)
    assert asking.query().data == {"a": 1}
    assert asking.clock.slept == [3.0]
    asking = Asking(Reply(200, {"errors": [error("THROTTLED")]}))
    with pytest.raises(TryLater, match="Nothing was applied; try again later"):
        asking.query()
    assert len(asking.asked) == 4


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (
            Reply(200, {"errors": [error("THROTTLED")], "extensions": cost(2000, 0)}),
            FixInput,
            "MAX_COST_EXCEEDED",
        ),
        (
            Reply(200, {"errors": [error("THROTTLED")], "extensions": cost(900, 0, 1)}),
            WaitForQuota,
            "THROTTLED",
        ),
        (
            Reply(
                200,
                {"errors": [error(type="RATE_LIMITED")]},
                {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"},
            ),
            WaitForQuota,
            "RATE_LIMITED",
        ),
        (Reply(403, {"message": "secondary rate limit"}, {"Retry-After": "60"}), TryLater, "RATE_LIMITED"),
    ],
)
def test_a_limit_that_no_wait_helps_is_said_at_once(
    reply: Reply, kind: type[ConnectError], code: str
) -> None:
    asking = Asking(reply)
    with pytest.raises(ConnectError) as caught:
        asking.query()
    assert (type(caught.value), caught.value.code, len(asking.asked)) == (kind, code, 1)
    assert asking.clock.slept == []


def test_what_the_variables_held_stands_in_no_error() -> None:
    said = (
        'Variable "$v" got invalid value "Ada Lovelace"; ada@example.com is taken, Bearer abcdef123456.'
        + "x" * 900
    )
    asking = Asking(Reply(200, {"data": {"a": None}, "errors": [error("BAD_USER_INPUT", ["a"], said)]}))
    with pytest.raises(FixInput) as caught:
        asking.query("query($v: String) { a(v: $v) }", {"v": "Ada Lovelace"}, bearer_token="s3cret-token")
    text = f"{caught.value} {vars(caught.value)}"
    assert not any(part in text for part in ("Lovelace", "ada@example.com", "abcdef123456", "s3cret"))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("cut", [20, 3000])
@pytest.mark.parametrize(
    "value",
    ["x" * 3000, 'Ada "Countess" Lovelace, Ockham Road 12', "Zoë Ölmann\nAm Bühl 3", 4915112345678],
    ids=["long", "quotes", "umlauts", "number"],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_value_is_masked_in_every_spelling_and_if_the_server_cuts_it(
    value: Any, ascii_only: bool, cut: int
) -> None:
    spelled = json.dumps(value, ensure_ascii=ascii_only)[:cut]
    asking = Asking(Reply(200, {"errors": [error("BAD_USER_INPUT", message=f"got {spelled}; expected A.")]}))
    with pytest.raises(FixInput) as caught:
        asking.query("query($v: A) { a(v: $v) }", {"v": value})
    assert "***" in str(caught.value)
    assert not any(part in str(caught.value) for part in ("xx", "Ada", "Lovelace", "Zo", "lmann", "49151"))


def test_an_unknown_choice_is_not_taken_for_accept() -> None:
    with memory_store() as store:
        for run in (
            lambda: run_one(prepare("{ a }", None, "", "query"), {}, store, cast("Any", "FAIL")),
            lambda: ask_all(prepare_all(["{ a }"], None), {}, store, partial=cast("Any", "FAIL")),
            lambda: fetch_rows(
                prepare("query($after: A) { a(after: $after) }", None, "", "query"), {}, store,
                partial=cast("Any", "FAIL"),
            ),
        ):  # fmt: skip
            with pytest.raises(FixInput, match="partial is 'FAIL'"):
                run()


def test_a_cursor_may_be_of_any_type() -> None:
    page = {"nodes": [1], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    prepared = prepare("query($after: C) { a(after: $after) }", {"after": {"id": 1}}, "", "query")
    with serve(lambda _: Reply(200, {"data": {"a": page}})) as server, memory_store() as store:
        assert fetch_rows(prepared, {"base_url": server.url}, store)["rows"] == [1]


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({}, "no base_url"),
        ({"base_url": 5}, "base_url of the GraphQL resource must be a text"),
        ({"base_url": "example.com/graphql"}, "must be like https"),
        ({"base_url": "http://example.com/graphql"}, "plain http"),
        ({"base_url": "https://[/graphql"}, "no URL"),
        ({"base_url": "https://user:pw@example.com/"}, "user name or password"),
        ({"base_url": "https://example.com/graphql?key=1"}, "before any"),
        ({"base_url": "https://a.example", "bearer_token": "a\nb"}, "one line"),
        ({"base_url": "https://a.example", "bearer_token": "é"}, "ASCII"),
        ({"base_url": "https://a.example", "custom_headers": ["x"]}, "must be an object"),
        ({"base_url": "https://a.example", "custom_headers": {"a b": "x"}}, "what is no header"),
        ({"base_url": "https://a.example", "custom_headers": {"X-A": {}}}, "what is no header"),
    ],
)
def test_a_resource_that_is_wrong_is_one_sentence(resource: Any, said: str) -> None:
    prepared = prepare("{ a }", None, "", "query")
    with memory_store() as store, pytest.raises(FixSettings, match=said):
        run_one(prepared, resource, store, "accept")


def test_the_path_of_the_endpoint_is_kept_with_its_slash_and_headers_are_sent() -> None:
    asking = Asking(Reply(200, {"data": {"a": 1}}))
    asking.query(custom_headers={"X-Shop": "s1"}, bearer_token="t")
    assert (asking.asked[0].path, asking.asked[0].headers["X-Shop"]) == ("/graphql", "s1")
    with serve(lambda _: Reply(200, {"data": {"a": 1}})) as server, memory_store() as store:
        for path in ("/graphql/", "/api", "/", ""):
            run_one(prepare("{ a }", None, "", "query"), {"base_url": f"{server.url}{path}"}, store, "accept")
    assert [asked.path for asked in server.asked] == ["/graphql/", "/api", "/", "/"]


@pytest.mark.parametrize(
    ("data", "path", "expected"),
    [
        ({"create": {"customer": {"id": "7", "address": {"id": "8"}}}}, "", "7"),
        ({"create": {"customer": {"id": "7", "address": {"id": "8"}}}}, "create.customer.address.id", "8"),
        ({"create": {"ok": True}}, "", ""),
        ({"create": None}, "create.id", ""),
        ({"create": {"id": "x" * 500}}, "", ""),
    ],
)
def test_the_id_of_what_was_made_is_found(data: Any, path: str, expected: str) -> None:
    assert found_id(data, path) == expected


@pytest.mark.parametrize(
    ("data", "path", "said"),
    [
        ({"a": {"nodes": []}}, "", "ask for nodes and pageInfo"),
        ({"a": {"pageInfo": {}, "nodes": []}}, "", "ask for nodes and pageInfo"),
        ({"a": {"pageInfo": {"hasNextPage": True}}}, "", "ask for nodes and pageInfo"),
        ({"a": {"pageInfo": {"hasNextPage": True}, "nodes": []}}, "", "gives no endCursor"),
        ({"a": {"pageInfo": {}}, "b": {"pageInfo": {}}}, "", r"several lists with pageInfo \(a, b\)"),
        ({"a": {"pageInfo": {}}}, "b.c", "no list at 'b.c'"),
        ({"a": [1]}, "a", "no connection at 'a'"),
    ],
)
def test_what_is_no_connection_is_one_sentence(data: Any, path: str, said: str) -> None:
    with pytest.raises(ConnectError, match=said):
        read_page(data, path)


def test_a_query_that_takes_no_cursor_fetches_nothing() -> None:
    with memory_store() as store, pytest.raises(FixInput, match=r"takes no variable \$after"):
        fetch_rows(prepare("{ a }", None, "", "query"), {}, store)


@pytest.mark.parametrize(
    ("queries", "variables", "said"),
    [
        ([], None, "no queries"),
        (["{ a }", "{ b }"], [{}], "2 queries and 1 variables"),
        (["{ a }", "mutation { b }"], None, "Query 2: This is a mutation"),
        (["{ a }", "{ b"], None, "Query 2: The GraphQL document cannot be read"),
        (["{ a }"] * 1001, None, "at most 1,000"),
    ],
)
def test_a_batch_that_cannot_be_sent_names_what_is_wrong(queries: Any, variables: Any, said: str) -> None:
    with pytest.raises(FixInput, match=said):
        prepare_all(queries, variables)


def test_a_batch_nobody_answers_raises_why_and_a_refused_credential_stops_it() -> None:
    prepared = prepare_all(["{ a }", "{ b }"], None)
    for reply, kind, most in (
        (Reply(200, HTML, PAGE), FixSettings, 4),
        (Reply(404, HTML, PAGE), FixSettings, 1),
        (Reply(401, {"errors": [error()]}), SignInAgain, 1),
        (Reply(200, {"errors": [error("UNAUTHENTICATED")]}), SignInAgain, 2),
    ):
        with serve(lambda _, reply=reply: reply) as server, memory_store() as store, pytest.raises(kind):  # type: ignore[misc]  # a default is no part of the type
            ask_all(prepared, {"base_url": server.url}, store, clock=Patient())
        assert len(server.asked) <= most


LONG = "a" * 100


@pytest.mark.parametrize(
    ("second", "data", "errors", "statuses", "requests"),
    [
        (f"{{ {LONG}: b }}", {f"q1_{LONG}": None}, [error("X", [f"q1_{LONG}"])], ["partial", "failed"], 2),
        ("{ b }", {"q1_b": None}, [error("X", ["q0_a", n]) for n in range(100)], ["partial", "ok"], 4),
        ("{ b }", {}, [], ["ok", "ok"], 3),
    ],
    ids=["a name too long to read", "more errors than are read", "no answer"],
)
def test_a_merged_query_is_whole_only_if_all_its_errors_are_known(
    second: str, data: Any, errors: list[Any], statuses: list[str], requests: int
) -> None:
    """What cannot be told apart in the one document is asked for alone, or has the error as well."""

    def answer(asked: Asked) -> Reply:
        if "q0_" in asked.json["query"]:
            more = [error("X", ["q1_b"])] if len(errors) == 100 else []
            return Reply(200, {"data": {"q0_a": [1], **data}, "errors": [*errors, *more]})
        if asked.json["query"] == "{ a }" and len(errors) == 100:
            return Reply(200, {"data": {"a": [1]}, "errors": [error("X", ["a", 0])]})
        return Reply(200, {"data": {"b": 1}})

    with serve(answer) as server, memory_store() as store:
        api = {"base_url": server.url, "batching": "aliases"}
        result = ask_all(prepare_all(["{ a }", second], None), api, store)
    assert [one["status"] for one in result["answers"]] == statuses
    assert result["requests"] == requests - 1


def test_a_throttled_query_of_a_list_is_asked_again_alone() -> None:
    def answer(asked: Asked) -> Reply:
        if isinstance(asked.json, list):
            return Reply(200, [{"data": {"a": 1}}, {"errors": [error("THROTTLED")]}])
        return Reply(200, {"data": {"b": 2}})

    with serve(answer) as server, memory_store() as store:
        result = ask_all(prepare_all(["{ a }", "{ b }"], None), {"base_url": server.url}, store)
    assert [one["data"] for one in result["answers"]] == [{"a": 1}, {"b": 2}]
    assert json.loads(server.asked[1].body)["query"] == "{ b }"
