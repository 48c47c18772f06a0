"""One customer API: what it does with a request, what it says, and its ledger, which need not agree."""

from __future__ import annotations

import json
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from mill.bench.rig.strangers import replies
from mill.bench.rig.strangers.behaviour import Behaviour
from mill.bench.rig.strangers.keys import Keys
from mill.bench.rig.strangers.ledger import Ledger, Record, Values
from mill.bench.rig.strangers.lookup import look_up
from mill.bench.rig.strangers.messages import PAGE, SIGN_IN, Reply, Request, Turn

Later = Callable[[float, Callable[[], None]], object]
Clock = Callable[[], float]
Apply = Callable[[Request], Reply]


class Stranger:
    """Answers below `base`. `later(seconds, action)` does something after its answer; `clock` is seconds."""

    def __init__(self, base: str, behaviour: Behaviour, later: Later, clock: Clock) -> None:
        self.base, self.behaviour, self.ledger = base, behaviour, Ledger()
        if behaviour.id_form == "number":
            self.ledger.prefix = ""
        self._keys, self._later, self._clock = Keys(), later, clock
        self._attempts: Counter[str] = Counter()
        self._recent: deque[float] = deque()

    def seed(self, customers: list[dict[str, Any]]) -> None:
        """Have customers that nobody who is measured has sent."""
        for values in customers:
            record = self._record(values, 0.0)
            self.ledger.add("seed", record, values, 0.0, None)

    def answer(self, request: Request) -> Turn:
        """Return what becomes of a request; what it commits is in the ledger when this returns, or later."""
        self.ledger.requests += 1
        turn = self._refusal(request) or self._route(request)
        self.ledger.replies[str(turn.reply.status) if turn.reply else "none"] += 1
        return turn

    def _refusal(self, request: Request) -> Turn | None:
        """Refuse who is not signed in any more, and who asks too often."""
        b = self.behaviour
        if request.path == "/login":
            return Turn(Reply(200, SIGN_IN))
        if b.token_requests is not None and self.ledger.requests > b.token_requests:
            return Turn(replies.signed_out(b.token_refusal, self.base))
        if b.requests_a_second is None:
            return None
        while self._recent and request.at - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) < b.requests_a_second:
            self._recent.append(request.at)
            return None
        return Turn(Reply(429, {"error": "too many requests"}, replies.retry_after(b)))

    def _route(self, request: Request) -> Turn:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["health"]:
                return Turn(Reply(200, {"status": "ok"}))
            case "GET", ["customers"]:
                return Turn(look_up(self.ledger, self.behaviour, request))
            case "POST", ["customers"]:
                return self._write(request, self._create)
            case method, ["customers", id]:
                return self._one(method, id, request)
        return Turn(Reply(404, {"error": f"no route {request.method} {request.path}"}))

    def _one(self, method: str, id: str, request: Request) -> Turn:
        record = self.ledger.records.get(id)
        if record is None or self.behaviour.update == "404":
            return Turn(Reply(404, {"error": "customer not found"}))
        if method == "GET":
            return Turn(Reply(200, replies.view(record, self.behaviour)))
        if method == "DELETE":
            self.ledger.remove(record, request.at, request)
            return Turn(Reply(204))
        if method not in {"PATCH", "PUT"}:
            return Turn(Reply(405, {"error": "method not allowed"}))
        return self._write(request, lambda asked: self._change(record, asked))

    # A write: the key first, then the fault that strikes it, then the commit.

    def _write(self, request: Request, apply: Apply) -> Turn:
        b = self.behaviour
        known = self._keys.meet(request.key, _content(request), request.at, b)
        if isinstance(known, Reply):
            return Turn(known, b.latency)
        if known is not None:
            return Turn(replies.key_refused(known))
        values = _values(request)
        if values is None:
            return self._refuse(request, Reply(400, {"error": "the body is not a JSON object"}))
        creates = request.method == "POST"
        email = str(values.get(b.email_field) or "")
        if creates and "@" not in email:
            error = {"errors": [{"field": b.email_field, "message": "is not an e-mail address"}]}
            return self._refuse(request, Reply(422, error))
        if foreign := replies.no_commit(b, self.base):
            return self._refuse(request, foreign)
        fault = self._fault(email or request.path) if creates or b.faults_of_updates else ""
        return self._struck(fault, request, apply) if fault else self._plain(request, apply)

    def _plain(self, request: Request, apply: Apply) -> Turn:
        b = self.behaviour
        if b.success == "202" and request.method == "POST":
            self._commit_later(request, apply, keep=False)
            queued = Reply(202, {"status": "queued"})
            self._keys.keep(request.key, queued)
            return Turn(queued, b.latency)
        return Turn(self._commit(request, apply), b.latency)

    def _struck(self, fault: str, request: Request, apply: Apply) -> Turn:
        b = self.behaviour
        what, _, when = fault.partition("_")
        if when == "before":
            if what == "hang":
                self._later(b.hang_seconds, lambda: self._keys.drop(request.key))
            else:
                self._keys.drop(request.key)
        elif when == "late":
            self._commit_later(request, apply, keep=True)
        reply = self._commit(request, apply) if when == "after" else Reply(504, {"error": "timeout"})
        if what == "cut":
            return Turn(reply, cut=True)
        if what == "reset":
            return Turn(None)
        if what == "page":
            return Turn(Reply(200, PAGE), b.latency)
        if what == "hang":
            return Turn(reply, b.hang_seconds)
        error = replies.server_error(int(what), b)
        if when == "after" and b.keys_replay_errors:
            self._keys.keep(request.key, error)
        return Turn(error, b.latency)

    def _refuse(self, request: Request, reply: Reply) -> Turn:
        self._keys.drop(request.key)
        return Turn(reply, self.behaviour.latency)

    def _commit(self, request: Request, apply: Apply) -> Reply:
        reply = apply(request)
        self._keys.keep(request.key, reply)
        return reply

    def _commit_later(self, request: Request, apply: Apply, *, keep: bool) -> None:
        def land() -> None:
            self.ledger.pending -= 1
            if keep:
                self._commit(request, apply)
            else:
                apply(request)

        self.ledger.pending += 1
        self._later(self.behaviour.late_seconds, land)

    def _create(self, request: Request) -> Reply:
        b, values = self.behaviour, _values(request) or {}
        email = str(values[b.email_field])
        there = next(self.ledger.with_email(email, exact=b.unique_case == "sensitive"), None)
        if there is not None and b.unique != "none":
            return replies.exists(there, b, request.number)
        record = self._record(values, self._clock())
        if b.drops and self._dice("drop", email) < b.drops:
            self.ledger.dropped.append(email)
        else:
            self.ledger.add("create", record, values, record.since, request)
        return replies.created(record, b, self.base)

    def _change(self, record: Record, request: Request) -> Reply:
        b, values = self.behaviour, _values(request) or {}
        merged = {**record.values, **values}
        changed = self._record(merged, record.since, record.id)
        self.ledger.add("update", changed, merged, self._clock(), request)
        return Reply(204) if b.update == "204" else Reply(200, replies.view(changed, b))

    def _record(self, values: Values, since: float, id: str = "") -> Record:
        b = self.behaviour
        kept = dict(values)
        for name, length in b.truncate.items():
            if isinstance(kept.get(name), str):
                kept[name] = kept[name][:length]
        email = str(kept.get(b.email_field, ""))
        if b.lower_case:
            email = kept[b.email_field] = email.lower()
        return Record(id or self.ledger.new_id(), email, kept, since)

    def _fault(self, email: str) -> str:
        """Return the fault that strikes this write; the same for each run with the seed."""
        b = self.behaviour
        if not b.faults:
            return ""
        self._attempts[email] += 1
        attempt = self._attempts[email]
        if b.fault_attempts and attempt > b.fault_attempts:
            return ""
        thrown = self._dice(email, str(attempt))
        for fault, share in b.faults.items():
            if (thrown := thrown - share) < 0:
                return fault
        return ""

    def _dice(self, *of: str) -> float:
        return random.Random(" ".join((str(self.behaviour.seed), *of))).random()  # noqa: S311 - to repeat a run


def _content(request: Request) -> bytes:
    return b" ".join((request.method.encode(), request.path.encode(), request.body))


def _values(request: Request) -> dict[str, Any] | None:
    try:
        values = json.loads(request.body)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
