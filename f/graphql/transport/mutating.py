"""Mutations, each once: a later run with its key sends nothing, a lost answer is never repeated blindly."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.calls.reply_reader import id_of, named, word_of
from f.connect.client import Client
from f.connect.errors import ConnectError, GiveUpRecord, OutcomeUnknown
from f.connect.times import REAL, Clock
from f.graphql.replies.refusals import shown
from f.graphql.transport.calling import send
from f.graphql.transport.client import (
    idempotency_header_of,
    integration_of,
    request_of,
    with_key,
)
from f.store.once import Attempt, OneTimeWrite, send_once
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from f.graphql.queries.operation import Prepared
    from f.graphql.replies.answer import Answer
    from f.graphql.replies.refusals import GraphqlError
    from f.store.store import Store

_USER_ERRORS = "userErrors"
_MOST_LOOKED_AT = 1000  # values among which an id is looked for


class MutationResult(TypedDict):
    """`id`: that of what was made, if the answer has one; `data` is None if an earlier run sent it."""

    status: Literal["sent", "already_sent"]
    id: str
    data: dict[str, Any] | None
    errors: list[GraphqlError]
    notices: list[str]


def mutate(
    prepared: Prepared,
    resource: Mapping[str, Any],
    store: Store,
    *,
    request_key: str = "",
    id_path: str = "",
    clock: Clock = REAL,
) -> MutationResult:
    """Send a mutation once under its key; without a key each call sends.

    Raises OutcomeUnknown if its answer was lost. It is repeated by itself only if the resource names the
    header by which the server knows it again.
    """
    integration, path = integration_of(resource)
    header = idempotency_header_of(resource)
    key = key_of("graphql", integration.base_url, path, request_key) if request_key else ""
    answers: list[Answer] = []
    with Client(integration, store, clock=clock) as client:

        def send_it(attempt: Attempt) -> str:
            plain = request_of(path, prepared.body, "mutation")
            request = replace(with_key(plain, attempt.mark, header), permit=attempt.permit)
            answer = send(client, request, "mutation", prepared.variables, clock=clock)
            if not answer.is_usable:
                raise _failure(answer, prepared)
            _raise_if_refused(answer, prepared.variables)
            answers.append(answer)
            return found_id(answer.data or {}, id_path)

        write = OneTimeWrite(send_it, repeat_safe=bool(header), noun="mutation", key_input="request_key")
        receipt = send_once(store, key, write)
    answer = answers[-1] if answers else None
    return {
        "status": receipt.status,
        "id": receipt.id,
        "data": answer.data if answer else None,
        "errors": answer.errors if answer else [],
        "notices": _notices(answer),
    }


def _failure(answer: Answer, prepared: Prepared) -> ConnectError:
    """Return what the errors of a mutation without data mean.

    The fields of a mutation are carried out one after another. Where one that must not be null failed, there
    is no data of any, and the error of that one says nothing of the others: they may have been applied.
    """
    error = answer.error()
    failed = {one["path"].partition(".")[0] for one in answer.errors} - {""}
    if answer.data is not None or not failed or isinstance(error, OutcomeUnknown):
        return error
    operation, tokens = prepared.operation, prepared.document.tokens
    asked = {tokens[place].text for place in operation.root_fields}
    if asked <= failed and not operation.root_spreads:
        return error
    unknown = OutcomeUnknown(
        f"{error} Other fields of the mutation may have been applied: look there before sending it again.",
        code=error.code,
    )
    return named(unknown, answer.response) if answer.response is not None else unknown


def _notices(answer: Answer | None) -> list[str]:
    if answer is None:
        return ["An earlier run sent it; its answer is not kept, save for the id."]
    if answer.errors or _refused_parts(answer.data or {}):
        return ["A part of the mutation was refused; the rest was applied. Do not send it again as it is."]
    return []


def found_id(data: Mapping[str, Any], path: str = "") -> str:
    """Return the id at a dotted path of the answer; without a path, the one that lies least deep."""
    if path:
        value: Any = data
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return id_of(value)
    waiting: deque[Any] = deque([data])
    for _ in range(_MOST_LOOKED_AT):
        if not waiting:
            break
        one = waiting.popleft()
        if isinstance(one, Mapping):
            if found := id_of(one.get("id")):
                return found
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one[:_MOST_LOOKED_AT])
    return ""


def _refused_parts(data: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the fields whose answer lists what people did wrong, as Shopify's do: each with its answer."""
    return [
        (name, payload)
        for name, payload in data.items()
        if isinstance(payload, Mapping)
        and isinstance(payload.get(_USER_ERRORS), list)
        and payload[_USER_ERRORS]
    ]


def _raise_if_refused(answer: Answer, variables: Mapping[str, Any]) -> None:
    """Raise GiveUpRecord if every field of the mutation answers with userErrors and with nothing else."""
    data = answer.data or {}
    refused = _refused_parts(data)
    if not refused or len(refused) < len(data):
        return
    for _, payload in refused:
        if any(
            value not in (None, [])
            for name, value in payload.items()
            if name not in {_USER_ERRORS, "__typename"}
        ):
            return
    first = refused[0][1][_USER_ERRORS][0]
    first = first if isinstance(first, Mapping) else {}
    field = first.get("field")
    steps = field if isinstance(field, list) else [field] if isinstance(field, str) else []
    place = ".".join(word_of(step) or "?" for step in steps[:10])
    said = shown(first.get("message"), variables)
    raise GiveUpRecord(
        f"The server refused the mutation{f' for {place}' if place else ''}: {said}",
        code="user_errors",
    )
