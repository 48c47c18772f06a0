"""What this folder remembers holds in every kind of store, and among jobs that come at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from f.notify.dispatch.digest import LEASE_SECONDS, Digest
from f.notify.messages.message import Message
from f.notify.messages.opt_outs import OptOuts
from f.store.store import Store


def test_a_digest_is_taken_by_one_job_whole(any_store: Store) -> None:
    digest = Digest(any_store)
    for title, key in (("A", "a"), ("B", "b"), ("A", "a"), ("C", "")):
        digest.hold("ops", Message(title), key)
    assert list(digest.channels()) == ["ops"]
    with ThreadPoolExecutor(8) as pool:
        batches = [batch for batch in pool.map(lambda _: digest.take("ops"), range(8)) if batch]
    (batch,) = batches
    assert sorted(item.title for item in batch.items) == ["A", "B", "C"]
    digest.give_back(batch)
    again = digest.take("ops")
    assert again is not None
    assert len(again.items) == 3
    digest.done(again)
    assert (digest.take("ops"), digest.channels()) == (None, {})


def test_an_opt_out_holds_until_it_is_taken_back_and_names_nobody(any_store: Store) -> None:
    opt_outs = OptOuts(any_store)
    for _ in range(2):
        opt_outs.add("email", "Quinn@example.com", "asked")
    assert opt_outs.has("email", "quinn@EXAMPLE.com")
    assert not opt_outs.has("sms", "quinn@example.com")
    assert "quinn" not in str(any_store.execute("SELECT * FROM notify_opt_outs")).lower()
    opt_outs.remove("email", "QUINN@example.com")
    assert not opt_outs.has("email", "quinn@example.com")


def test_a_job_that_lost_a_digest_does_not_give_it_back(any_store: Store) -> None:
    digest = Digest(any_store)
    digest.hold("ops", Message("A"))
    lost = digest.take("ops")
    any_store.execute("UPDATE store_lease SET until = until - :lease", {"lease": LEASE_SECONDS})
    taken = digest.take("ops")
    assert lost is not None
    assert taken == lost
    digest.give_back(lost)
    assert digest.take("ops") is None
    digest.done(taken)
    assert digest.channels() == {}


OLD_TABLE = """CREATE TABLE IF NOT EXISTS notify_digest (
    id TEXT PRIMARY KEY, channel TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL, batch TEXT NOT NULL, taken_at DOUBLE PRECISION NOT NULL)"""


def test_a_digest_of_an_older_version_is_sent(any_store: Store) -> None:
    any_store.create(OLD_TABLE)
    any_store.execute("INSERT INTO notify_digest VALUES ('1', 'ops', 'info', 'A', 5, '', 0)")
    any_store.execute("INSERT INTO notify_digest VALUES ('2', 'ops', 'info', 'B', 6, 'taken', 7)")
    digest = Digest(any_store)
    digest.hold("ops", Message("C"))
    found = [digest.take("ops"), digest.take("ops")]
    assert [[item.title for item in batch.items] for batch in found if batch] == [["B"], ["A", "C"]]
