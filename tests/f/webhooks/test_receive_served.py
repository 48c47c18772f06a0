"""The route as a provider calls it: over HTTP, with the resources of the repository, run as a job."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import stripe
from slack_sdk.signature import SignatureVerifier

from f.store.stores import sqlite_store
from mill.api.server import LocalApi
from mill.ports import Jobs
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.mill.twins.stage import TwinClient

ROOT = Path(__file__).parents[3]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def api(state: Path) -> Iterator[LocalApi]:
    with Session(Workspace.find(ROOT), state) as session:
        assert isinstance(session.platform, LocalApi)
        yield session.platform


def post(api: LocalApi, provider: str, body: str, headers: Mapping[str, str]) -> tuple[int, str, str]:
    url = f"{api.url}/api/r/{api.workspace_id}/webhooks/{provider}"
    request = urllib.request.Request(url, data=body.encode(), headers={**JSON, **headers}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def by_stripe(body: str) -> dict[str, str]:
    """Sign as the SDK of Stripe does."""
    now = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{body}", "whsec_twin")
    header = f"t={now},v1={signature}"
    stripe.WebhookSignature.verify_header(body, header, "whsec_twin", 300)
    return {"Stripe-Signature": header}


def kept(state: Path) -> list[Any]:
    with closing(sqlite_store(state / "home" / ".millwright" / "webhooks.sqlite")) as store:
        return store.execute(
            "SELECT type, provider_id, repeats FROM webhook_event WHERE provider_id = 'evt_1'"
        )


def tasks(state: Path) -> dict[str, str]:
    """How far the handlers of our samples are."""
    with closing(sqlite_store(state / "home" / ".millwright" / "webhooks.sqlite")) as store:
        rows = store.execute(
            "SELECT e.provider_id, t.state FROM webhook_event e JOIN webhook_task t ON t.event = e.id "
            "WHERE e.provider_id LIKE 'evt_sample%'"
        )
        return {str(one): str(reached) for one, reached in rows}


def told(api: LocalApi) -> list[Any]:
    """What Slack was told of the sample's payment."""
    entries = TwinClient(f"{api.url}/twins/slack").get("/_ledger?kind=sent").json["entries"]
    return [one for one in entries if "10.99 EUR received" in one["body"]["text"]]


def run(api: LocalApi, script: str) -> None:
    """Run a script, and wait for it."""
    url = f"{api.url}/api/w/{api.workspace_id}/jobs/run_wait_result/p/{script}"
    headers = {**JSON, "Authorization": f"Bearer {api.token}"}
    request = urllib.request.Request(url, data=b"{}", headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.status == 200


def test_an_event_of_stripe_is_received_over_http_once(api: LocalApi, state: Path) -> None:
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"text": "é\n"}}
    body = json.dumps(event, ensure_ascii=False, indent=1)
    assert post(api, "stripe", body, by_stripe(body)) == (200, "application/json", "{}")
    assert post(api, "stripe", body, by_stripe(body))[0] == 200
    assert kept(state) == [("payment_intent.succeeded", "evt_1", 1)]
    forged = by_stripe(body) | {"Stripe-Signature": f"t={int(time.time())},v1={'0' * 64}"}
    assert post(api, "stripe", body, forged) == (
        401,
        "text/plain; charset=utf-8",
        "The request is not signed as it must be.",
    )


def test_an_event_of_stripe_comes_in_twice_and_goes_out_to_slack_once(api: LocalApi, state: Path) -> None:
    """Signed by Stripe's SDK, received, dispatched, looked up at the twin, told: each in a job of its own."""
    body = (ROOT / "flows/data/webhooks/stripe.payment_intent.succeeded.json").read_text()
    until = time.monotonic() + 60
    for _ in range(2):
        assert post(api, "stripe", body, by_stripe(body))[0] == 200
    while not told(api) and time.monotonic() < until:
        time.sleep(0.1)
    again = body.replace("evt_sample_1", "evt_sample_2")  # the same change, under another id
    assert post(api, "stripe", again, by_stripe(again))[0] == 200
    done = {"evt_sample_1": "done", "evt_sample_2": "done"}
    while tasks(state) != done and time.monotonic() < until:
        run(api, "f/webhooks/dispatch_events")
    assert tasks(state) == done
    assert len(told(api)) == 1


def test_slack_finds_its_challenge_as_plain_text(api: LocalApi) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "t"})
    now = str(int(time.time()))
    signature = SignatureVerifier("twin-slack-signing-secret").generate_signature(timestamp=now, body=body)
    headers = {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": now}
    assert post(api, "slack", body, headers) == (200, "text/plain; charset=utf-8", "3eZbrw1aB")


@pytest.mark.parametrize(
    ("provider", "body", "headers", "status"),
    [
        ("stripe", '"$var:f/webhooks/stripe_secret"', {}, 401),
        ("stripe", "{}", {"Stripe-Signature": "$var:f/webhooks/stripe_secret"}, 401),
        ("stripe", '{"a": "$var:f/webhooks/stripe_secret"}', {}, 401),
        ("$var:f%2Fwebhooks%2Fstripe_secret", "{}", {}, 404),
        ("slack", '{"type": "url_verification", "challenge": "$var:f/webhooks/slack_secret"}', {}, 401),
        ("stripe", "$var:f/webhooks/stripe_secret", {"Content-Type": "text/plain"}, 415),
        ("stripe", "{}", {"User-Agent": "$var:f/webhooks/stripe_secret"}, 401),
        # What names nothing ends the job before a line of ours runs, as on Windmill.
        ("stripe", '{"a": "$var:f/webhooks/none"}', {}, 422),
        ("stripe", "{}", {"User-Agent": "$var:f/webhooks/none"}, 422),
        ("$res:f", "{}", {}, 422),
    ],
)  # fmt: skip
def test_what_windmill_looks_up_in_a_request_comes_out_nowhere(
    api: LocalApi, provider: str, body: str, headers: dict[str, str], status: int
) -> None:
    told = post(api, provider, body, headers)
    assert told[0] == status
    assert "whsec" not in told[2]
    assert "twin" not in told[2]


def test_a_body_larger_than_windmill_takes_is_refused_before_it_is_read(api: LocalApi) -> None:
    with closing(http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=20)) as connection:
        connection.putrequest("POST", f"/api/r/{api.workspace_id}/webhooks/stripe")
        connection.putheader("Content-Length", str(2 * 1024 * 1024 + 1))
        connection.endheaders()  # and not a byte of it
        assert connection.getresponse().status == 413


def test_who_serves_reads_why_a_request_was_refused(tmp_path: Path) -> None:
    lines: list[str] = []

    def local_api(jobs: Jobs, _workspace: Workspace, state: Path) -> LocalApi:
        return LocalApi(ROOT, state, jobs, access_log=lines.append)

    with Session(Workspace.find(ROOT), tmp_path, platform=local_api) as session:
        assert isinstance(session.platform, LocalApi)
        assert post(session.platform, "stripe", "{}", {})[0] == 401
    assert lines[-1] == "  refused 401 invalid_signature stripe: stripe-signature is missing or empty"
    assert " 401 " in lines[-2]
