"""Every service is tried at its twin: with a right credential, a wrong one, and none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from f.operate.services.check import Check, check
from f.operate.services.registry import RESOURCE_TYPES, service_of
from f.store.store import Store
from f.store.stores import memory_store
from tests.loopback import Reply, serve
from tests.mill.twins.stage import TwinProcess

ROOT = Path(__file__).parents[3]
SEAL = "s" * 32
# By resource type: a resource that works, with {} for the twins' address; what makes it refused; the account.
WORKING: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "integration": (
        {
            "base_url": "{}/customers",
            "endpoints": {"health": "/health"},
            "authentication": {"type": "bearer_token", "token": "token"},
        },
        {"authentication": {"type": "none"}},
        "",
    ),
    "customer_api": (
        {
            "kind": "stripe",
            "base_url": "{}/stripe",
            "authentication": {"type": "bearer_token", "token": "sk_test_1"},
        },
        {"authentication": {"type": "bearer_token", "token": "sk_test_wrong"}},
        "sandbox",
    ),
    "slack": (
        {"base_url": "{}/slack/api", "token": "xoxb-1"},
        {"token": "xoxb-revoked"},
        "Twin (T0TWIN), bot B0TWIN",
    ),
    "twilio": (
        {"base_url": "{}/twilio", "accountSid": "AC1", "token": "t0ken"},
        {"token": "wrong"},
        "full AC1",
    ),
    "sendgrid": (
        {"base_url": "{}/sendgrid/v3", "token": "SG.1"},
        {"token": "SG.wrong"},
        "a key with mail.send and 1 more scopes",
    ),
    "resend": (
        {"base_url": "{}/resend", "token": "re_1"},
        {"token": "re_wrong"},
        "a full key; 1 of 1 domains verified",
    ),
    "stripe": (
        {"base_url": "{}/stripe", "token": "sk_test_1"},
        {"token": "sk_test_wrong"},
        "sandbox",
    ),
    "s3": (
        {"base_url": "{}/s3", "bucket": "files", "accessKey": "AKTWIN", "secretKey": "twin"},
        {"accessKey": "unknown"},
        "bucket files, us-east-1",
    ),
    "graphql": (
        {"base_url": "{}/graphql/graphql", "bearer_token": "token"},
        {"bearer_token": "wrong"},
        "",
    ),
    "oauth_app": (
        {
            "provider": "google",
            "client_id": "c1",
            "client_secret": "s1",
            "seal_key": SEAL,
            "base_url": "{}/oauth",
        },
        {"client_secret": "wrong"},
        "client c1",
    ),
    "jwt_issuer": (
        {"algorithm": "ES256", "issuer": "i", "jwks_url": "{}/jwks/.well-known/jwks.json"},
        {"jwks_url": "{}/jwks/nothing.json"},
        "1 key",
    ),
    "vessey": ({"base_url": "{}/vessey/v1", "api_key": "key"}, {"api_key": "wrong"}, ""),
    "github": (
        {"base_url": "{}/github", "token": "ghp_1"},
        {"token": "wrong"},
        "5000 calls an hour; scopes admin:repo_hook",
    ),
}
NEVER_TRIED = {"slack_webhook"}


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as opened:
        yield opened


def filled(resource: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The resource with the address in the places of {}."""
    return {
        name: value.replace("{}", url) if isinstance(value, str) else value
        for name, value in resource.items()
    }


def checked(resource_type: str, resource: Mapping[str, Any], store: Store) -> Check:
    service = service_of(resource_type)
    assert service is not None
    return check(service, f"f/x/{resource_type}", resource, store)


def test_every_service_is_tried_here_or_cannot_be() -> None:
    assert {*WORKING, *NEVER_TRIED} == set(RESOURCE_TYPES)
    assert service_of("postgresql") is None
    for name in RESOURCE_TYPES:
        service = service_of(name)
        assert service is not None
        assert service.resource_type == name


@pytest.mark.parametrize("name", WORKING)
def test_a_right_credential_is_told_from_a_wrong_one(name: str, twins: TwinProcess, store: Store) -> None:
    resource, wrong, account = WORKING[name]
    good = checked(name, filled(resource, twins.url), store)
    assert (good["status"], good["account"], good["code"]) == ("ok", account, None), good["detail"]
    assert good["circuit"] == "closed"
    assert good["milliseconds"] is not None
    bad = checked(name, filled({**resource, **wrong}, twins.url), store)
    assert bad["status"] == "failing", bad
    assert bad["code"]
    assert "message" not in bad["detail"]
    assert "e-mail" not in bad["detail"]


@pytest.mark.parametrize("name", RESOURCE_TYPES)
def test_an_empty_resource_is_not_set_up_and_nothing_is_raised(name: str, store: Store) -> None:
    found = checked(name, {}, store)
    assert found["status"] == "not_set_up"
    assert found["detail"].endswith(".")
    assert found["milliseconds"] is None


@pytest.mark.parametrize("name", WORKING)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"ok": 1, "error": [], "data": {}}', b"\xff"])
def test_nonsense_for_an_answer_is_a_failure_in_a_sentence(name: str, body: bytes, store: Store) -> None:
    resource = WORKING[name][0]
    with serve(lambda _: Reply(200, body, {"Content-Type": "application/json"})) as server:
        found = checked(name, filled(resource, server.url), store)
        asked = server.asked
    assert len(asked) == 1
    if name != "integration":  # of any API a 2xx is all that is known
        assert found["status"] in {"failing", "not_tried"}, found
        assert found["detail"].endswith(".")


def test_a_webhook_of_slack_is_not_posted_to(store: Store) -> None:
    with serve(lambda _: Reply(200, {})) as server:
        found = checked("slack_webhook", {"url": f"{server.url}/services/T/B/x"}, store)
        assert not server.asked
    assert (found["status"], found["code"]) == ("not_tried", "not_tried")
    assert "posting" in found["detail"]


def test_keys_that_may_only_send_are_right_and_block_no_later_call(twins: TwinProcess, store: Store) -> None:
    resource = filled({**WORKING["resend"][0], "token": "re_sending"}, twins.url)
    for _ in range(2):
        found = checked("resend", resource, store)
        assert (found["status"], found["account"]) == ("ok", "a key that may only send")
    restricted = filled({**WORKING["stripe"][0], "token": "rk_test_1"}, twins.url)
    found = checked("stripe", restricted, store)
    assert (found["status"], found["account"]) == ("ok", "a restricted key, which may not read the balance")


def test_the_ends_of_credentials_are_told_and_near_ones_named(twins: TwinProcess, store: Store) -> None:
    github, slack = twins.client("github"), twins.client("slack")
    github.put_settings(token_expires="2199-01-01 09:00:00 UTC")
    slack.put_settings(token_expires_in=3600)
    try:
        far = checked("github", filled(WORKING["github"][0], twins.url), store)
        near = checked("slack", filled(WORKING["slack"][0], twins.url), store)
    finally:
        github.put_settings()
        slack.put_settings()
    assert (far["credential_expires"], far["code"]) == ("2199-01-01T09:00:00+00:00", None)
    assert (near["status"], near["code"]) == ("ok", "credential_ends")
    assert "ends today: renew it at https://api.slack.com/apps" in near["detail"]


def test_a_token_that_is_a_jwt_says_itself_when_it_ends(twins: TwinProcess, store: Store) -> None:
    resource = filled(WORKING["integration"][0], twins.url)
    # {"alg":"none"}.{"exp":4000000000}
    resource["authentication"] = {
        "type": "bearer_token",
        "token": "eyJhbGciOiJub25lIn0.eyJleHAiOjQwMDAwMDAwMDB9.c2ln",
    }
    found = checked("integration", resource, store)
    assert found["credential_expires"] == "2096-10-02T07:06:40+00:00"


def test_what_the_service_says_of_its_limit_is_told(twins: TwinProcess, store: Store) -> None:
    assert checked("github", filled(WORKING["github"][0], twins.url), store)["limit_left"] is not None
    hubspot = {
        "kind": "hubspot",
        "base_url": f"{twins.url}/hubspot",
        "authentication": {"type": "bearer_token", "token": "pat-1"},
    }
    found = checked("customer_api", hubspot, store)
    assert found["status"] == "ok", found
    assert found["limit_left"] is not None


def test_an_api_without_a_health_path_is_not_tried(store: Store) -> None:
    for name, resource in (
        ("integration", {"base_url": "https://api.example.com"}),
        ("customer_api", {"kind": "generic", "base_url": "https://api.example.com"}),
        ("jwt_issuer", {"algorithm": "HS256", "issuer": "i", "key": "k" * 32}),
    ):
        found = checked(name, resource, store)
        assert found["status"] == "not_tried", found


def test_a_check_of_one_service_loads_no_other() -> None:
    code = (
        "import sys, json; from f.operate.services.registry import service_of; service_of('twilio'); "
        "print(json.dumps([name for name in sys.modules if name.startswith('f.')]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = json.loads(run.stdout)
    assert "f.operate.services.providers.twilio" in loaded
    others = ("f.payments", "f.files", "f.vessels", "f.graphql", "f.identity", "f.customers", "f.webhooks")
    assert not [name for name in loaded if name.startswith(others)]


def packages(lock: Path) -> set[str]:
    return {line for line in lock.read_text("utf-8").splitlines() if not line.startswith("#")}


_IMPORTS = re.compile(r"^\s*from (f\.[\w.]+) import", re.MULTILINE)


def reached(module: str, seen: set[str]) -> set[str]:
    """The modules of the workspace that one imports, at its top or on first use."""
    if module not in seen:
        seen.add(module)
        for other in _IMPORTS.findall((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")):
            reached(other, seen)
    return seen


def scripts_of_services() -> list[str]:
    scripts = sorted(
        path
        for path in (ROOT / "f").glob("*/*.py")
        if path.with_suffix(".script.yaml").exists() and "\ndef main(" in path.read_text("utf-8")
    )
    names = [path.relative_to(ROOT).with_suffix("").as_posix() for path in scripts]
    return [name for name in names if "f.operate.services.registry" in reached(name.replace("/", "."), set())]


def test_scripts_that_load_services_by_name_have_all_their_packages() -> None:
    """Services are imported by name while a job runs, where Windmill does not look for packages."""
    needed = set().union(
        *(packages(lock) for lock in (ROOT / "f/operate/services/providers").glob("*.script.lock"))
    )
    scripts = scripts_of_services()
    assert {"f/operate/check_integrations", "f/operate/alert_slow_or_failing"} <= set(scripts)
    lacking = {
        script: sorted(needed - packages(ROOT / f"{script}.script.lock"))
        for script in scripts
        if needed - packages(ROOT / f"{script}.script.lock")
    }
    assert not lacking
