"""Signed requests that providers have published, with the time at which they were fresh.

They are facts, carried over with where they stand. Of Stripe and Shopify none is published: their tests sign
anew each time. So one of each is fixed here, made by Stripe's SDK and by `openssl dgst -sha256 -hmac`.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.f.webhooks.verifying.signed import FORM, Signed, signed

TWILIO_PAGE = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = (
    b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
)
TWILIO_JSON = b'{"property": "value", "boolean": true}'
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eN"
    "Ec6wEA3F+g=="
)
STANDARD_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STANDARD_BODY = b'{"test": 2432232314}'


class Vector(NamedTuple):
    name: str
    origin: str
    request: Signed


def _slack() -> Signed:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "X-Slack-Request-Timestamp": "1531420618",
    }
    return signed("slack", "8f742231b10e8888abcd99yyyzzz85a5", headers, body, now=1531420618)


def _stripe() -> Signed:
    body = b'{\n  "id": "evt_test_webhook",\n  "object": "event"\n}'
    header = "t=1700000000,v1=4f1cd7feda9826e746b7d482c4badebb657398df1099e1046364f6196a230150"
    return signed("stripe", "whsec_test_secret", {"Stripe-Signature": header}, body)


def _twilio(signature: str, body: bytes, content_type: str, url: str = TWILIO_PAGE) -> Signed:
    headers = {"X-Twilio-Signature": signature, "Content-Type": content_type}
    return signed("twilio", "12345", headers, body, url=url)


def _sendgrid() -> Signed:
    body = (
        b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
        b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
    )
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": (
            "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
        ),
        "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
    }
    return signed("sendgrid", SENDGRID_KEY, headers, body, now=1600112502)


def _github(secret: str, body: bytes, signature: str) -> Signed:
    return signed("github", secret, {"X-Hub-Signature-256": f"sha256={signature}"}, body)


def _shopify() -> Signed:
    headers = {
        "X-Shopify-Hmac-Sha256": "D0UMXmhjwBRi4y66TmhJrDlhQABD7zI2fm3p6/QLMo8=",
        "X-Shopify-Topic": "orders/create",
    }
    return signed("shopify", "hush", headers, b'{"id":820982911946154508,"email":"jon@example.com"}')


def _hubspot() -> Signed:
    headers = {
        "X-HubSpot-Signature-v3": "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw=",
        "X-HubSpot-Request-Timestamp": "15000000",
    }
    body = b"{'example_field':'example_value'}"
    url = "https://www.example.com/webhook_uri"
    return signed("hubspot", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", headers, body, url=url, now=15000)


def _standard(secret: str, signature: str) -> Signed:
    headers = {"webhook-id": STANDARD_ID, "webhook-timestamp": "1614265330", "webhook-signature": signature}
    return signed("standard", secret, headers, STANDARD_BODY, now=1614265330)


_TWILIO_TESTS = "twilio-python tests/unit/test_request_validator.py"
_TWILIO_OTHER_PORT = TWILIO_PAGE.replace(".com", ".com:1234")
_TWILIO_PLAIN = TWILIO_PAGE.replace("https", "http")

VECTORS = [
    Vector("stripe", "none published; signed by stripe-python 16.1", _stripe()),
    Vector("slack", "docs.slack.dev, Verifying requests from Slack; python-slack-sdk", _slack()),
    Vector("twilio form", _TWILIO_TESTS, _twilio("RSOYDt4T1cUTdK1PDd93/VVr8B8=", TWILIO_FORM, FORM)),
    Vector(
        "twilio form, names twice",
        _TWILIO_TESTS,
        _twilio("IK+Dwps556ElfBT0I3Rgjkr1wJU=", b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234", FORM),
    ),
    Vector(
        "twilio form, port left out",
        _TWILIO_TESTS,
        _twilio("RSOYDt4T1cUTdK1PDd93/VVr8B8=", TWILIO_FORM, FORM, _TWILIO_OTHER_PORT),
    ),
    Vector(
        "twilio form, port 443 put in",
        _TWILIO_TESTS,
        _twilio("kvajT1Ptam85bY51eRf/AJRuM3w=", TWILIO_FORM, FORM),
    ),
    Vector(
        "twilio form, port kept",
        _TWILIO_TESTS,
        _twilio(
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", TWILIO_FORM, FORM, _TWILIO_OTHER_PORT.replace("https", "http")
        ),
    ),
    Vector(
        "twilio form, port 80 put in",
        _TWILIO_TESTS,
        _twilio("0ZXoZLH/DfblKGATFgpif+LLRf4=", TWILIO_FORM, FORM, _TWILIO_PLAIN),
    ),
    Vector(
        "twilio JSON", _TWILIO_TESTS, _twilio("a9nBmqA0ju/hNViExpshrM61xv4=", TWILIO_JSON, "application/json")
    ),
    Vector("sendgrid", "sendgrid-python test/unit/test_eventwebhook.py", _sendgrid()),
    Vector(
        "github",
        "docs.github.com, Validating webhook deliveries",
        _github(
            "It's a Secret to Everybody",
            b"Hello, World!",
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
    ),
    Vector(
        "github, octokit",
        "octokit/webhooks-methods.js test/verify.test.ts",
        _github(
            "mysecret",
            b'{\n  "foo": "bar"\n}\n',
            "e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f",
        ),
    ),
    Vector("shopify", "none published; signed by openssl", _shopify()),
    Vector("hubspot", "hubspot-api-python tests/spec/utils/test_signature.py", _hubspot()),
    Vector(
        "standard v1",
        "standard-webhooks libraries/javascript/src/webhook.test.ts",
        _standard(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        ),
    ),
    Vector(
        "standard v1a",
        "standard-webhooks libraries/go/webhook_asymmetric_test.go",
        _standard(
            "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=",
            "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==",
        ),
    ),
    Vector(
        "generic",
        "ours; signed by openssl",
        signed(
            "generic",
            "hush",
            {
                "x-webhook-signature": "e6457454a7aae854c80fb6516c3e45620c4838a234cc0aaa545f9485e57d8bcb",
                "x-webhook-timestamp": "1700000000",
            },
            b'{"type":"order.paid"}',
        ),
    ),
]
BY_NAME = {vector.name: vector.request for vector in VECTORS}
