"""The state jobs share: one small SQL store, whatever keeps it, and the lease by which one of many jobs acts.

One SQL text serves every kind of store (`f.store.stores`): named parameters as `:name`, upserts with
`ON CONFLICT`, `RETURNING`, `CASE` instead of max/GREATEST, no dialect functions. A block of rows is one
parameter, `FROM each_row(:rows) AS j`: a JSON array of arrays, whose cells are `j.value ->> 0` and so on.
Rows of a table by their key are `key IN each_key(:rows)`, the first cells: each is looked up in the index. A
join would be left to the database's guess of how large the table is, and Postgres reads a young one whole.

Nothing lasts from one call to the next: not every store keeps a connection. Every statement is its own
transaction, and those given `together` are one. What was read before may have changed by then, so a write
that rests on it names it in its own condition.
"""

from __future__ import annotations

import math
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypeVar

from f.connect.errors import TryLater

T = TypeVar("T")
Row = tuple[Any, ...]
Values = Mapping[str, Any]
Statement = tuple[str, Values]


class Look(NamedTuple):
    """A statement that reads, and who takes its rows."""

    statement: Statement
    take: Callable[[list[Row]], None]


IN_THE_WAY = "store_locked"  # the code of an error: other jobs were in the way, and nothing was written
LEASE_LOST = "lease_lost"  # the code of an error: another job acts in this one's place
BUSY_SECONDS = 10.0  # how long a writer waits for another process's lock before TryLater
_TRIES = 5  # of a transaction that others were in the way of
_CLOCK_CHECK_SECONDS = 60.0
_CLOCK_SAMPLE_SECONDS, _CLOCK_SAMPLES = 1.0, 5
# CREATE TABLE IF NOT EXISTS races in Postgres without a lock. Any number will do that only we use.
POSTGRES_DDL_LOCK = f"SELECT pg_advisory_xact_lock({0x6D696C6C})"

_LEASES = """CREATE TABLE IF NOT EXISTS store_lease (
    key TEXT PRIMARY KEY, holder TEXT NOT NULL, until DOUBLE PRECISION NOT NULL, number BIGINT NOT NULL)"""
# Free: given back, run out, or held longer than anybody holds it, by a clock that jumped. By `:now`, what
# another has got while this one waited for the row lasts longer too, by as much as that was.
_TAKE = f"""INSERT INTO store_lease AS l (key, holder, until, number) VALUES (:key, :holder, :until, 1)
    ON CONFLICT (key) DO UPDATE SET holder = :holder, until = :until,
    number = CASE WHEN l.holder = :holder THEN l.number ELSE l.number + 1 END
    WHERE l.holder = :holder OR l.until <= :now OR l.until > :until + {BUSY_SECONDS + 1}
    RETURNING number"""  # noqa: S608 - made of constants
_STILL = "WHERE key = :lease_key AND holder = :lease_holder AND number = :lease_number"
HELD = f"EXISTS (SELECT 1 FROM store_lease {_STILL})"  # noqa: S608 - made of constants
"""The condition of a statement for `write_held`."""
# One that arrives late takes nothing back of what a later one has given.
_RENEW = f"""UPDATE store_lease SET until = CASE WHEN until > :until THEN until ELSE :until END
    {_STILL} RETURNING number"""  # noqa: S608 - made of constants
# Nobody can take a lease between this and the end of its transaction.
_HOLD = f"UPDATE store_lease SET number = number {_STILL} RETURNING number"  # noqa: S608 - made of constants
_RELEASE = f"UPDATE store_lease SET holder = '', until = :now {_STILL}"  # noqa: S608 - made of constants
_HELD = "SELECT holder, until, number FROM store_lease WHERE key = :key"
_FORGET = "DELETE FROM store_lease WHERE until < :old"
_FORGET_SECONDS = 86_400.0


class Store(ABC):
    """A place for rows that outlive a call. Methods may be called from any thread.

    `in_memory` stores keep limits, breakers and metrics in plain dictionaries instead of SQL.
    """

    in_memory = False
    spans_machines = False  # whether the jobs of several machines share it
    is_remote = False  # whether a statement is a request: so much for each call is too much

    def __init__(self) -> None:
        self._shared: dict[str, Any] = {}
        self._shared_lock = threading.Lock()

    def shared(self, name: str, make: Callable[[], T]) -> T:
        """Return the object that all users of this Store instance share under `name`, made on first use."""
        with self._shared_lock:
            if name not in self._shared:
                self._shared[name] = make()
            found: T = self._shared[name]
            return found

    @abstractmethod
    def now(self) -> float:
        """Return the seconds since the epoch by the clock that all users of the store share."""

    def ticks(self) -> float:
        """Return seconds for measuring spans: `now()`, or in memory those of a clock nobody can set."""
        return self.now()

    @abstractmethod
    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        """Run one statement and return its rows.

        TryLater if the database cannot be reached or stays locked.
        """

    @abstractmethod
    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements as one transaction, all or none, and return the rows of each.

        None of them can rest on what another has returned, but each sees what those before it have written.
        """

    @abstractmethod
    def create(self, table: str, *, durable: bool = True, written_twice: bool = False) -> None:
        """Run a `CREATE TABLE IF NOT EXISTS`.

        `durable=False`: may be lost in a crash of the database, and is faster. `written_twice`: nearly every
        row is written once more, soon after it came.
        """

    @abstractmethod
    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns in their order; none if there is no such table."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on `key`, alone among all jobs of a store, until a time.

        take -> act -> release
        take -> act longer than the lease: another takes it    `write_held` writes nothing then
        take -> killed                                         another takes it when it has run out

    `number` grows with every change of holder, so that who acted last is known ("fencing token").
    """

    key: str
    holder: str
    until: float
    number: int


def take(store: Store, key: str, holder: str, seconds: float) -> Lease | None:
    """Take a lease, or None if another holder has it. All who take a key give it the same `seconds`.

    A holder who takes what it holds renews it, and its number stays.
    """
    _prepare_leases(store)
    now = store.now()
    values = {"key": key, "holder": holder, "now": now, "until": now + seconds}
    forget: list[Statement] = []
    # What nobody has held for a day: once for each Store instance.
    store.shared("forget_leases", lambda: forget.append((_FORGET, {"old": now - _FORGET_SECONDS})))
    rows = store.together([(_TAKE, values), *forget])[0]
    return Lease(key, holder, now + seconds, int(rows[0][0])) if rows else None


def lease_on(store: Store, key: str) -> Lease | None:
    """Return the lease that was last taken on a key, whether or not it has run out.

    Its holder is "" if it was given back; None if nobody has had it for a day.
    """
    _prepare_leases(store)
    rows = store.execute(_HELD, {"key": key})
    return Lease(key, *rows[0]) if rows else None


def renew(store: Store, lease: Lease, seconds: float) -> Lease | None:
    """Hold a lease for so many seconds from now; None if it was lost: another has taken it."""
    renewed = replace(lease, until=store.now() + seconds)
    return renewed if store.execute(_RENEW, _values(renewed)) else None


def write_held(store: Store, lease: Lease, *statements: Statement) -> list[list[Row]] | None:
    """Write if nobody has taken the lease since, even if it ran out, and return the rows of each statement.

    None if somebody has. Each statement has `HELD` among its conditions, so what is written is written by the
    holder, or not at all.
    """
    values = _values(lease)
    held, *rows = store.together([(_HOLD, values), *((sql, {**more, **values}) for sql, more in statements)])
    return rows if held else None


def release(store: Store, lease: Lease) -> None:
    """Let others take it at once; nothing happens if another has it by now."""
    store.execute(_RELEASE, {**_values(lease), "now": store.now()})


def undisturbed(act: Callable[[], T]) -> T:
    """Run a transaction again that a database ended for the sake of others: it wrote nothing.

    Two that change the same rows in another order wait for each other, and Postgres ends one of them.
    """
    for left in reversed(range(_TRIES)):
        try:
            return act()
        except TryLater as error:
            if error.code != IN_THE_WAY or not left:
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - so that two do not meet again
    raise AssertionError("unreachable")


def postgres_table(table: str, *, durable: bool, written_twice: bool) -> str:
    """Return a `CREATE TABLE` as Postgres is given it.

    A row that is written again beside its first version needs no new entry in the index ("heap-only tuple").
    https://www.postgresql.org/docs/current/storage-hot.html
    """
    kind = "CREATE TABLE" if durable else "CREATE UNLOGGED TABLE"
    room = " WITH (fillfactor = 50)" if written_twice else ""
    return f"{table.replace('CREATE TABLE', kind, 1)}{room}"


def postgres_blocks(sql: str, kind: Literal["json", "jsonb"]) -> str:
    """Return a statement with Postgres's functions for `each_row` and `each_key`; `:rows` is of that kind."""
    keys = sql.replace("IN each_key(:rows)", "= ANY (ARRAY(SELECT j.value ->> 0 FROM each_row(:rows) AS j))")
    return keys.replace("each_row(:rows) AS j", f"{kind}_array_elements(CAST(:rows AS {kind})) AS j(value)")


class DatabaseClock:
    """A database's time, so that workers whose clocks differ agree. The database is asked once a minute."""

    def __init__(self, ask: Callable[[], float]) -> None:
        self._ask = ask
        self._offset, self._checked = 0.0, float("-inf")

    def hear(self, theirs: float, asked: float, within: float) -> bool:
        """Go by the database's time, as it was told whoever asked at `asked` of `boot_ticks`; False if not.

        When within the asking it looked at its clock is not known. One that took longer than `within`, as of
        a process that was stopped meanwhile, would put our clock, and so the ends of our leases, far off.
        """
        took = boot_ticks() - asked
        if took > within:
            return False
        self._offset, self._checked = theirs - asked - took / 2, time.monotonic()
        return True

    def now(self) -> float:
        """Return the seconds since the epoch."""
        if time.monotonic() - self._checked > _CLOCK_CHECK_SECONDS:
            for left in reversed(range(_CLOCK_SAMPLES)):
                asked = boot_ticks()
                if self.hear(self._ask(), asked, _CLOCK_SAMPLE_SECONDS if left else math.inf):
                    break
        # Not by time.time(): a clock that is set meanwhile would make others' leases seem to have run out.
        return boot_ticks() + self._offset


def boot_ticks() -> float:
    """Return seconds of a clock nobody can set, which runs on while the process or the machine is asleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Permit:
    """The right to send under a lease, asked for right before every attempt at a request.

    A process may be stopped for longer than its lease and go on as if nothing had been. So a permit holds for
    half of what the lease does, by this machine's own clock, and has to be renewed then; once another job has
    taken the lease, it cannot be. May be used from many threads.
    """

    def __init__(
        self,
        store: Store,
        lease: Lease,
        seconds: float,
        ticks: Callable[[], float] = boot_ticks,
        *,
        asked: float | None = None,
    ) -> None:
        """`seconds`: what the lease is taken for each time. `asked`: ticks from before it was taken.

        Without that it is renewed at once.
        """
        self._store, self._lease, self._seconds, self._ticks = store, lease, seconds, ticks
        self._valid_until = 0.0
        if asked is None:
            self.renew()
        else:
            self._valid_until = asked + seconds / 2

    def is_valid(self) -> bool:
        """Return whether nobody can have taken the lease. Asks no database."""
        return self._ticks() < self._valid_until

    def renew(self) -> None:
        """Hold the lease anew; raise TryLater (LEASE_LOST) if another job has taken it.

        Asks the database.
        """
        asked = self._ticks()
        renewed = renew(self._store, self._lease, self._seconds)
        if renewed is None:
            raise TryLater(
                "Another job has taken this work over, because this one did not say for long that it is "
                "still there. Nothing more is sent from here.",
                code=LEASE_LOST,
            )
        self._lease, self._valid_until = renewed, asked + self._seconds / 2


def _values(lease: Lease) -> dict[str, object]:
    return {
        "lease_key": lease.key,
        "lease_holder": lease.holder,
        "lease_number": lease.number,
        "until": lease.until,
    }


def _prepare_leases(store: Store) -> None:
    """Make the table, once for each Store instance."""
    store.shared("store_lease", lambda: store.create(_LEASES))
