"""Settings are checked whole, at once, wherever they come from."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from f.connect.config import (
    all_from_json_file,
    from_environment,
    from_json_file,
    from_resource,
)
from f.connect.environment import read_env_file
from f.connect.errors import FixSettings
from f.connect.integration import (
    ApiKey,
    Authentication,
    Basic,
    BearerToken,
    CircuitBreaker,
    Integration,
    NoAuth,
    OAuth2,
    RateLimit,
    Retry,
    SignedJwt,
    resolve_url,
    url_faults,
)
from f.connect.manager import IntegrationManager
from tests.properties import at_most

GOOD: dict[str, Any] = {"name": "crm", "base_url": "https://api.example.com"}


@pytest.mark.parametrize(
    ("authentication", "kind"),
    [
        ({"type": "none"}, NoAuth),
        ({"type": "api_key", "key": "k"}, ApiKey),
        ({"type": "bearer_token", "token": "t"}, BearerToken),
        ({"type": "basic", "username": "u", "password": "p"}, Basic),
        ({"type": "oauth2", "token_url": "https://id.example.com/t", "client_id": "c"}, OAuth2),
        ({"type": "jwt", "key": "k"}, SignedJwt),
    ],
)
def test_a_resource_names_its_kind_of_credential(authentication: dict[str, str], kind: type) -> None:
    assert isinstance(from_resource({**GOOD, "authentication": authentication}).authentication, kind)


def test_a_resource_becomes_an_integration_with_every_part() -> None:
    integration = from_resource(
        {
            **GOOD,
            "rate_limit": {"max_requests": "100", "time_window": 10, "burst_size": 10},
            "endpoint_limits": {"/search": {"max_requests": 5}},
            "retry": {"max_retries": 5, "retry_on_status_codes": [500]},
            "circuit_breaker": {"failure_rate": 0.2},
            "default_headers": {"X-Tenant": "t"},
            "mode": "hybrid",
            "twin_url": "/api/r/twin",
        },
        timeout=5,
    )
    assert integration == Integration(
        name="crm",
        base_url="https://api.example.com",
        rate_limit=RateLimit(max_requests=100, time_window=10, burst_size=10),
        endpoint_limits={"/search": RateLimit(max_requests=5)},
        retry=Retry(max_retries=5, retry_on_status_codes=(500,)),
        circuit_breaker=CircuitBreaker(failure_rate=0.2),
        default_headers={"X-Tenant": "t"},
        mode="hybrid",
        twin_url="/api/r/twin",
        timeout=5,
    )


def test_every_fault_is_listed_at_once_without_any_value() -> None:
    bad = {
        "base_url": "http://api.example.com",
        "timeout": "hunter2",
        "retrie": {},
        "retry": {"max_retries": -1, "maxdelay": 1},
        "authentication": {"type": "api_key", "kye": "hunter2"},
        "rate_limit": {"max_requests": 0},
        "mode": "test",
        "verify_ssl": False,
    }
    with pytest.raises(FixSettings) as caught:
        from_resource(bad)
    assert sorted(caught.value.faults) == sorted(
        [
            "name is missing",
            "base_url is plain http, which anyone on the way can read: use https, or say allow_plain_http: true as well",
            "timeout: input should be a valid number, unable to parse string as a number",
            "retrie is not a setting (did you mean retry?)",
            "retry.max_retries: input should be greater than or equal to 0",
            "retry.maxdelay is not a setting (did you mean max_delay?)",
            "authentication.key is missing",
            "authentication.kye is not a setting (did you mean key?)",
            "rate_limit.max_requests: input should be greater than or equal to 1",
            "mode: input should be 'mock', 'hybrid' or 'live'",
            "verify_ssl is false: say allow_unverified_ssl: true as well if the certificate must not be checked",
        ]
    )
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"name": "a b"},
        {"name": ""},
        {"mode": "mock"},
        {"mode": "hybrid"},
        {"verify_ssl": False},
        {"slow_call_seconds": 20},
        {"max_reply_bytes": 0},
    ],
    ids=str,
)
def test_an_integration_made_in_code_is_checked_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(FixSettings):
        Integration(**{**GOOD, **wrong})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RateLimit(max_requests=0), "max_requests is 0, must be at least 1"),
        (lambda: CircuitBreaker(failure_rate=1.5), "failure_rate is 1.5, must be at most 1"),
        (lambda: Retry(initial_delay=9, max_delay=1), "retry.max_delay must not be below"),
        (lambda: Retry(retry_on_status_codes=(200,)), r"holds \[200\], which are no HTTP errors"),
        (lambda: OAuth2(token_url="https://id.example.com", client_id="c", grant="refresh_token"), "refresh_token is missing"),
        (lambda: SignedJwt(key="k", lifetime=10), "must be shorter than lifetime"),
    ],
)  # fmt: skip
def test_a_number_out_of_range_or_out_of_tune_is_refused(make: Any, says: str) -> None:
    with pytest.raises(FixSettings, match=says):
        make()


WINDMILL = {"WM_BASE_URL": "http://windmill:8000"}


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://api.example.com/v1", True),
        ("http://127.0.0.1:80", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://windmill:8000/api/r/x", True),
        ("/api/r/x", True),
        ("http://windmill:8001", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("//evil.example.com", False),
        ("ftp://example.com", False),
        ("api.example.com", False),
        ("https://", False),
        ("https://user:pw@example.com", False),
        ("https://example.com/?a=1", False),
        ("https://example.com:99999", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_plain_http_is_for_this_machine_and_this_windmill(url: str, ok: bool) -> None:
    assert (list(url_faults("base_url", url, environ=WINDMILL)) == []) is ok


def test_plain_http_must_be_said_twice() -> None:
    with pytest.raises(FixSettings, match="allow_plain_http: true as well"):
        Integration(name="a", base_url="http://api.example.com")
    allowed = Integration(name="a", base_url="http://api.example.com", allow_plain_http=True)
    assert allowed.base_url == "http://api.example.com"


def test_a_route_of_this_windmill_is_resolved() -> None:
    assert resolve_url("/api/r/x/", WINDMILL) == "http://windmill:8000/api/r/x"
    assert resolve_url("https://api.example.com/", WINDMILL) == "https://api.example.com"
    with pytest.raises(FixSettings, match="WM_BASE_URL is not set"):
        resolve_url("/api/r/x", {})


def test_no_secret_is_in_a_repr() -> None:
    kinds: list[Authentication] = [
        ApiKey(key="hunter2"),
        BearerToken(token="hunter2"),
        Basic(username="u", password="hunter2"),
        OAuth2(
            token_url="https://a.example.com", client_id="c", client_secret="hunter2", refresh_token="hunter2"
        ),
        SignedJwt(key="hunter2"),
    ]
    for kind in kinds:
        shown = repr(Integration(**GOOD, authentication=kind, default_headers={"X": "hunter2"}))
        assert "hunter2" not in shown


def test_a_json_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "crm.json"
    path.write_text(json.dumps({**GOOD, "timeout": 7}))
    assert from_json_file(path).timeout == 7


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read"), ("{", "is no JSON"), ("[]", "JSON object")]
)
def test_a_json_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "crm.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FixSettings, match=says):
        from_json_file(path)


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# comment\n\nexport CONNECT_NAME='crm'\nCONNECT_BASE_URL=https://file.example.com # here\n"
        'CONNECT_AUTHENTICATION__TYPE=bearer_token\nCONNECT_AUTHENTICATION__TOKEN="a # b"\n'
    )
    environ = {
        "CONNECT_BASE_URL": "https://env.example.com",
        "CONNECT_RETRY__MAX_RETRIES": "7",
        "CONNECT_RETRY__RETRY_ON_STATUS_CODES": "[500, 503]",
        "CONNECT_VERIFY_SSL": "true",
        "OTHER": "x",
    }
    integration = from_environment(environ=environ, env_file=file)
    assert integration.base_url == "https://env.example.com"
    assert integration.authentication == BearerToken(token="a # b")
    assert integration.retry == Retry(max_retries=7, retry_on_status_codes=(500, 503))


def test_an_env_file_that_is_missing_is_empty_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / "none") == {}
    (tmp_path / ".env").write_text("A=1\nnonsense\n")
    with pytest.raises(FixSettings, match=r"\.env:2: expected NAME=value"):
        read_env_file(tmp_path / ".env")
    (tmp_path / ".env").write_bytes(b"A=1\nB=\xfc\n")
    with pytest.raises(FixSettings, match=r"\.env:2: this is no UTF-8 text"):
        read_env_file(tmp_path / ".env")


def test_a_setting_given_whole_and_in_parts_is_refused() -> None:
    environ = {"CONNECT_RETRY": "x", "CONNECT_RETRY__MAX_RETRIES": "1"}
    with pytest.raises(FixSettings, match="both whole and in parts"):
        from_environment(environ=environ, env_file=None)


@pytest.mark.parametrize(
    ("authentication", "meant"),
    [
        ({"type": "bearer_token", "api_key": "t"}, BearerToken(token="t")),
        ({"type": "bearer_token", "bearer_token": "t"}, BearerToken(token="t")),
        ({"type": "bearer_token", "bearer_token": "t", "api_key": "t", "token": "t"}, BearerToken(token="t")),
        ({"type": "api_key", "api_key": "k"}, ApiKey(key="k")),
        ({"type": "api_key", "api_key": "k", "header_name": "X-Key"}, ApiKey(key="k", name="X-Key")),
    ],
)
def test_a_credential_may_use_the_other_names_of_its_fields(
    authentication: dict[str, str], meant: Authentication
) -> None:
    assert from_resource({**GOOD, "authentication": authentication}).authentication == meant


def test_two_names_of_one_field_that_differ_are_refused_without_their_values() -> None:
    authentication = {"type": "api_key", "api_key": "hunter2", "key": "hunter3"}
    with pytest.raises(FixSettings) as caught:
        from_resource({**GOOD, "authentication": authentication})
    assert caught.value.faults == [
        "authentication.api_key is another name of authentication.key, and both are given and differ: keep one"
    ]
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("kind", ["bearer_token", "api_key", "basic", "oauth2", "jwt", "none"])
def test_a_field_that_has_the_name_of_a_type_is_named_in_full(kind: str) -> None:
    with pytest.raises(FixSettings, match=r"authentication\.basic is not a setting"):
        from_resource({**GOOD, "authentication": {"type": kind, "basic": "hunter2"}})


ONE = {"base_url": "https://api.example.com", "authentication": {"type": "bearer_token", "api_key": "t"}}


@pytest.mark.parametrize(
    "content",
    [
        {"hubspot": ONE, "mock": {**ONE, "name": "mock"}},
        {"integrations": {"hubspot": ONE, "mock": ONE}},
        {"integrations": [{**ONE, "name": "hubspot"}, {**ONE, "name": "mock"}]},
        [{**ONE, "name": "hubspot"}, {**ONE, "name": "mock"}],
    ],
)
def test_a_file_may_hold_several_integrations_by_name(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps(content))
    assert [one.name for one in all_from_json_file(path)] == ["hubspot", "mock"]
    assert from_json_file(path, "mock").name == "mock"
    assert IntegrationManager.from_json_file(path).list() == ["hubspot", "mock"]
    with pytest.raises(FixSettings, match="holds the integrations hubspot, mock: say which"):
        from_json_file(path)
    with pytest.raises(FixSettings, match="'stripe' is not among them"):
        from_json_file(path, "stripe")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([{**ONE, "name": "a"}, ONE], "entry 2 of the list needs a name of its own"),
        ([{**ONE, "name": "a"}, {**ONE, "name": "a"}], "entry 2 of the list needs a name of its own"),
        ({"a": {**ONE, "name": "b"}}, "a says that it has another name"),
        ({"a": ONE, "b": {"base_url": 1}}, "b: base_url: input should be a valid string"),
        ({"integrations": 1}, "JSON object of integrations by name"),
        ("text", "JSON object of integrations by name"),
    ],
)
def test_a_file_of_several_that_cannot_be_used_is_named(tmp_path: Path, content: Any, says: str) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps(content))
    with pytest.raises(FixSettings, match=says):
        all_from_json_file(path)


NAMES = st.sampled_from(
    [
        *sorted({field.name for kind in (Integration, *get_args(Authentication)) for field in fields(kind)}),
        *(
            "integrations",
            "api_key",
            "bearer_token",
            "header_name",
            "max_requests",
            "max_retries",
            "none",
            "x",
        ),
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["https://api.example.com", "crm", "live", "oauth2", "jwt", "\ud800", "https://[::1", "/x"]
    ),
    st.sampled_from(["none", "api_key", "bearer_token", "basic"]),
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
LIKE_SETTINGS = st.fixed_dictionaries(
    {"name": st.just("crm"), "base_url": st.just("https://api.example.com")},
    optional={
        "authentication": st.dictionaries(NAMES, LEAVES, max_size=4) | ANY_JSON,
        "retry": ANY_JSON,
        "rate_limit": ANY_JSON,
        "endpoint_limits": ANY_JSON,
        "circuit_breaker": ANY_JSON,
        "timeout": LEAVES,
    },
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=at_most(300)
)
@given(value=ANY_JSON | LIKE_SETTINGS)
def test_whatever_the_settings_are_they_are_used_or_refused(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(value), "utf-8")
    for read in (
        lambda: from_resource(value),
        lambda: from_json_file(path),
        lambda: all_from_json_file(path),
    ):
        with contextlib.suppress(FixSettings):
            read()


@pytest.mark.parametrize(
    "authentication",
    [
        {"type": "basic", "username": "\ud800", "password": "x"},
        {"type": "api_key", "key": "\ud800", "location": "query"},
        {"type": "oauth2", "token_url": "https://a.example", "client_id": "\ud800", "client_secret": "x"},
        {"type": "jwt", "algorithm": "HS256", "key": "\ud800" * 40},
    ],
)
def test_a_credential_with_half_a_character_is_refused(authentication: dict[str, str]) -> None:
    with pytest.raises(FixSettings, match="half of a character"):
        from_resource({"name": "a", "base_url": "https://a.example", "authentication": authentication})


def test_claims_that_are_nested_without_end_are_refused() -> None:
    claims: dict[str, Any] = {}
    claims["again"] = claims
    jwt = {"type": "jwt", "algorithm": "HS256", "key": "k" * 40, "claims": claims}
    with pytest.raises(FixSettings, match="nested too deeply"):
        from_resource({"name": "a", "base_url": "https://a.example", "authentication": jwt})


def test_a_file_that_is_nested_too_deep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    with pytest.raises(FixSettings, match="is no JSON"):
        from_json_file(path)


@pytest.mark.parametrize(
    "authentication",
    [
        {"type": "bearer_token", "tokn": "hunter2"},
        {"type": "bearer_token", "token": ["hunter2"]},
        {"type": "bearer_token", "token": "hunter2\n"},
        {"type": "api_key", "api_key": "hunter2", "key": "hunter3"},
        {"type": "basic", "username": "a:b", "password": "hunter2"},
        {"type": "hunter2"},
        "hunter2",
        ["hunter2"],
    ],
    ids=str,
)
def test_the_traceback_of_wrong_settings_shows_no_secret(authentication: Any) -> None:
    code = """
import json, os
from f.connect.client import Client
from f.connect.config import from_resource
Client(from_resource(json.loads(os.environ["WRONG"])))
"""
    wrong = {**GOOD, "authentication": authentication, "default_headers": {"X": "hunter2"}}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "WRONG": json.dumps(wrong)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "FixSettings" in done.stderr
    assert "hunter" not in done.stderr
