"""Faults as a client's socket sees them, and what the ledger holds afterwards."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mill.errors import MillError
from mill.twins.faults import FaultPlan, Faults
from mill.twins.served import read_config
from tests.mill.twins.stage import TwinClient, TwinProcess

ADA = {"name": "Ada Example", "email": "ada@example.com"}


@pytest.fixture
def api(twins: TwinProcess) -> TwinClient:
    client = twins.client("customers")
    client.forget()
    return client


def connect(api: TwinClient) -> socket.socket:
    parts = urlsplit(api.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def post(connection: socket.socket, api: TwinClient) -> None:
    body = json.dumps(ADA).encode()
    parts = urlsplit(api.url)
    head = f"POST {parts.path}/customers HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += "Authorization: Bearer token\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


@pytest.mark.parametrize(
    ("fault", "applied"), [("reset_before", 0), ("reset_after_commit", 1), ("timeout_after_commit", 1)]
)
def test_a_broken_connection_is_a_tcp_reset_without_a_byte_of_reply(
    api: TwinClient, fault: str, applied: int
) -> None:
    api.put_faults(script=[{"fault": fault}], hang_seconds=0.05)
    with connect(api) as connection:
        post(connection, api)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert len(api.ledger()) == applied


def test_a_timeout_is_silence_until_the_client_leaves(api: TwinClient) -> None:
    api.put_faults(script=[{"fault": "timeout_after_commit"}], hang_seconds=600)
    with connect(api) as connection:
        post(connection, api)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert api.ledger() == [("created", "ada@example.com")]
    assert api.post("/customers", ADA).status == 409


def test_a_connection_lives_on_after_an_ordinary_reply(api: TwinClient) -> None:
    with connect(api) as connection:
        for status in (201, 409):
            post(connection, api)
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            assert (reply.status, reply.read()[:1]) == (status, b"{")


@pytest.mark.parametrize(
    ("fault", "status", "applied"),
    [("error_503", 503, 0), ("throttle_429", 429, 0), ("slow", 201, 1)],
)
def test_faults_that_answer(api: TwinClient, fault: str, status: int, applied: int) -> None:
    api.put_faults(script=[{"operation": "create", "fault": fault}], retry_after=7, slow_seconds=0)
    assert api.get("/health").status == 200
    reply = api.post("/customers", ADA)
    assert reply.status == status
    assert reply.headers.get("retry-after") == ("7" if status == 429 else None)
    assert len(api.ledger()) == applied
    assert api.post("/customers", ADA).status == (409 if applied else 201)


@pytest.mark.parametrize("applied", [False, True])
def test_an_answer_word_for_word_comes_with_or_without_effect(api: TwinClient, applied: bool) -> None:
    answer = {"status": 502, "body": {"from": "gateway"}, "headers": {"X-Gateway": "1"}, "applied": applied}
    api.put_faults(script=[{"answer": answer, "times": 1}])
    reply = api.post("/customers", ADA)
    assert (reply.status, reply.json, reply.headers["x-gateway"]) == (502, {"from": "gateway"}, "1")
    assert len(api.ledger()) == applied


@pytest.mark.parametrize(("keys", "twice"), [(True, False), (False, True)])
def test_a_client_that_repeats_without_keys_is_found_out(api: TwinClient, keys: bool, twice: bool) -> None:
    api.put_settings(unique_email=False)
    api.put_faults(seed=1, rates={"reset_after_commit": 0.1, "error_503": 0.1, "reset_before": 0.1})
    emails = [f"c{number}@example.com" for number in range(100)]
    for email in emails:
        status = 0
        while status != 201:
            key = {"idempotency_key": email} if keys else {}
            try:
                status = api.post("/customers", {"name": "C", "email": email}, **key).status
            except ConnectionError:
                continue
    check = api.post("/_ledger/check", {"keys": emails}).json
    assert check["never"] == []
    assert bool(check["twice"]) == twice
    assert check["once"] + len(check["twice"]) == len(emails)


def test_the_script_comes_first_in_its_order_then_the_seeded_die() -> None:
    faults = Faults.model_validate(
        {
            "seed": 3,
            "rates": {"error_503": 0.2, "slow": 0.1},
            "script": [
                {"operation": "create", "fault": "reset_before", "times": 2},
                {"operation": "*", "fault": "throttle_429"},
            ],
        }
    )
    plan, again = FaultPlan(faults), FaultPlan(faults)
    scripted = [plan.next(operation) for operation in ("get", "create", "create")]
    assert scripted == ["throttle_429", "reset_before", "reset_before"]
    assert [again.next(operation) for operation in ("get", "create", "create")] == scripted
    drawn = [plan.next("create") for _ in range(10_000)]
    assert [again.next("create") for _ in range(10_000)] == drawn
    assert 1_900 < drawn.count("error_503") < 2_100
    assert 900 < drawn.count("slow") < 1_100
    assert drawn.count(None) == 10_000 - drawn.count("error_503") - drawn.count("slow")


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"rates": {"erorr_503": 0.1}}, "no fault erorr_503. It has error_503, reset_after_commit"),
        ({"rates": {"locked_423": 0.1}}, "no fault locked_423"),
        ({"rates": {"error_503": 0.6, "slow": 0.5}}, "add up to more than 1"),
        ({"rates": {"error_503": 2}}, "rates.error_503"),
        ({"script": [{"operation": "creat", "fault": "slow"}]}, "no operation creat. It has *, create"),
        ({"script": [{"operation": "create"}]}, "either `fault` or `answer`"),
        ({"sed": 1}, "sed"),
    ],
)
def test_faults_a_twin_cannot_show_are_refused_by_name(
    api: TwinClient, faults: dict[str, object], words: str
) -> None:
    refused = api.send("PUT", "/_faults", faults)
    assert refused.status == 400
    assert words in refused.json["message"]
    assert api.get("/_faults").json["rates"] == {}


def test_a_file_sets_faults_and_settings_and_names_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "twins.yaml"
    file.write_text("customers:\n  settings: {rate_limit: 5}\n  faults: {rates: {slow: 0.5}}\n", "utf-8")
    config = read_config(file)["customers"]
    assert (config.settings, config.faults.rates) == ({"rate_limit": 5}, {"slow": 0.5})
    for text, words in (
        ("customer: {}\n", "there is no twin customer"),
        ("customers: {faults: {rate: 1}}\n", "customers: faults.rate"),
        ("[]\n", "a mapping is needed"),
    ):
        file.write_text(text, "utf-8")
        with pytest.raises(MillError, match=words):
            read_config(file)
