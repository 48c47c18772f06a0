"""Who a message comes from, where its input does not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.notify.email.mail import address_of
from f.notify.messages.senders import mail_sender, text_sender
from f.notify.notify_event import main as notify_event
from f.notify.send_sms import main as send_sms
from f.notify.send_welcome_email import main as send_welcome_email
from tests.f.connect.windmill import job_of_windmill
from tests.f.notify.conftest import Twin
from tests.loopback import Reply

VALUE = "/api/w/team/variables/get_value/f/notify/"
ACCOUNT = {"token": "re_1", "from_email": "account@example.com", "from_name": "Account"}


def test_the_input_wins_over_the_resource_that_over_the_environment_and_that_over_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with job_of_windmill(tmp_path, monkeypatch) as windmill:
        windmill.answers |= {
            f"{VALUE}from_email": Reply(200, "variable@example.com"),
            f"{VALUE}from_name": Reply(200, "Variable"),
            f"{VALUE}twilio_phone_number": Reply(200, "+12025550100"),
        }
        assert mail_sender("", {}) == "Variable <variable@example.com>"
        assert text_sender("", {"accountSid": "AC1"}) == "+12025550100"
        monkeypatch.setenv("FROM_EMAIL", "environment@example.com")
        monkeypatch.setenv("TWILIO_PHONE_NUMBER", "+12025550101")
        asked = len(windmill.paths())
        assert mail_sender("", {}) == "environment@example.com"
        assert text_sender("", {}) == "+12025550101"
        assert mail_sender("", ACCOUNT) == "Account <account@example.com>"
        assert text_sender("", {"phone_number": "+12025550102"}) == "+12025550102"
        assert mail_sender("Me <me@example.com>", ACCOUNT) == "Me <me@example.com>"
        assert text_sender("MG1", {"phone_number": "+12025550102"}) == "MG1"
        assert len(windmill.paths()) == asked  # Windmill is asked last


@pytest.mark.parametrize("find", [mail_sender, text_sender])
def test_without_any_the_three_places_are_named(
    find: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        job_of_windmill(tmp_path, monkeypatch),
        pytest.raises(
            FixInput, match=r"No sender: .*in sender, as .* resource, or in the variable f/notify/"
        ),
    ):
        find(" ", {})


def test_a_name_of_any_script_stands_before_its_address() -> None:
    assert mail_sender("", {**ACCOUNT, "from_name": "Größe, AG"}) == '"Größe, AG" <account@example.com>'
    assert mail_sender("", {**ACCOUNT, "from_name": "A, B"}) == '"A, B" <account@example.com>'
    assert address_of(mail_sender("", {**ACCOUNT, "from_name": 'Käpt"n'}), "sender").name == 'Käpt"n'


def test_scripts_and_routings_send_from_the_accounts_own_sender(twilio: Twin, resend: Twin) -> None:
    phone: Any = {**twilio.resource, "phone_number": "+15005550006"}
    mails: Any = {**resend.resource, "from_email": "hi@example.com", "from_name": "Hi"}
    send_sms("+12025550123", "x", phone)
    send_welcome_email("ada@example.com", "Ada", "Example", resend=mails)
    routing: Any = {
        "channels": {
            "phone": {"kind": "sms", "twilio": phone, "to": ["+12025550124"]},
            "office": {"kind": "email", "resend": mails, "to": ["office@example.com"]},
        },
        "routes": [{"channels": ["phone", "office"]}],
    }
    assert notify_event("driver_alert", {"driver": "A", "message": "b"}, routing)["counts"] == {"sent": 2}
    assert {text["from"] for text in twilio.sent()} == {"+15005550006"}
    assert {mail["from"] for mail in resend.sent()} == {"Hi <hi@example.com>"}
