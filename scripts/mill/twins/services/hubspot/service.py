"""HubSpot's contact endpoints: requests read, contacts asked, replies written."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.registry import problems
from mill.twins.services.hubspot import errors
from mill.twins.services.hubspot.contacts import Contacts, not_unique, shown
from mill.twins.services.hubspot.errors import RowError
from mill.twins.services.hubspot.search import Search, search
from mill.twins.twin import Route, Setup, Twin

M = TypeVar("M", bound=BaseModel)
_READ, _WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"
# The old path and the dated ones, which HubSpot publishes twice a year.
_PATHS = ("/crm/v3/objects/contacts", "/crm/objects/{version}/contacts")
_ACCOUNT_PATHS = ("/account-info/v3", "/account-info/{version}")
_VERSION = re.compile(r"20\d\d-(03|09)")
_INPUTS = 100
_DAY_SECONDS = 86_400
Scalar = str | int | float | bool | None


class Settings(BaseModel):
    """How this portal is. The limits are those of a Professional account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str | None = None  # None: any token is good, but there must be one
    scopes: frozenset[str] = frozenset({_READ, _WRITE})
    custom_properties: frozenset[str] = frozenset()
    unique_properties: frozenset[str] = frozenset({"external_id"})  # custom ones with unique values
    ten_secondly_limit: Annotated[int, Field(ge=1)] = 190
    daily_limit: Annotated[int, Field(ge=1)] = 650_000
    resets_at: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)  # the day's count begins anew, then and daily
    search_limit: Annotated[int, Field(ge=1)] = 5  # a second
    search_lag_seconds: Annotated[float, Field(ge=0)] = 5


class Input(BaseModel):
    """What all inputs of batches are made of; each endpoint needs and allows some of it."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = None
    idProperty: str | None = None  # noqa: N815 - HubSpot's name
    properties: dict[str, Scalar] | None = None
    associations: list[dict[str, Any]] | None = None
    objectWriteTraceId: str | None = None  # noqa: N815 - HubSpot's name


class Batch(BaseModel):
    """The body of a batch; `properties` and `idProperty` belong to batch/read."""

    model_config = ConfigDict(extra="forbid")

    inputs: list[Input]
    properties: list[str] = []
    propertiesWithHistory: list[str] = []  # noqa: N815 - HubSpot's name
    idProperty: str | None = None  # noqa: N815 - HubSpot's name


class Write(BaseModel):
    """The body of a single create or update."""

    model_config = ConfigDict(extra="forbid")

    properties: dict[str, Scalar]
    associations: list[dict[str, Any]] = []


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _HubSpot(setup, settings)
    operations: list[tuple[str, str, str, Callable[[Request], Reply]]] = [
        ("POST", "", "create", service.create),
        ("GET", "", "list", service.page),
        ("GET", "/{id}", "get", service.get),
        ("PATCH", "/{id}", "update", service.update),
        ("DELETE", "/{id}", "archive", service.archive),
        ("POST", "/batch/create", "batch_create", service.batch_create),
        ("POST", "/batch/read", "batch_read", service.batch_read),
        ("POST", "/batch/update", "batch_update", service.batch_update),
        ("POST", "/batch/upsert", "batch_upsert", service.batch_upsert),
        ("POST", "/batch/archive", "batch_archive", service.batch_archive),
        ("POST", "/search", "search", service.search),
    ]
    return Twin(
        name="hubspot",
        settings=settings,
        error=_error,
        gate=service.gate,
        faults={
            "conflict_409": _conflict_of_batch,  # met by batch/upsert only
            "daily_429": lambda _request: errors.too_many("DAILY"),
            "locked_423": lambda _request: errors.error(423, "The requested objects are currently locked."),
        },
        routes=[
            Route(method, path + rest, operation, answer)
            for path in _PATHS
            for method, rest, operation, answer in operations
        ]
        + [
            Route("GET", f"{path}/api-usage/daily/private-apps", "usage", service.usage)
            for path in _ACCOUNT_PATHS
        ],
    )


def _error(status: int, message: str) -> Reply:
    return errors.too_many("TEN_SECONDLY_ROLLING") if status == 429 else errors.error(status, message)


def _conflict_of_batch(request: Request) -> Reply | None:
    """batch/upsert now and then refuses a whole batch for one conflict in it, trace ids or not."""
    if not request.path.endswith("/batch/upsert"):
        return None
    return errors.error(409, "A conflict occurred while processing this batch.")


class _HubSpot:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._settings = settings
        self._clock = setup.clock
        self._contacts = Contacts(
            setup.records, setup.ledger, settings.custom_properties, settings.unique_properties, setup.clock
        )
        self._burst = RollingWindow(settings.ten_secondly_limit, 10)
        self._search = RollingWindow(settings.search_limit, 1)
        self._today = 0
        self._resets_at = self._next_reset()

    def gate(self, request: Request) -> Mapping[str, str]:
        """Token, scope, then the limits, which search has of its own and tells nothing about."""
        version = request.params.get("version")
        if version is not None and not _VERSION.fullmatch(version):
            raise Refused(errors.error(404, "resource not found"))
        token, right = request.bearer, self._settings.token
        if not token or (right is not None and not hmac.compare_digest(token.encode(), right.encode())):
            raise Refused(errors.unauthorized())
        reading = request.method == "GET" or request.path.endswith(("/search", "/batch/read"))
        scope = _READ if reading else _WRITE
        if scope not in self._settings.scopes:
            raise Refused(errors.missing_scope(scope))
        if self._clock() >= self._resets_at:
            self._today, self._resets_at = 0, self._next_reset()
        if self._today >= self._settings.daily_limit:
            raise Refused(self._limited("DAILY"))
        searching = request.path.endswith("/search")
        if searching and not self._search.admit():
            raise Refused(errors.too_many("SECONDLY"))
        if not searching and not self._burst.admit():
            raise Refused(self._limited("TEN_SECONDLY_ROLLING"))
        self._today += 1
        return {} if searching else self._limit_headers()

    def _next_reset(self) -> float:
        """Return the seconds since the epoch."""
        since = self._clock() - self._settings.resets_at.timestamp()
        return self._settings.resets_at.timestamp() + max(0, since // _DAY_SECONDS + 1) * _DAY_SECONDS

    def _limited(self, policy: str) -> Reply:
        reply = errors.too_many(policy)
        reply.headers = self._limit_headers()
        return reply

    def _limit_headers(self) -> dict[str, str]:
        settings = self._settings
        return {
            "X-HubSpot-RateLimit-Max": str(settings.ten_secondly_limit),
            "X-HubSpot-RateLimit-Remaining": str(self._burst.remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(settings.daily_limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(settings.daily_limit - self._today),
        }

    def usage(self, _request: Request) -> Reply:
        """Return the calls of today, this one included, of all private apps."""
        usage = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self._settings.daily_limit,
            "currentUsage": self._today,
            "collectedAt": _time(self._clock()),
            "fetchStatus": "SUCCESS",
            "resetsAt": _time(self._resets_at),
        }
        return Reply(200, {"results": [usage]})

    def create(self, request: Request) -> Reply:
        """201, or 409 naming the contact that has the e-mail."""
        write = _read(Write, request)
        return _answer(lambda: Reply(201, self._contacts.create(write.properties)))

    def get(self, request: Request) -> Reply:
        """Return one contact by id or `?idProperty=`."""
        names = [name for name in request.query.get("properties", "").split(",") if name]
        return _answer(lambda: self._shown(self._found(request), names))

    def page(self, request: Request) -> Reply:
        """Return a page of contacts by id, from `after` on; `paging` names the next if there is one."""
        limit, after = (request.query.get(name, other) for name, other in (("limit", "10"), ("after", "0")))
        if not (_is_count(limit) and 1 <= int(limit) <= _INPUTS and _is_count(after)):
            raise Refused(errors.error(400, f"limit is from 1 to {_INPUTS}, and after what a page named."))
        names = [name for name in request.query.get("properties", "").split(",") if name]
        ids = [one for one in self._contacts.all_ids() if one >= int(after)]
        page, rest = ids[: int(limit)], ids[int(limit) :]
        results = [self._shown(one, names).body for one in page]
        more = {"paging": {"next": {"after": str(rest[0])}}} if rest else {}
        return Reply(200, {"results": results, **more})

    def _shown(self, contact_id: int, names: Sequence[str]) -> Reply:
        body = self._contacts.get(contact_id)
        assert body is not None
        return Reply(200, shown(contact_id, body, names, default=not names))

    def update(self, request: Request) -> Reply:
        """Return one contact by id or `?idProperty=`."""
        write = _read(Write, request)
        return _answer(lambda: Reply(200, self._contacts.update(self._found(request), write.properties)))

    def archive(self, request: Request) -> Reply:
        """204, also where there is none."""
        found = self._contacts.find(request.params["id"])
        if found is not None:
            self._contacts.archive(found)
        return Reply(204)

    def _found(self, request: Request) -> int:
        found = self._contacts.find(request.params["id"], request.query.get("idProperty"))
        if found is None:
            raise Refused(errors.error(404, "resource not found"))
        return found

    def batch_create(self, request: Request) -> Reply:
        """201; 207 where some fail and every input has a trace id of its own."""
        inputs = _inputs(request, needs={"properties"}, allows={"associations", "objectWriteTraceId"})
        return self._each(inputs, 201, lambda one: self._contacts.create(one.properties or {}))

    def batch_update(self, request: Request) -> Reply:
        """By record id or a unique property, which here excludes email."""
        inputs = _inputs(request, needs={"id", "properties"}, allows={"idProperty", "objectWriteTraceId"})

        def update(one: Input) -> dict[str, Any]:
            if one.idProperty == "email":
                raise not_unique("email")
            found = self._contacts.find(one.id or "", one.idProperty)
            if found is None:
                raise errors.not_found([one.id or ""])
            return self._contacts.update(found, one.properties or {})

        return self._each(inputs, 200, update)

    def batch_upsert(self, request: Request) -> Reply:
        """By email or a unique property; `new` tells what was created."""
        inputs = _inputs(request, needs={"id", "idProperty", "properties"}, allows={"objectWriteTraceId"})
        return self._each(
            inputs,
            200,
            lambda one: self._contacts.upsert(one.idProperty or "", one.id or "", one.properties or {}),
        )

    def batch_read(self, request: Request) -> Reply:
        """200, or 207 naming the ids that are not there."""
        batch = _batch(request)
        inputs = _inputs(request, needs={"id"}, allows=set())

        def answer() -> Reply:
            found = {one.id or "": self._contacts.find(one.id or "", batch.idProperty) for one in inputs}
            results = []
            for contact_id in sorted({one for one in found.values() if one is not None}):
                body = self._contacts.get(contact_id)
                assert body is not None
                results.append(shown(contact_id, body, batch.properties, default=not batch.properties))
            missing = [text for text, contact_id in found.items() if contact_id is None]
            return self._complete(200, results, [errors.not_found(missing).entry(None)] if missing else [])

        return _answer(answer)

    def batch_archive(self, request: Request) -> Reply:
        """204, also for ids that are not there."""
        for one in _inputs(request, needs={"id"}, allows=set()):
            found = self._contacts.find(one.id or "")
            if found is not None:
                self._contacts.archive(found)
        return Reply(204)

    def search(self, request: Request) -> Reply:
        """Return a page of what the index, which lags, holds."""
        query = _read(Search, request)
        lag = self._settings.search_lag_seconds
        return _answer(lambda: Reply(200, search(self._contacts, query, lag_seconds=lag, clock=self._clock)))

    def _each(self, inputs: Sequence[Input], status: int, apply: Callable[[Input], dict[str, Any]]) -> Reply:
        """Apply the inputs one by one. Without a trace id of its own on each, one bad one undoes all."""
        traces = {one.objectWriteTraceId for one in inputs} - {None}
        partial = len(traces) == len(inputs)
        results, failures = [], []
        for one in inputs:
            try:
                applied = apply(one)
            except RowError as error:
                if not partial:
                    raise Refused(error.reply()) from error
                failures.append(error.entry(one.objectWriteTraceId))
                continue
            trace = {} if one.objectWriteTraceId is None else {"objectWriteTraceId": one.objectWriteTraceId}
            results.append({**applied, **trace})
        # HubSpot promises no order; the reverse is one that is wrong wherever there are two.
        return self._complete(status, results[::-1], failures)

    def _complete(
        self, status: int, results: Sequence[Mapping[str, Any]], failures: Sequence[Mapping[str, Any]]
    ) -> Reply:
        now = _time(self._clock())
        body = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not failures:
            return Reply(status, body)
        return Reply(207, {**body, "numErrors": len(failures), "errors": failures})


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(answer: Callable[[], Reply]) -> Reply:
    try:
        return answer()
    except RowError as error:
        raise Refused(error.reply()) from error


def _read(model: type[M], request: Request) -> M:
    body = request.json()
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Refused(errors.error(400, f"Invalid input JSON: {problems(error)}")) from error


def _batch(request: Request) -> Batch:
    batch = _read(Batch, request)
    if not 0 < len(batch.inputs) <= _INPUTS:
        raise Refused(
            errors.error(400, f"A batch has 1 to {_INPUTS} inputs; this one has {len(batch.inputs)}.")
        )
    return batch


def _inputs(request: Request, *, needs: set[str], allows: set[str]) -> list[Input]:
    inputs = _batch(request).inputs
    for one in inputs:
        given = one.model_fields_set
        if missing := sorted(needs - given):
            message = f"Invalid input JSON: some of required attributes are not set [{', '.join(missing)}]"
            raise Refused(errors.error(400, message))
        if surplus := sorted(given - needs - allows):
            raise Refused(errors.error(400, f"Invalid input JSON: unrecognized field {surplus[0]}"))
    ids = [one.id.strip().lower() for one in inputs if one.id is not None]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        message = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise Refused(errors.error(400, message, context={"ids": twice}))
    return inputs
