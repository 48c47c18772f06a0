"""What a job looks at before its first call: one request to a data table, and all of it is obeyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError, SignInAgain, TryLater
from f.connect.integration import BearerToken, CircuitBreaker, Integration, RateLimit, Retry
from f.connect.limits import buckets, circuit_states
from f.connect.limits.buckets import SqlPauses
from f.connect.limits.circuit_states import states_of
from f.connect.limits.rate_limit import pauses_of
from f.store.data_table_store import DataTableStore
from f.store.store import Row, Statement, Store
from mill.api.server import LocalApi
from tests.loopback import Asked, Reply, serve

POST = Request(method="POST", path="/customers", json={"n": 1})
RULE = CircuitBreaker()


class Counted(DataTableStore):
    """Counts its requests, of which each statement alone is one."""

    def __init__(self, api: LocalApi) -> None:
        super().__init__(api.url, api.workspace_id, api.token)
        self.trips = 0
        assert self.open()
        self.now()  # a trip of its own, if opening took too long to tell the time

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self.trips += 1
        return super().together(statements)


@pytest.fixture
def job(data_table_api: LocalApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Counted]]:
    """Opens the store as another job does, in a workspace whose tables are made."""
    for module in (buckets, circuit_states):  # a second look is due on no machine, however slow
        monkeypatch.setattr(module, "LOOK_SECONDS", 60.0)
    opened: list[Counted] = []

    def open_one() -> Counted:
        opened.append(Counted(data_table_api))
        return opened[-1]

    states_of(first := open_one())
    pauses_of(first)
    yield open_one
    first.execute("DROP SCHEMA millwright CASCADE")
    for store in opened:
        store.close()


def service(url: str, *, rate_limit: RateLimit | None = None) -> Integration:
    return Integration(
        name="crm",
        base_url=url,
        authentication=BearerToken(token="t"),
        retry=Retry(enabled=False),
        rate_limit=rate_limit,
    )


@pytest.mark.parametrize("paced", [False, True])
def test_a_job_looks_once_before_its_first_call_and_not_before_the_next(
    job: Callable[[], Counted], *, paced: bool
) -> None:
    """A credential, a circuit, and a pause; with a pace the token is taken by a statement of its own."""
    store = job()
    trips: list[int] = []

    def answer(_asked: Asked) -> Reply:
        trips.append(store.trips)
        return Reply(201, {"id": "1"})

    limit = RateLimit(max_requests=1000, time_window=1) if paced else None
    with serve(answer) as server, Client(service(server.url, rate_limit=limit), store) as client:
        made = store.trips
        client.post("/customers", json={"n": 1})
        client.post("/customers", json={"n": 2})
    assert [count - made for count in trips] == ([2, 2] if paced else [1, 1])


def pause(client: Client) -> None:
    client.limiter.update(retry_after=3600)


def trip(client: Client) -> None:
    client.breaker.trip()


def refuse(client: Client) -> None:
    client.refuse_credential()


@pytest.mark.parametrize(
    ("left_by_another", "error", "code"),
    [(pause, TryLater, "rate_limited"), (trip, TryLater, "circuit_open"), (refuse, SignInAgain, None)],
)
@pytest.mark.parametrize("many", [False, True])
def test_what_another_job_has_left_holds_for_the_first_call(
    job: Callable[[], Counted],
    left_by_another: Callable[[Client], None],
    error: type[ConnectError],
    code: str | None,
    *,
    many: bool,
) -> None:
    with serve(lambda _: Reply(201, {"id": "1"})) as server:
        with Client(service(server.url), job()) as other:
            left_by_another(other)
        with Client(service(server.url), job()) as client:
            if many:
                [(_, ended)] = client.send_many([POST])
            else:
                with pytest.raises(error) as raised:
                    client.request(POST)
                ended = raised.value
    assert isinstance(ended, error)
    assert code in {None, ended.code}
    assert server.asked == []


def test_what_a_process_has_counted_or_set_while_it_looked_stays(job: Callable[[], Counted]) -> None:
    store: Store = job()
    states, pauses = states_of(store), pauses_of(store)
    assert isinstance(pauses, SqlPauses)
    circuit, paused = states.first_look("k"), pauses.first_look("k")
    assert circuit is not None
    assert paused is not None
    states.count("k", RULE, failed=False)
    pauses.lower("k", tat_in=0.0, pause=100.0)
    circuit.take([(store.now(), 5, 2, 0, 0, 0.0, 0.0, "")])
    paused.take([])
    assert (states.read("k")[0].calls, states.read("k")[0].failures) == (6, 2)
    assert pauses.read("k")[0].paused_until > store.now() + 90


def test_a_look_that_comes_after_another_changes_nothing(job: Callable[[], Counted]) -> None:
    states = states_of(job())
    look = states.first_look("k")
    assert look is not None
    states.open("k", 60.0)
    look.take([])
    assert states.read("k")[0].open_until > 0
    assert states.first_look("k") is None
