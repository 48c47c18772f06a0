"""The tests against real services, tried: they skip with a reason each, and pass and fail as they should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mill.twins.stage import TwinProcess

ROOT = Path(__file__).parents[3]


def live(**environment: str) -> tuple[int, dict[str, int], str]:
    """Run tests/live with nothing else in the environment; return its exit code, counts and output."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "tests/live"],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    counts = {
        word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped)", ended.stdout)
    }
    return ended.returncode, counts, ended.stdout + ended.stderr


def test_without_credentials_each_service_says_what_it_needs() -> None:
    code, counts, output = live(LIVE="1")
    assert code == 0, output
    assert set(counts) == {"skipped"}
    assert "f/payments/stripe needs STRIPE_API_KEY in the environment" in output
    assert "f/notify/twilio needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN" in output


def test_nothing_is_called_unless_it_was_asked_for() -> None:
    code, counts, output = live(
        STRIPE_SECRET_KEY="sk_test_x", LIVE_BASE_URL_F_PAYMENTS_STRIPE="http://127.0.0.1:9"
    )
    assert (code, set(counts)) == (0, {"skipped"}), output
    assert "make live runs it" in output


@pytest.mark.parametrize(("key", "code"), [("sk_test_x", 0), ("sk_test_wrong", 1)])
def test_with_a_credential_the_service_is_tried(key: str, code: int, twins: TwinProcess) -> None:
    twin = twins.client("stripe")
    twin.forget()
    twin.put_faults()
    ended, counts, output = live(
        LIVE="1",
        STRIPE_SECRET_KEY=key,
        LIVE_BASE_URL_F_PAYMENTS_STRIPE=twin.url,
        LIVE_BASE_URL_F_CUSTOMERS_STRIPE=twin.url,
    )
    assert ended == code, output
    assert counts.get("passed", 0) == (4 if code == 0 else 0), output
    assert counts.get("failed", 0) == (0 if code == 0 else 2), output
    assert key not in output
