from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest

from mill.twins.services.salesforce.ids import from_id, to_id
from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

DATA = "/services/data/v64.0"
CONTACT, ROWS = f"{DATA}/sobjects/Contact", f"{DATA}/composite/sobjects"
ADA = {"LastName": "Example", "FirstName": "Ada", "Email": "ada@example.com"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def api(twins: TwinProcess) -> TwinClient:
    client = twins.client("salesforce")
    client.forget()
    return client


def rows(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"records": [{"attributes": {"type": "Contact"}, **record} for record in records], **more}


def query(api: TwinClient, soql: str) -> Answer:
    return api.get(f"{DATA}/query?q={quote(soql)}")


def test_ids_of_eighteen_characters_survive_a_round_trip_and_a_wrong_suffix_does_not() -> None:
    assert [from_id("003", to_id("003", number)) for number in (1, 61, 62, 10**9)] == [1, 61, 62, 10**9]
    # https://help.salesforce.com/s/articleView?id=000385585: the suffix tells which letters are capitals
    assert to_id("003", 61)[15:] == "AAA"
    assert to_id("003", 35)[15:] == "AAQ"
    assert from_id("003", to_id("003", 61)[:15] + "AAB") is None


def test_versions_are_told_to_anybody(api: TwinClient) -> None:
    versions = api.send("GET", "/services/data", headers={"Authorization": ""}).json
    assert versions[-1].keys() == {"label", "url", "version"}
    assert f"/services/data/v{versions[-1]['version']}" == versions[-1]["url"]


@pytest.mark.parametrize("end", ["", "/"])
def test_a_slash_at_the_end_of_a_path_changes_nothing(api: TwinClient, end: str) -> None:
    assert api.post(CONTACT + end, ADA).status == 201
    assert query(api, "SELECT Id FROM Contact").json["totalSize"] == 1
    assert api.get(f"{DATA}/query{end}?q=SELECT+Id+FROM+Contact").json["totalSize"] == 1
    assert api.get(f"/services/data{end}").status == 200


def test_client_credentials_give_a_session(api: TwinClient) -> None:
    api.put_settings(token="another")
    form = b"grant_type=client_credentials&client_id=client&client_secret=secret"
    session = api.send("POST", "/services/oauth2/token", form, FORM).json
    assert session["instance_url"] == api.url
    assert "expires_in" not in session
    assert TwinClient(api.url, session["access_token"]).post(CONTACT, ADA).status == 201
    assert api.post(CONTACT, ADA).json == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b"grant_type=password", "unsupported_grant_type"),
        (b"grant_type=client_credentials&client_id=x&client_secret=secret", "invalid_client_id"),
        (b"grant_type=client_credentials&client_id=client&client_secret=x", "invalid_client"),
    ],
)
def test_a_refused_sign_in(api: TwinClient, form: bytes, code: str) -> None:
    refused = api.send("POST", "/services/oauth2/token", form, FORM)
    assert (refused.status, refused.json["error"]) == (400, code)


def test_a_contact_is_created_read_and_updated(api: TwinClient) -> None:
    created = api.post(CONTACT, ADA)
    assert created.status == 201
    assert created.json == {"id": created.json["id"], "success": True, "errors": []}
    assert created.headers["sforce-limit-info"].startswith("api-usage=")
    assert (
        api.patch(f"{CONTACT}/{created.json['id']}", {"Title": "Countess", "FirstName": None}).status == 204
    )
    read = api.get(f"{CONTACT}/{created.json['id'][:15]}").json
    assert (read["Title"], read["LastName"], "FirstName" in read) == ("Countess", "Example", False)
    assert api.ledger() == [("created", "ada@example.com"), ("updated", "ada@example.com")]


@pytest.mark.parametrize(
    ("record", "code", "fields"),
    [
        ({"FirstName": "Ada"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ({**ADA, "Email": "ada"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({**ADA, "FirstName": "x" * 41}, "STRING_TOO_LONG", ["FirstName"]),
        ({**ADA, "Email": "known@example.com"}, "DUPLICATES_DETECTED", []),
        ({**ADA, "External_Id__c": "e1"}, "DUPLICATE_VALUE", []),
    ],
)
def test_a_record_salesforce_does_not_take(
    api: TwinClient, record: dict[str, str], code: str, fields: list[str]
) -> None:
    known = {"LastName": "Known", "Email": "known@example.com", "External_Id__c": "E1"}
    existing = api.post(CONTACT, known).json["id"]
    alone = api.post(CONTACT, record)
    assert (alone.status, alone.json[0]["errorCode"]) == (400, code)
    if code == "DUPLICATES_DETECTED":
        match = alone.json[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]
        assert match["record"]["Id"] == existing
    inside = api.post(ROWS, rows({"LastName": "Good"}, record))
    assert inside.status == 200
    assert [row["success"] for row in inside.json] == [True, False]
    assert inside.json[1]["errors"] == [
        {"statusCode": code, "message": alone.json[0]["message"], "fields": fields}
    ]


def test_a_duplicate_is_saved_where_the_header_allows_it(api: TwinClient) -> None:
    api.post(CONTACT, ADA)
    saved = api.send("POST", CONTACT, ADA, {"Sforce-Duplicate-Rule-Header": "allowSave=true"})
    assert saved.status == 201
    assert api.post("/_ledger/check", {"keys": ["ada@example.com"]}).json["twice"] == ["ada@example.com"]


def test_an_upsert_creates_then_updates_and_several_matches_are_named(api: TwinClient) -> None:
    path = f"{CONTACT}/External_Id__c/a%2F1"
    created, updated = api.patch(path, ADA), api.patch(path, {"Title": "Countess"})
    assert (created.status, created.json["created"]) == (201, True)
    assert (updated.status, updated.json) == (200, {**created.json, "created": False})
    api.send("POST", CONTACT, ADA, {"Sforce-Duplicate-Rule-Header": "allowSave=true"})
    several = api.patch(f"{CONTACT}/Email/ada@example.com", {"Title": "Lady"})
    assert several.status == 300
    assert f"{CONTACT}/{created.json['id']}" in several.json


def test_a_collection_upsert_answers_in_request_order(api: TwinClient) -> None:
    api.patch(f"{CONTACT}/External_Id__c/e2", {"LastName": "Two"})
    reply = api.patch(
        f"{ROWS}/Contact/External_Id__c",
        rows(
            {"LastName": "One", "External_Id__c": "e1"},
            {"Title": "Second", "External_Id__c": "e2"},
            {"LastName": "No id"},
            {"LastName": "Three", "External_Id__c": "e3"},
            {"LastName": "Three", "External_Id__c": "E3"},
        ),
    )
    assert [row.get("created") for row in reply.json] == [True, False, None, None, None]
    codes = [row["errors"][0]["statusCode"] for row in reply.json if not row["success"]]
    assert codes == ["MISSING_ARGUMENT", "DUPLICATE_VALUE", "DUPLICATE_VALUE"]


def test_all_or_none_rolls_the_good_rows_back(api: TwinClient) -> None:
    reply = api.post(ROWS, rows(ADA, {"FirstName": "No last name"}, allOrNone=True))
    codes = [row["errors"][0]["statusCode"] for row in reply.json]
    assert (reply.status, codes) == (200, ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"])
    assert api.ledger() == []


def test_locked_rows_fail_alone_and_once(api: TwinClient) -> None:
    api.put_faults(script=[{"operation": "create_rows", "fault": "locked_rows"}])
    records = [{"LastName": str(number)} for number in range(4)]
    first = api.post(ROWS, rows(*records)).json
    assert [row["success"] for row in first] == [False, True, True, False]
    assert first[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert all(row["success"] for row in api.post(ROWS, rows(records[0], records[3])).json)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        (CONTACT, ADA, {"Authorization": ""}, 401, "INVALID_SESSION_ID"),
        (CONTACT, {**ADA, "Shoe_Size__c": "38"}, {}, 400, "INVALID_FIELD"),
        (CONTACT, {**ADA, "Title": 7}, {}, 400, "JSON_PARSER_ERROR"),
        (CONTACT, b"{", {"Content-Type": "application/json"}, 400, "JSON_PARSER_ERROR"),
        (CONTACT, b"<Contact/>", {"Content-Type": "application/xml"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (ROWS, {"records": [ADA]}, {}, 400, "INVALID_INPUT"),
        (ROWS, {"records": [], "more": 1}, {}, 400, "JSON_PARSER_ERROR"),
        (ROWS, rows(*[ADA] * 201), {}, 400, "EXCEEDED_ID_LIMIT"),
        ("/services/data/v9.0/sobjects/Contact", ADA, {}, 404, "NOT_FOUND"),
        (f"{DATA}/sobjects/Lead", ADA, {}, 404, "NOT_FOUND"),
    ],
)
def test_what_is_not_of_the_contract_is_refused(
    api: TwinClient, path: str, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    refused = api.send("POST", path, body, headers)
    assert (refused.status, refused.json[0]["errorCode"]) == (status, code)
    assert api.ledger() == []


def test_the_requests_of_a_day_come_to_an_end(api: TwinClient) -> None:
    api.put_settings(daily_limit=2)
    replies = [api.post(CONTACT, {"LastName": str(number)}) for number in range(3)]
    assert [reply.status for reply in replies] == [201, 201, 403]
    assert [reply.headers["sforce-limit-info"] for reply in replies[:2]] == ["api-usage=1/2", "api-usage=2/2"]
    assert replies[2].json[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    api.put_settings(daily_limit=2, limit_seconds=1e-9)
    assert {api.post(CONTACT, {"LastName": f"Later {number}"}).status for number in range(5)} == {201}


def test_the_limits_of_the_org_are_told(api: TwinClient) -> None:
    api.put_settings(daily_limit=10)
    api.post(CONTACT, ADA)
    assert api.get(f"{DATA}/limits").json["DailyApiRequests"] == {"Max": 10, "Remaining": 8}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("WHERE Email IN ('C0@example.com', 'c2@example.com','nobody@example.com')", ["0", "2"]),
        ("where email = 'c1@example.com'", ["1"]),
        ("WHERE External_Id__c = 'it\\'s 1'", ["1"]),
        ("WHERE Email = 'c1@example.com' AND LastName IN ('0')", []),
        ("WHERE FirstName = null LIMIT 2", ["0", "1"]),
        ("", ["0", "1", "2"]),
    ],
)
def test_queries(api: TwinClient, where: str, found: list[str]) -> None:
    for number in range(3):
        record = {
            "LastName": str(number),
            "Email": f"c{number}@example.com",
            "External_Id__c": f"it's {number}",
        }
        assert api.post(CONTACT, record).status == 201
    reply = query(api, f"SELECT Id, LastName, FirstName FROM Contact {where}").json
    assert [record["LastName"] for record in reply["records"]] == found
    assert (reply["totalSize"], reply["done"]) == (len(found), True)
    for record in reply["records"]:
        assert record["attributes"]["url"] == f"{CONTACT}/{record['Id']}"
        assert record["FirstName"] is None


def test_a_long_answer_comes_in_pages(api: TwinClient) -> None:
    api.put_settings(query_page=2)
    api.post(ROWS, rows(*[{"LastName": str(number)} for number in range(5)]))
    page = query(api, "SELECT LastName FROM Contact").json
    names = [record["LastName"] for record in page["records"]]
    while not page["done"]:
        page = api.get(page["nextRecordsUrl"]).json
        names += [record["LastName"] for record in page["records"]]
    assert names == ["0", "1", "2", "3", "4"]
    assert "nextRecordsUrl" not in page


@pytest.mark.parametrize(
    ("soql", "status", "code"),
    [
        ("DELETE FROM Contact", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email LIKE 'a%'", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'a' OR Email = 'b'", 400, "MALFORMED_QUERY"),
        ("SELECT Shoe FROM Contact", 400, "INVALID_FIELD"),
        ("SELECT Id FROM Lead", 400, "INVALID_TYPE"),
        (f"SELECT Id FROM Contact WHERE Email IN ('{'x' * 17_000}')", 414, "URI_TOO_LONG"),
    ],
)
def test_queries_that_are_refused(api: TwinClient, soql: str, status: int, code: str) -> None:
    refused = query(api, soql)
    assert (refused.status, refused.json[0]["errorCode"]) == (status, code)


def job(api: TwinClient, content: str, **settings: str) -> str:
    """A closed job, however it ended."""
    created = api.post(f"{DATA}/jobs/ingest", {"object": "Contact", "operation": "insert", **settings})
    assert (created.status, created.json["state"]) == (200, "Open"), created.body
    upload = api.send("PUT", "/" + created.json["contentUrl"], content.encode(), {"Content-Type": "text/csv"})
    assert (upload.status, upload.body) == (201, b"")
    path = f"{DATA}/jobs/ingest/{created.json['id']}"
    assert api.patch(path, {"state": "UploadComplete"}).json["state"] == "UploadComplete"
    return path


def results(api: TwinClient, path: str) -> list[dict[str, str]]:
    reply = api.get(path)
    assert reply.headers["content-type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(reply.body.decode())))


def test_a_bulk_job_reports_every_row_once(api: TwinClient) -> None:
    api.put_settings(bulk_seconds=0)
    api.patch(f"{CONTACT}/External_Id__c/e1", {"LastName": "One"})
    content = (
        'External_Id__c,LastName,Email\ne1,"One, again",\ne2,Two,two@example.com\ne3,,three@example.com\n'
    )
    path = job(api, content, operation="upsert", externalIdFieldName="External_Id__c")
    state = api.get(path).json
    assert (state["state"], state["numberRecordsProcessed"], state["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        1,
    )
    done = results(api, f"{path}/successfulResults")
    assert [(row["sf__Created"], row["LastName"]) for row in done] == [
        ("false", "One, again"),
        ("true", "Two"),
    ]
    assert from_id("003", done[1]["sf__Id"]) is not None
    (failed,) = results(api, f"{path}/failedResults")
    assert failed["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert failed["External_Id__c"] == "e3"
    assert results(api, f"{path}/unprocessedrecords") == []
    assert api.get(f"{DATA}/jobs/ingest").json["records"][0]["id"] == state["id"]


def test_a_bulk_job_in_progress_has_no_results_yet(api: TwinClient) -> None:
    api.put_settings(bulk_seconds=600)
    path = job(api, "LastName\nOne\n")
    assert api.get(path).json["state"] == "InProgress"
    assert results(api, f"{path}/successfulResults") == []
    assert api.patch(path, {"state": "Aborted"}).json[0]["errorCode"] == "INVALIDJOBSTATE"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("LastName\r\nOne\r\n", "LineEnding is invalid on user data"),
        ("LastName,Shoe\nOne,38\n", "Field name not found : Shoe"),
        ("", "Field name not found"),
    ],
)
def test_a_bulk_job_that_cannot_be_read_fails_as_a_whole(api: TwinClient, content: str, message: str) -> None:
    api.put_settings(bulk_seconds=0)
    state = api.get(job(api, content)).json
    assert (state["state"], state["numberRecordsProcessed"]) == ("Failed", 0)
    assert message in state["errorMessage"]
    assert api.ledger() == []


def test_a_job_takes_one_upload_of_csv(api: TwinClient) -> None:
    created = api.post(f"{DATA}/jobs/ingest", {"object": "Contact", "operation": "insert"}).json
    path = "/" + created["contentUrl"]
    assert api.send("PUT", path, b"{}", {"Content-Type": "application/json"}).status == 415
    assert [api.send("PUT", path, b"LastName\n", {"Content-Type": "text/csv"}).status for _ in range(2)] == [
        201,
        400,
    ]
    assert api.patch(f"{DATA}/jobs/ingest/{created['id']}", {"state": "Aborted"}).json["state"] == "Aborted"
    assert api.post(f"{DATA}/jobs/ingest", {"object": "Contact", "operation": "upsert"}).status == 400
    assert api.get(f"{DATA}/jobs/ingest/750000000000000AAA").status == 404
