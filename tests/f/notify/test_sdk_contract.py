"""For the same message our requests are those of the official SDKs: captured on loopback, compared."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import resend as resend_sdk
from sendgrid import SendGridAPIClient  # type: ignore[import-untyped]  # the SDK is not typed
from sendgrid.helpers import mail as sendgrid_mail  # type: ignore[import-untyped]  # the SDK is not typed
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # the SDK is not typed
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # the SDK is not typed
from twilio.rest import Client as TwilioClient  # type: ignore[import-untyped]  # the SDK is not typed

from f.connect.calls.message import Request
from f.connect.client import Client
from f.notify.email.mail import Mail, mail_of
from f.notify.email.resend import Resend
from f.notify.email.sendgrid import Sendgrid
from f.notify.slack.client import (
    Post,
    bot_integration,
    history_request,
    post_request,
    webhook_integration,
    webhook_request,
)
from f.notify.texts.client import Text, list_request, send_request, state_request
from f.notify.texts.client import integration_of as twilio_integration
from tests.f.notify.conftest import Twin
from tests.loopback import Asked, Loopback, Reply, serve

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hé*"}}]
ATTACHMENTS = [{"color": "#dc2626", "fallback": "x", "blocks": BLOCKS}]
FILE = base64.b64encode(b"%PDF-1.7").decode()
REPLIES = {
    "slack": Reply(200, {"ok": True, "channel": "C1", "ts": "1.0", "messages": []}),
    "webhook": Reply(200, b"ok", {"Content-Type": "text/html"}),
    "twilio": Reply(201, {"sid": "SM1", "status": "queued", "messages": []}),
    "twilio_list": Reply(200, {"messages": []}),
    "resend": Reply(200, {"id": "1", "data": [{"id": "1"}]}),
    "sendgrid": Reply(202),
}
PEOPLE = ("Ada <ada@example.com>", "ben@example.com")


_TELLING = ("authorization", "idempotency-key", "x-batch-validation")


def said(asked: Asked) -> dict[str, Any]:
    """A request without what says who sent it: method, path, query, credential, body by its type."""
    headers = {name.lower(): value for name, value in asked.headers.items()}
    parts = urlsplit(asked.path)
    kind = headers.get("content-type", "").partition(";")[0]
    kept: dict[str, Any] = {name: headers[name] for name in _TELLING if name in headers}
    body: Any = asked.body.decode()
    if kind == "application/json":
        body = json.loads(body)
    elif kind.endswith("urlencoded"):
        body = parse_qs(body)
    query = parse_qs(parts.query)
    about = {"method": asked.method, "path": parts.path, "query": query}
    return {**about, "kind": kind if body else "", "body": body or "", **kept}


def captured(service: str, theirs: Callable[[Loopback], object], ours: Callable[[Loopback], object]) -> None:
    """Run both against a server of their own and compare the one request of each."""
    seen = []
    for call in (theirs, ours):
        with serve(lambda _: REPLIES[service]) as server:
            call(server)
        (asked,) = server.asked
        seen.append(said(asked))
    assert seen[1] == seen[0]


def send(integration: Any, request: Request) -> None:
    with Client(integration) as client:
        client.request(request)


def test_a_slack_post_is_the_sdks() -> None:
    metadata = {"event_type": "notification", "event_payload": {"mark": "m"}}

    def theirs(server: Loopback) -> None:
        WebClient("xoxb-1", base_url=f"{server.url}/api/").chat_postMessage(
            channel="C1",
            text="té",
            blocks=BLOCKS,
            attachments=ATTACHMENTS,
            thread_ts="1.0",
            mrkdwn=False,
            metadata=metadata,
        )

    def ours(server: Loopback) -> None:
        resource = {"token": "xoxb-1", "base_url": f"{server.url}/api"}
        send(bot_integration(resource, "C1"), post_request(Post("té", BLOCKS, ATTACHMENTS, "1.0"), "C1", "m"))

    captured("slack", theirs, ours)


def test_a_slack_look_up_asks_as_the_sdk_does() -> None:
    with serve(lambda _: REPLIES["slack"]) as server:
        WebClient("xoxb-1", base_url=f"{server.url}/api/").conversations_history(
            channel="C1", oldest="1.500000", include_all_metadata=True, limit=200
        )
        resource = {"token": "xoxb-1", "base_url": f"{server.url}/api"}
        send(bot_integration(resource, "C1"), history_request("C1", 1.5))
    theirs, ours = (said(asked) for asked in server.asked)
    # The SDK posts a form, and True as 1. Slack takes a GET as well, which we may repeat.
    arguments = {**ours["query"], "include_all_metadata": ["1"]}
    assert (ours["method"], ours["query"]["include_all_metadata"]) == ("GET", ["true"])
    assert (ours["path"], arguments, ours["authorization"]) == (
        theirs["path"],
        theirs["body"],
        theirs["authorization"],
    )


def test_a_webhook_post_is_the_sdks() -> None:
    def theirs(server: Loopback) -> None:
        WebhookClient(f"{server.url}/services/T/B/x").send_dict(
            {"text": "t", "mrkdwn": True, "blocks": BLOCKS, "attachments": ATTACHMENTS}
        )

    def ours(server: Loopback) -> None:
        integration, path = webhook_integration({"url": f"{server.url}/services/T/B/x"})
        send(integration, webhook_request(Post("t", BLOCKS, ATTACHMENTS, mrkdwn=True), path))

    captured("webhook", theirs, ours)


class Redirecting(TwilioHttpClient):  # type: ignore[misc]  # the SDK is not typed
    """The SDK has no base URL: its requests are sent on to loopback, whole."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._url), *args, **kwargs)


TEXTS: dict[str, tuple[dict[str, Any], Text]] = {
    "sms": (
        {"to": "+12025550123", "from_": "+12025550100", "body": "hé & +1"},
        Text("+12025550123", "+12025550100", "hé & +1"),
    ),
    "mms": (
        {
            "to": "+12025550123",
            "from_": "+12025550100",
            "media_url": ["https://a.example/1", "https://a.example/2"],
        },
        Text("+12025550123", "+12025550100", media_urls=["https://a.example/1", "https://a.example/2"]),
    ),
    "service": (
        {
            "to": "+12025550123",
            "messaging_service_sid": "MG1",
            "body": "x",
            "status_callback": "https://a.example",
        },
        Text("+12025550123", "MG1", "x", status_callback="https://a.example"),
    ),
    "whatsapp template": (
        {
            "to": "whatsapp:+12025550123",
            "from_": "whatsapp:+12025550100",
            "content_sid": "HX1",
            "content_variables": '{"1": "Ädä"}',
        },
        Text(
            "whatsapp:+12025550123",
            "whatsapp:+12025550100",
            content_sid="HX1",
            content_variables={"1": "Ädä"},
        ),
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_message_is_the_sdks(name: str) -> None:
    arguments, text = TEXTS[name]

    def theirs(server: Loopback) -> None:
        TwilioClient("AC1", "t", http_client=Redirecting(server.url)).messages.create(**arguments)

    def ours(server: Loopback) -> None:
        resource = {"accountSid": "AC1", "token": "t", "base_url": server.url}
        send(twilio_integration(resource), send_request(text, "AC1"))

    captured("twilio", theirs, ours)


@pytest.mark.parametrize(
    ("theirs", "request_"),
    [
        (lambda sdk: sdk.messages("SM1").fetch(), state_request("AC1", "SM1")),
        (
            lambda sdk: sdk.messages.list(to="+12025550123", page_size=1000, limit=100),
            list_request(Text("+12025550123", "x"), "AC1"),
        ),
    ],
)
def test_asking_for_messages_is_the_sdks(theirs: Callable[[TwilioClient], object], request_: Request) -> None:
    captured(
        "twilio_list",
        lambda server: theirs(TwilioClient("AC1", "t", http_client=Redirecting(server.url))),
        lambda server: send(
            twilio_integration({"accountSid": "AC1", "token": "t", "base_url": server.url}), request_
        ),
    )


def full_mail(**changes: Any) -> Mail:
    given: dict[str, Any] = {
        "sender": "Ops <ops@example.com>", "to": PEOPLE, "subject": "Hé", "html": "<p>x</p>", "text": "x",
        "cc": ["cleo@example.com"], "bcc": ["dan@example.com"], "reply_to": "desk@example.com",
        "attachments": [{"filename": "a.pdf", "content": FILE}], "categories": ["news"],
    }  # fmt: skip
    return mail_of(**{**given, **changes})


RESEND_PARAMS: dict[str, Any] = {
    "from": "Ops <ops@example.com>",
    "to": list(PEOPLE),
    "subject": "Hé",
    "html": "<p>x</p>",
    "text": "x",
    "cc": ["cleo@example.com"],
    "bcc": ["dan@example.com"],
    "reply_to": "desk@example.com",
    "attachments": [{"filename": "a.pdf", "content": FILE, "content_type": "application/pdf"}],
    "tags": [{"name": "category", "value": "news"}],
}


def test_an_email_through_resend_is_the_sdks(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(server: Loopback) -> None:
        monkeypatch.setattr(resend_sdk, "api_url", server.url)
        monkeypatch.setattr(resend_sdk, "api_key", "re_1")
        resend_sdk.Emails.send(RESEND_PARAMS, {"idempotency_key": "m"})  # type: ignore[arg-type]  # its TypedDict

    def ours(server: Loopback) -> None:
        resource = {"token": "re_1", "base_url": server.url}
        provider = Resend(resource)
        send(provider.integration, provider.send_request(full_mail(), "m"))

    captured("resend", theirs, ours)


def test_a_batch_through_resend_is_the_sdks(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(server: Loopback) -> None:
        monkeypatch.setattr(resend_sdk, "api_url", server.url)
        monkeypatch.setattr(resend_sdk, "api_key", "re_1")
        resend_sdk.Batch.send([RESEND_PARAMS] * 2, {"idempotency_key": "m", "batch_validation": "permissive"})  # type: ignore[list-item]  # its TypedDict

    def ours(server: Loopback) -> None:
        resource = {"token": "re_1", "base_url": server.url}
        provider = Resend(resource)
        send(provider.integration, provider.batch_request([full_mail()] * 2, "m"))

    captured("resend", theirs, ours)


def sdk_mail(**changes: Any) -> Any:
    mail = sendgrid_mail.Mail(
        from_email=("ops@example.com", "Ops"), subject="Hé", plain_text_content="x", html_content="<p>x</p>"
    )
    mail.reply_to = "desk@example.com"
    mail.add_category(sendgrid_mail.Category("news"))
    mail.add_custom_arg(sendgrid_mail.CustomArg("mark", "m"))
    return mail


def test_an_email_through_sendgrid_is_the_sdks() -> None:
    def theirs(server: Loopback) -> None:
        mail = sdk_mail()
        mail.add_to(sendgrid_mail.To("ada@example.com", "Ada"))
        mail.add_to("ben@example.com")
        mail.add_cc("cleo@example.com")
        mail.add_bcc("dan@example.com")
        mail.attachment = sendgrid_mail.Attachment(FILE, "a.pdf", "application/pdf", "attachment")
        SendGridAPIClient("SG.1", host=server.url).send(mail)

    def ours(server: Loopback) -> None:
        resource = {"token": "SG.1", "base_url": f"{server.url}/v3"}
        provider = Sendgrid(resource)
        send(provider.integration, provider.send_request(full_mail(), "m"))

    captured("sendgrid", theirs, ours)


def test_a_template_through_sendgrid_to_several_is_the_sdks() -> None:
    def theirs(server: Loopback) -> None:
        mail = sendgrid_mail.Mail(from_email="ops@example.com")
        for number, email in ((1, "ben@example.com"), (0, "ada@example.com")):  # the SDK puts each in front
            one = sendgrid_mail.Personalization()
            one.add_to(sendgrid_mail.Email(email))
            one.dynamic_template_data = {"n": number}
            mail.add_personalization(one)
        mail.template_id = "d-1"
        mail.add_custom_arg(sendgrid_mail.CustomArg("mark", "m"))
        SendGridAPIClient("SG.1", host=server.url).send(mail)

    def ours(server: Loopback) -> None:
        mails = [
            mail_of("ops@example.com", [email], template_id="d-1", template_data={"n": number})
            for number, email in enumerate(("ada@example.com", "ben@example.com"))
        ]
        resource = {"token": "SG.1", "base_url": f"{server.url}/v3"}
        provider = Sendgrid(resource)
        send(provider.integration, provider.batch_request(mails, "m"))

    captured("sendgrid", theirs, ours)


def test_the_twins_take_what_the_sdks_send(
    slack: Twin, twilio: Twin, resend: Twin, sendgrid: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = WebClient("xoxb-1", base_url=f"{slack.client.url}/api/")
    posted = bot.chat_postMessage(channel="C0OPS", text="t", blocks=BLOCKS, attachments=ATTACHMENTS)
    assert posted["ok"]
    assert WebhookClient(f"{slack.client.url}/services/T/B/x").send(text="t", blocks=BLOCKS).body == "ok"
    sdk = TwilioClient("AC1", "t", http_client=Redirecting(twilio.client.url))
    sid = sdk.messages.create(to="+12025550123", from_="+15005550006", body="x").sid
    assert sdk.messages(sid).fetch().status == "delivered"
    assert [one.sid for one in sdk.messages.list(to="+12025550123")] == [sid]
    monkeypatch.setattr(resend_sdk, "api_url", resend.client.url)
    monkeypatch.setattr(resend_sdk, "api_key", "re_1")
    assert resend_sdk.Emails.send(RESEND_PARAMS)["id"]  # type: ignore[arg-type]  # its TypedDict
    mail = sdk_mail()
    mail.add_to("ada@example.com")
    assert SendGridAPIClient("SG.1", host=sendgrid.client.url).send(mail).status_code == 202
    assert [len(twin.sent()) for twin in (slack, twilio, resend, sendgrid)] == [2, 1, 1, 1]


@pytest.mark.parametrize("code", [21211, 21610, 21408])
def test_the_sdk_reads_the_twins_errors_as_twilios(twilio: Twin, code: int) -> None:
    twilio.client.put_settings(refused={"+12025550123": code})
    sdk = TwilioClient("AC1", "t", http_client=Redirecting(twilio.client.url))
    with pytest.raises(TwilioRestException) as caught:
        sdk.messages.create(to="+12025550123", from_="+15005550006", body="x")
    assert (caught.value.code, caught.value.status) == (code, 400)
