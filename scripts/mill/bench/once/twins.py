"""The services: twins in a process of their own, which outlives every kill, and what their ledgers say."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mill.bench.once.orders import MARK, Order
from mill.bench.rig.processes import process, read_line

_SERVICES = ("slack", "twilio", "resend")
_PAGE = 5_000
_SECONDS = 30.0
# The presets (10 for Slack) spare people a flood of messages. Here a flood is measured, and nobody reads it.
# The services' own limits, such as one message a second in a Slack channel, are kept to all the same.
_A_MINUTE = 600
_ROOT = Path(__file__).parents[4]


class Services:
    """Where the twins are, and what was had there."""

    def __init__(self, url: str) -> None:
        self.url = url

    def effects(self, orders: Sequence[Order]) -> Counter[str]:
        """Return how often each order was had, by its mark."""
        marks = {order.mark for order in orders}
        counts: Counter[str] = Counter()
        for name in _SERVICES:
            for entry in self._entries(name):
                # A message names its mark in several places: its text, and what is shown without one.
                counts.update(marks & set(MARK.findall(json.dumps(entry["body"]))))
        return counts

    def _entries(self, name: str) -> Iterator[dict[str, Any]]:
        after = 0
        while after is not None:
            address = f"{self.url}/{name}/_ledger?kind=sent&after={after}&limit={_PAGE}"
            with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - loopback
                page = json.load(answer)
            yield from page["entries"]
            after = page["next_after"]


@contextlib.contextmanager
def services(folder: Path, lost: float, seed: int) -> Iterator[Services]:
    """Start them; so large a share of their answers is lost once the effect was had."""
    faults = {"seed": seed, "rates": {"reset_after_commit": lost}}
    config = folder / "twins.yaml"
    config.write_text(json.dumps({name: {"faults": faults} for name in _SERVICES}), "utf-8")
    command = [
        sys.executable,
        "-m",
        "mill.twins.serve",
        "--state",
        str(folder / "twins"),
        "--config",
        str(config),
    ]
    errors = folder / "twins.log"
    with (
        errors.open("wb") as log,
        process(command, environment(), _ROOT, log, hears_terminal=False) as started,
    ):
        yield Services(read_line(started, "twins", errors))


def environment() -> Mapping[str, str]:
    """Return the environment of the processes of a measurement."""
    path = f"{_ROOT}{os.pathsep}{_ROOT / 'scripts'}"
    return {**os.environ, "PYTHONPATH": path, "NO_PROXY": "*", "PYTHONUNBUFFERED": "1"}


def resources(folder: Path, twins: str) -> Path:
    """Write the resources of the tools, which name the twins, and return where they are."""
    accounts = _accounts(twins)
    channels: list[dict[str, Any]] = [
        *(
            {"name": f"slack-{name}", "kind": "slack", "slack": "$res:f/notify/slack", "channel": channel}
            for name, channel in (("alerts", "C0ALERTS"), ("ops", "C0OPS"), ("general", "C0GENERAL"))
        ),
        {
            "name": "sms",
            "kind": "sms",
            "twilio": "$res:f/notify/twilio",
            "sender": "+15005550006",
            "to": ["+12025550123"],
        },
        {
            "name": "resend",
            "kind": "email",
            "resend": "$res:f/notify/resend",
            "sender": "alerts@example.com",
            "to": ["office@example.com"],
        },
    ]
    values: dict[str, tuple[str, Any]] = {
        **{f"f/notify/{name}": account for name, account in accounts.items()},
        "f/notify/routing": (
            "notification_routing",
            {"channels": channels, "routes": [{"channels": ["slack-ops"]}]},
        ),
        "f/tools/guards": ("tool_guards", {"max_per_hour": 1_000_000}),
    }
    root = folder / "resources"
    for path, (kind, value) in values.items():
        file = root / f"{path}.resource.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"resource_type": kind, "value": value}), "utf-8")
    return root


def _accounts(twins: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the type and the value of each service's account."""
    slack = {"token": "xoxb-twin", "base_url": f"{twins}/slack/api", "rate_limit": _A_MINUTE}
    twilio = {"accountSid": "AC00twin", "token": "twin", "base_url": f"{twins}/twilio"}
    return {
        "slack": ("slack", slack),
        "twilio": ("twilio", {**twilio, "rate_limit": _A_MINUTE}),
        "resend": ("resend", {"token": "re_twin", "base_url": f"{twins}/resend"}),
    }
