"""Who a message comes from: what the input says, else the account's resource, else the workspace.

input   resource                    environment                variable
sender  from_email, from_name       FROM_EMAIL, FROM_NAME      f/notify/from_email, f/notify/from_name
sender  phone_number (of Twilio)    TWILIO_PHONE_NUMBER        f/notify/twilio_phone_number
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0
# wmill==1.850.0

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from email.utils import formataddr
from typing import Any

from f.connect.errors import FixInput
from f.windmill.connection import is_on_windmill
from f.windmill.values import variable_at

_FOLDER = "f/notify"
_ADDRESS, _NAME, _NUMBER = "from_email", "from_name", "twilio_phone_number"


def mail_sender(given: str, account: Mapping[str, Any] | None) -> str:
    """Return the sender of an e-mail: `name@example.com`, or `Name <name@example.com>`."""
    if given.strip():
        return given
    for place in _places(account):
        if address := place(_ADDRESS):
            name = "" if "<" in address else place(_NAME)
            return formataddr((name, address)) if name.isascii() and name else _named(name, address)
    raise FixInput(
        "No sender: give one in sender, as from_email in the account's resource, or in the variable "
        f"{_FOLDER}/{_ADDRESS} (FROM_EMAIL in the environment).",
        code="no_sender",
    )


def text_sender(given: str, account: Mapping[str, Any] | None) -> str:
    """Return the number, messaging service or sender id that an SMS or WhatsApp message comes from."""
    if given.strip():
        return given
    for place in _places(account):
        if number := place(_NUMBER):
            return number
    raise FixInput(
        "No sender: give a number of the Twilio account or a messaging service (MG...) in sender, as "
        f"phone_number in the Twilio resource, or in the variable {_FOLDER}/{_NUMBER} "
        "(TWILIO_PHONE_NUMBER in the environment).",
        code="no_sender",
    )


def _named(name: str, address: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if name else address


def _places(account: Mapping[str, Any] | None) -> tuple[Callable[[str], str], ...]:
    def in_account(name: str) -> str:
        fields = account if isinstance(account, Mapping) else {}  # what else it is, is said where it is read
        value = fields.get(name.removeprefix("twilio_"))
        return value.strip() if isinstance(value, str) else ""

    return in_account, _in_environment, _in_variable


def _in_environment(name: str) -> str:
    return os.environ.get(name.upper(), "").strip()


def _in_variable(name: str) -> str:
    """Return what the workspace's variable of that name says; empty if there is none."""
    if not is_on_windmill():
        return ""
    return variable_at(f"{_FOLDER}/{name}")
