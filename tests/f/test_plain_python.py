"""Every script runs as plain Python, without Windmill: it does its work, or says what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[2]
# Not the inline steps of a flow.
SCRIPTS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in (ROOT / "f").rglob("*.py")
    if "\ndef main(" in path.read_text() and not path.parent.name.endswith("__flow")
)
# Prints what main returns; of our own errors the name and the sentence. Anything else is a traceback.
RUN = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
from f.connect.errors import ConnectError
script = importlib.import_module(sys.argv[2])
try:
    print(json.dumps(script.main(**json.loads(sys.argv[3])), default=str))
except ConnectError as error:
    print(json.dumps({"raised": type(error).__name__, "sentence": str(error)}))
"""
CSV = "name,email\nAda,ada@example.com\nBen,ben@example.com\nbad,bad\n"


ETAG = {"ETag": '"e"'}
REPLIES = {
    "/some-bucket?list-type": Reply(200, b"<ListBucketResult/>"),
    "/some-bucket/copied": Reply(200, b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>', ETAG),
    "/some-bucket": Reply(200, b"", ETAG),
    "Messages": Reply(201, {"sid": "SM1", "status": "queued", "num_segments": "1"}),
    "/mail/send": Reply(202, b"", {"X-Message-Id": "m1"}),
    "/emails/batch": Reply(200, {"data": [{"id": "e1"}]}),
    "/emails": Reply(200, {"id": "e1"}),
    "/chat.postMessage": Reply(200, {"ok": True, "ts": "1.0", "channel": "C1"}),
    "/graphql": Reply(200, {"data": {"made": {"id": "g1"}}}),
    "/pages": Reply(200, {"data": {"list": {"nodes": [1], "pageInfo": {"hasNextPage": False}}}}),
    "/hook": Reply(200, b"ok", {"Content-Type": "text/plain"}),
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
        command = [sys.executable, "-c", RUN, str(ROOT), script.replace("/", "."), json.dumps(arguments)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._home)}
        done = subprocess.run(
            command, env=environment, cwd=self._home, capture_output=True, text=True, timeout=120, check=False
        )
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
    def twilio(self) -> dict[str, Any]:
        return {"accountSid": "AC1", "token": "t", "base_url": self.url}

    @property
    def s3(self) -> dict[str, Any]:
        key = {"accessKey": "AK", "secretKey": "secret"}
        return {"bucket": "some-bucket", "base_url": self.url, **key}

    @property
    def slack(self) -> dict[str, Any]:
        return {"token": "xoxb-1", "base_url": self.url}

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
JOB = {"path": "f/a", "message": "x"}


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


def resend(plain: Plain) -> Any:
    return plain.resend


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


JWT_ISSUER = {"algorithm": "HS256", "issuer": "https://id.example.com", "key": "k" * 32, "seal_key": "s" * 32}


def jwt_of(plain: Plain) -> Any:
    return plain.run("f/identity/sign_jwt", issuer=JWT_ISSUER, subject="ada")["token"]


def stored_jwt(plain: Plain) -> Any:
    plain.run("f/identity/set_jwt", name="partner", issuer=JWT_ISSUER, token=jwt_of(plain))
    return plain.run("f/identity/get_jwt", name="partner", issuer=JWT_ISSUER)


# Each script, and what its result has, or the error that says why there is none.
CASES: dict[str, tuple[Callable[[Plain], Any], tuple[str, Any]]] = {
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
