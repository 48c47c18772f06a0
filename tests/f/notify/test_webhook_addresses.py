"""Where a Slack webhook may lead when the job runs on a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from f.connect.errors import FixInput, FixSettings
from f.notify.slack.client import Post
from f.notify.slack.posting import open_slack
from f.store.once import Attempt
from f.store.stores import memory_store
from tests.loopback import Loopback, Reply, serve


@pytest.fixture
def windmill(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A Windmill in the network around the server, as most are, with a route that stands for Slack."""
    with serve(lambda _: Reply(body=b"ok")) as served:
        monkeypatch.delenv("MILL", raising=False)
        monkeypatch.setenv("WM_BASE_URL", served.url)
        yield served


def post(url: str) -> None:
    with open_slack(None, {"url": url}, "", memory_store()) as channel:
        channel.post(Post("hello"), Attempt("mark", None, 0.0, 0.0))


def test_a_webhook_into_the_network_around_the_server_is_refused(windmill: Loopback) -> None:
    with pytest.raises(FixInput, match="closed to what people enter") as caught:
        post(f"{windmill.url}/services/T/A/secret")
    assert caught.value.code == "address_not_allowed"
    assert "secret" not in str(caught.value)
    assert windmill.asked == []


def test_a_route_of_this_windmill_stays_reachable(windmill: Loopback) -> None:
    post("/api/r/slack/T/A/secret")
    assert [asked.path for asked in windmill.asked] == ["/api/r/slack/T/A/secret"]


def test_a_webhook_that_cannot_be_read_is_a_setting_to_fix() -> None:
    with pytest.raises(FixSettings, match="no usable url"):
        post("https://[bad/services/T/A/secret")
