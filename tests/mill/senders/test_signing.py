"""Our signatures are held against the official SDKs, and against what providers publish."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import pytest
import standardwebhooks
import stripe
import svix
from sendgrid.helpers.eventwebhook import EventWebhook  # type: ignore[import-untyped]
from slack_sdk.signature import Clock, SignatureVerifier
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from mill.senders.signing import FORM, JSON, called, mock_sendgrid_public_key, sign
from tests.mill.senders.mock_sources import mock_source

NOW = 1_767_225_600.5
BODY = '{"type": "invoice.paid", "name": "Anna Müller"}'.encode()
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_stripes_sdk_takes_ours() -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "type": "invoice.paid"}).encode()
    header = sign("stripe", "whsec_x", body, now=time.time())["Stripe-Signature"]
    assert stripe.Webhook.construct_event(body, header, "whsec_x").id == "evt_1"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, header, "whsec_y")


class _SlackClock(Clock):
    def now(self) -> float:
        return NOW


def test_slacks_sdk_takes_ours() -> None:
    headers = sign("slack", "secret", BODY, now=NOW)
    assert SignatureVerifier("secret", _SlackClock()).is_valid_request(BODY, headers)
    assert not SignatureVerifier("other", _SlackClock()).is_valid_request(BODY, headers)


def test_ours_is_the_signature_in_slacks_documents() -> None:
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = sign("slack", "8f742231b10e8888abcd99yyyzzz85a5", body.encode(), now=1531420618)
    assert (
        headers["X-Slack-Signature"] == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    )


def test_twilios_sdk_takes_a_form_of_ours() -> None:
    url = "https://hooks.example/webhooks/twilio?a=1"
    body = urlencode({"To": "+49", "Body": "Grüße & more", "From": "+1", "Empty": ""}).encode()
    signature = sign("twilio", "token", body, now=NOW, url=url, content_type=FORM)["X-Twilio-Signature"]
    fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    assert RequestValidator("token").validate(url, fields, signature)
    assert not RequestValidator("token").validate(f"{url}0", fields, signature)


def test_twilios_sdk_takes_json_of_ours() -> None:
    url = called("twilio", "https://hooks.example/webhooks/twilio", BODY, JSON)
    signature = sign("twilio", "token", BODY, now=NOW, url=url)["X-Twilio-Signature"]
    assert RequestValidator("token").validate(url, BODY.decode(), signature)
    assert not RequestValidator("token").validate(url, f"{BODY.decode()} ", signature)


def test_sendgrids_sdk_takes_ours() -> None:
    body = '[{"email": "anna@example.com"}]\r\n'
    headers = sign("sendgrid", "", body.encode(), now=NOW)
    theirs = EventWebhook(mock_sendgrid_public_key())
    signature, seconds = (
        headers[f"X-Twilio-Email-Event-Webhook-{name}"] for name in ("Signature", "Timestamp")
    )
    assert theirs.verify_signature(body, signature, seconds)
    assert not theirs.verify_signature(f"{body} ", signature, seconds)


def test_the_mock_source_of_sendgrid_has_the_public_key_to_ours() -> None:
    assert mock_source("sendgrid")["secret"] == mock_sendgrid_public_key()


def test_the_sdk_of_standard_webhooks_and_svix_make_the_same_signature() -> None:
    ours = sign("standard", WHSEC, BODY, now=NOW, event_id="msg_1")["webhook-signature"]
    moment = datetime.fromtimestamp(int(NOW), UTC)
    assert ours == standardwebhooks.Webhook(WHSEC).sign("msg_1", moment, BODY.decode())
    assert ours == svix.Webhook(WHSEC).sign("msg_1", moment, BODY.decode())


def test_ours_is_the_signature_in_githubs_documents() -> None:
    headers = sign("github", "It's a Secret to Everybody", b"Hello, World!", now=NOW)
    expected = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert headers == {"X-Hub-Signature-256": f"sha256={expected}"}


def test_shopifys_is_the_base64_of_the_bodys_hmac() -> None:
    mac = base64.b64encode(hmac.digest(b"secret", BODY, hashlib.sha256)).decode()
    assert sign("shopify", "secret", BODY, now=NOW) == {"X-Shopify-Hmac-Sha256": mac}


def test_hubspot_signs_method_decoded_address_body_and_milliseconds() -> None:
    headers = sign("hubspot", "secret", BODY, now=NOW, url="https://hooks.example/a%2Fb%20c?d=%40e&f=%3a")
    text = b"POSThttps://hooks.example/a/b%20c?d=@e&f=:" + BODY + b"1767225600500"
    assert headers == {
        "X-HubSpot-Request-Timestamp": "1767225600500",
        "X-HubSpot-Signature-v3": base64.b64encode(hmac.digest(b"secret", text, hashlib.sha256)).decode(),
    }
