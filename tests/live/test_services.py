"""Each real service whose credential the environment gives: its canary, and whether its API is as we know it.

One cheap call that changes nothing, and up to three more that read. What is missing is said for each service.
"""

from __future__ import annotations

import os

import pytest

from f.operate.contracts.judging import sentence
from f.operate.contracts.sentinel import look_at
from f.operate.services.check import check
from f.operate.services.registry import service_of
from f.store.stores import memory_store
from tests.live.accounts import Account, account, paths


@pytest.fixture(params=paths())
def live(request: pytest.FixtureRequest) -> Account:
    found = account(request.param, os.environ)
    if found.missing:
        pytest.skip(found.missing)
    return found


def test_the_credential_is_accepted(live: Account) -> None:
    service = service_of(live.resource_type)
    assert service is not None
    with memory_store() as store:
        result = check(service, live.path, live.resource, store)
    if result["status"] in {"not_tried", "not_set_up"}:
        pytest.skip(f"{live.path}: {result['detail']}")
    assert result["status"] == "ok", f"{live.path}: {result['detail']}"


def test_the_api_is_as_our_code_reads_it(live: Account) -> None:
    service = service_of(live.resource_type)
    assert service is not None
    with memory_store() as store:
        report = look_at(service, live.path, live.resource, store)
    if report["status"] == "not_seen":
        pytest.skip(f"{live.path}: {report['detail']}")
    assert [sentence(one) for one in report["findings"]] == []
