"""Rows meet a real HTTP server that behaves and misbehaves; every row has exactly one outcome."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from f.connect.client import Client
from f.customers.targets.customer_api import open_target
from f.records.rows.row import Row
from f.records.sending.run import Sent, send_rows
from f.records.target.field_names import FieldNames
from f.records.target.target import OnDuplicate
from tests.loopback import Answer, Asked, Loopback, Reply, serve
from tests.records import customer_row

FAST = {
    "retry_attempts": 3,
    "initial_delay": 0.001,
    "max_delay": 0.002,
    "max_concurrent_requests": 4,
    "timeout": 5,
}


def rows(count: int) -> list[Row]:
    return [customer_row(line, f"Customer {line}", f"c{line}@example.com") for line in range(2, count + 2)]


def send(
    answer: Answer,
    count: int = 6,
    *,
    kind: str = "generic",
    on_duplicate: OnDuplicate = "skip",
    settings: Mapping[str, Any] | None = None,
    **resource: Any,
) -> tuple[Sent, Loopback]:
    with serve(answer) as server:
        if "proven" in resource:
            resource["proven"] = {"target": f"generic {server.url}/customers", **resource["proven"]}
        api = {"kind": kind, "base_url": server.url, "settings": {**FAST, **(settings or {})}, **resource}
        target = open_target(api)
        with Client(target.integration) as client:
            sent = send_rows(rows(count), target, client, on_duplicate=on_duplicate, sleep=lambda _: None)
    assert [row.line for row, _ in sent.outcomes] == [row.line for row in rows(count)]
    return sent, server


def outcomes(sent: Sent) -> dict[str, int]:
    return dict(Counter(end.outcome for _, end in sent.outcomes))


def codes(sent: Sent) -> dict[str, int]:
    return dict(Counter(end.code for _, end in sent.outcomes))


@pytest.mark.parametrize(
    ("reply", "outcome", "code"),
    [
        (Reply(201, {"id": "c1"}), "created", ""),
        (Reply(200, {"data": {"id": 7}}), "created", ""),
        (Reply(201, headers={"Location": "/customers/9"}), "created", ""),
        (Reply(400, {"message": "no"}), "rejected", "rejected_by_api"),
        (Reply(422, {"errors": [{"field": "email", "message": "taken"}]}), "rejected", "rejected_by_api"),
        (Reply(409, {"existing_id": "c1"}), "duplicate", "already_exists"),
        (Reply(429, headers={"Retry-After": "0"}), "failed", "service_unavailable"),
        # RFC 9110 says of no 5xx that nothing was done.
        (Reply(503), "unknown", "answer_lost"),
        (Reply(502), "unknown", "answer_lost"),
        (Reply(500), "unknown", "answer_lost"),
        (Reply(drop=True), "unknown", "answer_lost"),
        # What does not say that the row was applied proves nothing.
        (Reply(200, {}), "created", ""),
        (Reply(204), "created", ""),
        (Reply(201, b"made"), "created", ""),
        (Reply(200, b""), "unknown", "answer_unclear"),
        (Reply(200, b"<!doctype html><title>Sign in</title>"), "unknown", "answer_unclear"),
        (Reply(200, b"ok", headers={"Content-Type": "text/plain"}), "unknown", "answer_unclear"),
        (Reply(200, {"ok": False, "error": "no_such_list"}), "unknown", "answer_unclear"),
        (Reply(200, {"status": "error", "message": "no database"}), "unknown", "answer_unclear"),
        (Reply(200, {"status": "fail", "data": {}}), "unknown", "answer_unclear"),
        (Reply(200, {"statusCode": 500}), "unknown", "answer_unclear"),
        (Reply(200, {"Success": "false"}), "unknown", "answer_unclear"),
        (Reply(200, {"error_code": 12}), "unknown", "answer_unclear"),
        (Reply(200, []), "unknown", "answer_unclear"),
        (Reply(200, {"id": "1", "status": "failed", "code": 404}), "created", ""),
        (Reply(201, b"<html>"), "unknown", "answer_unclear"),
        (Reply(400, b"<html>Bad gateway configuration</html>"), "unknown", "answer_unclear"),
        (Reply(413, b"<html>Too large</html>"), "rejected", "rejected_by_api"),
        (Reply(202, {"queued": True}), "unknown", "accepted"),
    ],
)
def test_each_reply_is_one_outcome_for_every_row(reply: Reply, outcome: str, code: str) -> None:
    sent, _ = send(lambda _: reply, 3)
    assert outcomes(sent) == {outcome: 3}
    assert codes(sent) == {code: 3}
    assert sent.stopped is None


@pytest.mark.parametrize(
    ("reply", "id"),
    [
        (Reply(201, {"id": "c1"}), "c1"),
        (Reply(201, {"data": {"id": 7}}), "7"),
        (Reply(201, headers={"Location": "https://x.example.com/customers/9"}), "9"),
        (Reply(201, b"created"), None),
    ],
)
def test_the_new_id_is_read_where_apis_put_it(reply: Reply, id: str | None) -> None:
    sent, _ = send(lambda _: reply, 1)
    assert sent.outcomes[0][1].id == id


def test_a_status_means_what_the_resource_declares() -> None:
    settings = {"not_applied_on_status": [503], "applied_on_status": [202]}
    sent, _ = send(lambda _: Reply(503), 3, settings=settings)
    assert codes(sent) == {"service_unavailable": 3}
    sent, _ = send(lambda _: Reply(202), 3, settings=settings)
    assert outcomes(sent) == {"created": 3}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_service_is_asked_again_with_the_same_key_if_it_was_shown_to_obey_it(status: int) -> None:
    seen: Counter[str] = Counter()

    def busy_once(asked: Asked) -> Reply:
        key = asked.headers["Idempotency-Key"]
        seen[key] += 1
        return Reply(status, headers={"Retry-After": "0"}) if seen[key] == 1 else Reply(201, {"id": "c"})

    sent, server = send(busy_once, proven={"repeats": "key"})
    assert outcomes(sent) == {"created": 6}
    assert set(seen.values()) == {2}
    assert (len(server.asked), sent.retries) == (12, 6)


def test_without_idempotency_keys_a_lost_answer_is_never_repeated() -> None:
    sent, server = send(lambda _: Reply(500), settings={"idempotency_keys": False})
    assert codes(sent) == {"answer_lost": 6}
    assert len(server.asked) == 6
    assert not [asked for asked in server.asked if "Idempotency-Key" in asked.headers]


def test_the_same_row_carries_the_same_key_in_every_run() -> None:
    _, first = send(lambda _: Reply(201, {}))
    _, second = send(lambda _: Reply(201, {}))
    assert len({asked.headers["Idempotency-Key"] for asked in first.asked}) == 6
    # The two servers have other ports, so other targets: compare within one.
    again, _ = send(lambda _: Reply(201, {}))
    assert outcomes(again) == {"created": 6}
    assert len(second.asked) == 6


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_is_tried_once_and_stops_the_run(status: int) -> None:
    sent, server = send(lambda _: Reply(status), 50)
    assert len(server.asked) == 1
    assert codes(sent) == {"credential_refused": 1, "not_sent": 49}
    assert sent.stopped is not None
    assert sent.stopped["code"] == "credential_refused"


@pytest.mark.parametrize("status", [404, 405, 301])
def test_a_wrong_endpoint_stops_the_run(status: int) -> None:
    sent, server = send(lambda _: Reply(status, headers={"Location": "/elsewhere"}), 50)
    assert len(server.asked) == 1
    assert codes(sent) == {"wrong_settings": 1, "not_sent": 49}


def test_a_credential_refused_in_the_middle_leaves_the_rest_unsent() -> None:
    def expires(asked: Asked) -> Reply:
        return Reply(201, {}) if int(asked.json["name"].split()[1]) < 20 else Reply(401)

    sent, server = send(expires, 100, settings={"batch_size": 10})
    assert outcomes(sent)["created"] == 18
    assert len(server.asked) < 40
    assert sum(outcomes(sent).values()) == 100


def test_a_service_that_is_down_is_waited_for_and_then_the_import_stops() -> None:
    sent, server = send(lambda _: Reply(503), 200, settings={"not_applied_on_status": [503]})
    assert outcomes(sent) == {"failed": 200}
    assert sent.stopped is not None
    assert sent.stopped["code"] == "service_down"
    assert len(server.asked) < 100


def test_a_bad_row_does_not_hold_back_the_others() -> None:
    sent, _ = send(
        lambda asked: Reply(400, {"message": "no"}) if "c4@" in asked.json["email"] else Reply(201, {})
    )
    assert outcomes(sent) == {"created": 5, "rejected": 1}


def test_an_api_explanation_is_masked_and_cut() -> None:
    body = {"message": "ada.lovelace@example.com is taken. " + "Very long. " * 100}
    sent, _ = send(lambda _: Reply(422, body), 1)
    detail = sent.outcomes[0][1].detail
    assert "ada.lovelace" not in detail
    assert detail.startswith("422 ")
    assert len(detail) <= 310


@pytest.mark.parametrize(
    ("on_duplicate", "outcome"), [("skip", "duplicate"), ("update", "updated"), ("fail", "rejected")]
)
def test_an_existing_customer_is_skipped_updated_or_rejected(on_duplicate: OnDuplicate, outcome: str) -> None:
    def exists(asked: Asked) -> Reply:
        return Reply(200, {}) if asked.method == "PATCH" else Reply(409, {"existing_id": "c7"})

    sent, server = send(exists, on_duplicate=on_duplicate)
    assert outcomes(sent) == {outcome: 6}
    patched = {asked.path for asked in server.asked if asked.method == "PATCH"}
    assert patched == ({"/customers/c7"} if on_duplicate == "update" else set())


@pytest.mark.parametrize(
    ("kind", "sent_body", "exists", "id"),
    [
        (
            "hubspot",
            {
                "inputs": [
                    {
                        "properties": {
                            "email": "c2@example.com",
                            "firstname": "Customer",
                            "lastname": "2",
                        },
                        "objectWriteTraceId": "2",
                    }
                ]
            },
            Reply(409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 42"}),
            "42",
        ),
        (
            "salesforce",
            {
                "allOrNone": False,
                "records": [
                    {
                        "attributes": {"type": "Contact"},
                        "Email": "c2@example.com",
                        "FirstName": "Customer",
                        "LastName": "2",
                    }
                ],
            },
            Reply(
                400,
                [
                    {
                        "errorCode": "DUPLICATES_DETECTED",
                        "message": "Use one of these records?",
                        "duplicateResult": {"matchResults": [{"matchRecords": [{"record": {"Id": "003A"}}]}]},
                    }
                ],
            ),
            "003A",
        ),
    ],
)
def test_a_crm_gets_its_own_field_names_and_its_duplicates_are_known(
    kind: str, sent_body: dict[str, Any], exists: Reply, id: str
) -> None:
    nobody = Reply(200, {"totalSize": 0, "done": True, "records": []})
    sent, server = send(lambda asked: nobody if asked.method == "GET" else exists, 1, kind=kind)
    assert server.asked[-1].json == sent_body
    assert (sent.outcomes[0][1].outcome, sent.outcomes[0][1].id) == ("duplicate", id)


@pytest.mark.parametrize(
    ("authentication", "header", "value"),
    [
        ({"type": "none"}, "Authorization", None),
        ({"type": "bearer_token", "token": "t0ken"}, "Authorization", "Bearer t0ken"),
        ({"type": "api_key", "key": "k3y", "name": "X-Custom-Key"}, "X-Custom-Key", "k3y"),
        ({"type": "basic", "username": "u", "password": "p"}, "Authorization", "Basic dTpw"),
    ],
)
def test_every_authentication_of_the_resource_reaches_the_api(
    authentication: dict[str, str], header: str, value: str | None
) -> None:
    _, server = send(lambda _: Reply(201, {}), 1, authentication=authentication)
    assert server.asked[0].headers.get(header) == value


def test_no_more_requests_are_under_way_than_the_resource_allows() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def count(_: Asked) -> Reply:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)
        with lock:
            now -= 1
        return Reply(201, {})

    send(count, 40, settings={"max_concurrent_requests": 3})
    assert 2 <= most <= 3


@pytest.mark.parametrize("kind", ["generic", "hubspot", "salesforce"])
def test_a_row_is_rendered_once_however_often_it_is_sent(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: Counter[str] = Counter()
    render = FieldNames.render

    def counted(fields: FieldNames, values: Mapping[str, str], custom: Mapping[str, str]) -> dict[str, Any]:
        rendered[values["email"]] += 1
        return render(fields, values, custom)

    monkeypatch.setattr(FieldNames, "render", counted)
    endpoints = {"batch": "/batch"} if kind == "generic" else {}
    nobody = Reply(200, {"totalSize": 0, "done": True, "records": []})
    sent, server = send(
        lambda asked: nobody if asked.method == "GET" else Reply(400),
        kind=kind,
        endpoints=endpoints,
    )
    assert len(server.asked) > 1
    assert rendered == {row.record["email"]: 1 for row, _ in sent.outcomes}
    assert not [row for row, _ in sent.outcomes if row.rendered]  # nothing is kept for later
