"""Strangers: what each does, whatever it says."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from mill.bench.rig.strangers.behaviour import FAULTS, Behaviour
from mill.bench.rig.strangers.client import Acquaintance, Strangers, strangers

ADA = {"name": "Ada", "email": "ada@example.com"}
LOST = "the connection was closed"


@pytest.fixture(scope="module")
def town() -> Iterator[Strangers]:
    with strangers() as server:
        yield server


def ask(
    api: Acquaintance, method: str, path: str, body: Any = None, key: str = "", timeout: float = 5
) -> tuple[Any, Any]:
    """The status and the JSON of the reply, or LOST."""
    parts = urlsplit(api.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    headers = {"Idempotency-Key": f'"{key}"'} if key else {}
    try:
        connection.request(method, parts.path + path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        data = reply.read()
    except (OSError, http.client.HTTPException):
        return LOST, None
    finally:
        connection.close()
    try:
        return reply.status, json.loads(data)
    except ValueError:
        return reply.status, data


def create(api: Acquaintance, customer: dict[str, Any] | None = None, **rest: Any) -> tuple[Any, Any]:
    return ask(api, "POST", "/customers", ADA if customer is None else customer, **rest)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_tells_nothing_of_the_commit(town: Strangers, fault: str) -> None:
    api = town.meet(Behaviour(faults={fault: 1}, hang_seconds=0.3, late_seconds=0.1))
    what, _, when = fault.partition("_")
    status, _ = create(api, timeout=0.1 if what == "hang" else 30)
    told = {"reset": LOST, "hang": LOST, "cut": LOST, "page": 200}
    assert status == (told[what] if what in told else int(what))
    assert len(api.books().records) == (0 if when == "before" else 1)


def test_a_late_commit_comes_after_its_connection(town: Strangers) -> None:
    api = town.meet(Behaviour(faults={"reset_late": 1}, late_seconds=1.5))
    began = time.monotonic()
    assert create(api)[0] == LOST
    assert time.monotonic() - began < 1.5
    (commit,) = api.books().commits
    assert commit["at"] - commit["received"] >= 1.49


def test_faults_strike_the_same_customers_in_each_run_with_a_seed(town: Strangers) -> None:
    def struck(seed: int) -> list[Any]:
        api = town.meet(Behaviour(faults={"503_before": 0.5}, seed=seed))
        return [create(api, {"email": f"c{number}@example.com"})[0] for number in range(30)]

    assert struck(1) == struck(1) != struck(2)


def test_a_key_is_honoured_until_it_is_forgotten(town: Strangers) -> None:
    api = town.meet(Behaviour(keys="honoured", keys_requests=1))
    assert create(api, key="k")[1] == create(api, key="k")[1]
    assert len(api.books().records) == 1
    create(api, {"email": "b@example.com"}, key="other")
    create(api, key="k")
    assert len(api.books().records) == 3


@pytest.mark.parametrize(
    ("other_content", "status", "there"), [("422", 422, 1), ("replay", 201, 1), ("apply", 201, 2)]
)
def test_a_key_with_other_content(town: Strangers, other_content: Any, status: int, there: int) -> None:
    api = town.meet(Behaviour(keys="honoured", keys_other_content=other_content))
    create(api, key="k")
    assert create(api, {**ADA, "name": "Bob"}, key="k")[0] == status
    assert len(api.books().records) == there


def test_a_key_whose_first_write_still_runs_is_refused(town: Strangers) -> None:
    api = town.meet(Behaviour(keys="honoured", faults={"hang_before": 1}, fault_attempts=1, hang_seconds=2))
    assert create(api, key="k", timeout=0.05)[0] == LOST
    assert create(api, key="k")[0] == 409
    end = time.monotonic() + 60
    while (status := create(api, key="k")[0]) == 409 and time.monotonic() < end:
        time.sleep(0.05)
    assert status == 201


@pytest.mark.parametrize(
    ("unique", "status"),
    [("none", 201), ("409_existing_id", 409), ("422_taken", 422), ("400_exists", 400), ("200_existing", 200)],
)
def test_a_second_customer_with_the_same_email(town: Strangers, unique: Any, status: int) -> None:
    api = town.meet(Behaviour(unique=unique))
    api.seed([ADA])
    assert create(api, {**ADA, "email": "ADA@example.com"})[0] == status
    assert api.books().held()["ada@example.com"] == (2 if unique == "none" else 1)


@pytest.mark.parametrize(
    ("success", "status", "there"),
    [("201", 201, 1), ("204", 204, 1), ("200_html", 200, 1), ("200_sign_in", 200, 0), ("302_sign_in", 302, 0),
     ("200_refused", 200, 0), ("202", 202, 1)],
)  # fmt: skip
def test_a_success_need_not_be_one(town: Strangers, success: Any, status: int, there: int) -> None:
    api = town.meet(Behaviour(success=success, late_seconds=0.05))
    assert create(api)[0] == status
    assert len(api.books().records) == there


@pytest.mark.parametrize(
    ("lookup", "found", "missing"),
    [
        ("data", (200, 1), (200, 0)),
        ("list", (200, 1), (200, 0)),
        ("object", (200, 1), (404, 0)),
        ("none_204", (200, 1), (204, 0)),
        ("always_404", (404, 0), (404, 0)),
        ("html", (200, 0), (200, 0)),
        ("none", (405, 0), (405, 0)),
    ],
)
def test_a_look_up_answers_in_its_own_way(town: Strangers, lookup: Any, found: Any, missing: Any) -> None:
    api = town.meet(Behaviour(lookup=lookup))
    api.seed([ADA])
    for email, (status, there) in (("ADA@example.com", found), ("bob@example.com", missing)):
        answered, body = ask(api, "GET", f"/customers?email={email}")
        assert (answered, str(body).count("ada@example.com")) == (status, there)


def test_a_look_up_may_lag_list_everything_and_search_by_part(town: Strangers) -> None:
    def seen(behaviour: Behaviour) -> int:
        api = town.meet(behaviour)
        create(api)
        create(api, {"email": "xada@example.com"})
        return len(ask(api, "GET", "/customers?email=ada@example.com")[1]["data"])

    assert seen(Behaviour(lookup="data")) == 1
    assert seen(Behaviour(lookup="data", lookup_lag=5)) == 0
    assert seen(Behaviour(lookup="data", lookup_matches="containing")) == 2
    assert seen(Behaviour(lookup="data", lookup_matches="everything", lookup_page=1)) == 1


def test_a_customer_is_read_changed_and_deleted_by_its_id(town: Strangers) -> None:
    api = town.meet(Behaviour(truncate={"name": 2}, lower_case=True))
    _, made = create(api, {"name": "Ada", "email": "ADA@example.com"})
    assert (made["name"], made["email"]) == ("Ad", "ada@example.com")
    path = f"/customers/{made['id']}"
    assert ask(api, "PATCH", path, {"name": "Bob"})[1]["name"] == "Bo"
    assert ask(api, "GET", path)[1] == {**made, "name": "Bo"}
    assert ask(api, "DELETE", path)[0] == 204
    assert ask(api, "GET", path)[0] == 404
    books = api.books()
    assert [commit["operation"] for commit in books.commits] == ["create", "update", "delete"]
    assert not books.records


def test_a_credential_ends_and_a_limit_is_a_limit(town: Strangers) -> None:
    api = town.meet(Behaviour(token_requests=1, requests_a_second=2, retry_after="1"))
    assert [ask(api, "GET", "/health")[0] for _ in range(2)] == [200, 401]
    api.change(token_requests=None)
    assert [ask(api, "GET", "/health")[0] for _ in range(2)] == [200, 429]


def test_what_is_dropped_is_in_the_ledger_as_dropped(town: Strangers) -> None:
    api = town.meet(Behaviour(drops=1))
    assert create(api)[0] == 201
    books = api.books()
    assert (books.records, books.dropped) == ([], ["ada@example.com"])


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such fault: 503_sometimes"):
        Behaviour(faults={"503_sometimes": 1})
