"""Every script runs as plain Python, without Windmill: it does its work, or says what is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Asked, Loopback, Reply, serve
from tests.nursery import nursery

ROOT = Path(__file__).parents[2]
# Not the inline steps of a flow.
SCRIPTS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in (ROOT / "f").rglob("*.py")
    if "\ndef main(" in path.read_text() and not path.parent.name.endswith("__flow")
)
# What others wrote, and of ours what most scripts call an API with: each would load the same again.
LOADED = (
    "aiohttp",
    "cryptography.hazmat.primitives.ciphers.aead",
    "email_validator",
    "jinja2",
    "orjson",
    "phonenumbers",
    "pycountry",
    "pydantic",
    "requests",
    "sqlite3",
    "f.connect.calls.reply_reader",
    "f.connect.client",
    "f.store.database",
    "f.store.stores",
)
# It writes what main returns; of our own errors the name and the sentence. Anything else is a traceback.
RUN = """
import importlib, json, os
from f.connect.errors import ConnectError

def run(script, arguments):
    os.chdir(os.environ["HOME"])
    try:
        result = importlib.import_module(script).main(**arguments)
    except ConnectError as error:
        result = {"raised": type(error).__name__, "sentence": str(error)}
    print(json.dumps(result, default=str), flush=True)

"""
CSV = "name,email\nAda,ada@example.com\nBen,ben@example.com\nbad,bad\n"


ETAG = {"ETag": '"e"'}
RECORD = {
    "imo": 9074729,
    "compliant": True,
    "certificates": [],
    "inspections": [],
    "deficiencies": [],
    "last_updated": None,
}
PAID = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "livemode": False,
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}
TOLD = {
    "kind": "twilio",
    "type": "message.sent",
    "received_at": "2026-11-23T00:00:00+00:00",
    "body": {"MessageSid": "SM1"},
}
VESSEL = {"vessel_id": "v1", "imo": 9074729, "name": "AURORA", "position": None, "voyage": {}}
STRIPE_LIST = Reply(200, {"object": "list", "data": [], "has_more": False})


def of_stripe(kind: str, number: str, **more: Any) -> Reply:
    return Reply(200, {"object": kind, "id": number, "currency": "eur", "livemode": False, **more})


REPLIES = {
    "/some-bucket?list-type": Reply(200, b"<ListBucketResult/>"),
    "/some-bucket/copied": Reply(200, b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>', ETAG),
    "/some-bucket": Reply(200, b"", ETAG),
    "/compliance": Reply(200, RECORD),
    "/port-calls": Reply(200, {"data": [], "next_cursor": None}),
    "/vessels?": Reply(200, {"data": [VESSEL], "next_cursor": None}),
    "/vessels/": Reply(200, VESSEL),
    **dict.fromkeys(("/v1/customers?", "/v1/payment_intents?", "/v1/invoice_payments?"), STRIPE_LIST),
    "/v1/customers": of_stripe("customer", "cus_1"),
    "/v1/payment_intents": of_stripe("payment_intent", "pi_1", status="succeeded", amount_received=500),
    "/v1/subscriptions": of_stripe(
        "subscription", "sub_1", status="active", items={"data": [{"id": "si_1"}]}
    ),
    "/v1/refunds": of_stripe("refund", "re_1", status="succeeded"),
    "/v1/invoices": of_stripe("invoice", "in_1", status="paid"),
    "Messages": Reply(201, {"sid": "SM1", "status": "queued", "num_segments": "1"}),
    "/mail/send": Reply(202, b"", {"X-Message-Id": "m1"}),
    "/emails/batch": Reply(200, {"data": [{"id": "e1"}]}),
    "/emails": Reply(200, {"id": "e1"}),
    "/chat.postMessage": Reply(200, {"ok": True, "ts": "1.0", "channel": "C1"}),
    "/graphql": Reply(200, {"data": {"made": {"id": "g1"}}}),
    "/pages": Reply(200, {"data": {"list": {"nodes": [1], "pageInfo": {"hasNextPage": False}}}}),
    "/hook": Reply(200, b"ok", {"Content-Type": "text/plain"}),
    "/token": Reply(
        200, {"access_token": "at1", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r1"}
    ),
    "/device/code": Reply(
        200,
        {"device_code": "d1", "user_code": "A-B", "verification_url": "https://example.com", "interval": 1},
    ),
    "/userinfo": Reply(200, {"sub": "7", "name": "Ada"}),
    "/revoke": Reply(200, {}),
}


def answer(asked: Asked) -> Reply:
    """Each service in its own words, by the path."""
    found = (reply for part, reply in REPLIES.items() if part in asked.path)
    return next(found, Reply(201, {"id": "c1"}))


@pytest.fixture(scope="module")
def service() -> Iterator[Loopback]:
    with serve(answer) as server:
        yield server


class Plain:
    """Runs scripts in processes whose environment holds PATH and HOME alone."""

    def __init__(self, home: Path, url: str) -> None:
        self._home, self.url = home, url

    def run(self, script: str, **arguments: Any) -> Any:
        """Return the result; of our own errors what `raised` and the `sentence`."""
        code = f"{RUN}run({script.replace('/', '.')!r}, {arguments!r})"
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._home)}
        done = nursery(*LOADED, path=str(ROOT)).run(code, environment)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    @property
    def api(self) -> dict[str, Any]:
        return {"kind": "generic", "base_url": self.url, "endpoints": {"customers": "/customers"}}

    def parsed(self) -> Any:
        return self.run("f/customers/parse_csv", text=CSV)

    def gate(self, parsed: Any) -> Any:
        return self.run("f/customers/gate_import", parsed=parsed, api=self.api, max_bad_share=0.5)

    def created(self, parsed: Any) -> Any:
        return self.run("f/customers/create_customers", api=self.api, chunk=parsed["chunks"][0])

    def summary(self) -> Any:
        parsed = self.parsed()
        created = [self.created(parsed)]
        return self.run("f/customers/report_import", parsed=parsed, gate=self.gate(parsed), created=created)

    @property
    def stripe(self) -> dict[str, Any]:
        return {"token": "sk_test_1", "base_url": self.url}

    @property
    def twilio(self) -> dict[str, Any]:
        return {"accountSid": "AC1", "token": "t", "base_url": self.url}

    @property
    def s3(self) -> dict[str, Any]:
        key = {"accessKey": "AK", "secretKey": "secret"}
        return {"bucket": "some-bucket", "base_url": self.url, **key}

    @property
    def oauth_app(self) -> dict[str, Any]:
        secrets = {"client_secret": "s3cret", "seal_key": "k" * 32}
        uri = {"redirect_uri": "http://localhost:9/oauth/google/callback"}
        return {"provider": "google", "client_id": "c1", "base_url": self.url, **secrets, **uri}

    @property
    def slack(self) -> dict[str, Any]:
        return {"token": "xoxb-1", "base_url": self.url}

    @property
    def vessey(self) -> dict[str, Any]:
        return {"api_key": "k", "base_url": self.url}

    @property
    def resend(self) -> dict[str, Any]:
        return {"token": "re_1", "base_url": self.url}


@pytest.fixture
def plain(tmp_path: Path, service: Loopback) -> Plain:
    return Plain(tmp_path, service.url)


FILE = {"storage": "", "path": "inbox/a.csv", "size": 1, "modified": "2026-04-01T10:00:00+00:00"}
CLAIM = {"action": "import", "message": "", "file": FILE, "s3_object": {}, "owner": "o", "attempt": 1}
MAIL = {"to": ["a@example.com"], "sender": "ops@example.com"}
SMS = {"to": "+12025550123", "sender": "+15005550006"}
SENT = ("status", "sent")
DONE = ("outcome", "done")
JOB = {"path": "f/a", "message": "x"}
IMO = "9074729"


# What tools may do stands in a resource, so they need Windmill, and say so.
TOOLS: dict[str, dict[str, Any]] = {
    "apply_plan": {"plan_hash": "0", "approved_by": "Ada Byron", "once_key": "k"},
    "effect_status": {"once_key": "k"},
    "find_customer": {"email": "ada@example.com"},
    "list_dead_letters": {},
    "plan_import": {"text": CSV},
    "quota_left": {},
    "replay_dead_letter": {"event_id": "e", "once_key": "k"},
    "send_once": {"once_key": "k", "channel": "ops", "text": "x"},
}


# The desk's own state needs no Windmill, and of a draft that is not there they all say so.
DESK: dict[str, dict[str, Any]] = {
    "apply_draft": {"hash": "0123456789ab-0123456789ab-0123456789ab"},
    "cancel_draft": {},
    "draft_status": {},
    "get_file": {"what": "report"},
    "list_plan": {},
    "list_runs": {},
    "plan_draft": {},
    "verify_draft": {},
}


def case(script: str, **arguments: Any) -> Callable[[Plain], Any]:
    """Run a script with these; what is a function takes its value from the services."""

    def run(plain: Plain) -> Any:
        values = {name: value(plain) if callable(value) else value for name, value in arguments.items()}
        return plain.run(script, **values)

    return run


def s3(plain: Plain) -> Any:
    return plain.s3


def slack(plain: Plain) -> Any:
    return plain.slack


def twilio(plain: Plain) -> Any:
    return plain.twilio


def graphql(plain: Plain) -> Any:
    return {"base_url": f"{plain.url}/graphql"}


def graphql_pages(plain: Plain) -> Any:
    return {"base_url": f"{plain.url}/pages"}


def routing(plain: Plain) -> Any:
    channel = {"kind": "slack", "slack": plain.slack, "channel": "C1"}
    return {"channels": {"ops": channel}, "routes": [{"events": ["*"], "channels": ["ops"]}]}


def hook(plain: Plain) -> Any:
    return {"url": f"{plain.url}/hook"}


def any_api(plain: Plain) -> Any:
    return {"base_url": plain.url, "endpoints": {"health": "/health"}}


def resend(plain: Plain) -> Any:
    return plain.resend


def vessey(plain: Plain) -> Any:
    return plain.vessey


def stripe(plain: Plain) -> Any:
    return plain.stripe


def oauth_app(plain: Plain) -> Any:
    return plain.oauth_app


def signed_in(script: str) -> Callable[[Plain], Any]:
    """Sign in on another device, then run a script about it."""

    def run(plain: Plain) -> Any:
        device = plain.run("f/identity/start_device_sign_in", app=plain.oauth_app)
        finished = plain.run(
            "f/identity/finish_device_sign_in", app=plain.oauth_app, device_key=device["device_key"]
        )
        return (
            finished
            if script == "finish_device_sign_in"
            else plain.run(f"f/identity/{script}", app=plain.oauth_app)
        )

    return run


def finished_sign_in(plain: Plain) -> Any:
    begun = plain.run("f/identity/start_sign_in", app=plain.oauth_app)
    both = {name: begun[name] for name in ("state", "browser_key")}
    return plain.run("f/identity/finish_sign_in", app=plain.oauth_app, code="c1", **both)


def created(plain: Plain) -> Any:
    people = [{"name": f"P{number}", "email": f"p{number}@example.com"} for number in range(30)]
    return plain.run("f/customers/create_customers", api=plain.api, customers=people)["counts"]


def confirmed(plain: Plain) -> Any:
    parsed = plain.parsed()
    gate = plain.run("f/customers/gate_import", parsed=parsed, api=plain.api, max_bad_share=0.5, dry_run=True)
    return plain.run("f/customers/confirm_plan", parsed=parsed, api=plain.api, plan_hash=gate["plan"]["hash"])


def failed(plain: Plain) -> Any:
    error = {"name": "FixInput", "message": "No.", "step_id": "create"}
    return plain.run("f/customers/notify_failure", error=error, parsed=plain.parsed())


def draft_of(plain: Plain) -> Any:
    """The id of an import at the desk whose file is still to come."""
    return plain.run("f/desk/start_draft", name="a.csv", size=7)["draft"]["id"]


JWT_ISSUER = {"algorithm": "HS256", "issuer": "https://id.example.com", "key": "k" * 32, "seal_key": "s" * 32}


def jwt_of(plain: Plain) -> Any:
    return plain.run("f/identity/sign_jwt", issuer=JWT_ISSUER, subject="ada")["token"]


def stored_jwt(plain: Plain) -> Any:
    plain.run("f/identity/set_jwt", name="partner", issuer=JWT_ISSUER, token=jwt_of(plain))
    return plain.run("f/identity/get_jwt", name="partner", issuer=JWT_ISSUER)


# Each script, and what its result has, or the error that says why there is none.
CASES: dict[str, tuple[Callable[[Plain], Any], tuple[str, Any]]] = {
    "f/connect/call_api": (
        case("f/connect/call_api", integration=any_api, path="/any", as_data=True),
        ("outcome", "read"),
    ),
    "f/connect/check_health": (
        case("f/connect/check_health", integration=any_api, as_data=True),
        ("status", "ok"),
    ),
    "f/connect/reset_state": (
        case("f/connect/reset_state", integration=any_api, breaker=True, as_data=True),
        ("integration", "127.0.0.1"),
    ),
    "f/connect/show_metrics": (case("f/connect/show_metrics", as_data=True), ("summary", ...)),
    "f/operate/check_integrations": (case("f/operate/check_integrations"), ("raised", "FixSettings")),
    "f/webhooks/list_events": (case("f/webhooks/list_events"), ("events", [])),
    "f/webhooks/purge_events": (case("f/webhooks/purge_events"), ("complete", True)),
    "f/webhooks/replay_events": (case("f/webhooks/replay_events", state="dead"), ("replayed", 0)),
    "f/webhooks/show_event": (case("f/webhooks/show_event", event="evt_1"), ("raised", "FixInput")),
    "f/customers/claim_file": (case("f/customers/claim_file", file=FILE), ("raised", "FixSettings")),
    "f/customers/confirm_plan": (confirmed, ("hash", ...)),
    "f/customers/create_customers": (created, ("created", 30)),
    "f/customers/gate_import": (lambda plain: plain.gate(plain.parsed()), ("decision", "go")),
    "f/customers/list_inbox": (case("f/customers/list_inbox"), ("raised", "FixSettings")),
    "f/customers/mock_customer_api": (case("f/customers/mock_customer_api"), ("status", "created")),
    "f/customers/notify_failure": (failed, ("error", ...)),
    "f/customers/notify_import": (
        lambda plain: plain.run("f/customers/notify_import", summary=plain.summary()),
        ("notification", ...),
    ),
    "f/customers/parse_csv": (lambda plain: plain.parsed(), ("counts", ...)),
    "f/customers/preview_file": (
        lambda plain: plain.run("f/customers/preview_file", text=CSV),
        ("questions", []),
    ),
    "f/customers/prune_journal": (case("f/customers/prune_journal"), ("forgotten", 0)),
    "f/customers/report_import": (lambda plain: plain.summary(), ("counts", ...)),
    "f/customers/report_inbox": (
        case("f/customers/report_inbox", listing={"files": []}, settled=[]),
        ("files", []),
    ),
    "f/customers/check_target": (
        lambda plain: plain.run("f/customers/check_target", api=plain.api),
        ("findings", ...),
    ),
    "f/customers/verify_import": (
        lambda plain: plain.run(
            "f/customers/verify_import", parsed=plain.parsed(), api=plain.api, import_id="another"
        ),
        ("message", ...),
    ),
    "f/customers/request_approval": (
        case("f/customers/request_approval", message="x"),
        ("raised", "FixSettings"),
    ),
    "f/customers/settle_file": (case("f/customers/settle_file", claim=CLAIM), ("raised", "TryLater")),
    "f/customers/show_import": (
        lambda plain: plain.run("f/customers/show_import", summary=plain.summary()),
        ("render_all", ...),
    ),
    "f/desk/start_draft": (
        case("f/desk/start_draft", name="a.csv", size=7, data="bmFtZQox"),
        ("raised", "FixSettings"),  # files are kept in Windmill's storage
    ),
    "f/desk/keep_part": (
        lambda plain: plain.run("f/desk/keep_part", draft=draft_of(plain), index=0, data="eA=="),
        ("raised", "FixSettings"),
    ),
    "f/desk/finish_upload": (
        lambda plain: plain.run("f/desk/finish_upload", draft=draft_of(plain), parts=1, size=7),
        ("raised", "FixSettings"),
    ),
    "f/desk/look_at": (
        lambda plain: plain.run("f/desk/look_at", draft=draft_of(plain)),
        ("raised", "FixInput"),
    ),
    "f/desk/check_draft": (
        lambda plain: plain.run("f/desk/check_draft", draft=draft_of(plain)),
        ("raised", "FixInput"),
    ),
    "f/desk/list_rows": (
        lambda plain: plain.run("f/desk/list_rows", draft=draft_of(plain)),
        ("raised", "FixInput"),
    ),
    "f/desk/correct_rows": (
        lambda plain: plain.run("f/desk/correct_rows", draft=draft_of(plain), version=1, exclude=[2]),
        ("raised", "FixInput"),
    ),
    "f/desk/exclude_rows": (
        lambda plain: plain.run("f/desk/exclude_rows", draft=draft_of(plain), reason="invalid_email"),
        ("raised", "FixInput"),
    ),
    "f/desk/drop_draft": (
        lambda plain: plain.run("f/desk/drop_draft", draft=draft_of(plain)),
        ("raised", "FixSettings"),
    ),
    "f/desk/prune_drafts": (case("f/desk/prune_drafts"), ("dropped", 0)),
    "f/graphql/build_query": (
        case("f/graphql/build_query", fields=["customers.nodes.id"], kind="query"),
        ("query", ...),
    ),
    "f/graphql/fetch_all": (
        case(
            "f/graphql/fetch_all", graphql=graphql_pages,
            query="query($after: String) { list(after: $after) { nodes pageInfo { hasNextPage } } }",
        ),
        ("rows", [1]),
    ),
    "f/graphql/run_batch": (
        case("f/graphql/run_batch", queries=["{ made { id } }"], graphql=graphql),
        ("counts", {"ok": 1, "partial": 0, "failed": 0}),
    ),
    "f/graphql/run_mutation": (
        case("f/graphql/run_mutation", mutation="mutation { made { id } }", graphql=graphql),
        ("id", "g1"),
    ),
    "f/graphql/run_query": (
        case("f/graphql/run_query", query="{ made { id } }", graphql=graphql),
        ("data", {"made": {"id": "g1"}}),
    ),
    "f/graphql/run_subscription": (  # the service answers no WebSocket
        case("f/graphql/run_subscription", subscription="subscription { made }", graphql=graphql),
        ("raised", "FixSettings"),
    ),
    "f/identity/get_jwt": (stored_jwt, ("refreshed", False)),
    "f/identity/read_jwt": (case("f/identity/read_jwt", token=jwt_of), ("verified", False)),
    "f/identity/set_jwt": (
        case("f/identity/set_jwt", name="partner", issuer=JWT_ISSUER, token=jwt_of),
        ("stored_as", "partner"),
    ),
    "f/identity/sign_jwt": (
        case("f/identity/sign_jwt", issuer=JWT_ISSUER, store_as="mine"),
        ("stored_as", "mine"),
    ),
    "f/identity/verify_jwt": (
        case("f/identity/verify_jwt", issuer=JWT_ISSUER, token=jwt_of),
        ("verified", True),
    ),
    "f/files/copy_file": (
        case("f/files/copy_file", key="a", new_key="copied", s3=s3),
        ("status", "copied"),
    ),
    "f/files/delete_file": (case("f/files/delete_file", key="a", s3=s3), ("status", "deleted")),
    "f/files/download_file": (case("f/files/download_file", key="a", s3=s3), ("size", 0)),
    "f/files/head_file": (case("f/files/head_file", key="a", s3=s3), ("exists", True)),
    "f/files/list_files": (case("f/files/list_files", s3=s3), ("complete", True)),
    "f/files/sign_url": (case("f/files/sign_url", key="a", s3=s3), ("method", "GET")),
    "f/files/upload_file": (case("f/files/upload_file", key="a", text="", s3=s3), ("status", "uploaded")),
    "f/operate/alert_slow_or_failing": (
        case("f/operate/alert_slow_or_failing"),
        ("summary", "Nothing is wrong."),
    ),
    "f/operate/export_metrics": (
        case("f/operate/export_metrics"),
        ("content_type", "text/plain; version=0.0.4; charset=utf-8"),
    ),
    "f/operate/report_metrics": (case("f/operate/report_metrics", as_data=True), ("integrations", [])),
    "f/operate/send_metrics": (
        lambda plain: plain.run("f/operate/send_metrics", collector={"base_url": plain.url}),
        ("requests", 1),
    ),
    "f/payments/cancel_payment": (case("f/payments/cancel_payment", payment="pi_1", stripe=stripe), DONE),
    "f/payments/cancel_subscription": (
        case("f/payments/cancel_subscription", subscription="sub_1", when="now", stripe=stripe),
        DONE,
    ),
    "f/payments/capture_payment": (
        case("f/payments/capture_payment", payment="pi_1", amount="5", stripe=stripe),
        DONE,
    ),
    "f/payments/confirm_payment": (case("f/payments/confirm_payment", payment="pi_1", stripe=stripe), DONE),
    "f/payments/create_customer": (case("f/payments/create_customer", name="Ada", stripe=stripe), DONE),
    "f/payments/create_payment_intent": (
        case(
            "f/payments/create_payment_intent", amount="5", currency="EUR", request_key="k", stripe=stripe
        ),
        ("id", "pi_1"),
    ),
    "f/payments/create_refund": (case("f/payments/create_refund", payment="pi_1", stripe=stripe), DONE),
    "f/payments/create_subscription": (
        case("f/payments/create_subscription", customer="cus_1", price="p", request_key="k", stripe=stripe),
        ("status", "active"),
    ),
    "f/payments/find_customer": (
        case("f/payments/find_customer", email="a@example.com", stripe=stripe),
        ("count", 0),
    ),
    "f/payments/list_customers": (case("f/payments/list_customers", stripe=stripe), ("count", 0)),
    "f/payments/list_invoice_payments": (
        case("f/payments/list_invoice_payments", invoice="in_1", stripe=stripe),
        ("paid", True),
    ),
    "f/payments/list_payments": (case("f/payments/list_payments", stripe=stripe), ("count", 0)),
    "f/payments/update_customer": (
        case("f/payments/update_customer", customer="cus_1", name="Ada", stripe=stripe),
        DONE,
    ),
    "f/payments/update_subscription": (
        case("f/payments/update_subscription", subscription="sub_1", quantity=2, stripe=stripe),
        ("id", "sub_1"),
    ),
    "f/webhooks/tell_stripe_event": (
        case("f/webhooks/tell_stripe_event", event=PAID, stripe=stripe, routing=routing),
        ("outcome", "told"),
    ),
    "f/identity/finish_device_sign_in": (signed_in("finish_device_sign_in"), ("status", "signed_in")),
    "f/identity/finish_sign_in": (finished_sign_in, ("status", "signed_in")),
    "f/identity/get_access_token": (signed_in("get_access_token"), ("access_token", None)),
    "f/identity/get_user_info": (signed_in("get_user_info"), ("id", "7")),
    "f/identity/refresh_token": (signed_in("refresh_token"), ("status", "refreshed")),
    "f/identity/revoke_sign_in": (signed_in("revoke_sign_in"), ("status", "revoked")),
    "f/identity/serve_sign_in": (
        case("f/identity/serve_sign_in", step="start", app="google"),
        ("windmill_status_code", 503),
    ),
    "f/identity/start_device_sign_in": (
        case("f/identity/start_device_sign_in", app=oauth_app),
        ("user_code", "A-B"),
    ),
    "f/identity/start_sign_in": (case("f/identity/start_sign_in", app=oauth_app), ("link", ...)),
    "f/notify/get_delivery": (
        case("f/notify/get_delivery", channel="sms", service_id="SM1"),
        ("answer", "not_known"),
    ),
    "f/notify/get_message_status": (
        case("f/notify/get_message_status", sid="SM1", twilio=twilio),
        ("sid", "SM1"),
    ),
    "f/notify/notify_event": (
        case("f/notify/notify_event", event="job_failed", data=JOB, routing=routing),
        ("counts", {"sent": 1}),
    ),
    "f/notify/send_bulk_email": (
        case(
            "f/notify/send_bulk_email", recipients=[{"email": "a@example.com"}], sender="ops@example.com",
            subject="Hi", text="x", resend=resend,
        ),
        ("counts", {"sent": 1}),
    ),
    "f/notify/send_digest": (
        case("f/notify/send_digest", routing=routing),
        ("counts", {}),
    ),
    "f/notify/send_driver_alert": (
        case(
            "f/notify/send_driver_alert", kind="compliance_alert", data={"driver": "Ada", "issue": "x"},
            twilio=twilio, **SMS,
        ),
        SENT,
    ),
    "f/notify/send_email": (case("f/notify/send_email", subject="Hi", text="x", resend=resend, **MAIL), SENT),
    "f/notify/send_report_email": (
        case("f/notify/send_report_email", title="T", period="October", summary=[], resend=resend, **MAIL),
        SENT,
    ),
    "f/notify/send_slack_alert": (
        case("f/notify/send_slack_alert", title="T", message="x", slack=slack, channel="C1"),
        SENT,
    ),
    "f/notify/send_slack_message": (
        case("f/notify/send_slack_message", text="x", slack_webhook=hook),
        SENT,
    ),
    "f/notify/send_sms": (case("f/notify/send_sms", body="x", twilio=twilio, **SMS), SENT),
    "f/notify/send_template_email": (
        case(
            "f/notify/send_template_email", data={"name": "Ada"}, subject="Hi", text="Hi {{ name }}",
            resend=resend, **MAIL,
        ),
        SENT,
    ),
    "f/notify/send_welcome_email": (
        case(
            "f/notify/send_welcome_email", to="a@example.com", name="Ada", company="Example",
            sender="ops@example.com", resend=resend,
        ),
        SENT,
    ),
    "f/notify/send_whatsapp": (case("f/notify/send_whatsapp", body="x", twilio=twilio, **SMS), SENT),
    "f/notify/set_opt_out": (
        case("f/notify/set_opt_out", medium="email", address="a@example.com"),
        ("opted_out", True),
    ),
    **{
        f"f/tools/{name}": (case(f"f/tools/{name}", **arguments), ("raised", "FixSettings"))
        for name, arguments in TOOLS.items()
    },
    **{
        f"f/desk/{name}": (case(f"f/desk/{name}", draft="d1", **arguments), ("raised", "FixInput"))
        for name, arguments in DESK.items()
    },
    "f/desk/list_drafts": (case("f/desk/list_drafts"), ("drafts", [])),
    "f/vessels/check_compliance": (
        case("f/vessels/check_compliance", imo=IMO, vessey=vessey),
        ("compliant", True),
    ),
    "f/vessels/find_vessel_events": (
        case("f/vessels/find_vessel_events", imos=[IMO], vessey=vessey),
        ("baseline", [IMO]),
    ),
    "f/vessels/get_vessel": (case("f/vessels/get_vessel", imo=IMO, vessey=vessey), ("name", "AURORA")),
    "f/vessels/list_port_calls": (
        case("f/vessels/list_port_calls", vessey=vessey, imo=IMO),
        ("port_calls", []),
    ),
    "f/vessels/mark_vessel_event": (
        case("f/vessels/mark_vessel_event", event={"key": "k"}, notification={"channels": {}}),
        ("status", "no_channel"),
    ),
    "f/vessels/report_vessel_watch": (
        case("f/vessels/report_vessel_watch", found={"looked_at": [IMO]}, marked=[]),
        ("vessels", 1),
    ),
    "f/vessels/search_vessels": (case("f/vessels/search_vessels", vessey=vessey), ("more", False)),
    "f/vessels/track_vessel": (case("f/vessels/track_vessel", imo=IMO, vessey=vessey), ("name", "AURORA")),
    "f/checks/check_connections": (case("f/checks/check_connections"), ("raised", "FixSettings")),
    "f/checks/check_import": (case("f/checks/check_import"), ("raised", "FixSettings")),
    "f/checks/check_notify": (case("f/checks/check_notify"), ("raised", "FixSettings")),
    "f/checks/check_target": (case("f/checks/check_target"), ("raised", "FixSettings")),
    "f/operate/check_contracts": (case("f/operate/check_contracts"), ("raised", "FixSettings")),
    "f/operate/test_api": (
        case("f/operate/test_api", resource="f/payments/stripe"),
        ("raised", "FixSettings"),
    ),
    "f/webhooks/dispatch_events": (case("f/webhooks/dispatch_events"), ("raised", "FixSettings")),
    "f/webhooks/heal_gaps": (
        case("f/webhooks/heal_gaps", source="stripe", stripe=stripe),
        ("raised", "FixSettings"),
    ),
    "f/webhooks/record_delivery": (case("f/webhooks/record_delivery", events=[TOLD]), ("recorded", 1)),
    "f/webhooks/receive_event": (
        case("f/webhooks/receive_event", provider="stripe", request={}),
        ("windmill_status_code", 503),
    ),
}  # fmt: skip


def test_every_script_has_a_case() -> None:
    assert sorted(CASES) == SCRIPTS


@pytest.mark.parametrize("script", CASES)
def test_a_script_needs_no_windmill(script: str, plain: Plain) -> None:
    run, (name, expected) = CASES[script]
    result = run(plain)
    assert name in result, result
    assert expected is ... or result[name] == expected, result
    if result.get("raised") == "FixSettings" and script != "f/graphql/run_subscription":
        assert "Windmill" in result["sentence"], result
