"""Stripe's official SDK against the twin, and what it raises put into a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.mill.twins.stage import TwinClient

KEY = "sk_test_millwright"
FORM = "application/x-www-form-urlencoded"


def sdk(twin: TwinClient, key: str = KEY, *, retries: int = 0, **options: Any) -> Any:
    """Return the SDK's client for the twin. It retries nothing by itself unless it is told to.

    Not typed as the client it is: the tests also hand it what its types forbid.
    """
    return StripeClient(key, base_addresses={"api": twin.url}, max_network_retries=retries, **options)


def refused(call: Callable[..., object], status: int, code: str | None = None, *arguments: Any) -> Any:
    """Run a call that Stripe refuses so, and return what the SDK raises."""
    with pytest.raises(stripe.StripeError) as caught:
        call(*arguments)
    problem = caught.value
    assert isinstance(problem.json_body, dict), problem.http_body
    assert (problem.http_status, problem.json_body["error"].get("code")) == (status, code), (
        problem.user_message
    )
    return problem
