"""Integrations by name, and what belongs to each."""

from __future__ import annotations

from pathlib import Path

import pytest

from f.connect.errors import FixInput, FixSettings, TryLater
from f.connect.integration import BearerToken, CircuitBreaker, Integration, RateLimit, Retry
from f.connect.manager import IntegrationManager
from tests.f.connect.windmill import Windmill
from tests.f.connect.wire import Wire, free_port, reply
from tests.loopback import Reply

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
        [average] = [summary["average"] for summary in manager.metrics("one").values()]
        assert average is not None
        assert manager.status() == {
            "one": {
                "mode": "live",
                "circuit": "closed",
                "available": 6,
                "calls": 1,
                "successes": 1,
                "success_rate": 1.0,
                "average": round(average, 2),
            }
        }
        manager.reset_metrics("one")
        assert manager.metrics("one") == {}


def test_the_average_and_the_success_rate_are_over_all_endpoints() -> None:
    with Wire([OK, OK, OK, reply(422)]) as wire, IntegrationManager() as manager:
        manager.register(Integration(name="one", base_url=wire.url))
        assert manager.status()["one"]["success_rate"] is None
        assert manager.status()["one"]["average"] is None
        for path in ("/x", "/x", "/x", "/y"):
            manager.connector("one").post(path)
        status, summaries = manager.status()["one"], manager.metrics("one")
    assert (status["calls"], status["success_rate"]) == (4, 0.75)
    averages = [summaries[path]["average"] or 0.0 for path in ("/x", "/y")]
    assert status["average"] == pytest.approx((3 * averages[0] + averages[1]) / 4, abs=0.02)


def test_a_retry_policy_is_one_object_until_the_integration_changes() -> None:
    with IntegrationManager() as manager:
        manager.register(Integration(name="one", base_url="https://one.example.com"))
        first = manager.retry("one")
        assert manager.retry("one") is first
        assert manager.retry("one").stats()["calls"] == 0
        manager.update("one", retry=Retry(enabled=False))
        assert manager.retry("one") is not first
        assert not manager.retry("one").should_retry(TryLater("busy"), 1)


LONG_NAMES = {
    "register_integration": "register",
    "unregister_integration": "unregister",
    "update_integration": "update",
    "get_integration": "get",
    "list_integrations": "list",
    "get_connector": "connector",
    "get_auth_manager": "auth",
    "get_rate_limiter": "limiter",
    "get_retry_handler": "retry",
    "get_metrics": "metrics",
    "reset_metrics": "reset_metrics",
    "health_check": "health_check",
    "get_status": "status",
}


@pytest.mark.parametrize(("long", "short"), LONG_NAMES.items())
def test_each_method_has_the_name_it_has_elsewhere(long: str, short: str) -> None:
    assert getattr(IntegrationManager, long) is getattr(IntegrationManager, short)


def test_the_environment_names_several_integrations(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "CONNECT_CRM__BASE_URL=https://crm.example.com\nCONNECT_CRM__TIMEOUT=7\n"
        "CONNECT_BASE_URL=https://alone.example.com\nCONNECT_NAME=alone\n"
    )
    environ = {
        "CONNECT_CRM__AUTHENTICATION__TYPE": "bearer_token",
        "CONNECT_CRM__AUTHENTICATION__TOKEN": "t",
        "CONNECT_SHOP__BASE_URL": "https://shop.example.com",
        "CONNECT_RETRY__MAX_RETRIES": "1",
        "CONNECT_CRM__TIMEOUT": "9",
    }
    with IntegrationManager.from_environment(environ=environ, env_file=file) as manager:
        assert manager.list() == ["alone", "crm", "shop"]
        assert manager.get("crm").authentication == BearerToken(token="t")
        assert manager.get("crm").timeout == 9.0  # the environment wins
        assert manager.get("alone").retry.max_retries == 1
        assert manager.get("shop").retry.max_retries == 3


def test_every_fault_of_every_integration_is_a_sentence_of_its_own() -> None:
    environ = {
        "CONNECT_CRM__BASE_URL": "crm.example.com",
        "CONNECT_CRM__TIMEOUT": "s00n",
        "CONNECT_SHOP__BASE_URL": "https://shop.example.com",
        "CONNECT_SHOP__TIMEOT": "9",
    }
    with pytest.raises(FixSettings) as caught:
        IntegrationManager.from_environment(environ=environ, env_file=None)
    faults = sorted(caught.value.faults)
    assert [fault.partition(" ")[0] for fault in faults] == ["crm:", "crm:", "shop:"]
    assert "did you mean timeout?" in faults[2]
    assert "s00n" not in str(caught.value)


def test_a_misspelt_setting_of_one_that_stands_alone_is_no_integration() -> None:
    environ = {"CONNECT_NAME": "x", "CONNECT_BASE_URL": "https://x.example.com", "CONNECT_RETY__JITTER": "no"}
    with pytest.raises(FixSettings, match=r"rety is not a setting \(did you mean retry\?\)"):
        IntegrationManager.from_environment(environ=environ, env_file=None)


def test_resources_are_integrations_by_the_last_part_of_their_path() -> None:
    crm = {"base_url": "https://crm.example.com", "endpoints": {"health": "/ping"}, "rate_limit": None}
    shop = {"base_url": "https://shop.example.com", "name": "till", "retry": {"max_retries": None}}
    with IntegrationManager.from_resources({"f/team/crm": crm, "u/quinn/shop": shop}) as manager:
        assert manager.list() == ["crm", "till"]
        assert manager.get("till").retry == Retry()
    with pytest.raises(FixSettings, match="Two resources are the integration 'crm'"):
        IntegrationManager.from_resources({"f/team/crm": crm, "f/other/crm": crm})
    with pytest.raises(FixSettings, match="crm: timeout"):
        IntegrationManager.from_resources({"f/a/crm": {**crm, "timeout": -1}, "f/a/shop": shop})


def test_resources_are_read_from_the_workspace_by_their_paths(windmill: Windmill) -> None:
    path = "/api/w/team/resources/get_value_interpolated/f/team/crm"
    windmill.answers[path] = Reply(200, {"base_url": "https://crm.example.com"})
    with IntegrationManager.from_workspace(["f/team/crm"]) as manager:
        assert manager.get("crm").base_url == "https://crm.example.com"
    with pytest.raises(FixSettings, match="There is no resource f/team/shop"):
        IntegrationManager.from_workspace(["f/team/shop"])


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
