"""What became of messages that no callback has told, from the list of the Twilio twin."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from f.connect.client import Client
from f.connect.errors import FixSettings, SignInAgain
from f.notify.texts.client import integration_of
from f.store.store import Store
from f.store.stores import memory_store
from f.webhooks.healing.healer import Healed
from f.webhooks.healing.twilio_messages import TwilioMessages
from f.webhooks.healing.wanted import Wanted
from f.webhooks.inbox.sealing import open_body
from tests.f.webhooks.healing.stage import ALL, DAY, heal, receive, source_of
from tests.loopback import Reply, serve
from tests.mill.twins.stage import TwinClient, TwinProcess

PATH = "/2010-04-01/Accounts/AC1/Messages.json"
BASIC = "Basic " + base64.b64encode(b"AC1:t").decode()


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as opened:
        yield opened


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = twins.client("twilio")
    client.forget()
    client.put_settings(undeliverable={"+12025550199": 30003})
    return client


def send(twin: TwinClient, count: int, to: str = "+12025550123") -> list[str]:
    form = urlencode({"To": to, "From": "+15005550006", "Body": "x"}).encode()
    headers = {"Authorization": BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    return [twin.send("POST", PATH, form, headers).json["sid"] for _ in range(count)]


def healed(store: Store, url: str, wanted: Wanted = ALL, *, size: int = 1000, **changes: Any) -> Healed:
    resource = {"accountSid": "AC1", "token": changes.pop("token", "t"), "base_url": url}
    with Client(integration_of(resource), store) as client:
        listing = TwilioMessages(client, "AC1", wanted, most_at_a_time=size)
        return heal(store, listing, wanted=wanted, **{"grace": -5.0, **changes})


def call_back(store: Store, sid: str, status: str, token: str = "t-1") -> None:
    body = urlencode({"MessageSid": sid, "MessageStatus": status, "To": "+12025550123"}).encode()
    receive(
        store,
        "twilio",
        body,
        content_type="application/x-www-form-urlencoded",
        i_twilio_idempotency_token=token,
    )


@pytest.mark.parametrize(("count", "size", "pages"), [(0, 5, 1), (4, 5, 1), (5, 5, 1), (6, 5, 2), (11, 5, 3)])
def test_each_message_that_has_ended_is_told_once(
    count: int, size: int, pages: int, twin: TwinClient, store: Store
) -> None:
    sids = send(twin, count)
    result = healed(store, twin.url, size=size)
    assert (result["looked_at"], result["pages"]) == (count, pages)
    assert result["healed"] == ({"message.delivered": count} if count else {})
    assert {row[0] for row in store.execute("SELECT provider_id FROM webhook_event")} == set(sids)
    assert healed(store, twin.url, size=size)["healed"] == {}


def test_what_a_callback_has_told_is_known(twin: TwinClient, store: Store) -> None:
    sids = send(twin, 3)
    call_back(store, sids[0], "delivered", "t-1")
    call_back(store, sids[1], "sent", "t-2")
    result = healed(store, twin.url)
    assert (result["known"], result["healed"]) == (1, {"message.delivered": 2})


def test_a_callback_that_comes_after_all_changes_no_state(twin: TwinClient, store: Store) -> None:
    (sid,) = send(twin, 1)
    healed(store, twin.url)
    call_back(store, sid, "delivered")
    told = "SELECT type, provider_id, origin FROM webhook_event ORDER BY origin"
    assert store.execute(told) == [
        ("message.delivered", sid, "healed"),
        ("message.delivered", sid, "received"),
    ]
    assert healed(store, twin.url)["healed"] == {}


def test_the_healed_event_has_the_fields_of_a_callback(twin: TwinClient, store: Store) -> None:
    (sid,) = send(twin, 1, to="+12025550199")
    assert healed(store, twin.url)["healed"] == {"message.undelivered": 1}
    ((event, sealed),) = store.execute("SELECT id, body FROM webhook_event")
    assert open_body(sealed, event, source_of("twilio").storage_key) == {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": "AC1",
        "From": "+15005550006",
        "To": "+12025550199",
        "ApiVersion": "2010-04-01",
        "SmsStatus": "undelivered",
        "MessageStatus": "undelivered",
        "ErrorCode": "30003",
    }


def message(sid: str, status: str, made: str, changed: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "status": status,
        "date_created": made,
        "date_updated": changed or made,
        "from": "+12025550123",
        "to": "+15005550006",
        "body": "Yes",
        "num_media": "0",
        **more,
    }


NOW, LONG_AGO = "Sun, 29 Nov 2026 06:00:00 +0000", "Mon, 02 Nov 2026 06:00:00 +0000"


def test_messages_to_us_are_looked_for_only_where_they_are_named(store: Store) -> None:
    listed = {"messages": [message("SM1", "received", NOW)], "next_page_uri": None}
    with serve(lambda _asked: Reply(200, listed)) as server:
        assert healed(store, server.url, Wanted(("message.*",)), back=365 * DAY)["looked_at"] == 0
        result = healed(store, server.url, Wanted(("message.received",)), back=365 * DAY)
    assert result["looked_at"] == 1


def test_what_is_on_its_way_is_left_alone(store: Store) -> None:
    listed = [message(f"SM{n}", status, NOW) for n, status in enumerate(("queued", "sending", "sent"))]
    with serve(lambda _asked: Reply(200, {"messages": listed, "next_page_uri": None})) as server:
        assert healed(store, server.url)["looked_at"] == 0


def test_the_walk_ends_at_messages_that_are_too_old_to_have_ended_since(store: Store) -> None:
    page = {
        "messages": [message("SM1", "delivered", LONG_AGO)],
        "next_page_uri": f"{PATH}?Page=1&PageToken=PA1",
    }
    with serve(lambda _asked: Reply(200, page)) as server:
        result = healed(store, server.url, back=0.0)
    assert (result["pages"], len(server.asked), result["complete"]) == (1, 1, True)


@pytest.mark.parametrize(
    "link", ["https://example.com/next", "/2010-04-01/Accounts/AC2/Messages.json?Page=1", 7]
)
def test_a_next_page_of_another_list_is_not_followed(link: object, store: Store) -> None:
    page = {"messages": [], "next_page_uri": link}
    with (
        serve(lambda _asked: Reply(200, page)) as server,
        pytest.raises(FixSettings, match="not of this list"),
    ):
        healed(store, server.url)
    assert len(server.asked) == 1


def test_a_wrong_token_is_to_be_renewed(twin: TwinClient, store: Store) -> None:
    with pytest.raises(SignInAgain):
        healed(store, twin.url, token="wrong")
