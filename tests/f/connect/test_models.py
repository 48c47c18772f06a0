"""A body is read as a model; what is wrong with it is said by field, without values, and as what it means."""

from __future__ import annotations

import sys
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError, FixSettings, GiveUpRecord, OutcomeUnknown, TryLater
from f.connect.integration import Integration
from tests.f.connect.wire import Act, FakeClock, Wire, reply


class Phone(BaseModel):
    number: str
    kind: Literal["mobile", "fixed"] = "mobile"


class Customer(BaseModel):
    id: int
    phones: dict[str, Phone] = Field(default_factory=dict)
    name: str = Field(default="", alias="fullName")

    @field_validator("name")
    @classmethod
    def _no_digits(cls, name: str) -> str:
        if name == "fail":
            raise KeyError(name)
        if any(char.isdigit() for char in name):
            raise ValueError(f"{name} has digits")
        return name


GOOD = {"id": 7, "fullName": "Quinn"}


def client_of(wire: Wire) -> Client:
    return Client(Integration(name="svc", base_url=wire.url), clock=FakeClock())


def test_a_body_is_read_as_the_model() -> None:
    with Wire([reply(200, GOOD)]) as wire, client_of(wire) as client:
        response = client.get("/x")
        customer = response.parse(Customer)
        assert (customer.id, customer.name) == (7, "Quinn")
        assert response.parse(Customer) is customer
        assert response.parse(dict[str, Any]) == GOOD
        assert client.get("/x", model=Customer).parsed == customer
        [(_, many)] = client.send_many([Request(method="GET", path="/x", model=Customer)])
        assert getattr(many, "parsed", many) == customer


BAD: list[tuple[Any, str]] = [
    ({"fullName": "Quinn"}, "id is missing"),
    ({"id": "q7"}, "id: input should be a valid integer"),
    ({"id": 7, "phones": {"+15550100": {"number": 5}}}, "phones.*.number: input should be a valid string"),
    (
        {"id": 7, "phones": {"home": {"number": "1", "kind": "x5550100"}}},
        "phones.*.kind: input should be 'mobile'",
    ),
    ({"id": 7, "fullName": "Quinn5550100"}, "fullName: it is not what the model accepts"),
    ({"id": 7, "fullName": "fail"}, "the model's own code failed (KeyError)"),
    (["Quinn"], "the body: input should be a valid dictionary"),
]


@pytest.mark.parametrize(("body", "said"), BAD, ids=[said for _, said in BAD])
def test_a_body_that_is_none_is_said_by_field_and_without_its_values(body: Any, said: str) -> None:
    with Wire([reply(200, body)]) as wire, client_of(wire) as client:
        with pytest.raises(FixSettings) as caught:
            client.get("/x").parse(Customer)
        [(_, result)] = client.send_many([Request(method="POST", path="/x", model=Customer)])
    assert said in str(caught.value)
    assert (caught.value.code, caught.value.status) == ("unexpected_body", 200)
    assert isinstance(result, OutcomeUnknown)
    told = str(caught.value) + str(vars(caught.value)) + str(result)
    assert not any(value in told for value in ("5550100", "Quinn", "q7"))


@pytest.mark.parametrize(
    ("method", "act", "error", "code"),
    [
        ("POST", reply(201, {"id": "x"}), OutcomeUnknown, "unexpected_body"),
        ("POST", reply(201, b"<html>"), OutcomeUnknown, "not_json"),
        ("POST", reply(201, b""), OutcomeUnknown, "unexpected_body"),
        ("POST", reply(422, {"error": "no"}), GiveUpRecord, "http_422"),
        ("GET", reply(200, b"<html>"), TryLater, "not_json"),
        ("GET", reply(200, b""), FixSettings, "unexpected_body"),
        ("GET", reply(404, GOOD), FixSettings, "http_404"),
    ],
)
def test_a_write_whose_reply_cannot_be_read_is_in_doubt(
    method: str, act: Act, error: type[ConnectError], code: str
) -> None:
    with Wire([act]) as wire, client_of(wire) as client:
        with pytest.raises(error) as caught:
            client.request(Request(method=method, path="/x")).parse(Customer)
        assert (type(caught.value), caught.value.code) == (error, code)
        with pytest.raises(error):
            client.request(Request(method=method, path="/x", model=Customer)).parsed  # noqa: B018 - it raises
    if isinstance(caught.value, OutcomeUnknown):
        assert caught.value.repeat_safe is False


def test_only_a_success_is_checked_when_it_arrives_and_errors_pass_the_interceptors() -> None:
    shown: list[ConnectError] = []
    with Wire([reply(404), reply(200, {})]) as wire, client_of(wire) as client:
        client.on_error(lambda _, error: shown.append(error))
        assert client.get("/x", model=Customer).status == 404
        with pytest.raises(FixSettings):
            client.get("/x", model=Customer)
    assert [error.code for error in shown] == ["unexpected_body"]


def test_many_faults_are_counted() -> None:
    with Wire([reply(200, [{}] * 20)]) as wire, client_of(wire) as client:
        response = client.get("/x")
    with pytest.raises(FixSettings, match=r"0.id is missing; .*7.id is missing; and 12 more"):
        response.parse(list[Customer])


def test_a_script_without_pydantic_is_told_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire([reply(200, GOOD)]) as wire, client_of(wire) as client:
        response = client.get("/x")
    monkeypatch.delitem(sys.modules, "f.connect.calls.models", raising=False)
    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(ConnectError, match="name pydantic below `# extra_requirements:`") as caught:
        response.parse(Customer)
    assert caught.value.code == "no_package"
