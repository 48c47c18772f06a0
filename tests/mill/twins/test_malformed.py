"""What no service could read is refused by its twin with a 4xx, never a server error."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.mill.twins.stage import TwinProcess

TWILIO = {"Authorization": "Basic " + base64.b64encode(b"AC1:token").decode()}
SLACK = {"Authorization": "Bearer xoxb-1"}
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("twin", "method", "path", "body", "headers"),
    [
        ("customers", "GET", f"/customers/{DIGITS}", None, {}),
        ("customers", "GET", f"/customers/{'9' * 18}", None, {}),
        ("customers", "POST", "/customers", rb'{"name": "a", "email": "\ud800@b.co"}', {}),
        ("customers", "POST", "/customers", b'{"name": "a", "email": "a@b.co", "n": 1e999}', {}),
        ("customers", "POST", "/customers", b'{"name": "a", "email": "a@b.co", "n": Infinity}', {}),
        ("customers", "POST", "/customers", b'{"n": ' + b"[" * 200 + b"]" * 200 + b"}", {}),
        ("customers", "GET", f"/_ledger?after={'9' * 30}", None, {}),
        (
            "customers",
            "PUT",
            "/_faults",
            {"script": [{"answer": {"status": 200, "headers": {"A": "€"}}}]},
            {},
        ),
        (
            "customers",
            "PUT",
            "/_faults",
            {"script": [{"answer": {"status": 200, "headers": {"A": "\r\n"}}}]},
            {},
        ),
        ("salesforce", "GET", "/services/data/v65.0/sobjects/Contact/003zzzzzzzzzzzz", None, {}),
        (
            "salesforce",
            "GET",
            f"/services/data/v65.0/query?q=SELECT+Id+FROM+Contact+LIMIT+{DIGITS}",
            None,
            {},
        ),
        ("salesforce", "GET", f"/services/data/v65.0/query/0r8000000000001AAA-{DIGITS}", None, {}),
        ("twilio", "GET", "/2010-04-01/Accounts/AC1/Messages.json?PageSize=x", None, TWILIO),
        ("twilio", "GET", f"/2010-04-01/Accounts/AC1/Messages.json?PageSize={DIGITS}", None, TWILIO),
    ],
)
def test_numbers_texts_and_depths_beyond_measure_are_refused(
    twins: TwinProcess, twin: str, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    sent = {"Content-Type": "application/json"} if body else {}
    answer = twins.client(twin).send(method, path, body, {**sent, **headers})
    assert 400 <= answer.status < 500, answer


@pytest.mark.parametrize(("query", "word"), [("oldest=x", "invalid_ts_oldest"), ("limit=x", "invalid_limit")])
def test_slack_says_what_is_wrong_with_a_query_in_its_own_words(
    twins: TwinProcess, query: str, word: str
) -> None:
    answer = twins.client("slack").send(
        "GET", f"/api/conversations.history?channel=C0ALERTS&{query}", None, SLACK
    )
    assert (answer.status, answer.json["error"]) == (200, word)


def test_an_upload_that_is_no_csv_is_refused_when_its_job_closes(twins: TwinProcess) -> None:
    client = twins.client("salesforce")
    jobs = "/services/data/v65.0/jobs/ingest"
    job = client.post(jobs, {"object": "Contact", "operation": "insert"}).json["id"]
    body = b"LastName\n" + b"x" * 200_000 + b"\n"
    assert client.send("PUT", f"{jobs}/{job}/batches", body, {"Content-Type": "text/csv"}).status == 201
    closed = client.patch(f"{jobs}/{job}", {"state": "UploadComplete"})
    assert closed.status == 400
    assert "not CSV" in closed.body.decode()
