"""Each endpoint is answered by the service or by its twin, as set, and the response says by whom."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.config import from_resource
from f.connect.errors import FixSettings, OutcomeUnknown, TryLater
from f.connect.integration import BearerToken, CircuitBreaker, Integration, RateLimit, Retry
from tests.f.connect.wire import Wire, free_port, reply

OK = reply(200, {"id": "1"})


def integration(url: str, twin: str, **settings: Any) -> Integration:
    quick = {"retry": Retry(enabled=False), "circuit_breaker": CircuitBreaker(enabled=False)}
    return Integration(**{"name": "svc", "base_url": url, "twin_url": twin, **quick, **settings})


def test_an_endpoint_in_mock_mode_goes_to_the_twin_and_the_others_to_the_service() -> None:
    with Wire([OK]) as live, Wire([OK]) as twin:
        modes: Any = {"customers": "mock"}
        token = BearerToken(token="t")
        with Client(integration(live.url, twin.url, endpoint_modes=modes, authentication=token)) as client:
            made = client.post("/customers", json={})
            other = client.get("/orders")
            [(_, many)] = client.send_many([Request(method="GET", path="customers")])
    assert (made.source, other.source, getattr(many, "source", many)) == ("twin", "live", "twin")
    assert [seen.path for seen in live.seen] == ["/orders"]
    assert [seen.path for seen in twin.seen] == ["/customers", "/customers"]
    assert "authorization" in live.seen[0].headers
    assert "authorization" not in twin.seen[0].headers


def test_an_endpoint_in_live_mode_goes_to_the_service_although_the_rest_is_mocked() -> None:
    with Wire([OK]) as live, Wire([OK]) as twin:
        modes: Any = {"/orders": "live"}
        with Client(integration(live.url, twin.url, mode="mock", endpoint_modes=modes)) as client:
            sources = [client.get(path).source for path in ("/orders", "/customers")]
            named = client.get("/anything", endpoint="orders").source
    assert [*sources, named] == ["live", "twin", "live"]


def test_the_twin_stands_in_for_reads_of_a_hybrid_endpoint_only_and_never_for_a_write() -> None:
    down = f"http://127.0.0.1:{free_port()}"
    with Wire([OK]) as twin, Client(integration(down, twin.url, endpoint_modes={"/c": "hybrid"})) as client:
        assert client.get("/c").source == "twin"
        with pytest.raises(TryLater):
            client.get("/d")
        with pytest.raises(TryLater):
            client.post("/c", json={})
    assert [seen.method for seen in twin.seen] == ["GET"]


def test_a_hybrid_write_whose_answer_was_lost_stays_unknown() -> None:
    with (
        Wire([reply(500)]) as live,
        Wire([OK]) as twin,
        Client(integration(live.url, twin.url, mode="hybrid")) as client,
        pytest.raises(OutcomeUnknown),
    ):
        client.post("/c", json={})
    assert twin.seen == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"endpoint_modes": {"/c": "mock"}}, "endpoint_modes./c is mock but no twin_url"),
        ({"endpoint_modes": {"/c": "mocked"}, "twin_url": "http://localhost:1"}, "endpoint_modes./c"),
        ({"mode": "mocked", "twin_url": "http://localhost:1"}, "mode"),
        ({"endpoint_modes": [{"endpoint": "/c", "mode": "off"}], "twin_url": "http://localhost:1"}, "/c"),
        ({"endpoint_modes": [{"mode": "mock"}]}, "endpoint_modes: entry 1 needs an endpoint"),
        ({"endpoint_limits": [{"endpoint": "/c"}]}, "endpoint_limits./c.max_requests is missing"),
        (
            {"endpoint_limits": [{"endpoint": "/c", "max_requests": 1}] * 2},
            "endpoint_limits: /c is there twice",
        ),
    ],
)
def test_a_wrong_choice_of_who_answers_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(FixSettings) as caught:
        from_resource({"name": "x", "base_url": "https://x.example.com", **settings})
    assert said in str(caught.value)


def test_a_misspelt_mode_is_refused_also_of_what_is_built_in_code() -> None:
    mode: Any = "Mock"
    with pytest.raises(FixSettings, match="mode must be one of mock, hybrid, live"):
        Integration(name="x", base_url="https://x.example.com", mode=mode)


def test_a_list_as_a_form_writes_it_is_the_same_as_an_object() -> None:
    base = {"name": "x", "base_url": "https://x.example.com", "twin_url": "http://localhost:1"}
    made = from_resource(
        {
            **base,
            "endpoint_modes": [{"endpoint": "/c", "mode": "mock"}],
            "endpoint_limits": [{"endpoint": "/c", "max_requests": 5, "burst_size": None}],
        }
    )
    assert made.endpoint_modes == {"/c": "mock"}
    assert made.endpoint_limits == {"/c": RateLimit(max_requests=5)}
