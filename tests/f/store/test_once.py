"""A write goes out once, in every kind of store, and among jobs that come at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from f.connect.errors import ConnectError, FixInput, OutcomeUnknown, SignInAgain, TryLater
from f.store.once import LEASE_SECONDS, Attempt, Candidate, OneTimeWrite, Receipt, send_once
from f.store.sent_keys import (
    confirm_by_mark,
    key_of,
    remember,
    remember_all,
    sent_ids,
    sent_times,
    was_sent,
)
from f.store.store import Permit, Store, take


class Post:
    """A service that answers as told, then with ids; it remembers the marks it was sent."""

    def __init__(self, *errors: ConnectError, holds: str | None = None) -> None:
        self.errors: Iterator[ConnectError] = iter(errors)
        self.marks: list[str] = []
        self.holds = holds

    def send(self, attempt: Attempt) -> str:
        self.marks.append(attempt.mark)
        error = next(self.errors, None)
        if error is not None:
            raise error
        return f"id{len(self.marks)}"

    def look_up(self, attempt: Attempt) -> list[Candidate]:
        assert attempt.mark in self.marks
        assert 0 < attempt.since < attempt.until
        return [] if self.holds is None else [Candidate(self.holds)]

    def write(self, *, repeat_safe: bool = False) -> OneTimeWrite:
        return OneTimeWrite(self.send, None if repeat_safe else self.look_up, repeat_safe=repeat_safe)


def lapse(store: Store) -> None:
    """Let so much time pass that whoever sends has lost its lease."""
    store.execute("UPDATE notify_sent SET at = at - :lease", {"lease": LEASE_SECONDS})
    store.execute("UPDATE store_lease SET until = until - :lease", {"lease": LEASE_SECONDS})


def test_a_key_is_sent_once_and_its_answer_kept(any_store: Store) -> None:
    post = Post()
    receipts = [send_once(any_store, "k", post.write()) for _ in range(2)]
    assert [(one.status, one.id) for one in receipts] == [("sent", "id1"), ("already_sent", "id1")]
    assert send_once(any_store, "", post.write()).id == "id2"


def test_after_its_window_a_key_is_sent_anew_under_another_mark(any_store: Store) -> None:
    post = Post()
    send_once(any_store, "k", post.write(), window=60)
    any_store.execute("UPDATE notify_sent SET at = at - 61")
    assert send_once(any_store, "k", post.write(), window=60).status == "sent"
    assert len(set(post.marks)) == 2


def test_what_was_certainly_not_sent_may_be_sent_at_once(any_store: Store) -> None:
    post = Post(FixInput("no"))
    with pytest.raises(FixInput):
        send_once(any_store, "k", post.write())
    assert send_once(any_store, "k", post.write()).status == "sent"


def test_a_lost_answer_is_looked_up_and_found(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"), holds="id9")
    assert send_once(any_store, "k", post.write()).id == "id9"
    assert send_once(any_store, "k", post.write()).status == "already_sent"
    assert len(post.marks) == 1


def test_a_lost_answer_that_is_not_there_is_repeated_by_the_next_run_under_its_first_mark(
    any_store: Store,
) -> None:
    post = Post(OutcomeUnknown("lost"))
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", post.write())
    assert send_once(any_store, "k", post.write()).status == "sent"
    assert len(post.marks) == 2
    assert len(set(post.marks)) == 1


def test_a_lost_answer_that_the_service_tells_later_by_our_mark_counts_as_sent(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"))
    write = OneTimeWrite(post.send)
    for expected in ("may have|lost", "cannot be asked"):
        with pytest.raises(OutcomeUnknown, match=expected):
            send_once(any_store, "k", write)
    assert sent_times(any_store, ["id9", ""]) == {}
    told = {post.marks[0]: "id9", "a mark of nobody": "id8"}
    assert [confirm_by_mark(any_store, told) for _ in range(2)] == [1, 0]
    assert send_once(any_store, "k", write) == Receipt("already_sent", "id9")
    assert (list(sent_times(any_store, ["id9", "id8"])), len(post.marks)) == (["id9"], 1)


def test_a_service_that_knows_the_mark_is_sent_it_again(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"))
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", post.write(repeat_safe=True))
    assert send_once(any_store, "k", post.write(repeat_safe=True)).status == "sent"


def test_a_mark_the_service_has_forgotten_is_looked_up_before_it_is_sent_again(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"), OutcomeUnknown("lost again"))
    write = OneTimeWrite(post.send, post.look_up, repeat_safe=True, mark_seconds=60)
    for _ in range(2):  # within its time it is sent again, and only then looked up
        with pytest.raises(OutcomeUnknown):
            send_once(any_store, "k", write)
    any_store.execute("UPDATE notify_sent SET at = at - 61")
    post.holds = "id9"
    assert send_once(any_store, "k", write) == Receipt("already_sent", "id9")
    assert len(post.marks) == 2


def test_an_answer_to_the_mark_itself_says_that_no_attempt_was_applied(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"), SignInAgain("who?"), FixInput("declined"))
    write = OneTimeWrite(
        post.send,
        repeat_safe=True,
        is_answer=lambda error: isinstance(error, FixInput),
        key_input="request_key",
    )
    for expected in (OutcomeUnknown, OutcomeUnknown, FixInput):
        with pytest.raises(expected):
            send_once(any_store, "k", write)
    assert send_once(any_store, "k", write).status == "sent"
    assert [post.marks.index(mark) for mark in post.marks] == [0, 0, 0, 3]  # the claim was given back


def test_a_key_stands_for_the_inputs_it_was_used_with_first(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"), FixInput("no"))
    first, other = (OneTimeWrite(post.send, repeat_safe=True, inputs=inputs) for inputs in ("1", "2"))
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", first)
    with pytest.raises(FixInput, match="Run it with the inputs of then"):
        send_once(any_store, "k", other)
    with pytest.raises(OutcomeUnknown, match="sending it again failed"):
        send_once(any_store, "k", first)
    assert send_once(any_store, "k", first).status == "sent"
    with pytest.raises(FixInput, match="belongs to another message: id3, made with other inputs"):
        send_once(any_store, "k", other)
    assert send_once(any_store, "k", first) == Receipt("already_sent", "id3")
    assert send_once(any_store, "k", post.write()).status == "already_sent"  # who does not care
    assert (len(post.marks), len(set(post.marks))) == (3, 1)


def test_a_refusal_of_the_second_attempt_does_not_hide_what_the_first_made(any_store: Store) -> None:
    """It may be about what the second run gave another value; given back, the key would be sent anew."""
    post = Post(OutcomeUnknown("lost"), FixInput("that text is too long"))
    write = OneTimeWrite(post.send, post.look_up, repeat_safe=True, is_answer=lambda _: True)
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", write)
    post.holds = "id9"
    assert send_once(any_store, "k", write) == Receipt("already_sent", "id9")
    assert send_once(any_store, "k", write) == Receipt("already_sent", "id9")
    assert len(post.marks) == 2


def test_an_error_names_the_input_that_has_the_key(any_store: Store) -> None:
    post = Post(OutcomeUnknown("lost"))
    write = OneTimeWrite(post.send, key_input="request_key", noun="payment")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown) as caught:
            send_once(any_store, "k", write)
    assert "use another request_key" in str(caught.value)


def test_a_killed_jobs_claim_holds_for_its_lease(any_store: Store) -> None:
    post = Post(holds="id9")
    send_once(any_store, "k", post.write())
    any_store.execute("UPDATE notify_sent SET state = 'sending'")
    with pytest.raises(TryLater, match="Another job is sending"):
        send_once(any_store, "k", post.write())
    any_store.execute("UPDATE notify_sent SET at = at - :lease", {"lease": LEASE_SECONDS})
    assert take(any_store, "once:k", "killed", LEASE_SECONDS)
    with pytest.raises(TryLater, match="Another job is sending"):
        send_once(any_store, "k", post.write())
    any_store.execute("UPDATE store_lease SET until = until - :lease", {"lease": LEASE_SECONDS})
    assert send_once(any_store, "k", post.write()).id == "id9"
    assert len(post.marks) == 1


def test_of_jobs_at_the_same_moment_one_sends(any_store: Store) -> None:
    post = Post()

    def job(_number: int) -> str:
        try:
            return send_once(any_store, "k", post.write()).status
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


def test_a_key_tells_nothing_of_its_parts() -> None:
    assert key_of("a", "bc") != key_of("ab", "c")
    assert "example" not in key_of("ada@example.com")
    assert key_of("\ud800") != key_of("\ud801")


def test_a_job_that_lost_its_lease_does_not_undo_what_the_next_one_did(any_store: Store) -> None:
    """Or a third job would find no claim, and send a second time."""

    def slow(_: Attempt) -> str:
        lapse(any_store)
        return send_once(any_store, "k", OneTimeWrite(lost, repeat_safe=True)).id

    def lost(_: Attempt) -> str:
        raise OutcomeUnknown("lost")

    def refused(attempt: Attempt) -> str:
        with pytest.raises(OutcomeUnknown):
            slow(attempt)
        raise FixInput("no")

    with pytest.raises(FixInput):
        send_once(any_store, "k", OneTimeWrite(refused, repeat_safe=True))
    assert any_store.execute("SELECT state FROM notify_sent") == [("unknown",)]
    with pytest.raises(OutcomeUnknown, match="this payment"):
        send_once(any_store, "k", OneTimeWrite(refused, noun="payment"))


def test_what_was_sent_stays_so_though_another_job_took_the_lease(any_store: Store) -> None:
    again = OneTimeWrite(lambda _: "id2")

    def slow(_: Attempt) -> str:
        lapse(any_store)
        with pytest.raises(OutcomeUnknown):
            send_once(any_store, "k", again)
        return "id1"

    assert send_once(any_store, "k", OneTimeWrite(slow)) == Receipt("sent", "id1")
    assert send_once(any_store, "k", again) == Receipt("already_sent", "id1")


def test_what_was_sent_stays_so_though_another_job_was_refused_it(any_store: Store) -> None:
    def refused(_: Attempt) -> str:
        raise FixInput("no")

    def slow(_: Attempt) -> str:
        lapse(any_store)
        with pytest.raises(OutcomeUnknown, match="sending it again failed: no"):
            send_once(any_store, "k", OneTimeWrite(refused, repeat_safe=True))
        return "id1"

    assert send_once(any_store, "k", OneTimeWrite(slow)) == Receipt("sent", "id1")
    assert send_once(any_store, "k", OneTimeWrite(refused)) == Receipt("already_sent", "id1")


def test_what_a_slow_job_sent_while_another_looked_is_not_sent_again(any_store: Store) -> None:
    post, under_way, looked = Post(), Event(), Event()

    def slow(attempt: Attempt) -> str:
        lapse(any_store)
        under_way.set()
        assert looked.wait(10)
        return post.send(attempt)

    def look_up(_: Attempt) -> list[Candidate]:
        looked.set()
        assert job.result(10) == Receipt("sent", "id1")
        return []

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(send_once, any_store, "k", OneTimeWrite(slow))
        assert under_way.wait(10)
        with pytest.raises(TryLater, match="Another job is sending"):
            send_once(any_store, "k", OneTimeWrite(post.send, look_up))
    assert send_once(any_store, "k", OneTimeWrite(post.send, look_up)) == Receipt("already_sent", "id1")


def test_a_look_up_that_fails_gives_the_claim_of_a_lost_answer_not_back(any_store: Store) -> None:
    """Or the next run would find no claim, and send a second time."""
    post = Post(OutcomeUnknown("lost"))

    def broken(_: Attempt) -> list[Candidate]:
        raise SignInAgain("no")

    with pytest.raises(OutcomeUnknown, match="lost Looking it up failed: no"):
        send_once(any_store, "k", OneTimeWrite(post.send, broken))
    with pytest.raises(SignInAgain):
        send_once(any_store, "k", OneTimeWrite(post.send, broken))
    post.holds = "id9"
    assert send_once(any_store, "k", post.write()) == Receipt("already_sent", "id9")
    assert len(post.marks) == 1


def test_a_refusal_of_the_second_attempt_says_nothing_of_the_first(any_store: Store) -> None:
    """The third goes out under the first one's mark as well, or it would be sent twice."""
    post = Post(OutcomeUnknown("lost"), TryLater("busy"))
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", post.write(repeat_safe=True))
    with pytest.raises(OutcomeUnknown, match="sending it again failed: busy"):
        send_once(any_store, "k", post.write(repeat_safe=True))
    assert send_once(any_store, "k", post.write(repeat_safe=True)).status == "sent"
    assert (len(post.marks), len(set(post.marks))) == (3, 1)


def test_a_look_up_covers_all_attempts_from_the_first_to_the_last(any_store: Store) -> None:
    post, spans = Post(OutcomeUnknown("lost"), OutcomeUnknown("lost")), []

    def look_up(attempt: Attempt) -> list[Candidate]:
        spans.append((attempt.since, attempt.until))
        return []

    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            send_once(any_store, "k", OneTimeWrite(post.send, look_up, likeness="l"))
        any_store.execute("UPDATE notify_sent SET at = at - 1000")
    first, resumed, last = spans
    assert first[0] - resumed[0] == pytest.approx(1000)
    assert resumed[1] == pytest.approx(first[1])
    assert last[0] == resumed[0]
    assert last[1] > first[1]


def test_only_what_another_job_may_take_over_has_a_permit(any_store: Store) -> None:
    permits: list[Permit | None] = []

    def send(attempt: Attempt) -> str:
        permits.append(attempt.permit)
        return "id"

    for key in ("k", ""):
        send_once(any_store, key, OneTimeWrite(send))
    assert permits[0] is not None
    assert permits[0].is_valid()
    assert permits[1] is None


def test_what_is_found_by_its_mark_is_looked_for_until_now(any_store: Store) -> None:
    """The last attempt may have been long after the first."""
    post, spans = Post(OutcomeUnknown("lost")), []

    def look_up(attempt: Attempt) -> list[Candidate]:
        spans.append((attempt.since, attempt.until))
        return [Candidate("id9")] if len(spans) > 1 else []

    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", OneTimeWrite(post.send, look_up))
    any_store.execute("UPDATE notify_sent SET at = at - 10000")
    assert send_once(any_store, "k", OneTimeWrite(post.send, look_up)).id == "id9"
    assert spans[1][1] - spans[1][0] > 10_000


@pytest.mark.parametrize("key", ["other", ""])
def test_an_id_that_another_write_got_is_no_candidate(any_store: Store, key: str) -> None:
    """Two that look alike are two, whether or not the other one had a key."""
    other, post = Post(), Post(OutcomeUnknown("lost"), holds="id1")
    send_once(any_store, key, OneTimeWrite(other.send, other.look_up, likeness="l"))
    write = OneTimeWrite(post.send, post.look_up, likeness="l")
    with pytest.raises(OutcomeUnknown):
        send_once(any_store, "k", write)
    assert send_once(any_store, "k", write) == Receipt("sent", "id2")


OLD_TABLE = """CREATE TABLE IF NOT EXISTS notify_sent (
    key TEXT PRIMARY KEY, mark TEXT NOT NULL, state TEXT NOT NULL, id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL)"""


def test_a_table_of_an_older_version_holds_on(any_store: Store) -> None:
    any_store.create(OLD_TABLE)
    for key, state, age in (
        ("a", "sent", 5),
        ("b", "sending", 5),
        ("c", "sending", 500),
        ("d", "unknown", 5),
    ):
        values = {"key": key, "state": state, "at": any_store.now() - age}
        any_store.execute("INSERT INTO notify_sent VALUES (:key, 'mark', :state, 'id', :at)", values)
    post = Post()
    assert send_once(any_store, "a", post.write()) == Receipt("already_sent", "id")
    with pytest.raises(TryLater, match="Another job is sending"):
        send_once(any_store, "b", post.write())
    for key in ("c", "d", "e"):
        assert send_once(any_store, key, post.write(repeat_safe=True)).status == "sent"
    assert [mark == "mark" for mark in post.marks] == [True, True, False]


def test_many_are_remembered_in_one_statement_and_found_with_their_ids(any_store: Store) -> None:
    assert sent_ids(any_store, ["a", "b"]) == {}
    remember_all(any_store, {})
    remember_all(any_store, {"a": "1", "b": "2"})
    remember_all(any_store, {"b": "3", "c": ""})
    assert sent_ids(any_store, ["a", "b", "c", "d"]) == {"a": "1", "b": "3", "c": ""}
    assert was_sent(any_store, "c", 60)
    assert sent_ids(any_store, []) == {}
