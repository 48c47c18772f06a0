"""Lists are walked page by page, lazily, and never for ever."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import FixSettings, GiveUpRecord
from f.connect.integration import BearerToken, Integration
from f.connect.pagination import Pager, by_cursor, by_link, by_offset, by_page
from tests.f.connect.wire import Act, Wire, reply


def client_of(wire: Wire) -> Client:
    return Client(Integration(name="svc", base_url=f"{wire.url}/v1", authentication=BearerToken(token="t")))


def page(*numbers: int, **more: Any) -> Act:
    return reply(200, {"results": list(numbers), **more})


def linked(*numbers: int, url: str) -> Act:
    return reply(
        200,
        {"results": list(numbers)},
        {"Link": f'<https://x.example.com>; rel="first", <{url}>; rel="next"'},
    )


@pytest.mark.parametrize(
    ("pager", "acts", "paths"),
    [
        (
            by_cursor("paging.next.after", "after"),
            [page(1, 2, paging={"next": {"after": "a"}}), page(3, paging={"next": {"after": "b"}}), page(4)],
            ["/v1/x?q=1", "/v1/x?q=1&after=a", "/v1/x?q=1&after=b"],
        ),
        (
            by_cursor("next", "cursor"),
            [page(1, 2, next="c"), page(3, 4, next="")],
            ["/v1/x?q=1", "/v1/x?q=1&cursor=c"],
        ),
        (
            by_link(),
            [linked(1, url="/v1/x?p=2"), linked(2, url="?p=3"), page(3, 4)],
            ["/v1/x?q=1", "/v1/x?p=2", "/v1/x?p=3"],
        ),
        (by_link("next"), [page(1, 2, next="/v1/y?p=2"), page(3, 4, next=None)], ["/v1/x?q=1", "/v1/y?p=2"]),
        (
            by_offset("results", limit=2),
            [page(1, 2), page(3, 4), page()],
            ["/v1/x?q=1", "/v1/x?q=1&offset=2&limit=2", "/v1/x?q=1&offset=4&limit=2"],
        ),
        (
            by_page("results"),
            [page(1, 2), page(3, 4), page()],
            ["/v1/x?q=1", "/v1/x?q=1&page=2", "/v1/x?q=1&page=3"],
        ),
    ],
)
def test_every_kind_of_list_is_walked_to_its_end(pager: Pager, acts: list[Act], paths: list[str]) -> None:
    with Wire(acts) as wire, client_of(wire) as client:
        assert list(client.items("/x", pager, at="results", params={"q": 1})) == [1, 2, 3, 4]
    assert [seen.path for seen in wire.seen] == paths


def test_a_page_is_fetched_only_when_it_is_asked_for() -> None:
    with Wire([page(1, 2, next="a"), page(3)]) as wire, client_of(wire) as client:
        items = client.items("/x", by_cursor("next", "cursor"), at="results")
        assert next(items) == 1
        assert next(items) == 2
        assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("pager", "act"),
    [(by_cursor("next", "cursor"), page(1, next="same")), (by_link("next"), page(1, next="/v1/x"))],
)
def test_a_repeated_token_ends_the_walk(pager: Pager, act: Act) -> None:
    with (
        Wire([act]) as wire,
        client_of(wire) as client,
        pytest.raises(FixSettings, match="repeats its page token"),
    ):
        list(client.items("/x", pager, at="results"))
    assert len(wire.seen) <= 2


def test_no_credential_follows_a_link_to_another_host() -> None:
    with Wire([page(2)]) as other, Wire([page(1, next=f"{other.url}/x")]) as wire, client_of(wire) as client:
        assert list(client.items("/x", by_link("next"), at="results")) == [1, 2]
    assert wire.seen[0].headers["authorization"] == "Bearer t"
    assert "authorization" not in other.seen[0].headers


def test_a_page_that_fails_raises_and_a_page_without_list_is_named() -> None:
    with (
        Wire([page(1, next="a"), reply(422)]) as wire,
        client_of(wire) as client,
        pytest.raises(GiveUpRecord),
    ):
        list(client.items("/x", by_cursor("next", "cursor"), at="results"))
    with (
        Wire([page(1)]) as wire,
        client_of(wire) as client,
        pytest.raises(FixSettings, match="without a list at 'data'"),
    ):
        list(client.items("/x", by_cursor("next", "cursor"), at="data"))
