"""The API tester, against the twins, and against an API that does one thing wrong at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from f.operate.services.registry import service_of
from f.operate.testing.plans import Wishes, break_credential, is_stand_in
from f.operate.testing.tester import Remains, run_checks
from f.operate.testing.verdicts import CheckResult
from f.store.stores import memory_store
from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.twins.stage import TwinProcess

Result = dict[str, CheckResult]
LISTED = Wishes(write=True, list_path="/things", items_at="data", sample={"title": "A thing", "count": 5})


def api_tried(kind: str, resource: dict[str, Any], wishes: Wishes) -> tuple[Result, list[str]]:
    service, remains = service_of(kind), Remains()
    assert service is not None
    with memory_store() as store:
        results = list(run_checks(service, resource, store, wishes, remains))
    return {one["name"]: one for one in results}, remains.sentences


def outcomes(result: Result, outcome: str) -> list[str]:
    return [name for name, one in result.items() if one["outcome"] == outcome]


class Things:
    """A small API with a list, pages, single things, and a token. `wrong`: what it does otherwise."""

    def __init__(self, wrong: Callable[[Asked], Reply | None] = lambda _: None) -> None:
        self.things = {str(number): {"id": str(number), "title": f"t{number}"} for number in range(1, 4)}
        self._wrong = wrong

    def __call__(self, asked: Asked) -> Reply:
        path = urlsplit(asked.path)
        if (other := self._wrong(asked)) is not None:
            return other
        if asked.headers.get("Authorization") != "Bearer good-token":
            return Reply(401, {"error": "unauthorized"})
        if path.path == "/health":
            return Reply(200, {"status": "ok"}, {"X-RateLimit-Remaining": "99", "X-RateLimit-Reset": "5"})
        if path.path == "/things":
            return self._collection(asked, {name: value[0] for name, value in parse_qs(path.query).items()})
        if path.path.startswith("/things/"):
            return self._one(asked, path.path.removeprefix("/things/"))
        return Reply(404, {"error": "not_found"})

    def _collection(self, asked: Asked, query: dict[str, str]) -> Reply:
        if asked.method == "POST":
            number = str(len(self.things) + 1)
            self.things[number] = {**asked.json, "id": number}
            return Reply(201, self.things[number])
        if not query.get("limit", "").isdigit():
            return Reply(400, {"error": "bad_limit"})
        start, size = int(query.get("cursor", 0)), int(query["limit"])
        page = list(self.things.values())[start : start + size]
        following = start + size if start + size < len(self.things) else None
        return Reply(200, {"data": page, "next_cursor": following})

    def _one(self, asked: Asked, number: str) -> Reply:
        if number not in self.things:
            return Reply(404, {"error": "not_found"})
        if asked.method == "DELETE":
            return Reply(204, self.things.pop(number) and None)
        if asked.method == "PATCH":
            self.things[number] |= asked.json
        return Reply(200, self.things[number])


def resource_of(server: Loopback, **more: Any) -> dict[str, Any]:
    return {
        "name": "things",
        "base_url": server.url,
        "endpoints": {"health": "/health"},
        "authentication": {"type": "bearer_token", "token": "good-token"},
        **more,
    }


@pytest.fixture
def serving() -> Iterator[Callable[[Things], Loopback]]:
    from contextlib import ExitStack  # noqa: PLC0415 - of this fixture

    with ExitStack() as stack:
        yield lambda things: stack.enter_context(serve(things))


Serving = Callable[[Things], Loopback]


def test_a_sound_api_passes_all_and_is_left_as_it_was(serving: Serving) -> None:
    things = Things()
    server = serving(things)
    before = dict(things.things)
    result, remains = api_tried("integration", resource_of(server), LISTED)
    assert outcomes(result, "failed") == []
    assert outcomes(result, "skipped") == ["many calls in a row"]
    assert (things.things, remains) == (before, [])
    assert result["the limit is told"]["found"] == "99 calls left, renewed in 5 s."
    assert result["it is updated"]["sent"] == ["PATCH /things/4 with count, title", "GET /things/4"]
    assert result["what is not there is refused"]["found"] == (
        "Status 404, which a job meets as FixSettings. The body names error."
    )
    assert all(one["milliseconds"] > 0 for one in result.values() if one["sent"])
    assert "good-token" not in json.dumps(result)


def test_nothing_is_written_unless_it_is_allowed(serving: Serving) -> None:
    server = serving(Things())
    result, _ = api_tried("integration", resource_of(server), Wishes(list_path="/things", sample={"a": "b"}))
    assert result["create, read back, update, delete"]["outcome"] == "skipped"
    assert {asked.method for asked in server.asked} <= {"GET", "TRACE"}


def repeated_page(asked: Asked) -> Reply | None:
    if asked.path.startswith("/things?") and "cursor" in asked.path:
        return Reply(200, {"data": [{"id": "1"}], "next_cursor": None})
    return None


def open_to_everybody(asked: Asked) -> Reply | None:
    return Reply(200, {"status": "ok"}) if asked.path in {"/health", "/millwright-no-such-id"} else None


def fails_over_nonsense(asked: Asked) -> Reply | None:
    return Reply(500, {"error": "boom"}) if "limit=millwright" in asked.path else None


def finds_everything(asked: Asked) -> Reply | None:
    return Reply(200, {"id": "x"}) if "no-such" in asked.path else None


def forgets_changes(asked: Asked) -> Reply | None:
    return Reply(200, {"ok": True}) if asked.method == "PATCH" else None


def keeps_what_is_deleted(asked: Asked) -> Reply | None:
    return Reply(204) if asked.method == "DELETE" else None


def deletes_nothing(asked: Asked) -> Reply | None:
    return Reply(405, {"error": "method"}) if asked.method == "DELETE" else None


def refuses_records(asked: Asked) -> Reply | None:
    return Reply(422, {"error": "bad"}) if asked.method == "POST" else None


def loses_answers(asked: Asked) -> Reply | None:
    return Reply(drop=True) if asked.method == "POST" else None


def answers_creations_in_html(asked: Asked) -> Reply | None:
    return Reply(201, b"<html>made</html>") if asked.method == "POST" else None


def shows_things_in_html(asked: Asked) -> Reply | None:
    is_thing = asked.method == "GET" and asked.path == "/things/4"
    return Reply(200, b"<html>a thing</html>") if is_thing else None


@pytest.mark.parametrize(
    ("wrong", "failing", "remaining"),
    [
        (answers_creations_in_html, ["a record is created"], 1),
        (shows_things_in_html, ["it is read back", "it is updated", "it is deleted"], 1),
        (repeated_page, ["two pages have no item in common"], 0),
        (open_to_everybody, ["a wrong credential is refused", "what is not there is refused"], 0),
        (fails_over_nonsense, ["a parameter without sense is refused"], 0),
        (finds_everything, ["what is not there is refused"], 0),
        (forgets_changes, ["it is updated"], 0),
        (keeps_what_is_deleted, ["it is deleted"], 1),
        (deletes_nothing, [], 1),
        (refuses_records, ["a record is created"], 0),
        (loses_answers, ["a record is created"], 1),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_an_api_does_wrong_is_named(
    wrong: Callable[[Asked], Reply | None], failing: list[str], remaining: int, serving: Serving
) -> None:
    result, remains = api_tried("integration", resource_of(serving(Things(wrong))), LISTED)
    assert outcomes(result, "failed") == failing
    assert len(remains) == remaining, remains


def test_a_refusal_for_too_many_calls_is_understood(serving: Serving) -> None:
    asked_for: list[str] = []

    def throttled(asked: Asked) -> Reply | None:
        asked_for.append(asked.path)
        many = asked_for.count("/health") > 6
        return (
            Reply(429, {"error": "slow"}, {"Retry-After": "30"}) if many and asked.path == "/health" else None
        )

    result, _ = api_tried("integration", resource_of(serving(Things(throttled))), Wishes(burst=20))
    burst = result["20 calls in a row"]
    assert burst["outcome"] == "passed"
    assert "Refused after" in burst["found"]
    assert asked_for.count("/health") < 20


def test_a_service_that_is_not_there_fails_its_checks_in_sentences() -> None:
    resource = {"base_url": "http://127.0.0.1:9", "endpoints": {"health": "/health"}}
    result, _ = api_tried("integration", resource, Wishes())
    assert "could not be reached" in result["the credential is accepted"]["found"]
    assert "failed" in {one["outcome"] for one in result.values()}


@pytest.mark.parametrize(
    ("kind", "twin", "resource", "path", "least"),
    [
        ("stripe", "stripe", {"token": "sk_test_x"}, "", 10),
        ("slack", "slack", {"token": "xoxb-good"}, "/api", 4),
        ("twilio", "twilio", {"accountSid": "AC1", "token": "good"}, "", 6),
        ("sendgrid", "sendgrid", {"token": "SG.good"}, "/v3", 4),
        ("resend", "resend", {"token": "re_good"}, "", 4),
        ("github", "github", {"token": "good"}, "", 5),
        ("vessey", "vessey", {"api_key": "good"}, "/v1", 7),
        ("graphql", "graphql", {"bearer_token": "good"}, "/graphql", 3),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else "",
)
def test_the_twins_are_as_the_services(
    kind: str, twin: str, resource: dict[str, Any], path: str, least: int, twins: TwinProcess
) -> None:
    client = twins.client(twin)
    client.forget()
    client.put_faults()
    given = {**resource, "base_url": f"{client.url}{path}"}
    result, remains = api_tried(kind, given, Wishes(write=True))
    assert outcomes(result, "failed") == []
    assert len(outcomes(result, "passed")) >= least, result
    assert remains == []


@pytest.mark.parametrize(
    ("resource", "broken"),
    [
        ({"token": "sk_test_123"}, {"token": "sk_test_wrong"}),
        ({"token": "xoxb-1-2"}, {"token": "xoxb-wrong"}),
        ({"accountSid": "AC1", "token": "t"}, {"accountSid": "AC1", "token": "wrong"}),
        (
            {"accessKey": "AKIA1", "secretKey": "s", "bucket": "b"},
            {"accessKey": "wrong", "secretKey": "wrong", "bucket": "b"},
        ),
        (
            {
                "authentication": {
                    "type": "oauth2",
                    "token_url": "https://x",
                    "client_id": "i",
                    "client_secret": "s",
                }
            },
            {
                "authentication": {
                    "type": "oauth2",
                    "token_url": "https://x",
                    "client_id": "i",
                    "client_secret": "wrong",
                }
            },
        ),
        ({"base_url": "https://api.example.com"}, {"base_url": "https://api.example.com"}),
    ],
)
def test_every_secret_is_broken_and_nothing_else(resource: dict[str, Any], broken: dict[str, Any]) -> None:
    assert break_credential(resource) == broken


@pytest.mark.parametrize(
    ("address", "stand_in"),
    [
        ("/twins/stripe", True),
        ("script:f/customers/mock_customer_api", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("https://api.stripe.com", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_only_stand_ins_get_a_wrong_credential_unasked(address: str, stand_in: bool) -> None:
    assert is_stand_in({"base_url": address}) is stand_in


def test_a_real_service_gets_no_wrong_credential_unasked() -> None:
    from f.operate.testing.plans import plan  # noqa: PLC0415 - of this test alone

    service = service_of("stripe")
    assert service is not None
    resource = {"token": "sk_test_x"}
    for asked_for in (False, True):
        wishes = Wishes(wrong_credential=asked_for)
        checks = list(plan(service, resource, service.canary(resource), wishes, "m", lambda: 0.0))
        assert any(check.broken for check in checks) is asked_for


@pytest.mark.parametrize("kind", ["hubspot", "salesforce", "stripe"])
def test_a_crm_is_written_to_and_left_as_it_was(kind: str, twins: TwinProcess) -> None:
    twin = twins.client(kind)
    twin.forget()
    if kind != "stripe":  # which tells right tokens from wrong ones by their form
        twin.put_settings(token="sk_test_right")
    credential = {"type": "bearer_token", "token": "sk_test_right"}
    resource = {"kind": kind, "base_url": twin.url, "authentication": credential}
    result, remains = api_tried("customer_api", resource, Wishes(write=True))
    twin.put_settings()
    assert (outcomes(result, "failed"), remains) == ([], [])
    assert {"a record is created", "it is updated", "it is deleted"} <= set(outcomes(result, "passed"))
