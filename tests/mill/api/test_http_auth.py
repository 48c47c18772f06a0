"""Who may call a route. Signatures are made here by hand, from what each provider documents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mill.api.transport.http_auth import check_signature
from mill.api.transport.replies import Refusal
from tests.mill.api.stage import Stage

NOW = 1_700_000_000
NOW_TEXT = "2023-11-14T22:13:20"
SECRET = "an-example-secret"
BODY = '{"a": "é"}'

Headers = dict[str, str]
Signer = Callable[[str, int], Headers]


def mac(text: str, algorithm: str = "sha256", secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), text.encode(), getattr(hashlib, algorithm)).digest()


def github(body: str, at: int) -> Headers:
    return {"x-hub-signature-256": f"sha256={mac(body).hex()}"}


def slack(body: str, at: int) -> Headers:
    signature = f"v0={mac(f'v0:{at}:{body}').hex()}"
    return {"x-slack-signature": signature, "x-slack-request-timestamp": str(at)}


def zoom(body: str, at: int) -> Headers:
    return {"x-zm-signature": f"v0={mac(f'v0:{at}:{body}').hex()}", "x-zm-request-timestamp": str(at)}


def stripe(body: str, at: int) -> Headers:
    return {"stripe-signature": f"t={at},v1={mac(f'{at}.{body}').hex()},v0=old"}


def tiktok(body: str, at: int) -> Headers:
    return {"tiktok-signature": f"t={at},s={mac(f'{at}.{body}').hex()}"}


def twitch(body: str, at: int) -> Headers:
    minutes, seconds = divmod(at - NOW + 20, 60)
    time = f"2023-11-14T22:{13 + minutes:02}:{seconds:02}.123456789Z"
    return {
        "twitch-eventsub-message-id": "m1",
        "twitch-eventsub-message-timestamp": time,
        "twitch-eventsub-message-signature": f"sha256={mac('m1' + time + body).hex()}",
        "twitch-eventsub-message-type": "notification",
    }


TIMED: dict[str, tuple[Signer, int]] = {
    "Slack": (slack, 300),
    "Zoom": (zoom, 300),
    "Stripe": (stripe, 300),
    "TikTok": (tiktok, 300),
    "Twitch": (twitch, 600),
}
SIGNERS: dict[str, Signer] = {"Github": github, **{name: signer for name, (signer, _) in TIMED.items()}}


def outcome(provider: str, headers: Headers, body: str = BODY, **settings: Any) -> int | str:
    """The status of the refusal, or what the handshake answers, or "in"."""
    resource = {"signature_provider": provider, "secret_key": SECRET, **settings}
    try:
        answer = check_signature(resource, headers, body, NOW)
    except Refusal as refusal:
        return refusal.status
    return "in" if answer is None else bytes(answer.body).decode()


@pytest.mark.parametrize("provider", SIGNERS)
def test_a_body_signed_by_its_provider_enters_and_no_other(provider: str) -> None:
    signed = SIGNERS[provider](BODY, NOW)
    assert outcome(provider, signed) == "in"
    assert outcome(provider, signed, BODY + " ") == 401
    assert outcome(provider, signed, secret_key="another") == 401
    for name in signed:
        without = {other: value for other, value in signed.items() if other != name}
        assert outcome(provider, without) == 400


@pytest.mark.parametrize("provider", TIMED)
def test_a_signature_counts_only_around_its_time(provider: str) -> None:
    signer, tolerance = TIMED[provider]
    cases = {-tolerance + 1: "in", tolerance - 1: "in", -tolerance - 1: 400, tolerance + 1: 400}
    assert {age: outcome(provider, signer(BODY, NOW + age)) for age in cases} == cases


@pytest.mark.parametrize(
    ("provider", "headers", "status"),
    [
        ("Stripe", {"stripe-signature": "nonsense"}, 400),
        ("Stripe", {"stripe-signature": f"t={NOW}"}, 401),
        ("Slack", slack(BODY, NOW) | {"x-slack-request-timestamp": "soon"}, 400),
        ("Slack", slack(BODY, NOW) | {"x-slack-request-timestamp": "٣"}, 400),
        ("Twitch", twitch(BODY, NOW) | {"twitch-eventsub-message-timestamp": "today"}, 400),
        ("Twitch", twitch(BODY, NOW) | {"twitch-eventsub-message-timestamp": NOW_TEXT}, 400),
        ("Github", {"x-hub-signature-256": "sha256=\u00e9"}, 401),
        ("Unheard", {}, 400),
    ],
)
def test_a_malformed_header_is_a_refusal_and_no_crash(provider: str, headers: Headers, status: int) -> None:
    assert outcome(provider, headers) == status


CUSTOM = {"algorithm": "sha512", "encoding": "base64", "signature_header_name": "X-Sig"}


@pytest.mark.parametrize(
    ("config", "header", "expected"),
    [
        (CUSTOM, base64.b64encode(mac(BODY, "sha512")).decode(), "in"),
        (CUSTOM | {"signature_prefix": "v1="}, "v1=" + base64.b64encode(mac(BODY, "sha512")).decode(), "in"),
        (CUSTOM | {"encoding": "base64uri"}, base64.urlsafe_b64encode(mac(BODY, "sha512")).decode(), "in"),
        (CUSTOM | {"algorithm": "sha1", "encoding": "hex"}, mac(BODY, "sha1").hex(), "in"),
        (CUSTOM, mac(BODY, "sha512").hex(), 401),
        (CUSTOM | {"algorithm": "md5"}, "x", 400),
        (CUSTOM | {"algorithm": ["sha1"]}, "x", 400),
        (None, "x", 400),
    ],
)
def test_a_custom_signature_follows_its_configuration(
    config: dict[str, Any] | None, header: str, expected: int | str
) -> None:
    assert outcome("Custom", {"x-sig": header}, authentication_config=config) == expected


def test_zoom_and_twitch_get_the_answer_to_their_handshake() -> None:
    body = json.dumps({"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": "tok"}})
    answer = outcome("Zoom", {}, body)
    assert json.loads(str(answer)) == {"plainToken": "tok", "encryptedToken": mac("tok").hex()}
    body = json.dumps({"challenge": "say-this", "subscription": {}})
    headers = twitch(body, NOW) | {"twitch-eventsub-message-type": "webhook_callback_verification"}
    assert outcome("Twitch", headers, body) == "say-this"


def basic(credentials: str) -> Headers:
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


RESOURCES = {
    "key": {"api_key_header": "X-Api-Key", "api_key_secret": SECRET},
    "basic": {"username": "kim", "password": SECRET},
    "colon": {"username": "kim", "password": "a:b"},
    "github": {"signature_provider": "Github", "secret_key": SECRET},
    "incomplete": {"api_key_header": "X-Api-Key"},
}
GUARDS = [
    ("api_key", "key"),
    ("api_key", "incomplete"),
    ("basic_http", "basic"),
    ("basic_http", "colon"),
    ("signature", "github"),
    ("windmill", None),
    ("none", None),
]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A route `<method>/<resource>` for every guard; the script behind it answers "in"."""
    stage = Stage(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("state"))
    for name, value in RESOURCES.items():
        stage.template("resource", f"f/auth/{name}", value)
    stage.jobs.functions["f/demo/in"] = lambda _: "in"
    for method, resource in GUARDS:
        stage.trigger(
            f"f/guard/{method}_{resource}",
            script_path="f/demo/in",
            authentication_method=method,
            authentication_resource_path=resource and f"f/auth/{resource}",
        )
    with stage.serve():
        yield stage
    stage.jobs.close()


@pytest.mark.parametrize(
    ("method", "resource", "headers", "status"),
    [
        ("api_key", "key", {"X-Api-Key": SECRET}, 200),
        ("api_key", "key", {"X-Api-Key": "no"}, 401),
        ("api_key", "key", {}, 401),
        ("api_key", "incomplete", {}, 400),
        ("basic_http", "basic", basic(f"kim:{SECRET}"), 200),
        ("basic_http", "basic", basic("kim:no"), 401),
        ("basic_http", "basic", {"Authorization": "Basic !"}, 401),
        ("basic_http", "basic", {"Authorization": f"Bearer {SECRET}"}, 401),
        ("basic_http", "basic", {}, 401),
        ("basic_http", "colon", basic("kim:a:b"), 401),
        ("signature", "github", github('{"a": 1}', NOW), 200),
        ("signature", "github", github('{"a": 2}', NOW), 401),
        ("signature", "github", {}, 400),
        ("windmill", None, {}, 401),
        ("windmill", None, {"Authorization": "Bearer no"}, 401),
        ("none", None, {}, 200),
    ],
)
def test_a_route_lets_in_only_who_it_names(
    guarded: Stage, method: str, resource: str | None, headers: Headers, status: int
) -> None:
    sent = headers | {"Content-Type": "application/json"}
    reply = guarded.send("POST", f"/api/r/f/guard/{method}_{resource}", b'{"a": 1}', sent)
    assert reply.status == status, reply.text
    assert (reply.text == '"in"') == (status == 200)
    assert SECRET not in reply.text


def test_a_windmill_route_takes_the_token_of_the_session(stage: Stage) -> None:
    stage.trigger("f/demo/in", authentication_method="windmill")
    stage.jobs.functions["f/demo/in"] = lambda _: "in"
    with stage.serve() as api:
        assert stage.post("/api/r/f/demo/in", {}, token=True).json() == "in"
        assert stage.post(f"/api/r/f/demo/in?token={api.token}", {}).json() == "in"


def test_a_custom_script_gets_the_raw_body_to_verify(stage: Stage) -> None:
    stage.trigger("f/demo/in", authentication_method="custom_script", raw_string=True)
    stage.jobs.functions["f/demo/in"] = lambda args: args["raw_string"]
    with stage.serve():
        assert stage.post("/api/r/f/demo/in", {"a": 1}).json() == '{"a": 1}'


def test_a_missing_authentication_resource_is_named(stage: Stage) -> None:
    stage.trigger("f/demo/in", authentication_method="api_key", authentication_resource_path="f/demo/key")
    with stage.serve():
        reply = stage.post("/api/r/f/demo/in", {})
    assert reply.status == 400
    assert "There is no resource f/demo/key." in reply.text
