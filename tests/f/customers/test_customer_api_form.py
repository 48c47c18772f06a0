"""The form of a target and the code that reads it say the same, field by field."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from f.connect.config import from_resource
from f.connect.errors import FixSettings
from f.connect.integration import (
    ApiKey,
    Authentication,
    Basic,
    BearerToken,
    Bound,
    CircuitBreaker,
    NoAuth,
    OAuth2,
    RateLimit,
    SignedJwt,
)
from f.customers.targets import customer_api
from f.customers.targets.customer_api import open_target
from f.customers.targets.kinds import KINDS as TITLES
from f.customers.targets.kinds import OWN_SETTINGS, kind_of
from f.records.target.target import Target
from mill.repository.yaml_file import read_mapping
from tests.windmill_form import opened

ROOT = Path(__file__).parents[3]
FORM: dict[str, Any] = read_mapping(ROOT / "customer_api.resource-type.yaml")["schema"]
SETTINGS: dict[str, Any] = FORM["properties"]["settings"]["properties"]
LIMIT: dict[str, Any] = SETTINGS["rate_limit"]["properties"]
ALTERNATIVES: dict[str, dict[str, Any]] = {
    one["title"]: one for one in FORM["properties"]["authentication"]["oneOf"]
}
SIGN_INS: tuple[type[Authentication], ...] = get_args(Authentication)
KINDS = {name: kind_of(name) for name in TITLES}
OWN = {name: kind.name for kind in KINDS.values() for name in kind.traits.own_settings}
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
# What a form of today and of tomorrow must open: written by hand, without what the form adds.
CREDENTIALS: dict[str, dict[str, Any]] = {
    "none": {},
    "api_key": {"key": "k"},
    "bearer_token": {"token": "t"},
    "basic": {"username": "u", "password": "p"},
    "oauth2": {"token_url": "https://login.example.com/token", "client_id": "c", "client_secret": "s"},
    "jwt": {"key": "k" * 32, "algorithm": "HS256"},
}


def target(kind: str = "generic", **api: Any) -> Target:
    return open_target({"kind": kind, "base_url": "https://api.example.com", **api})


def test_the_form_has_every_part_of_the_resource_and_every_setting_that_is_read() -> None:
    assert FORM["properties"].keys() == customer_api.customer_api.__annotations__.keys()
    assert FORM["properties"]["kind"]["enum"] == [kind.name for kind in KINDS.values()]
    assert FORM["properties"]["kind"]["enumLabels"] == TITLES
    assert FORM["properties"]["endpoints"]["properties"].keys() == customer_api._ENDPOINTS
    assert SETTINGS.keys() == customer_api._SETTINGS | OWN.keys()
    assert OWN.keys() == OWN_SETTINGS


def packages(lock: str) -> set[str]:
    lines = (ROOT / f"{lock}.script.lock").read_text("utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


OPENING = sorted(
    file.relative_to(ROOT).with_suffix("").as_posix()
    for file in (ROOT / "f/customers").glob("*.py")
    if "open_target" in file.read_text("utf-8")
)


@pytest.mark.parametrize("script", OPENING)
def test_a_kind_needs_no_package_that_a_script_lacks_which_opens_targets(script: str) -> None:
    """Kinds are imported by name while a job runs, where Windmill does not look for packages."""
    for kind in KINDS:
        assert packages(f"f/customers/targets/{kind}") <= packages(script)


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_untouched_form_writes_is_the_same_target_as_nothing(kind: str) -> None:
    written = opened(FORM, {"kind": kind, "base_url": "https://api.example.com"})
    assert written["authentication"] == {"label": "none", "type": "none"}
    assert open_target(written) == target(kind, authentication={"type": "none"})


@pytest.mark.parametrize("name", [name for name, spec in SETTINGS.items() if "default" in spec])
def test_a_default_in_the_form_is_what_the_code_takes_without_the_setting(name: str) -> None:
    more = {"verify_ssl": False} if name == "allow_unverified_ssl" else {}
    if more:  # only then it is shown
        with pytest.raises(FixSettings, match="allow_unverified_ssl"):
            target(settings={**more, name: SETTINGS[name]["default"]})
    else:
        assert target(settings={name: SETTINGS[name]["default"]}) == target()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("initial_delay", "generic"),
        ("backoff_factor", "generic"),
        ("max_delay", "generic"),
        *sorted(OWN.items()),
    ],
)
def test_a_placeholder_names_what_the_code_takes_without_the_setting(name: str, kind: str) -> None:
    """Such a field has no default: written into every resource it would meet another that excludes it."""
    assert "default" not in SETTINGS[name]
    if name == "external_id_field":
        return  # an example; without the setting there is no such field
    text = SETTINGS[name]["placeholder"]
    value = text if SETTINGS[name]["type"] == "string" else float(text)
    made, bare = target(kind, settings={name: value}), target(kind)
    assert made.integration.retry == bare.integration.retry
    assert [made.loads_in_bulk(rows) for rows in (1999, 2000)] == [
        bare.loads_in_bulk(rows) for rows in (1999, 2000)
    ]
    assert made.options.get("id_property", "email") == bare.options.get("id_property", "email")


def wrong_for(spec: dict[str, Any]) -> list[Any]:
    """Values that a field of this type must not take."""
    return {
        "string": [["x"], {"x": 1}] if "enum" not in spec else ["none of them", 3],
        "number": ["x", [1]],
        "integer": ["x", [1]],
        "boolean": ["perhaps", [True]],
        "array": ["x", ["x"], [1]],
        "object": ["x", [1]],
    }[spec["type"]]


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in {"account", *OWN}])
def test_a_value_of_another_type_than_the_forms_is_refused_in_a_sentence(name: str) -> None:
    for value in wrong_for(SETTINGS[name]):
        with pytest.raises(FixSettings):
            target(settings={name: value})


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        *((name, spec) for name, spec in SETTINGS.items() if spec["type"] in {"number", "integer"}),
        *((f"rate_limit.{name}", spec) for name, spec in LIMIT.items() if spec["type"] != "boolean"),
    ],
)
def test_a_number_is_bounded_in_the_form_as_in_the_code_and_by_the_name_the_form_reads(
    name: str, spec: dict[str, Any]
) -> None:
    kind = OWN.get(name, "generic")

    def settings(value: float) -> dict[str, Any]:
        part, _, inner = name.partition(".")
        return {part: {"max_requests": 5, inner: value}} if inner else {part: value}

    least = spec.get("minimum", spec.get("exclusiveMinimum"))
    assert spec["min"] == least
    assert "max" not in spec, "with both bounds the form shows a slider, which cannot be left empty"
    if "minimum" in spec:
        target(kind, settings=settings(least))
    below = least if "exclusiveMinimum" in spec else least - 1
    if not (name == "daily_limit" and below == 0):  # 0 is read as no limit
        with pytest.raises(FixSettings):
            target(kind, settings=settings(below))
    if "maximum" in spec:
        target(kind, settings=settings(spec["maximum"]))
        with pytest.raises(FixSettings):
            target(kind, settings=settings(spec["maximum"] + 1))


def fields_of(cls: type[Any], *, but: set[str]) -> dict[str, dataclasses.Field[Any]]:
    return {one.name: one for one in dataclasses.fields(cls) if one.name not in but}


def check_field(spec: dict[str, Any], hint: Any, declared: dataclasses.Field[Any]) -> None:
    """A form's field is what the annotation, the default and the bound of the code's say."""
    bounds = [item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Bound)]
    has_options = bool(bounds) or type(None) in get_args(hint)
    plain = next(one for one in get_args(hint) if one is not type(None)) if has_options else hint
    bounds += [item for item in getattr(plain, "__metadata__", ()) if isinstance(item, Bound)]
    plain = getattr(plain, "__origin__", plain) if bounds else plain
    if get_origin(plain) is Literal:
        assert (spec["type"], spec["enum"]) == ("string", list(get_args(plain)))
    else:
        assert spec["type"] == TYPES.get(plain, "object")
    for bound in bounds:
        assert (spec.get("minimum"), spec.get("exclusiveMinimum")) == (bound.ge, bound.gt)
    if declared.default in (None, ""):
        assert spec.get("default", "") == ""
        assert spec.get("nullable") or spec.get("default") == ""
    elif declared.default is not dataclasses.MISSING:
        assert spec["default"] == declared.default
    assert spec.get("password", False) == (not declared.repr)


@pytest.mark.parametrize("sign_in", SIGN_INS, ids=lambda one: one.type)
def test_a_way_to_sign_in_has_the_fields_of_its_class(sign_in: type[Any]) -> None:
    form, hints = ALTERNATIVES[sign_in.type], get_type_hints(sign_in, include_extras=True)
    declared = fields_of(sign_in, but={"type"})
    assert form["properties"].keys() == declared.keys() | {"label", "type"}
    for name, one in declared.items():
        check_field(form["properties"][name], hints[name], one)
    must = [
        name
        for name, one in declared.items()
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]
    assert form["required"] == must


def test_the_rate_limit_has_the_fields_of_its_class() -> None:
    hints = get_type_hints(RateLimit, include_extras=True)
    declared = fields_of(RateLimit, but=set())
    assert LIMIT.keys() == declared.keys()
    for name in ("enabled", "time_window"):
        check_field(LIMIT[name], hints[name], declared[name])


def test_the_circuit_breaker_and_the_limit_of_a_call_have_the_fields_of_their_classes() -> None:
    hints = get_type_hints(CircuitBreaker, include_extras=True)
    breaker = SETTINGS["circuit_breaker"]["properties"]
    declared = fields_of(CircuitBreaker, but=set())
    assert breaker.keys() == declared.keys()
    for name, one in declared.items():
        check_field(breaker[name], hints[name], one)
    of_a_call = SETTINGS["endpoint_limits"]["items"]
    assert of_a_call["properties"].keys() == LIMIT.keys() | {"endpoint"}
    assert of_a_call["required"] == ["endpoint", "max_requests"]


def test_limits_of_single_calls_are_read_as_the_form_writes_them() -> None:
    row = {"endpoint": "contact_lookup", "max_requests": 4}
    api = {"kind": "hubspot", "base_url": "https://api.hubapi.com", "settings": {"endpoint_limits": [row]}}
    limits = open_target(opened(FORM, api)).integration.endpoint_limits
    usual = target("hubspot").integration.endpoint_limits
    assert limits == {**usual, "contact_lookup": RateLimit(max_requests=4)}
    assert target("hubspot", settings={"endpoint_limits": []}).integration.endpoint_limits == usual


def test_a_breaker_and_slow_calls_are_set_in_the_form() -> None:
    settings = {
        "circuit_breaker": {"failure_rate": 0.2, "minimum_calls": 5},
        "slow_call_seconds": 1,
        "very_slow_call_seconds": 2,
    }
    api = {"base_url": "https://api.example.com", "settings": settings}
    made = open_target(opened(FORM, api)).integration
    assert made.circuit_breaker == CircuitBreaker(failure_rate=0.2, minimum_calls=5)
    assert (made.slow_call_seconds, made.very_slow_call_seconds) == (1, 2)
    with pytest.raises(FixSettings, match="very_slow_call_seconds must not be below"):
        target(settings={**settings, "very_slow_call_seconds": 0.5})


def test_a_twin_is_another_target_than_the_api_it_stands_for() -> None:
    twin = {"mode": "mock", "twin_url": "http://127.0.0.1:8080/v1"}
    api = {"base_url": "https://api.example.com", "settings": twin}
    mock, live = open_target(opened(FORM, api)), target()
    assert mock.integration.mode == "mock"
    assert mock.identity != live.identity
    assert mock.title == "generic at 127.0.0.1:8080, its twin"
    assert target(settings={"mode": "live", "twin_url": ""}) == live
    with pytest.raises(FixSettings, match="no twin_url"):
        target(settings={"mode": "mock"})
    with pytest.raises(FixSettings, match="what it says of a row proves nothing"):
        target(settings={**twin, "mode": "hybrid"})


def test_the_alternatives_are_written_as_windmills_form_reads_them() -> None:
    """Its discriminator is the title, kept as `label`; ours is `type`, which each alternative fills in."""
    assert list(ALTERNATIVES) == [one.type for one in SIGN_INS]
    assert FORM["properties"]["authentication"]["enumLabels"].keys() == ALTERNATIVES.keys()
    for title, form in ALTERNATIVES.items():
        assert form["type"] == "object"
        assert form["properties"]["label"]["enum"] == [title]
        assert form["properties"]["type"] == {**form["properties"]["type"], "enum": [title], "default": title}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_a_credential_that_the_form_has_written_is_the_one_a_person_writes(kind: str) -> None:
    """Also for the journal, which tells accounts of one host apart by it."""
    by_hand = {"type": kind, **CREDENTIALS[kind]}
    chosen = {"label": kind, **CREDENTIALS[kind]}  # as when it is chosen in the form; type is filled in
    crm = {"kind": "hubspot", "base_url": "https://api.hubapi.com"}
    written = opened(FORM, {**crm, "authentication": chosen})
    assert written["authentication"]["type"] == kind
    assert open_target(written) == open_target({**crm, "authentication": by_hand})


def test_a_credential_without_the_label_loses_its_fields_in_the_form_and_is_then_refused() -> None:
    """Why the resources of this repository carry it, and why two that differ are no credential."""
    authentication = {"type": "bearer_token", "token": "t"}
    assert target(authentication=authentication).integration.authentication == BearerToken(token="t")
    written = opened(FORM, {"base_url": "https://api.example.com", "authentication": authentication})
    with pytest.raises(FixSettings, match=r"authentication\.label and authentication\.type"):
        open_target(written)


@pytest.mark.parametrize("folder", ["mock", "live"])
def test_the_resources_of_this_repository_open_in_the_form_as_they_are(folder: str) -> None:
    files = sorted((ROOT / "resources" / folder / "f/customers").glob("*.resource.yaml"))
    targets = [read_mapping(file) for file in files]
    targets = [one["value"] for one in targets if one["resource_type"] == "customer_api"]
    assert targets
    for api in targets:
        assert open_target(opened(FORM, api)) == open_target(api)


@pytest.mark.parametrize(
    ("authentication", "expected"),
    [
        ({"label": "api_key", "key": "k"}, ApiKey(key="k")),
        ({"kind": "basic", "username": "u", "password": "p"}, Basic(username="u", password="p")),
        ({"label": "none", "kind": "none", "type": "none"}, NoAuth()),
        ({"type": "bearer_token", "label": "bearer_token", "api_key": "t"}, BearerToken(token="t")),
        (
            {"type": "oauth2", "token_url": "https://a.example/t", "client_id": "c", "scope": None},
            OAuth2(token_url="https://a.example/t", client_id="c"),
        ),
        ({"type": "jwt", "key": "k", "issuer": None}, SignedJwt(key="k")),
    ],
)
def test_the_forms_own_key_is_read_as_the_type(
    authentication: dict[str, Any], expected: Authentication
) -> None:
    resource = {"name": "x", "base_url": "https://api.example.com", "authentication": authentication}
    assert from_resource(resource).authentication == expected


@pytest.mark.parametrize(
    ("api", "said"),
    [
        ({"settings": {"tiemout": None}}, "Did you mean 'timeout'?"),
        ({"settings": {"bulk_from": 10}}, "Unknown name 'bulk_from'"),
        ({"settings": {"rate_limit": {"time_window": 3}}}, "rate_limit.max_requests is missing"),
        ({"settings": {"timeout": ""}}, "timeout"),
        ({"authentication": {"label": "basic", "type": "none"}}, "two ways to sign in"),
        ({"authentication": {"type": "bearer_token", "token": None}}, "authentication.token is missing"),
        ({"endpoints": {"custmers": None}}, "Did you mean 'customers'?"),
    ],
)
def test_what_no_form_writes_is_refused_as_ever(api: dict[str, Any], said: str) -> None:
    with pytest.raises(FixSettings) as caught:
        target(**api)
    assert said in str(caught.value)


def test_empty_paths_are_none_except_the_root_for_customers() -> None:
    empty = {"customers": "", "batch": "", "lookup": "", "health": ""}
    made = target(endpoints=empty)
    assert (made.endpoint, made.batch_endpoint, made.lookup_endpoint) == ("", None, None)
    assert target(endpoints=dict.fromkeys(empty)) == target()
