"""What providers have published as rightly signed is let in, at the time it was fresh and near it."""

from __future__ import annotations

import base64
import hmac

import pytest

from tests.f.webhooks.verifying.signed import FORM, Signed
from tests.f.webhooks.verifying.vectors import BY_NAME, VECTORS

TIMED = {"stripe", "slack", "sendgrid", "hubspot", "standard", "generic"}
OTHERS = {
    "sendgrid": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7G"
        "jUuFDb/R1NGe1OPzpA=="
    ),
    "standard": "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA==",
}
ALL = [pytest.param(vector.request, id=vector.name) for vector in VECTORS]
WITH_TIME = [
    pytest.param(vector.request, id=vector.name) for vector in VECTORS if vector.request.source.kind in TIMED
]
WITHOUT_TIME = [
    pytest.param(vector.request, id=vector.name)
    for vector in VECTORS
    if vector.request.source.kind not in TIMED
]


@pytest.mark.parametrize("vector", ALL)
def test_a_published_vector_is_let_in(vector: Signed) -> None:
    vector.check()


@pytest.mark.parametrize("seconds", [-300, 300])
@pytest.mark.parametrize("vector", WITH_TIME)
def test_a_signed_time_counts_up_to_the_tolerance_in_past_and_future(vector: Signed, seconds: int) -> None:
    vector.at(vector.now + seconds).check()


@pytest.mark.parametrize(("seconds", "reason"), [(301, "301 seconds in the past"), (-301, "in the future")])
@pytest.mark.parametrize("vector", WITH_TIME)
def test_a_signed_time_beyond_the_tolerance_is_refused(vector: Signed, seconds: int, reason: str) -> None:
    refusal = vector.at(vector.now + seconds).refusal()
    assert refusal is not None
    assert reason in refusal.reason


@pytest.mark.parametrize("vector", WITH_TIME)
def test_the_tolerance_is_the_source_s_own(vector: Signed) -> None:
    narrow = vector.with_source(tolerance=10.0)
    assert narrow.at(vector.now + 10).accepted()
    assert not narrow.at(vector.now + 11).accepted()
    assert not narrow.at(vector.now - 11).accepted()


@pytest.mark.parametrize("vector", WITHOUT_TIME)
def test_a_scheme_that_signs_no_time_cannot_tell_an_old_request(vector: Signed) -> None:
    vector.at(vector.now + 10 * 365 * 86_400).check()


@pytest.mark.parametrize("now", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("vector", WITH_TIME)
def test_a_clock_that_tells_no_time_lets_nobody_in(vector: Signed, now: float) -> None:
    assert not vector.at(now).accepted()


@pytest.mark.parametrize("vector", ALL)
def test_each_secret_counts_while_they_are_changed(vector: Signed) -> None:
    right = vector.source.secrets[0]
    other = OTHERS.get(vector.source.kind, "another secret")
    vector.with_secrets(right, other).check()
    vector.with_secrets(other, right).check()
    refusal = vector.with_secrets(other, other).refusal()
    assert refusal is not None
    assert "any of the 2 secrets" in refusal.reason


def test_of_many_stripe_signatures_one_right_one_is_enough() -> None:
    vector = BY_NAME["stripe"]
    time, right = vector.header("stripe-signature").split(",")
    wrong = f"v1={'0' * 64}"
    for header in (
        f"{time},{wrong},{right}",
        f"{right},{time},{wrong}",
        f"{time},v0={'0' * 64},{right},v2=x",
    ):
        vector.with_header("stripe-signature", header).check()
    most = ",".join([time, *[wrong] * 19, right])
    vector.with_header("stripe-signature", most).check()
    refusal = vector.with_header("stripe-signature", f"{most},{wrong}").refusal()
    assert refusal is not None
    assert "has 21 signatures v1" in refusal.reason


def test_of_many_standard_signatures_one_right_one_is_enough() -> None:
    vector = BY_NAME["standard v1"]
    right = vector.header("webhook-signature")
    wrong = f"v1,{'A' * 43}="
    for header in (
        f"{wrong} {right}",
        f"{right} {wrong}",
        f"v2,what-we-do-not-know {right}",
        f"v1a,{'A' * 86}== {right}",
    ):
        vector.with_header("webhook-signature", header).check()
    most = " ".join([*[wrong] * 19, right])
    vector.with_header("webhook-signature", most).check()
    assert not vector.with_header("webhook-signature", f"{most} {wrong}").accepted()


def test_a_standard_source_takes_both_kinds_of_key_at_once() -> None:
    shared, public = BY_NAME["standard v1"], BY_NAME["standard v1a"]
    secrets = (*shared.source.secrets, *public.source.secrets)
    shared.with_secrets(*secrets).check()
    public.with_secrets(*reversed(secrets)).check()


@pytest.mark.parametrize(
    "secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_a_standard_secret_may_lack_its_prefix(secret: str) -> None:
    BY_NAME["standard v1"].with_secrets(secret).check()


def test_svix_headers_count_only_without_any_standard_one() -> None:
    vector = BY_NAME["standard v1"]
    svix = vector.with_request(
        headers={name.replace("webhook", "svix"): value for name, value in vector.request.headers.items()}
    )
    svix.check()
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        refusal = svix.with_header(name, "msg_another").refusal()
        assert refusal is not None, name
        assert refusal.reason.startswith("webhook-")


@pytest.mark.parametrize("between", ["", " ", "\\n", "\n"])
def test_a_sendgrid_key_may_be_pem(between: str) -> None:
    vector = BY_NAME["sendgrid"]
    (key,) = vector.source.secrets
    lines = ["-----BEGIN PUBLIC KEY-----", key[:64], key[64:], "-----END PUBLIC KEY-----"]
    vector.with_secrets(between.join(lines)).check()


@pytest.mark.parametrize(
    "settings",
    ["key=webhooks_sharedkey_1,algorithm=HMAC_SHA1", "key=webhooks_sharedkey_1, algorithm=HMAC_SHA1"],
)
def test_twilio_may_name_the_algorithm(settings: str) -> None:
    BY_NAME["twilio form"].with_header("x-twilio-webhooks-signature-settings", settings).check()


@pytest.mark.parametrize("name", ["twilio form", "twilio JSON", "hubspot"])
def test_what_a_request_says_of_its_own_address_does_not_count(name: str) -> None:
    BY_NAME[name].with_request(url="https://evil.example.com/other").check()


def test_a_twilio_body_cannot_move_into_the_query() -> None:
    """The signed text is the same, and the fields are gone: so the address is never the request's."""
    vector = BY_NAME["twilio form"]
    tail = "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
    moved = vector.with_body(b"").with_request(url=vector.source.url + tail)
    assert not moved.accepted()
    assert moved.with_url(vector.source.url + tail).accepted()


@pytest.mark.parametrize("signature", ["upper", "sha256=", "sha256= and upper"])
def test_a_generic_signature_may_be_written_in_upper_case_and_with_its_algorithm(signature: str) -> None:
    vector = BY_NAME["generic"]
    text = vector.header("x-webhook-signature")
    text = text.upper() if "upper" in signature else text
    vector.with_header("x-webhook-signature", f"{'sha256=' if 'sha256=' in signature else ''}{text}").check()


HUBSPOT_CODES = "https://x.example.com/a%2fb%3Fc?d=%3A%2F%40%21%24%27%28%29%2A%2C%3B%20%26%3D"
HUBSPOT_DECODED = "https://x.example.com/a/b?c?d=:/@!$'()*,;%20%26%3D"


@pytest.mark.parametrize("signed_url", [HUBSPOT_CODES, HUBSPOT_DECODED])
def test_hubspot_may_decode_its_twelve_codes_before_it_signs_and_no_others(signed_url: str) -> None:
    vector = BY_NAME["hubspot"].with_url(HUBSPOT_CODES)
    time, (secret,) = vector.header("x-hubspot-request-timestamp"), vector.source.secrets
    message = b"POST" + signed_url.encode() + vector.request.body + time.encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()
    vector.with_header("x-hubspot-signature-v3", signature).check()
    vector.with_header("x-hubspot-signature-v3", signature).with_request(method="post").check()
    assert not vector.with_header("x-hubspot-signature-v3", signature).with_request(method="GET").accepted()


def test_twilio_s_signature_of_an_address_alone_is_no_signature_of_a_body() -> None:
    """So a request without a body, such as one of a phone call, cannot be given one."""
    vector = BY_NAME["twilio JSON"]
    bare = hmac.digest(vector.source.secrets[0].encode(), vector.source.url.encode(), "sha1")
    signed = vector.with_header("x-twilio-signature", base64.b64encode(bare).decode())
    signed.with_body(b"").check()
    for content_type in ("application/json", FORM, "text/plain", ""):
        assert not signed.with_header("content-type", content_type).accepted()


@pytest.mark.parametrize(
    "tail", ["", "&bodySHA256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
)
def test_a_twilio_request_without_a_body_may_be_signed_with_or_without_its_hash(tail: str) -> None:
    vector = BY_NAME["twilio JSON"].with_body(b"")
    right = hmac.digest(vector.source.secrets[0].encode(), (vector.source.url + tail).encode(), "sha1")
    vector.with_header("x-twilio-signature", base64.b64encode(right).decode()).check()


def test_empty_fields_of_a_twilio_form_are_signed() -> None:
    vector = BY_NAME["twilio form"]
    message = f"{vector.source.url}BodyFrom1"
    signature = base64.b64encode(hmac.digest(b"12345", message.encode(), "sha1")).decode()
    vector.with_header("x-twilio-signature", signature).with_body(b"From=1&Body=").check()
