"""Several queries in few requests, each with an answer of its own.

    auto -> array    one request with a list; a server that takes none answers something else: then
         -> aliases  one document for all (`queries/merging`); if it fails as a whole, nobody knows whose
                     fault that is: then
         -> single   one request a query

All of them are reads, so asking again another way changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.calls.reply_reader import read_json
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, GiveUpRecord, SignInAgain
from f.connect.times import REAL, Clock
from f.graphql.queries.merging import Query, can_merge, merge, part, prefix
from f.graphql.queries.operation import body_of, prepare
from f.graphql.replies.answer import Answer, answer_of, is_answer, no_answer
from f.graphql.transport.calling import ask, check_partial, incomplete, send
from f.graphql.transport.client import batching_of, integration_of, request_of

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.graphql.queries.operation import Prepared
    from f.graphql.replies.refusals import GraphqlError
    from f.graphql.transport.calling import Partial
    from f.store.store import Store

MOST_QUERIES = 1000

Way = Literal["array", "aliases", "single"]


class QueryAnswer(TypedDict):
    """What one query of a batch got. `error`: why there is no data, as a sentence."""

    status: Literal["ok", "partial", "failed"]
    data: dict[str, Any] | None
    errors: list[GraphqlError]
    error: str


class BatchResult(TypedDict):
    """`answers` in the order of the queries; `sent_as`: how they were sent, each way once."""

    answers: list[QueryAnswer]
    counts: dict[str, int]
    sent_as: list[Way]
    requests: int


def prepare_all(
    queries: Sequence[str], variables: Sequence[Mapping[str, Any] | None] | None
) -> list[Prepared]:
    """Check every query; FixInput names the one that is wrong.

    One query with several variables is asked once for each of them.
    """
    if not queries:
        raise FixInput("There are no queries: give at least one.", code="no_query")
    given = list(variables or [None] * len(queries))
    documents = list(queries) * len(given) if len(queries) == 1 else list(queries)
    if len(given) != len(documents):
        raise FixInput(
            f"There are {len(documents)} queries and {len(given)} variables: give one for each.",
            code="bad_variables",
        )
    if len(documents) > MOST_QUERIES:
        raise FixInput(f"A batch has at most {MOST_QUERIES:,} queries.", code="too_many")
    prepared = []
    for place, (document, values) in enumerate(zip(documents, given, strict=True), 1):
        try:
            prepared.append(prepare(document, values, "", "query"))
        except FixInput as error:
            if len(documents) == 1:
                raise
            raise FixInput(f"Query {place}: {error}", code=error.code) from error
    return prepared


def ask_all(
    prepared: Sequence[Prepared],
    resource: Mapping[str, Any],
    store: Store,
    *,
    batch_size: int = 10,
    partial: Partial = "accept",
    clock: Clock = REAL,
) -> BatchResult:
    """Ask all, so many in a request. Raises the first error if no query at all has an answer."""
    check_partial(partial)
    if batch_size < 1:
        raise FixInput("batch_size must be at least 1.", code="bad_batch_size")
    way = batching_of(resource)
    integration, path = integration_of(resource)
    with Client(integration, store, clock=clock) as client:
        batch = _Batch(client, path, way, clock)
        answers: list[Answer | ConnectError] = []
        for start in range(0, len(prepared), batch_size):
            answers += batch.ask(prepared[start : start + batch_size])
    results = [_result(answer) for answer in answers]
    if all(result["status"] == "failed" for result in results):
        raise _error_of(answers[0])
    counts = {name: sum(one["status"] == name for one in results) for name in ("ok", "partial", "failed")}
    if partial == "fail" and counts["ok"] < len(results):
        raise GiveUpRecord(
            f"Of {len(results)} queries {counts['failed']} failed and {counts['partial']} have a part of "
            f"their answer. The first: {_first_fault(answers)}",
            code="partial",
        )
    return {"answers": results, "counts": counts, "sent_as": batch.used, "requests": batch.requests}


def _first_fault(answers: Sequence[Answer | ConnectError]) -> str:
    for answer in answers:
        if isinstance(answer, ConnectError) or not answer.is_usable:
            return str(_error_of(answer))
        if answer.errors:
            return str(incomplete(answer.errors))
    return ""


def _error_of(answer: Answer | ConnectError) -> ConnectError:
    return answer if isinstance(answer, ConnectError) else answer.error()


def _result(answer: Answer | ConnectError) -> QueryAnswer:
    if isinstance(answer, ConnectError):
        return {"status": "failed", "data": None, "errors": [], "error": str(answer)}
    if not answer.is_usable:
        return {
            "status": "failed",
            "data": answer.data,
            "errors": answer.errors,
            "error": str(answer.error()),
        }
    return {
        "status": "partial" if answer.errors else "ok",
        "data": answer.data,
        "errors": answer.errors,
        "error": "",
    }


class _Batch:
    """Sends the parts of a batch, and remembers what the server has turned out to take."""

    def __init__(self, client: Client, path: str, way: str, clock: Clock) -> None:
        self._client, self._path, self._clock = client, path, clock
        self._way = "array" if way == "auto" else way
        self._is_open = way == "auto"
        self.used: list[Way] = []
        self.requests = 0

    def ask(self, prepared: Sequence[Prepared]) -> list[Answer | ConnectError]:
        """Return an answer, or why there is none, for each."""
        if len(prepared) == 1 or self._way == "single":
            return [self._alone(one) for one in prepared]
        if self._way == "array":
            answers = self._as_array(prepared)
            if answers is not None:
                return answers
            self._way = "aliases"  # for the rest of this job as well
        return self._as_aliases(prepared)

    def _note(self, way: Way) -> None:
        self.requests += 1
        if way not in self.used:
            self.used.append(way)

    def _alone(self, one: Prepared) -> Answer | ConnectError:
        self._note("single")
        try:
            return ask(self._client, self._path, one, clock=self._clock)
        except SignInAgain:
            raise
        except ConnectError as error:
            return error

    def _as_array(self, prepared: Sequence[Prepared]) -> list[Answer | ConnectError] | None:
        """Send a list; None if the server does not answer with one for each, and may be asked otherwise."""
        self._note("array")
        response = self._client.request(request_of(self._path, [one.body for one in prepared]))
        body = read_json(response)
        if isinstance(body, list) and len(body) == len(prepared):
            return [self._item(response, item, one) for item, one in zip(body, prepared, strict=True)]
        if not self._is_open:
            raise FixInput(
                "The server does not take a list of queries. Set batching in the resource to auto.",
                code="no_batching",
            )
        if response.status in {401, 403, 404, 405}:
            raise no_answer(response, "query")
        return None

    def _item(self, response: Response, item: Any, one: Prepared) -> Answer | ConnectError:
        if not is_answer(item):
            return no_answer(response, "query")
        answer = answer_of(item, "query", one.variables, status=response.status)
        # What a limit kept from being answered is asked for again, alone and with patience.
        return self._alone(one) if answer.is_throttled else answer

    def _as_aliases(self, prepared: Sequence[Prepared]) -> list[Answer | ConnectError]:
        queries = [Query(one.document, one.operation, one.variables) for one in prepared]
        merged = [place for place, query in enumerate(queries) if can_merge(query)]
        answers: dict[int, Answer | ConnectError] = {}
        if len(merged) > 1:
            answers = self._merged(queries, merged)
        return [
            answers[place] if place in answers else self._alone(one) for place, one in enumerate(prepared)
        ]

    def _merged(self, queries: Sequence[Query], places: Sequence[int]) -> dict[int, Answer | ConnectError]:
        """Return the answers of those that went in one document and were answered in it.

        None of them if the document failed as a whole, or with more errors than are read: of a query whose
        errors are not known nobody knows whether its answer is whole.
        """
        self._note("aliases")
        document, variables = merge([queries[place] for place in places])
        request = request_of(self._path, body_of(document, variables))
        answer = send(self._client, request, "query", variables, clock=self._clock)
        if answer.data is None:
            if isinstance(error := answer.error(), SignInAgain):
                raise error
            return {}
        if answer.is_cut:
            return {}
        found: dict[int, Answer | ConnectError] = {}
        # An error that is nobody's may be anybody's.
        numbers = range(len(places))
        shared = [error for error in answer.errors if not any(_is_of(error, number) for number in numbers)]
        for number, place in enumerate(places):
            errors = [_own(error, number) for error in answer.errors if _is_of(error, number)]
            if data := part(answer.data, number):
                found[place] = Answer("query", data, [*errors, *shared], response=answer.response)
        return found


def _is_of(error: GraphqlError, number: int) -> bool:
    return error["path"].startswith(prefix(number))


def _own(error: GraphqlError, number: int) -> GraphqlError:
    """Return an error as the query alone would have got it: its own names, no place in a merged document."""
    return {**error, "path": error["path"].removeprefix(prefix(number)), "line": None, "column": None}
