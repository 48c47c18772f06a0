"""What this folder remembers holds in every kind of store, and among jobs that come at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from f.connect.errors import ConnectError, FixInput, OutcomeUnknown, TryLater
from f.notify.dispatch.digest import Digest
from f.notify.messages.message import Message
from f.notify.messages.opt_outs import OptOuts
from f.store.once import LEASE_SECONDS, Parcel, key_of, remember, send_once, was_sent
from f.store.store import Store


class Post:
    """A service that answers as told, then with ids; it remembers the marks it was sent."""

    def __init__(self, *errors: ConnectError, holds: str | None = None) -> None:
        self.errors: Iterator[ConnectError] = iter(errors)
        self.marks: list[str] = []
        self.holds = holds

    def send(self, mark: str) -> str:
        self.marks.append(mark)
        error = next(self.errors, None)
        if error is not None:
            raise error
        return f"id{len(self.marks)}"

    def look_up(self, mark: str, since: float) -> str | None:
        assert mark in self.marks
        assert since > 0
        return self.holds

    def parcel(self, *, repeat_safe: bool = False) -> Parcel:
        return Parcel(self.send, None if repeat_safe else self.look_up, repeat_safe)


def test_a_key_is_sent_once_and_its_answer_kept(any_store: Store) -> None:
    post = Post()
    receipts = [send_once(any_store, "k", post.parcel()) for _ in range(2)]
    assert [(one.status, one.id) for one in receipts] == [("sent", "id1"), ("already_sent", "id1")]
    assert send_once(any_store, "", post.parcel()).id == "id2"


def test_after_its_window_a_key_is_sent_anew_under_another_mark(any_store: Store) -> None:
    post = Post()
    send_once(any_store, "k", post.parcel(), window=60)
    any_store.execute("UPDATE notify_sent SET at = at - 61")
    assert send_once(any_store, "k", post.parcel(), window=60).status == "sent"
    assert len(set(post.marks)) == 2


def test_what_was_certainly_not_sent_may_be_sent_at_once(any_store: Store) -> None:
    post = Post(FixInput("no"))
    with pytest.raises(FixInput):
        send_once(any_store, "k", post.parcel())
    assert send_once(any_store, "k", post.parcel()).status == "sent"


def test_a_lost_answer_is_looked_up_and_found(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"), holds="id9")
    assert send_once(any_store, "k", post.parcel()).id == "id9"
    assert send_once(any_store, "k", post.parcel()).status == "already_sent"
    assert len(post.marks) == 1


def test_a_lost_answer_that_is_not_there_is_repeated_by_the_next_run_under_its_first_mark(
    any_store: Store,
) -> None:
    post = Post(OutcomeUnknown("lost"))
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", post.parcel())
    assert send_once(any_store, "k", post.parcel()).status == "sent"
    assert len(post.marks) == 2
    assert len(set(post.marks)) == 1


def test_a_service_that_knows_the_mark_is_sent_it_again(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"))
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", post.parcel(repeat_safe=True))
    assert send_once(any_store, "k", post.parcel(repeat_safe=True)).status == "sent"


def test_a_killed_jobs_claim_holds_for_its_lease(any_store: Store) -> None:
    post = Post(holds="id9")
    send_once(any_store, "k", post.parcel())
    any_store.execute("UPDATE notify_sent SET state = 'sending'")
    with pytest.raises(TryLater, match="Another job is sending"):
        send_once(any_store, "k", post.parcel())
    any_store.execute("UPDATE notify_sent SET at = at - :lease", {"lease": LEASE_SECONDS})
    assert send_once(any_store, "k", post.parcel()).id == "id9"
    assert len(post.marks) == 1


def test_of_jobs_at_the_same_moment_one_sends(any_store: Store) -> None:
    post = Post()

    def job(_number: int) -> str:
        try:
            return send_once(any_store, "k", post.parcel()).status
        except TryLater:
            return "in hand"

    with ThreadPoolExecutor(8) as pool:
        ends = Counter(pool.map(job, range(24)))
    assert (ends["sent"], sum(ends.values()), len(post.marks)) == (1, 24, 1)


def test_what_is_remembered_is_so_for_its_window(any_store: Store) -> None:
    assert not was_sent(any_store, "k", 60)
    remember(any_store, "k")
    assert was_sent(any_store, "k", 60)
    any_store.execute("UPDATE notify_sent SET at = at - 61")
    assert not was_sent(any_store, "k", 60)
    remember(any_store, "k")
    assert was_sent(any_store, "k", 60)


def test_a_digest_is_taken_by_one_job_whole(any_store: Store) -> None:
    digest = Digest(any_store)
    for title, key in (("A", "a"), ("B", "b"), ("A", "a"), ("C", "")):
        digest.hold("ops", Message(title), key)
    assert digest.channels() == ["ops"]
    with ThreadPoolExecutor(8) as pool:
        batches = [batch for batch in pool.map(lambda _: digest.take("ops"), range(8)) if batch]
    (batch,) = batches
    assert sorted(item.title for item in batch.items) == ["A", "B", "C"]
    digest.give_back(batch)
    again = digest.take("ops")
    assert again is not None
    assert len(again.items) == 3
    digest.done(again)
    assert (digest.take("ops"), digest.channels()) == (None, [])


def test_an_opt_out_holds_until_it_is_taken_back_and_names_nobody(any_store: Store) -> None:
    opt_outs = OptOuts(any_store)
    for _ in range(2):
        opt_outs.add("email", "Ada@example.com", "asked")
    assert opt_outs.has("email", "ada@EXAMPLE.com")
    assert not opt_outs.has("sms", "ada@example.com")
    assert "ada" not in str(any_store.execute("SELECT * FROM notify_opt_outs")).lower()
    opt_outs.remove("email", "ADA@example.com")
    assert not opt_outs.has("email", "ada@example.com")


def test_a_key_tells_nothing_of_its_parts() -> None:
    assert key_of("a", "bc") != key_of("ab", "c")
    assert "example" not in key_of("ada@example.com")
