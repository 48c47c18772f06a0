"""A job that is stopped right before it sends, and overtaken, sends nothing when it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import ConnectError
from f.notify.send_bulk_email import main as send_bulk_email
from f.notify.send_email import main as send_email
from f.notify.send_slack_message import main as send_slack_message
from f.notify.send_sms import main as send_sms
from f.store import once
from tests.f.notify.conftest import Twin

ROOT = Path(__file__).parents[3]
LEASE = 3.0
SCRIPTS: dict[str, Any] = {
    "send_sms": send_sms,
    "send_slack_message": send_slack_message,
    "send_email": send_email,
    "send_bulk_email": send_bulk_email,
}
# Claims, says so right before its first write, and goes on a moment later, unless it is stopped in between.
WORKER = """
import importlib, json, sys, time
from f.connect.client import Client
from f.connect.errors import ConnectError
from f.store import once

once.LEASE_SECONDS = float(sys.argv[3])
send = Client.request

def announced(client, request):
    if request.method == "POST":
        print("about to send", flush=True)
        time.sleep(0.5)
    return send(client, request)

Client.request = announced
main = importlib.import_module(f"f.notify.{sys.argv[1]}").main
try:
    result = main(**json.loads(sys.argv[2]))
    print(result.get("status") or result["recipients"][0])
except ConnectError as error:
    print(error.code)
"""


@dataclass
class Job:
    """One script with its arguments, begun in a process of its own."""

    script: str
    arguments: dict[str, Any]

    def __post_init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", WORKER, self.script, json.dumps(self.arguments), str(LEASE)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        self._lines = self.process.stdout

    def stop_before_it_sends(self) -> None:
        assert self._lines.readline() == "about to send\n"
        self.process.send_signal(signal.SIGSTOP)

    def end(self) -> str:
        """Let it go on to its end, and return what it says."""
        self.process.send_signal(signal.SIGCONT)
        said = self._lines.read()
        assert self.process.wait(30) == 0
        self._lines.close()
        return said

    def overtake(self) -> str:
        try:
            result = SCRIPTS[self.script](**self.arguments)
        except ConnectError as error:
            return str(error.code)
        return str(result.get("status") or result["recipients"][0]["status"])


def stopped(script: str, arguments: dict[str, Any]) -> Job:
    """Begin a job and stop it right before it sends."""
    job = Job(script, arguments)
    job.stop_before_it_sends()
    return job


def test_a_stopped_job_that_was_overtaken_sends_nothing(
    twilio: Twin, slack: Twin, resend: Twin, sendgrid: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "LEASE_SECONDS", LEASE)
    mail = {"sender": "ops@example.com", "subject": "Hi", "text": "x", "message_key": "k"}
    sms = {"to": "+12025550123", "body": "x", "sender": "+15005550006", "message_key": "k"}
    post = {"text": "x", "channel": "C0OPS", "message_key": "k"}
    one, many = {**mail, "to": ["a@example.com"]}, {**mail, "recipients": [{"email": "b@example.com"}]}
    # One after the other: a job that nobody stops for half a second goes on.
    cases = {
        "sms": (stopped("send_sms", {**sms, "twilio": twilio.resource}), "sent", twilio),
        "slack": (stopped("send_slack_message", {**post, "slack": slack.resource}), "sent", slack),
        "resend": (stopped("send_email", {**one, "resend": resend.resource}), "sent", resend),
        "bulk": (stopped("send_bulk_email", {**many, "sendgrid": sendgrid.resource}), "unknown", sendgrid),
    }
    time.sleep(LEASE + 0.5)
    for name, (job, expected, _) in cases.items():
        assert job.overtake() == expected, name
    for name, (job, expected, twin) in cases.items():
        said = job.end()
        assert "taken this work over" in said or said == "lease_lost\n", (name, said)
        assert len(twin.sent()) == (expected == "sent"), name


def test_a_job_that_is_slow_but_not_overtaken_asks_for_its_lease_again_and_sends(twilio: Twin) -> None:
    sms = {"to": "+12025550123", "body": "x", "sender": "+15005550006", "twilio": twilio.resource}
    job = Job("send_sms", {**sms, "message_key": "k"})
    job.stop_before_it_sends()
    time.sleep(LEASE + 0.5)
    assert job.end() == "sent\n"
    assert len(twilio.sent()) == 1
