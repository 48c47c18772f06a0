"""What each kind of target is sent, and what its replies mean: pure, against payloads as documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import ANY

import pytest

from f.connect.calls.message import Request, Response
from f.connect.errors import FixSettings
from f.connect.times import parse_iso
from f.customers.targets.customer_api import open_target
from f.records.rows.outcome import RowOutcome
from f.records.rows.row import Found, Row
from f.records.target.lookup_proof import LookupProof, LookupReading
from f.records.target.target import Lookup, OnDuplicate, Target
from tests.records import customer_row


def target(kind: str, settings: Mapping[str, Any] | None = None, **parts: Any) -> Target:
    api = {"kind": kind, "base_url": "https://api.example.com", "settings": settings or {}, **parts}
    return open_target(api)


def rows(count: int, **fields: str) -> list[Row]:
    return [
        customer_row(line, f"Ada {line}", f"ada{line}@example.com", dict(fields))
        for line in range(2, count + 2)
    ]


def requests(at: Target, count: int = 3, on_duplicate: OnDuplicate = "skip", **fields: str) -> list[Request]:
    return list(at.kind.requests_for(rows(count, **fields), at, on_duplicate))


def reply(status: int, body: Any, request: Request | None = None) -> Response:
    return Response(
        request=request or Request(method="POST", path="/"),
        status=status,
        headers={},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        elapsed=0.0,
        attempts=1,
        request_id="1",
        call="POST api.example.com/",
        url="https://api.example.com/",
    )


def read(at: Target, status: int, body: Any, count: int = 3) -> list[RowOutcome]:
    return at.kind.outcomes_from(reply(status, body), rows(count), at)


def lookup(at: Target) -> Lookup:
    assert at.kind.lookup is not None
    return at.kind.lookup


def looked_up(
    at: Target, response: Response, given: list[Row], proof: LookupProof | None = None
) -> LookupReading:
    return lookup(at).read_lookup(response, given, at, proof)


def codes(ends: list[RowOutcome]) -> list[str]:
    return [end.code or end.outcome for end in ends]


# how many rows a request takes


@pytest.mark.parametrize(
    ("at", "count", "sizes"),
    [
        (target("generic"), 3, [1, 1, 1]),
        (target("generic", endpoints={"batch": "/batch"}), 250, [100, 100, 50]),
        (target("generic", {"rows_per_request": 40}, endpoints={"batch": "/batch"}), 100, [40, 40, 20]),
        (target("hubspot"), 250, [100, 100, 50]),
        (target("hubspot", {"rows_per_request": 5000}), 150, [100, 50]),
        (target("salesforce"), 450, [200, 200, 50]),
    ],
    ids=lambda value: value.kind.name if isinstance(value, Target) else None,
)
def test_a_request_takes_what_the_api_takes(at: Target, count: int, sizes: list[int]) -> None:
    assert [len(request.context) for request in requests(at, count)] == sizes


# HubSpot


def test_hubspot_is_asked_to_create_or_to_upsert_each_with_a_trace_of_its_own() -> None:
    [create] = requests(target("hubspot"), 2)
    assert create.path == "/crm/v3/objects/contacts/batch/create"
    assert [one["objectWriteTraceId"] for one in create.json["inputs"]] == ["2", "3"]
    [upsert] = requests(target("hubspot"), 1, "update")
    assert upsert.path == "/crm/v3/objects/contacts/batch/upsert"
    assert upsert.json["inputs"][0] == {
        "id": "ada2@example.com",
        "idProperty": "email",
        "objectWriteTraceId": "2",
        "properties": {"email": "ada2@example.com", "firstname": "Ada", "lastname": "2"},
    }


def test_hubspot_may_be_reached_by_a_dated_path_and_told_by_another_property() -> None:
    at = target(
        "hubspot", {"id_property": "customer_no"}, endpoints={"customers": "/crm/objects/2026-03/contacts"}
    )
    [upsert] = requests(at, 1, "update", external_id="C-7")
    assert upsert.path == "/crm/objects/2026-03/contacts/batch/upsert"
    assert (upsert.json["inputs"][0]["idProperty"], upsert.json["inputs"][0]["id"]) == ("customer_no", "C-7")
    assert at.kind.refusal_before_sending(rows(1)[0], at) == RowOutcome.because(
        "missing_required", "customer_no"
    )


def test_hubspots_partial_success_is_joined_by_trace_and_not_by_order() -> None:
    body = {
        "status": "COMPLETE",
        "results": [
            {"id": "14", "objectWriteTraceId": "4", "new": False},
            {"id": "12", "objectWriteTraceId": "2"},
        ],
        "numErrors": 1,
        "errors": [
            {
                "status": "error",
                "category": "CONFLICT",
                "message": "Contact already exists. Existing ID: 99",
                "context": {"objectWriteTraceId": ["3"]},
            }
        ],
    }
    assert read(target("hubspot"), 207, body) == [
        RowOutcome("created", id="12"),
        RowOutcome.because("already_exists", id="99"),
        RowOutcome("updated", id="14"),
    ]


@pytest.mark.parametrize(
    ("status", "body", "count", "expected"),
    [
        (400, {"category": "VALIDATION_ERROR", "message": "no"}, 1, ["rejected_by_api"]),
        (400, {"category": "VALIDATION_ERROR", "message": "no"}, 2, ["batch_refused"] * 2),
        (409, {"category": "CONFLICT", "message": "A conflict occurred."}, 2, ["batch_refused"] * 2),
        (409, {"category": "CONFLICT", "message": "A conflict occurred."}, 1, ["rejected_by_api"]),
        (201, {"results": []}, 2, ["answer_lost"] * 2),
        (201, b"<html>", 1, ["answer_lost"]),
        (207, {"errors": [{"context": {"objectWriteTraceId": ["2"]}}]}, 1, ["rejected_by_api"]),
        (207, {"errors": [{"context": None}, "x"], "results": ["x"]}, 1, ["answer_lost"]),
    ],
)
def test_whatever_hubspot_answers_each_row_has_an_outcome(
    status: int, body: Any, count: int, expected: list[str]
) -> None:
    assert codes(read(target("hubspot"), status, body, count)) == expected


def test_hubspot_contacts_are_read_by_email_without_regard_to_case() -> None:
    at = target("hubspot")
    [asked] = lookup(at).lookups_for(rows(2), at, ["email", "lastname"])
    assert asked.json == {
        "idProperty": "email",
        "properties": ["email", "lastname"],
        "inputs": [{"id": "ada2@example.com"}, {"id": "ada3@example.com"}],
    }
    there = {"email": "ADA3@example.com", "lastname": None}
    body = {"results": [{"id": "7", "properties": there}, {"id": "8"}]}
    assert looked_up(at, reply(200, body), rows(2)).found == {3: Found("7", there)}


def test_hubspot_contacts_are_read_by_the_property_that_upserts_go_by() -> None:
    at = target("hubspot", {"id_property": "customer_no"})
    given = rows(1, external_id="C-7")
    [asked] = lookup(at).lookups_for(given, at, ())
    assert (asked.json["idProperty"], asked.json["inputs"]) == ("customer_no", [{"id": "C-7"}])
    there = {"customer_no": "c-7", "email": "another@example.com"}
    body = {"results": [{"id": "7", "properties": there}]}
    assert looked_up(at, reply(200, body), given).found == {2: Found("7", there)}


# Salesforce


def test_salesforce_is_asked_to_create_or_to_upsert_by_external_id_or_email() -> None:
    [create] = requests(target("salesforce"), 1)
    assert (create.method, create.path) == ("POST", "/services/data/v64.0/composite/sobjects")
    assert create.json == {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Contact"},
                "Email": "ada2@example.com",
                "FirstName": "Ada",
                "LastName": "2",
            }
        ],
    }
    [by_email] = requests(target("salesforce"), 1, "update")
    assert (by_email.method, by_email.path) == ("PATCH", f"{create.path}/Contact/Email")
    keyed = target("salesforce", {"external_id_field": "Key__c"})
    [by_key] = requests(keyed, 1, "update", external_id="C-7")
    assert by_key.path == f"{create.path}/Contact/Key__c"
    assert by_key.json["records"][0]["Key__c"] == "C-7"


@pytest.mark.parametrize(
    ("settings", "on_duplicate", "repeatable", "looks_first"),
    [
        ({}, "skip", False, True),
        ({}, "fail", False, True),
        ({}, "update", True, False),
        # that an external id is unique is to be shown first
        ({"external_id_field": "Key__c"}, "skip", False, True),
    ],
)
def test_salesforce_is_asked_first_where_it_would_take_a_second_contact(
    settings: dict[str, str], on_duplicate: OnDuplicate, repeatable: bool, looks_first: bool
) -> None:
    at = target("salesforce", settings)
    [request] = requests(at, 1, on_duplicate, external_id="C-7")
    assert request.may_repeat == repeatable
    assert at.looks_first(on_duplicate) == looks_first


def test_rows_of_one_company_go_to_salesforce_together() -> None:
    at = target("salesforce", {"rows_per_request": 2})
    mixed = [
        customer_row(line, "Ada", f"{line}@example.com", {"company": company})
        for line, company in enumerate(["Beta", "Acme", "Beta", "Acme"])
    ]
    groups = [request.context for request in at.kind.requests_for(mixed, at, "skip")]
    assert [[row.record["company"] for row in group] for group in groups] == [
        ["Acme"] * 2,
        ["Beta"] * 2,
    ]


def test_salesforces_results_stand_in_the_order_of_the_request() -> None:
    def failed(code: str, message: str = "no") -> dict[str, Any]:
        return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}

    body = [
        {"success": True, "id": "003A", "created": True, "errors": []},
        {"success": True, "id": "003B", "created": False, "errors": []},
        failed("UNABLE_TO_LOCK_ROW"),
        failed("DUPLICATES_DETECTED"),
        failed("DUPLICATE_VALUE", "duplicate value found: on record with id: 003000000000001AAA"),
        failed("STRING_TOO_LONG"),
        {"success": False},
    ]
    ends = read(target("salesforce"), 200, body, 7)
    assert codes(ends) == [
        *("created", "updated", "row_locked", "already_exists", "already_exists"),
        *("rejected_by_api", "rejected_by_api"),
    ]
    assert (ends[4].id, ends[5].detail) == ("003000000000001AAA", "STRING_TOO_LONG no")


@pytest.mark.parametrize(
    ("status", "body", "count", "expected"),
    [
        (400, [{"errorCode": "JSON_PARSER_ERROR", "message": "no"}], 2, ["batch_refused"] * 2),
        (400, [{"errorCode": "JSON_PARSER_ERROR", "message": "no"}], 1, ["rejected_by_api"]),
        (200, [{"success": True, "id": "003A"}], 2, ["answer_lost"] * 2),
        (200, b"", 1, ["answer_lost"]),
        (200, {"success": True}, 1, ["answer_lost"]),
    ],
)
def test_whatever_salesforce_answers_each_row_has_an_outcome(
    status: int, body: Any, count: int, expected: list[str]
) -> None:
    assert codes(read(target("salesforce"), status, body, count)) == expected


def test_salesforce_is_queried_with_quoted_addresses() -> None:
    at = target("salesforce")
    row = customer_row(2, "Ada", r"o'bri\en@example.com")
    [query] = lookup(at).lookups_for([row], at, ["LastName"])
    assert query.params == {
        "q": r"SELECT Id, Email, LastName FROM Contact WHERE Email IN ('o\'bri\\en@example.com')"
    }
    there = {"Id": "003A", "Email": r"O'Bri\en@example.com", "LastName": "Ada"}
    body = {"records": [there, {"Id": "003B", "Email": None}]}
    assert looked_up(at, reply(200, body), [row]).found == {2: Found("003A", there)}


def test_salesforce_is_queried_by_the_external_id_that_upserts_go_by() -> None:
    at = target("salesforce", {"external_id_field": "Key__c"})
    given = rows(1, external_id="C-7")
    [query] = lookup(at).lookups_for(given, at, ())
    assert query.params == {"q": "SELECT Id, Key__c FROM Contact WHERE Key__c IN ('C-7')"}
    there = {"Id": "003A", "Key__c": "c-7"}
    assert looked_up(at, reply(200, {"records": [there]}), given).found == {2: Found("003A", there)}


@pytest.mark.parametrize("name", ["Id FROM User", "Name, Id", "", "Ä__c", "A..B", "(SELECT Id FROM Cases)"])
def test_a_query_selects_nothing_but_fields(name: str) -> None:
    at = target("salesforce")
    with pytest.raises(FixSettings, match="is not a field of Salesforce"):
        list(lookup(at).lookups_for(rows(1), at, [name]))
    [query] = lookup(at).lookups_for(rows(1), at, ["Account.Key__c"])
    assert "SELECT Id, Email, Account.Key__c FROM" in str(query.params)


@pytest.mark.parametrize(
    ("fields", "settings", "code", "said"),
    [
        ({"last_name": "L" * 81}, {}, "too_long", "LastName: 81 characters, at most 80"),
        ({"last_name": "L" * 80}, {}, None, ""),
        ({"city": "C" * 41}, {}, "too_long", "MailingCity"),
        ({}, {"external_id_field": "Key__c"}, "missing_required", "Key__c"),
        ({"external_id": "7"}, {"external_id_field": "Key__c"}, None, ""),
    ],
)
def test_what_salesforce_is_known_to_refuse_is_not_sent(
    fields: dict[str, str], settings: dict[str, str], code: str | None, said: str
) -> None:
    at = target("salesforce", settings)
    refusal = at.kind.refusal_before_sending(rows(1, **fields)[0], at)
    assert (refusal.code if refusal else None) == code
    assert said in (refusal.detail if refusal else "")


def test_an_endpoint_that_is_no_salesforce_object_is_a_setting_to_mend() -> None:
    at = target("salesforce", endpoints={"customers": "/contacts"})
    with pytest.raises(Exception, match="not a Salesforce object"):
        requests(at, 1)


# generic


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"status": 201, "id": 7}, "created"),
        ({"status": 409, "existing_id": "7"}, "already_exists"),
        ({"status": 422, "message": "no"}, "rejected_by_api"),
        ({"status": 429}, "service_unavailable"),
        ({"status": 503}, "answer_lost"),
        ({"status": 500}, "answer_lost"),
        ({}, "answer_lost"),
    ],
)
def test_each_result_of_a_batch_is_the_outcome_of_its_row(result: dict[str, Any], expected: str) -> None:
    at = target("generic", endpoints={"batch": "/batch"})
    assert codes(read(at, 200, {"results": [result, {"status": 201}]}, 2)) == [expected, "created"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"results": [{"status": 201}]}, "answer_lost"),
        (200, {"results": "all"}, "answer_lost"),
        (202, b"", "answer_lost"),
        (422, {"message": "no"}, "batch_refused"),
        (413, b"", "batch_refused"),
    ],
)
def test_a_batch_reply_that_names_no_row_is_the_same_for_all(status: int, body: Any, expected: str) -> None:
    at = target("generic", endpoints={"batch": "/batch"})
    assert codes(read(at, status, body, 2)) == [expected] * 2


def test_the_key_of_a_batch_is_that_of_its_content() -> None:
    at = target("generic", endpoints={"batch": "/batch"})
    [one], [same], [longer] = (requests(at, count) for count in (3, 3, 4))
    assert one.json == {"customers": [at.render(row.record) for row in rows(3)]}
    assert one.idempotency_key == same.idempotency_key != longer.idempotency_key
    anew = rows(3)
    anew[1].generation = 1  # under the old key the target would answer once more that it was made
    [again] = at.kind.requests_for(anew, at, "skip")
    assert again.json == one.json
    assert again.idempotency_key != one.idempotency_key


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, [{"id": 7, "email": "ADA2@example.com"}], {2: "7"}),
        (
            200,
            {"data": [{"id": 6, "email": "else@example.com"}, {"id": 7, "email": "ada2@example.com"}]},
            {2: "7"},
        ),
        (200, {"page": {"users": [{"uuid": "7", "email": "ada2@example.com"}]}}, {2: "7"}),
        (200, {"customer": {"id": "7", "email": "ada2@example.com"}}, {2: "7"}),
        # a record without the value we asked for is not ours; the question sent back is no record
        (200, {"id": "7"}, {}),
        (200, {"id": "7", "mail": "ada2@example.com"}, {}),
        (200, {"query": {"email": "ada2@example.com"}, "data": []}, {}),
        (200, {"items": []}, {}),
        (200, {"customers": None}, {}),
        (200, b"", {}),
        (404, {"id": "7", "email": "ada2@example.com"}, {}),
    ],
)
def test_a_customer_is_found_in_the_shapes_such_apis_have(
    status: int, body: Any, found: dict[int, str]
) -> None:
    at = target("generic", endpoints={"lookup": "/customers?email={email}&ref={external_id}"})
    row = rows(1, external_id="a/b")
    [asked] = lookup(at).lookups_for(row, at, ())
    assert asked.path == "/customers?email=ada2%40example.com&ref=a%2Fb"
    reading = looked_up(at, reply(status, body), row)
    assert {line: customer.id for line, customer in reading.found.items()} == found
    assert not reading.absent  # nothing has been learnt of this target


def test_a_customer_is_known_by_the_name_that_the_mapping_gives_the_field() -> None:
    at = target("generic", endpoints={"lookup": "/find/{email}"}, mapping={"email": "contact.email_address"})
    one = {"id": "7", "contact": {"email_address": "ADA2@example.com"}}
    other = {"id": "7", "email": "ada2@example.com"}
    assert looked_up(at, reply(200, [one]), rows(1)).found
    assert not looked_up(at, reply(200, [other]), rows(1)).found


def test_an_external_id_is_compared_as_it_is_written() -> None:
    at = target("generic", endpoints={"lookup": "/customers?ref={external_id}"})
    given = rows(1, external_id="c-7")
    for value, there in (("c-7", True), ("C-7", False), (None, False)):
        body = [{"id": "7", "email": "ada2@example.com", "external_id": value}]
        assert bool(looked_up(at, reply(200, body), given).found) == there
    assert list(lookup(at).lookups_for(rows(1), at, ())) == []  # a row without one cannot be asked for


MADE = {"id": "7", "email": "ada2@example.com"}
NOBODY = {"error": "no such customer"}


@pytest.mark.parametrize(
    ("found", "never_made", "absent", "unlike"),
    [
        ((200, {"data": [MADE]}), (200, {"data": []}), (200, {"data": []}), (200, {"data": [{"id": "8"}]})),
        ((200, {"users": [MADE]}), (200, {"users": []}), (200, {"users": []}), (200, {"data": []})),
        ((200, [MADE]), (200, []), (200, []), (200, {})),
        ((200, MADE), (404, NOBODY), (404, {"error": "gone"}), (404, b"<html>no route</html>")),
        ((200, {"data": MADE}), (200, {"data": None}), (200, {"data": None}), (200, b"")),
        ((200, {"data": {"items": [MADE]}}), (204, b""), (204, b""), (200, {"data": {"items": None}})),
    ],
)
def test_a_look_up_says_not_there_as_it_did_of_a_customer_never_made(
    found: tuple[int, Any], never_made: tuple[int, Any], absent: tuple[int, Any], unlike: tuple[int, Any]
) -> None:
    at = target("generic", endpoints={"lookup": "/customers?email={email}"})
    proving = lookup(at).proving
    assert proving is not None
    proof = proving.prove(rows(1)[0], "7", (reply(*found), reply(*never_made)), 0.0, at)
    assert isinstance(proof, LookupProof)
    assert LookupProof.from_json(json.loads(json.dumps(proof.to_json()))) == proof
    other = [customer_row(3, "Bob", "bob@example.com")]
    assert looked_up(at, reply(*absent), other, proof).absent == {3}
    assert looked_up(at, reply(*unlike), other, proof) == LookupReading({}, why=ANY)
    assert looked_up(at, reply(*found), rows(1), proof).found


@pytest.mark.parametrize(
    ("found", "never_made", "why"),
    [
        ((404, NOBODY), (404, NOBODY), "did not find"),  # a wrong address
        ((200, {"users": []}), (200, {"users": []}), "did not find"),
        ((200, b"<html>Sign in</html>"), (200, b"<html>Sign in</html>"), "did not find"),
        ((204, b""), (204, b""), "did not find"),
        ((200, [MADE, {"id": "8"}]), (200, [MADE, {"id": "8"}]), "ignores the filter"),
        ((200, MADE), (200, {"id": None, "email": None}), "as for one that is there"),
        ((200, {"data": [MADE]}), (404, b"<html>no route</html>"), "unreadable"),
        ((200, {"data": [{"email": "ada2@example.com"}]}), (200, {"data": []}), "did not find"),
    ],
)
def test_a_look_up_that_cannot_tell_proves_nothing(
    found: tuple[int, Any], never_made: tuple[int, Any], why: str
) -> None:
    at = target("generic", endpoints={"lookup": "/customers?email={email}"})
    proving = lookup(at).proving
    assert proving is not None
    said = proving.prove(rows(1)[0], "7", (reply(*found), reply(*never_made)), 0.0, at)
    assert isinstance(said, str)
    assert why in said


def test_an_address_that_is_not_in_lower_case_is_asked_for_in_both_spellings() -> None:
    at = target("generic", endpoints={"lookup": "/customers?email={email}"})
    asked = lookup(at).lookups_for([customer_row(2, "Ada", "Ada@example.com")], at, ())
    assert [request.path for request in asked] == [
        "/customers?email=Ada%40example.com",
        "/customers?email=ada%40example.com",
    ]


@pytest.mark.parametrize(
    ("status", "body", "absent"),
    [
        (200, {"status": "COMPLETE", "results": []}, {2}),
        (207, {"results": [], "numErrors": 1, "errors": [{"category": "OBJECT_NOT_FOUND"}]}, {2}),
        (207, {"results": [], "errors": [{"category": "RATE_LIMITS"}]}, set()),
        (200, {"users": []}, set()),
        (200, {"results": ["?"]}, set()),
        (404, {"results": []}, set()),
        (200, b"<html>", set()),
    ],
)
def test_hubspot_proves_a_contact_absent_only_in_its_own_shape(
    status: int, body: Any, absent: set[int]
) -> None:
    assert looked_up(target("hubspot"), reply(status, body), rows(1)).absent == absent


@pytest.mark.parametrize(
    ("status", "body", "absent"),
    [
        (200, {"totalSize": 0, "done": True, "records": []}, {2}),
        (200, {"totalSize": 2000, "done": False, "records": []}, set()),
        (200, {"totalSize": 1, "done": True, "records": []}, set()),
        (200, {"records": []}, set()),
        (404, {"totalSize": 0, "done": True, "records": []}, set()),
        (200, b"", set()),
    ],
)
def test_salesforce_proves_a_contact_absent_only_in_a_whole_result(
    status: int, body: Any, absent: set[int]
) -> None:
    assert looked_up(target("salesforce"), reply(status, body), rows(1)).absent == absent


@pytest.mark.parametrize(
    ("body", "settings", "known"),
    [
        ({"existing_id": "7"}, {}, "7"),
        ({"id": "req_123", "message": "exists"}, {}, None),
        ({"error": {"existing": {"id": 7}}}, {"existing_id_field": "error.existing.id"}, "7"),
        ({"id": "7"}, {"existing_id_field": "id"}, "7"),
    ],
)
def test_the_id_of_a_customer_that_is_there_is_taken_where_the_target_says_it_is(
    body: Any, settings: dict[str, Any], known: str | None
) -> None:
    [outcome] = read(target("generic", settings), 409, body, 1)
    assert (outcome.code, outcome.id) == ("already_exists", known)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00.000Z", 60.0),  # as HubSpot writes it
        ("1970-01-01T01:01:00.000+0100", 60.0),  # as Salesforce does
        ("1970-01-01T00:01:00", None),
        ("yesterday", None),
        (60, None),
        (None, None),
    ],
)
def test_a_moment_is_read_where_it_says_its_offset(text: object, seconds: float | None) -> None:
    assert parse_iso(text) == seconds
