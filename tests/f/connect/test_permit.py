"""A request under a lease: nothing leaves a process that was stopped for longer than its lease."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import TryLater
from f.connect.integration import Integration, Retry
from f.store.store import Permit, Store, take
from f.store.stores import memory_store
from tests.f.connect.wire import Wire, reply

LEASE = 10.0


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as store:
        yield store


@pytest.fixture
def service() -> Iterator[Wire]:
    with Wire([reply(201, {"id": 1})]) as wire:
        yield wire


def permit_of(store: Store, ticks: Ticks) -> Permit:
    lease = take(store, "work", "me", LEASE)
    assert lease is not None
    return Permit(store, lease, LEASE, ticks)


def test_a_permit_holds_for_half_of_the_lease_and_can_be_renewed(store: Store, ticks: Ticks) -> None:
    permit = permit_of(store, ticks)
    assert permit.is_valid()
    ticks.now = LEASE / 2
    assert not permit.is_valid()
    permit.renew()
    assert permit.is_valid()


def test_a_permit_cannot_be_renewed_once_another_has_the_lease(store: Store, ticks: Ticks) -> None:
    permit = permit_of(store, ticks)
    lose(store)
    ticks.now = LEASE
    with pytest.raises(TryLater, match="taken this work over") as caught:
        permit.renew()
    assert caught.value.code == "lease_lost"
    assert not permit.is_valid()


def lose(store: Store) -> None:
    """Another job takes the lease, as it may once it has run out."""
    store.execute("UPDATE store_lease SET until = 0 WHERE key = 'work'")
    assert take(store, "work", "another", LEASE) is not None


@pytest.mark.parametrize("many", [False, True])
def test_a_request_whose_lease_is_lost_is_not_sent(
    service: Wire, store: Store, ticks: Ticks, many: bool
) -> None:
    permit = permit_of(store, ticks)
    lose(store)
    ticks.now = LEASE
    with pytest.raises(TryLater) as caught:
        send(service, permit, many=many)
    assert caught.value.code == "lease_lost"
    assert len(service.seen) == 0


@pytest.mark.parametrize("many", [False, True])
def test_a_request_whose_permit_ran_out_is_sent_after_a_renewal(
    service: Wire, store: Store, ticks: Ticks, many: bool
) -> None:
    permit = permit_of(store, ticks)
    ticks.now = LEASE
    send(service, permit, many=many)
    assert len(service.seen) == 1


class StoppedBeforeTheBody(Permit):
    """Valid when the attempt begins; then the process is stopped, until after its lease has run out."""

    asked = 0

    def is_valid(self) -> bool:
        self.asked += 1
        return self.asked % 2 == 1


@pytest.mark.parametrize("many", [False, True])
def test_a_process_stopped_between_the_check_and_the_body_writes_no_body(
    service: Wire, store: Store, ticks: Ticks, many: bool
) -> None:
    lease = take(store, "work", "me", LEASE)
    assert lease is not None
    with pytest.raises(TryLater) as caught:
        send(service, StoppedBeforeTheBody(store, lease, LEASE, ticks), many=many)
    assert caught.value.code == "withheld"
    assert len(service.seen) == 0


def send(service: Wire, permit: Permit, *, many: bool) -> None:
    request = Request(method="POST", path="/rows", json={"a": 1}, permit=permit)
    integration = Integration(
        name="rows", base_url=service.url, retry=Retry(max_retries=1, initial_delay=0.01, jitter=False)
    )
    with Client(integration) as client:
        if not many:
            client.request(request)
            return
        [(_, result)] = client.send_many([request])
        if isinstance(result, Exception):
            raise result
