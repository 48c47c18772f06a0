"""Integrations by name, and what belongs to each."""

from __future__ import annotations

import pytest

from f.connect.errors import FixInput, FixSettings, TryLater
from f.connect.integration import CircuitBreaker, Integration, RateLimit, Retry
from f.connect.manager import IntegrationManager
from tests.f.connect.wire import Wire, free_port, reply

OK = reply(200, {"id": "1"})


def test_integrations_are_registered_updated_listed_and_removed() -> None:
    with IntegrationManager() as manager:
        one = Integration(name="one", base_url="https://one.example.com")
        manager.register(one)
        manager.register(Integration(name="another", base_url="https://another.example.com"))
        assert manager.list() == ["another", "one"]
        assert manager.get("one") is one
        assert manager.update("one", timeout=5.0).timeout == 5.0
        assert manager.get("one").timeout == 5.0
        manager.unregister("one")
        assert manager.list() == ["another"]


def test_a_wrong_name_or_change_is_refused_in_a_sentence() -> None:
    with IntegrationManager() as manager:
        manager.register(Integration(name="one", base_url="https://one.example.com"))
        with pytest.raises(FixInput, match="registered already"):
            manager.register(Integration(name="one", base_url="https://one.example.com"))
        with pytest.raises(FixInput, match=r"no integration 'two'\. Registered: one\."):
            manager.connector("two")
        with pytest.raises(FixInput, match="name cannot be changed"):
            manager.update("one", name="two")
        with pytest.raises(FixSettings):
            manager.update("one", timeout=-1)
        assert manager.get("one").timeout == 30.0


def test_an_update_reaches_the_next_connector() -> None:
    with Wire([OK]) as first, Wire([OK]) as second, IntegrationManager() as manager:
        manager.register(Integration(name="one", base_url=first.url))
        manager.connector("one").get("/x")
        assert manager.connector("one") is manager.connector("one")
        manager.update("one", base_url=second.url)
        manager.connector("one").get("/x")
    assert (len(first.seen), len(second.seen)) == (1, 1)


def test_each_integration_has_its_limiter_retry_auth_and_metrics() -> None:
    limit = RateLimit(max_requests=7, time_window=3600, burst_size=7)
    with Wire([OK]) as wire, IntegrationManager() as manager:
        manager.register(
            Integration(name="one", base_url=wire.url, rate_limit=limit, retry=Retry(max_retries=0))
        )
        assert manager.limiter("one").available() == 7
        assert manager.auth("one").fingerprint() == ""
        with pytest.raises(TryLater):
            manager.retry("one").call(raise_try_later)
        manager.connector("one").get("/x")
        assert manager.metrics("one")["/x"]["calls"] == 1
        assert manager.status() == {
            "one": {
                "mode": "live",
                "circuit": "closed",
                "available": 6,
                "calls": 1,
                "successes": 1,
            }
        }
        manager.reset_metrics("one")
        assert manager.metrics("one") == {}


def raise_try_later() -> None:
    raise TryLater("busy")


@pytest.mark.parametrize(
    ("act", "status", "http_status"),
    [(OK, "healthy", 200), (reply(500), "unhealthy", 500), (reply(401), "unhealthy", 401)],
)
def test_a_health_check_says_how_it_went(act: object, status: str, http_status: int) -> None:
    with Wire([act]) as wire, IntegrationManager() as manager:  # type: ignore[list-item]  # an act of the table
        manager.register(
            Integration(
                name="one",
                base_url=wire.url,
                retry=Retry(enabled=False),
                circuit_breaker=CircuitBreaker(enabled=False),
            )
        )
        health = manager.health_check("one", "/ping")
    assert (health["status"], health["http_status"], health["circuit"]) == (status, http_status, "closed")
    assert wire.seen[0].path == "/ping"


def test_a_health_check_of_a_service_that_is_down_says_so() -> None:
    with IntegrationManager() as manager:
        url = f"http://127.0.0.1:{free_port()}"
        manager.register(Integration(name="one", base_url=url, retry=Retry(enabled=False)))
        health = manager.health_check("one")
    assert (health["status"], health["http_status"]) == ("unhealthy", None)
    assert "could not be reached" in health["detail"]
