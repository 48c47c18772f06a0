"""A client with a cache asks again only where it must, and mixes nothing up."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from f.connect.calls.effects import Send
from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import OutcomeUnknown, TryLater
from f.connect.integration import BearerToken, CircuitBreaker, Integration, ResponseCache, Retry
from f.connect.sign_in.auth import NoCredential
from tests.f.connect.wire import Act, FakeClock, Wire, free_port, reply, reset, send


def fresh(body: Any = None, seconds: int = 60, **headers: str) -> Act:
    return reply(200, body or {"id": "1"}, {"Cache-Control": f"max-age={seconds}", **headers})


def tagged(tag: str = '"1"', body: Any = None, **headers: str) -> Act:
    return reply(200, body or {"id": "1"}, {"ETag": tag, **headers})


def not_modified(**headers: str) -> Act:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return send(f"HTTP/1.1 304 X\r\n{lines}\r\n".encode())


def client_of(wire: Wire, clock: FakeClock, **settings: Any) -> Client:
    base = {"name": "svc", "base_url": wire.url, "cache": ResponseCache(), "retry": Retry(enabled=False)}
    return Client(Integration(**{**base, **settings}), clock=clock)


def stats(client: Client) -> dict[str, int]:
    assert client.cache is not None
    return client.cache.stats()


def test_a_fresh_reply_is_given_out_again_without_a_request(clock: FakeClock) -> None:
    with Wire([fresh()]) as wire, client_of(wire, clock) as client:
        first = client.get("/x", params={"page": 1})
        clock.time += 59
        again = client.get("/x", params={"page": 1})
        [(_, many)] = client.send_many([Request(method="GET", path="/x?page=1")])
        clock.time += 2
        anew = client.get("/x", params={"page": 1})
        counted = client.metrics()["/x"]["calls"]
    assert isinstance(many, Response)
    assert [one.source for one in (first, again, many, anew)] == ["live", "cached", "cached", "live"]
    assert (again.json, again.attempts, again.headers["age"]) == ({"id": "1"}, 0, "59")
    assert again.headers["content-type"] == "application/json"
    assert len(wire.seen) == counted == 2
    assert stats(client) == {
        "hits": 2,
        "revalidated": 0,
        "misses": 2,
        "entries": 1,
        "bytes": stats(client)["bytes"],
    }


def test_without_the_setting_every_call_is_sent(clock: FakeClock) -> None:
    with Wire([fresh()]) as wire:
        for cache in (None, ResponseCache(enabled=False)):
            with client_of(wire, clock, cache=cache) as client:
                assert [client.get("/x").source for _ in range(2)] == ["live", "live"]
                assert client.cache is None


def test_a_stale_reply_is_asked_for_and_renewed_by_a_304(clock: FakeClock) -> None:
    acts = [
        reply(200, {"id": "1"}, {"ETag": '"1"', "X-A": "old"}),
        not_modified(ETag='"1"', Cache_Control="max-age=30", X_A="new"),
    ]
    with Wire(acts) as wire, client_of(wire, clock) as client:
        client.get("/x")
        renewed = client.get("/x")
        kept = client.get("/x")
    assert wire.seen[0].headers.get("if-none-match") is None
    assert wire.seen[1].headers["if-none-match"] == '"1"'
    assert len(wire.seen) == 2
    assert (renewed.status, renewed.source, renewed.json) == (200, "revalidated", {"id": "1"})
    assert (kept.source, kept.headers["x-a"]) == ("cached", "new")
    assert renewed.request.headers is None  # the caller's own request
    assert client.metrics()["/x"]["failures"] == {}


def test_a_changed_reply_takes_the_place_of_the_old_one(clock: FakeClock) -> None:
    acts = [tagged('"1"'), tagged('"2"', {"id": "2"}), not_modified(ETag='"2"')]
    with Wire(acts) as wire, client_of(wire, clock) as client:
        bodies = [(client.get("/x").json["id"], wire.seen[-1].headers.get("if-none-match")) for _ in range(3)]
    assert bodies == [("1", None), ("2", '"1"'), ("2", '"2"')]


def test_a_304_about_something_else_is_asked_again_without_conditions(clock: FakeClock) -> None:
    acts = [tagged('"1"'), not_modified(ETag='"9"'), tagged('"9"', {"id": "9"})]
    with Wire(acts) as wire, client_of(wire, clock) as client:
        client.get("/x")
        response = client.get("/x")
    assert (response.json, response.source) == ({"id": "9"}, "live")
    assert [seen.headers.get("if-none-match") for seen in wire.seen] == [None, '"1"', None]


def test_a_304_to_a_caller_with_conditions_of_its_own_stays_a_304(clock: FakeClock) -> None:
    with Wire([fresh(), not_modified()]) as wire, client_of(wire, clock) as client:
        client.get("/x")
        assert client.get("/x", headers={"If-None-Match": '"mine"'}).status == 304
    assert len(wire.seen) == 2


def test_nothing_is_mixed_between_credentials_and_headers(clock: FakeClock) -> None:
    with Wire([fresh({"id": "a"}), fresh({"id": "b"}), fresh({"id": "c"})]) as wire:
        client = client_of(wire, clock, authentication=BearerToken(token="one"))
        with client:
            ids = [
                client.get("/x").json["id"],
                client.get("/x", headers={"Accept-Language": "de"}).json["id"],
            ]
            ids += [client.get("/x", headers={"accept-language": "fr"}).json["id"]]
            ids += [
                client.get("/x").json["id"],
                client.get("/x", headers={"ACCEPT-language": "de"}).json["id"],
            ]
    assert ids == ["a", "b", "c", "a", "b"]


def test_a_credential_that_changes_on_the_way_keeps_nothing(clock: FakeClock) -> None:
    class Renewed(NoCredential):
        prints = iter(["old", "new", "new", "new", "new"])

        def fingerprint(self) -> str:
            return next(self.prints)

    with Wire([fresh({"id": "a"}), fresh({"id": "b"})]) as wire, client_of(wire, clock) as client:
        assert client.cache is not None
        client.cache._auth = Renewed()
        assert [client.get("/x").json["id"] for _ in range(3)] == ["a", "b", "b"]


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Cache-Control": "no-store"}},
        {"headers": {"Range": "bytes=0-1"}},
        {"json": {"q": 1}},
        {"reads": False},
    ],
    ids=str,
)
def test_such_a_request_goes_past_the_cache(options: dict[str, Any], clock: FakeClock) -> None:
    with Wire([fresh()]) as wire, client_of(wire, clock) as client:
        assert [client.get("/x", **options).source for _ in range(2)] == ["live", "live"]
    assert len(wire.seen) == 2


def test_a_caller_can_ask_for_a_new_reply_which_is_then_kept(clock: FakeClock) -> None:
    with Wire([fresh({"id": "1"}), fresh({"id": "2"})]) as wire, client_of(wire, clock) as client:
        client.get("/x")
        assert client.get("/x", headers={"Cache-Control": "no-cache"}).json == {"id": "2"}
        assert client.get("/x").json == {"id": "2"}
    assert len(wire.seen) == 2


@pytest.mark.parametrize("write", [reply(204), reply(422), reset], ids=["done", "refused", "lost"])
def test_a_write_makes_what_was_kept_of_its_url_void_whatever_came_of_it(
    write: Act, clock: FakeClock
) -> None:
    with Wire([fresh(), fresh(), write, fresh({"id": "2"})]) as wire, client_of(wire, clock) as client:
        client.get("/x/1")
        client.get("/y")
        try:
            client.patch("/x/1", json={})
        except OutcomeUnknown:
            assert write is reset
        assert client.get("/x/1").json == {"id": "2"}
        assert client.get("/y").source == "cached"
    assert len(wire.seen) == 4


def test_a_write_makes_void_what_its_reply_names_too_but_nothing_of_another_host(clock: FakeClock) -> None:
    acts = [
        fresh(),
        fresh(),
        reply(201, {}, {"Location": "/x/7", "Content-Location": "https://else.example/x"}),
    ]
    with Wire([*acts, fresh({"id": "2"})]) as wire, client_of(wire, clock) as client:
        client.get("/x/7")
        client.get("/x/8")
        client.post("/x", json={})
        assert client.get("/x/7").json == {"id": "2"}
        assert client.get("/x/8").source == "cached"


def test_a_reply_that_was_asked_for_before_a_write_is_not_kept_after_it(clock: FakeClock) -> None:
    acts = [reply(204), fresh({"id": "old"}), fresh({"id": "new"})]
    with Wire(acts) as wire, client_of(wire, clock) as client:
        assert client.cache is not None
        steps = client.cache.run(Request(method="GET", path="/x"))
        sending = next(steps)  # the read is on its way
        client.patch("/x", json={})
        assert isinstance(sending, Send)
        with pytest.raises(StopIteration):
            steps.send(client._transport.send(sending.outgoing, 5.0))
        assert client.get("/x").json == {"id": "new"}


def test_a_redirected_reply_is_not_kept_for_the_address_that_redirects(clock: FakeClock) -> None:
    with Wire([reply(302, None, {"Location": "/there"}), fresh()]) as wire, client_of(wire, clock) as client:
        assert client.get("/here").success
        assert stats(client)["entries"] == 0
    assert [seen.path for seen in wire.seen] == ["/here", "/there"]


def test_what_may_no_longer_be_kept_is_dropped_and_a_failure_keeps_it(clock: FakeClock) -> None:
    gone, failed = reply(404), reply(500)
    breaker = CircuitBreaker(enabled=False)
    acts = [tagged(), failed, not_modified(), gone, tagged()]
    with Wire(acts) as wire, client_of(wire, clock, circuit_breaker=breaker) as client:
        client.get("/x")
        with pytest.raises(TryLater):
            client.get("/x")
        assert client.get("/x").source == "revalidated"
        assert client.get("/x").status == 404
        client.get("/x")
    assert [seen.headers.get("if-none-match") for seen in wire.seen] == [None, '"1"', '"1"', '"1"', None]


def test_nothing_stale_is_given_out_while_the_service_is_down(clock: FakeClock) -> None:
    with Wire([fresh()]) as wire, client_of(wire, clock) as client:
        client.get("/x")
        clock.time += 61
        assert client.cache is not None
        exchange = client.cache._exchange
        exchange._base = dataclasses.replace(exchange._base, url=f"http://127.0.0.1:{free_port()}")
        with pytest.raises(TryLater):
            client.get("/x")


def test_no_more_is_kept_than_allowed_and_what_was_used_last_stays(clock: FakeClock) -> None:
    with Wire([fresh()]) as wire:
        with client_of(wire, clock, cache=ResponseCache(max_entries=2)) as client:
            for path in ("/a", "/b", "/a", "/c"):
                client.get(path)
            assert [client.get(path).source for path in ("/a", "/c", "/b")] == ["cached", "cached", "live"]
        small = ResponseCache(max_bytes=200)
        with Wire([fresh({"id": "x" * 300})]) as big, client_of(big, clock, cache=small) as client:
            assert [client.get("/x").source for _ in range(2)] == ["live", "live"]
            assert stats(client)["bytes"] == 0


def test_a_reply_that_is_changed_by_its_reader_is_the_same_for_the_next(clock: FakeClock) -> None:
    with Wire([fresh({"ids": [1]})]) as wire, client_of(wire, clock) as client:
        client.get("/x").json["ids"].append(2)
        client.get("/x").json["ids"].append(3)
        assert client.get("/x").json == {"ids": [1]}


def test_the_twin_is_never_cached_and_never_answers_from_the_cache(clock: FakeClock) -> None:
    with Wire([fresh()]) as live, Wire([fresh()]) as twin:
        modes: Any = {"/m": "mock"}
        with client_of(live, clock, endpoint_modes=modes, twin_url=twin.url) as client:
            assert [client.get("/m").source for _ in range(2)] == ["twin", "twin"]
            assert [client.get("/x").source for _ in range(2)] == ["live", "cached"]


def test_two_header_lines_count_as_one_on_an_event_loop_too(clock: FakeClock) -> None:
    twice = send(
        b"HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nCache-Control: no-store\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )

    async def go(url: str) -> list[str]:
        settings = Integration(name="svc", base_url=url, cache=ResponseCache())
        async with Client(settings, clock=clock) as client:
            return [(await client.get_async("/x")).source for _ in range(2)]

    with Wire([twice]) as wire:
        assert asyncio.run(go(wire.url)) == ["live", "live"]
        with client_of(wire, clock) as client:
            assert [client.get("/x").source for _ in range(2)] == ["live", "live"]


def test_interceptors_see_what_the_cache_answers(clock: FakeClock) -> None:
    with Wire([fresh()]) as wire, client_of(wire, clock) as client:
        client.on_response(lambda response: dataclasses.replace(response, status=299))
        assert [client.get("/x").status for _ in range(2)] == [299, 299]
    assert len(wire.seen) == 1


def test_a_head_has_its_own_reply(clock: FakeClock) -> None:
    head = send(b"HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\n")
    with Wire([fresh(), head]) as wire, client_of(wire, clock) as client:
        client.get("/x")
        answers = [client.request(Request(method="HEAD", path="/x")) for _ in range(2)]
    assert [(one.source, one.body) for one in answers] == [("live", b""), ("cached", b"")]


def test_a_304_from_where_a_redirect_leads_says_nothing_of_what_was_kept(clock: FakeClock) -> None:
    moved = reply(302, headers={"Location": "/y"})
    acts = [tagged(), moved, not_modified(ETag='"1"'), moved, tagged(body={"id": "2"})]
    with Wire(acts) as wire, client_of(wire, clock) as client:
        assert client.get("/x").json == {"id": "1"}
        assert client.get("/x").json == {"id": "2"}  # not the body of /x, though both versions are called "1"
