"""The middleware that the folder ships, and what a middleware may return."""

from __future__ import annotations

import sys
import types
from dataclasses import replace
from typing import Any

import pytest

from f.connect.errors import FixSettings
from f.webhooks.dispatch.middleware import BadMiddleware, Chain, Dropped
from f.webhooks.inbox.work import StoredEvent

EVENT = StoredEvent(
    "id1", "shop", "stripe", "invoice.paid", "evt_1", "received", None, 0.0, 0.0, 0, {}, "", "new", 0, None
)
LIVE = "f/webhooks/middleware/only_live"
MASKED = "f/webhooks/middleware/without_personal_data"


def made(monkeypatch: pytest.MonkeyPatch, function: Any) -> str:
    """The path of a module with this middleware."""
    module = types.ModuleType("f.made.up")
    if function is not None:
        module.__dict__["middleware"] = function
    monkeypatch.setitem(sys.modules, "f.made", types.ModuleType("f.made"))
    monkeypatch.setitem(sys.modules, "f.made.up", module)
    return "f/made/up"


@pytest.mark.parametrize(
    ("kind", "body", "is_dropped"),
    [
        ("stripe", {"livemode": False}, True),
        ("stripe", {"livemode": True}, False),
        ("stripe", {}, False),
        ("stripe", None, False),
        ("generic", {"livemode": False}, False),
    ],
)
def test_only_live_drops_what_stripe_tells_of_its_test_mode(kind: str, body: Any, is_dropped: bool) -> None:
    event, chain = replace(EVENT, kind=kind), Chain([LIVE])
    if is_dropped:
        with pytest.raises(Dropped, match="only_live"):
            chain.body_for_handlers(event, body, 1)
    else:
        assert chain.body_for_handlers(event, body, 1) == body


def test_without_personal_data_masks_what_handlers_get() -> None:
    body = {
        "email": "ada@example.com",
        "note": "call +44 20 7946 0958",
        "amount": 7,
        "lines": [{"phone": "1"}],
    }
    assert Chain([MASKED]).body_for_handlers(EVENT, body, 1) == {
        "email": "***",
        "note": "call ***",
        "amount": 7,
        "lines": [{"phone": "***"}],
    }
    assert body["email"] == "ada@example.com"


def test_a_middleware_sees_what_was_sent_and_changes_nothing_but_what_it_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def spoil(event: Any) -> Any:
        seen.append(event["body"]["text"])
        event["body"]["text"] = "spoilt"
        return {**event, "body": {"made": True}, "id": "another"}

    body = {"text": "$var:f/a/b"}
    assert Chain([made(monkeypatch, spoil), LIVE]).body_for_handlers(EVENT, body, 1) == {"made": True}
    assert (seen, body) == (["$var:f/a/b"], {"text": "$var:f/a/b"})


@pytest.mark.parametrize("returned", ["text", 3, {}, {"body": {1, 2}}, {"body": float("nan")}])
def test_what_is_no_event_is_refused(monkeypatch: pytest.MonkeyPatch, returned: Any) -> None:
    chain = Chain([made(monkeypatch, lambda _: returned)])
    with pytest.raises(BadMiddleware, match="f/made/up"):
        chain.body_for_handlers(EVENT, {}, 1)


@pytest.mark.parametrize("path", ["f/nobody/has_this", "f/webhooks/inbox/sealing"])
def test_nothing_gets_past_a_middleware_that_cannot_be_used(path: str) -> None:
    with pytest.raises(FixSettings) as raised:
        Chain([path])
    assert raised.value.code == "bad_middleware"


def test_a_middleware_that_ends_the_process_concerns_its_event_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain([made(monkeypatch, lambda _: sys.exit(3))])
    with pytest.raises(BadMiddleware, match="f/made/up wanted to end"):
        chain.body_for_handlers(EVENT, {}, 1)
