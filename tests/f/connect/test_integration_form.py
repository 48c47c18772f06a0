"""The form of an HTTP API and the code that reads it say the same, field by field."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixSettings
from f.connect.integration import CircuitBreaker, Integration, RateLimit, Retry
from f.connect.integration_resource import health_path, integration, integration_of
from mill.repository.yaml_file import read_mapping
from tests.windmill_form import opened

ROOT = Path(__file__).parents[3]
FORM: dict[str, Any] = read_mapping(ROOT / "integration.resource-type.yaml")["schema"]
CUSTOMER_API: dict[str, Any] = read_mapping(ROOT / "customer_api.resource-type.yaml")["schema"]
PARTS = {"rate_limit": RateLimit, "retry": Retry, "circuit_breaker": CircuitBreaker}
URL = "https://api.example.com/v1"


def test_the_form_has_every_field_of_the_resource() -> None:
    assert FORM["properties"].keys() == integration.__annotations__.keys()
    assert FORM["order"] == [*FORM["order"]]
    assert set(FORM["order"]) == FORM["properties"].keys()


def test_every_setting_of_the_connection_layer_can_be_filled_in() -> None:
    settings = {one.name for one in dataclasses.fields(Integration)} - {"raises_events"}
    assert settings <= FORM["properties"].keys()


def test_one_signs_in_as_at_a_customer_api() -> None:
    assert FORM["properties"]["authentication"] == CUSTOMER_API["properties"]["authentication"]


def test_what_an_untouched_form_writes_is_the_same_api_as_nothing() -> None:
    written = opened(FORM, {"base_url": URL})
    assert written["authentication"] == {"label": "none", "type": "none"}
    assert integration_of(written) == integration_of({"base_url": URL})
    assert integration_of(written) == Integration(name="api.example.com", base_url=URL)
    assert health_path(written) == ""


@pytest.mark.parametrize("part", PARTS)
def test_a_default_of_a_part_is_what_the_code_takes(part: str) -> None:
    kind: Any = PARTS[part]
    defaults = {one.name: one.default for one in dataclasses.fields(kind)}
    for name, spec in FORM["properties"][part]["properties"].items():
        assert name in defaults
        if "default" in spec:
            assert spec["default"] == defaults[name], name


def test_what_a_person_fills_in_is_read() -> None:
    filled = opened(
        FORM,
        {
            "base_url": URL,
            "endpoints": {"health": "/me"},
            "authentication": {"label": "bearer_token", "type": "bearer_token", "token": "t0ken"},
            "rate_limit": {"max_requests": 5},
            "retry": {"max_retries": 1},
            "mode": "mock",
            "twin_url": "https://twin.example.com",
            "name": "crm",
        },
    )
    made = integration_of(filled)
    assert (made.name, made.mode, made.retry.max_retries) == ("crm", "mock", 1)
    assert made.rate_limit is not None
    assert made.rate_limit.max_requests == 5
    assert health_path(filled) == "/me"


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        ({}, "No API was given"),
        ({"base_url": URL, "timeout": -1}, "timeout"),
        ({"base_url": URL, "tmeout": 1}, "tmeout"),
        ({"base_url": "api.example.com"}, "base_url must be like"),
        ({"base_url": URL, "endpoints": ["/health"]}, "endpoints must be an object"),
        ({"base_url": URL, "endpoints": {"health": 1}}, "endpoints must be an object"),
        ({"base_url": 5}, "base_url"),
    ],
)
def test_a_wrong_resource_is_refused_in_a_sentence(resource: Any, sentence: str) -> None:
    with pytest.raises(FixSettings, match=sentence):
        integration_of(resource)


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        (URL, "api.example.com"),
        ("/twins/customers", "customers"),
        ("script:f/customers/mock_customer_api", "mock_customer_api"),
    ],
)
def test_an_api_without_a_name_is_called_by_its_place(
    base_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WM_BASE_URL", "http://127.0.0.1:1")
    assert integration_of({"base_url": base_url}).name == name
