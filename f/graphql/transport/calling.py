"""Operations sent and answered; a busy server is waited for.

A limit that GraphQL servers tell in the body of a reply (THROTTLED, RATE_LIMITED) is nothing a connection
layer could see; it is obeyed here, by the same rules.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from f.connect.calls.verdict import backoff
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, GiveUpRecord
from f.connect.times import REAL, Clock
from f.graphql.replies.answer import Answer, read_answer
from f.graphql.transport.client import integration_of, request_of

if TYPE_CHECKING:
    from f.connect.calls.message import Request
    from f.graphql.queries.document import OperationKind
    from f.graphql.queries.operation import Prepared
    from f.graphql.replies.refusals import GraphqlError
    from f.store.store import Store

Partial = Literal["accept", "fail"]


def run_one(
    prepared: Prepared, resource: Mapping[str, Any], store: Store, partial: Partial, *, clock: Clock = REAL
) -> Answer:
    """Send a query and return an answer that can be used; raises what its errors mean if it cannot."""
    check_partial(partial)
    integration, path = integration_of(resource)
    with Client(integration, store, clock=clock) as client:
        return settle(ask(client, path, prepared, clock=clock), partial)


def ask(client: Client, path: str, prepared: Prepared, *, clock: Clock = REAL) -> Answer:
    """Send a query and return its answer, usable or not."""
    return send(client, request_of(path, prepared.body), "query", prepared.variables, clock=clock)


def send(
    client: Client,
    request: Request,
    kind: OperationKind,
    variables: Mapping[str, Any],
    *,
    clock: Clock = REAL,
) -> Answer:
    """Send a request, again after a wait while the server's limit is used up and a repeat is allowed."""
    retry = client.integration.retry
    started = clock.ticks()
    for attempt in itertools.count(1):
        answer = read_answer(client.request(request), kind, variables)
        if not answer.is_throttled or not answer.affordable or not request.may_repeat:
            return answer
        asked = answer.wait
        wait = backoff(retry, attempt, clock.draw) if asked is None else asked
        too_long = clock.ticks() - started + wait > retry.max_elapsed
        if attempt > retry.max_retries or too_long or clock.sleep(wait):
            return answer
    raise AssertionError("counting does not end")


def check_partial(partial: str) -> None:
    """FixInput for what is none of the choices: it would be taken for accept."""
    if partial not in {"accept", "fail"}:
        raise FixInput(f"partial is {partial!r}: it can be accept, fail.", code="bad_choice")


def settle(answer: Answer, partial: Partial) -> Answer:
    """Return an answer that can be used; raises what its errors mean if not."""
    if not answer.is_usable:
        raise answer.error()
    if answer.errors and partial == "fail":
        raise incomplete(answer.errors)
    return answer


def incomplete(errors: list[GraphqlError]) -> ConnectError:
    """Return the error for an answer that has data and errors, where that is not enough."""
    first = errors[0]
    place = f" at {first['path']}" if first["path"] else ""
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    said = first["message"].rstrip(".") or "an error without a message"
    return GiveUpRecord(
        f"The answer is not whole{place}: {said}{more}. Set partial to accept to get the rest.",
        code="partial",
    )
