"""Beside the providers' own SDKs: what they sign is let in, and what is let in they would let in as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.f.webhooks.verifying.foreign import (
    SDKS,
    SIGNERS,
    sign_twilio_form,
    stand_still,
    twilio_accepts_form,
)
from tests.f.webhooks.verifying.signed import ADDRESS, FORM, NOW, Signed
from tests.properties import at_most

SECRETS = st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()))
BODIES = st.text(max_size=300)
TIMES = st.integers(int(NOW) - 300, int(NOW) + 300)
FIELDS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=12)
ADDRESSES = st.sampled_from(
    [
        ADDRESS,
        "http://127.0.0.1:8000/in",
        "https://x.example.com:8443/a?b=c",
        "https://user:pass@x.example.com",
    ]
)


@pytest.fixture(autouse=True, scope="module")
def _clocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        stand_still(patch)
        yield


@pytest.mark.parametrize("name", SIGNERS)
@given(secret=SECRETS, body=BODIES, time=TIMES)
@settings(max_examples=at_most(60))
def test_what_a_provider_signs_is_let_in(name: str, secret: str, body: str, time: int) -> None:
    SIGNERS[name](secret, body, time).check()


@given(
    secret=SECRETS,
    fields=FIELDS,
    url=ADDRESSES,
    algorithm=st.sampled_from([None, "HMAC_SHA1", "HMAC_SHA256"]),
)
@example(
    secret="12345", fields=[("Digits", "2"), ("Digits", "1"), ("Digits", "1")], url=ADDRESS, algorithm=None
)
@settings(max_examples=at_most(150))
def test_a_form_that_twilio_signs_is_let_in(
    secret: str, fields: list[tuple[str, str]], url: str, algorithm: str | None
) -> None:
    sign_twilio_form(secret, fields, url, algorithm).check()


# A way to damage a text: where, how many signs go, and what comes in their place.
CUTS = st.tuples(
    st.integers(0, 200), st.integers(0, 8), st.text("0123456789abcdefABCDEF+/=,. vt_-\u0661", max_size=8)
)


@pytest.mark.parametrize("name", SDKS)
@given(
    body=BODIES,
    time=st.integers(int(NOW) - 310, int(NOW) + 310),
    cuts=st.lists(CUTS, max_size=2),
    data=st.data(),
)
@settings(max_examples=at_most(150))
def test_what_is_let_in_the_provider_s_sdk_lets_in(
    name: str, body: str, time: int, cuts: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    request = SDKS[name].sign("a secret", body, time)
    for place, gone, new in cuts:
        header = data.draw(st.sampled_from([*request.request.headers, "body"]))
        request = _damaged(request, header, place, gone, new)
    if request.accepted():
        assert SDKS[name].accepts(request)


def _damaged(request: Signed, header: str, place: int, gone: int, new: str) -> Signed:
    if header == "body":
        body = request.request.body
        return request.with_body(body[:place] + new.encode() + body[place + gone :])
    text = request.header(header)
    return request.with_header(header, text[:place] + new + text[place + gone :])


@given(fields=FIELDS, other=FIELDS, url=ADDRESSES, at=ADDRESSES)
@settings(max_examples=at_most(150))
def test_a_form_is_let_in_exactly_if_twilio_s_sdk_lets_it_in(
    fields: list[tuple[str, str]], other: list[tuple[str, str]], url: str, at: str
) -> None:
    signed = sign_twilio_form("12345", fields, url)
    for sent in (fields, other):
        body = sign_twilio_form("12345", sent, url).request.body
        theirs = twilio_accepts_form("12345", sent, at, signed.header("x-twilio-signature"))
        assert signed.with_body(body).with_url(at).accepted() == theirs


def _at(name: str, time: int) -> Signed:
    return SDKS[name].sign("a secret", "{}", time)


def _slack_at(time: str) -> Signed:
    from slack_sdk.signature import SignatureVerifier  # noqa: PLC0415 - for a time as no SDK writes it

    signature = str(SignatureVerifier("a secret").generate_signature(timestamp=time, body="{}"))
    request = _at("slack_sdk", int(NOW)).with_header("x-slack-request-timestamp", time)
    return request.with_header("x-slack-signature", signature)


def _edited(name: str, header: str, old: str, new: str) -> Signed:
    request = _at(name, int(NOW))
    return request.with_header(header, request.header(header).replace(old, new))


SECOND = str(int(NOW))
SENDGRID_SIGNATURE = "x-twilio-email-event-webhook-signature"
STRICTER = {
    "stripe: a time in the future": ("stripe", _at("stripe", int(NOW) + 86_400)),
    "stripe: a time with a plus": ("stripe", _edited("stripe", "stripe-signature", "t=", "t=+")),
    "stripe: a time with an underscore": ("stripe", _edited("stripe", "stripe-signature", "t=1", "t=1_")),
    "stripe: a time with a blank": ("stripe", _edited("stripe", "stripe-signature", "t=", "t= ")),
    "stripe: a time with a zero before it": ("stripe", _edited("stripe", "stripe-signature", "t=", "t=0")),
    "stripe: a time in digits of another script": (
        "stripe",
        _edited("stripe", "stripe-signature", "t=1", "t=\u0661"),
    ),
    "stripe: a second time": ("stripe", _edited("stripe", "stripe-signature", ",v1", ",t=1,v1")),
    "stripe: a signature of no sense beside the right one": (
        "stripe",
        _edited("stripe", "stripe-signature", ",v1", ",v1=potato,v1"),
    ),
    "slack: a time with a plus": ("slack_sdk", _slack_at(f"+{SECOND}")),
    "slack: a time with an underscore": ("slack_sdk", _slack_at(SECOND.replace("7", "_7"))),
    "sendgrid: a time long past": ("sendgrid", _at("sendgrid", int(NOW) - 86_400)),
    "sendgrid: signs of no alphabet within base64": (
        "sendgrid",
        _edited("sendgrid", SENDGRID_SIGNATURE, "M", "~M"),
    ),
    "standard: a time with a fraction": (
        "standardwebhooks",
        _edited("standardwebhooks", "webhook-timestamp", SECOND, f"{SECOND}.5"),
    ),
    "standard: a time with an exponent": (
        "standardwebhooks",
        _edited("standardwebhooks", "webhook-timestamp", SECOND, "1.7e9"),
    ),
    "standard: signs of no alphabet within base64": (
        "standardwebhooks",
        _edited("standardwebhooks", "webhook-signature", "v1,", "v1,~"),
    ),
    "standard: 21 signatures": (
        "standardwebhooks",
        _edited("standardwebhooks", "webhook-signature", "v1,", "v1,AAAA " * 20 + "v1,"),
    ),
}


@pytest.mark.parametrize("case", STRICTER)
def test_stricter_on_purpose_than_the_sdk(case: str) -> None:
    name, request = STRICTER[case]
    assert SDKS[name].accepts(request)
    assert not request.accepted()


CRASHES = {
    "slack: a time that is no number": ("slack_sdk", "x-slack-request-timestamp", "soon"),
    "slack: a signature beyond ASCII": ("slack_sdk", "x-slack-signature", "v0=\u00e9"),
    "standard: a signature without its version": ("standardwebhooks", "webhook-signature", "abc"),
    "sendgrid: no base64": ("sendgrid", SENDGRID_SIGNATURE, "abc"),
    "stripe: a signature beyond ASCII": ("stripe", "stripe-signature", f"t={SECOND},v1=\ud800"),
}


@pytest.mark.parametrize("case", CRASHES)
def test_where_the_sdk_falls_over_there_is_the_one_refusal(case: str) -> None:
    name, header, value = CRASHES[case]
    request = _at(name, int(NOW)).with_header(header, value)
    with pytest.raises((ValueError, TypeError)):
        SDKS[name].accepts(request)
    assert not request.accepted()


def test_a_form_type_counts_in_any_case_and_with_parameters() -> None:
    request = sign_twilio_form("12345", [("a", "1")])
    for content_type in (FORM, FORM.upper(), f"{FORM};charset=utf-8", f" {FORM} ; charset=utf-8"):
        request.with_header("content-type", content_type).check()
