"""Salesforce's endpoints: sign-in, contacts one by one and in collections, queries."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mill.strict_values import whole_number
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.registry import problems
from mill.twins.services.salesforce import errors, soql
from mill.twins.services.salesforce.bulk import BulkJobs
from mill.twins.services.salesforce.contacts import Contacts, SeveralMatches
from mill.twins.services.salesforce.errors import RowError
from mill.twins.services.salesforce.ids import CONTACT, QUERY, from_id, to_id
from mill.twins.twin import Route, Setup, Twin

T = TypeVar("T")
_DATA = "/services/data/{version}"
_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
# Three releases a year, each a version; those before 31.0 are retired. 62.0 is the winter release of '25.
_SEASONS = ("Winter", "Spring", "Summer")
_VERSIONS = {f"{n}.0": f"{_SEASONS[(n - 62) % 3]} '{25 + (n - 62) // 3}" for n in range(31, 68)}
_COLLECTION = 200
_LONGEST_URI = 16_384
_SESSION, _QUERY = "session", "query"


class Settings(BaseModel):
    """How this org is. `token` None: any token is good, but there must be one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str | None = None
    client_id: str = "client"
    client_secret: str = "secret"  # noqa: S105 - a stand-in's
    external_ids: dict[str, bool] = {"External_Id__c": True}  # and whether their values are unique
    custom_fields: frozenset[str] = frozenset()
    duplicate_rule: bool = True  # a second contact with the same e-mail is refused
    daily_limit: Annotated[int, Field(ge=1)] = 100_000
    limit_seconds: Annotated[float, Field(gt=0)] = 86_400  # a request counts for so long
    query_page: Annotated[int, Field(ge=1, le=2000)] = 2000
    bulk_seconds: Annotated[float, Field(ge=0)] = 0.5


class Collection(BaseModel):
    """The body of a collection request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    records: list[dict[str, Any]]
    allOrNone: bool = False  # noqa: N815 - Salesforce's name


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Salesforce(setup, settings)
    bulk = BulkJobs(setup.records, service.contacts, settings.bulk_seconds, setup.clock)
    contact, rows = f"{_DATA}/sobjects/Contact", f"{_DATA}/composite/sobjects"
    routes = [
        Route("POST", _TOKEN_PATH, "sign_in", service.sign_in),
        Route("GET", "/services/data", "versions", service.versions),
        Route("POST", contact, "create", service.create),
        Route("GET", f"{contact}/{{id}}", "get", service.get),
        Route("PATCH", f"{contact}/{{id}}", "update", service.update),
        Route("DELETE", f"{contact}/{{id}}", "delete", service.delete),
        Route("PATCH", f"{contact}/{{field}}/{{value}}", "upsert", service.upsert),
        Route("POST", rows, "create_rows", service.create_rows),
        Route("PATCH", f"{rows}/Contact/{{field}}", "upsert_rows", service.upsert_rows),
        Route("GET", f"{_DATA}/limits", "limits", service.limits),
        Route("GET", f"{_DATA}/query", "query", service.query),
        Route("GET", f"{_DATA}/query/{{locator}}", "query", service.more),
        *bulk.routes(_DATA),
    ]
    return Twin(
        name="salesforce",
        settings=settings,
        error=errors.error,
        gate=service.gate,
        faults={
            "expired_401": lambda _request: errors.expired_session(),
            "quota_403": lambda _request: errors.requests_exceeded(),
            "locked_rows": service.lock_next,
        },
        # Salesforce takes a slash at the end for none.
        routes=[*routes, *(replace(route, path=f"{route.path}/") for route in routes)],
    )


class _Salesforce:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._settings = settings
        self._records = setup.records
        self._clock = setup.clock
        self._requests = RollingWindow(settings.daily_limit, settings.limit_seconds, setup.clock)
        self._lock_rows = False
        self.contacts = Contacts(
            setup.records,
            setup.ledger,
            settings.external_ids,
            sorted(settings.custom_fields),
            duplicate_rule=settings.duplicate_rule,
            clock=setup.clock,
        )

    def gate(self, request: Request) -> Mapping[str, str]:
        """A session, a version there is, and requests left; how many are used is told on every reply."""
        if request.path.rstrip("/") in {_TOKEN_PATH, "/services/data"}:
            return {}
        self._check_session(request.bearer)
        version = request.params["version"].removeprefix("v")
        if version not in _VERSIONS:
            raise Refused(errors.error(404, "The requested resource does not exist"))
        if not self._requests.admit():
            raise Refused(errors.requests_exceeded())
        limit = self._settings.daily_limit
        usage = {"Sforce-Limit-Info": f"api-usage={limit - self._requests.remaining}/{limit}"}
        if sum(len(name) + len(value) + 2 for name, value in request.query.items()) > _LONGEST_URI:
            raise Refused(errors.error(414, "URI Too Long"))
        return usage

    def limits(self, _request: Request) -> Reply:
        """Return how much of some limits is left; the org has many more."""
        requests = {"Max": self._settings.daily_limit, "Remaining": self._requests.remaining}
        batches = {"Max": 15_000, "Remaining": 15_000}
        return Reply(200, {"DailyApiRequests": requests, "DailyBulkApiBatches": batches})

    def lock_next(self, _request: Request) -> None:
        """The fault of locked rows: of the collection that comes now, every third one."""
        self._lock_rows = True

    def _check_session(self, token: str | None) -> None:
        right = self._settings.token
        if token and (right is None or hmac.compare_digest(token.encode(), right.encode())):
            return
        if not token or not self._records.find(_SESSION, "token", token):
            raise Refused(errors.expired_session())

    def sign_in(self, request: Request) -> Reply:
        """The OAuth client credentials flow; the reply names no lifetime."""
        form = {name: values[0] for name, values in request.form().items()}
        if form.get("grant_type") != "client_credentials":
            raise Refused(errors.oauth_error("unsupported_grant_type", "grant type not supported"))
        settings = self._settings
        if form.get("client_id") != settings.client_id:
            raise Refused(errors.oauth_error("invalid_client_id", "client identifier invalid"))
        if form.get("client_secret") != settings.client_secret:
            raise Refused(errors.oauth_error("invalid_client", "invalid client credentials"))
        token = f"00D!{secrets.token_urlsafe(32)}"
        self._records.add(_SESSION, {}, {"token": token})
        return Reply(
            200,
            {
                "access_token": token,
                "instance_url": request.url,
                "token_type": "Bearer",
                "issued_at": str(int(self._clock() * 1000)),
            },
        )

    def versions(self, _request: Request) -> Reply:
        """Return every version there is, oldest first; needs no session."""
        return Reply(
            200,
            [
                {"label": label, "url": f"/services/data/v{version}", "version": version}
                for version, label in _VERSIONS.items()
            ],
        )

    def create(self, request: Request) -> Reply:
        """201 with the id."""
        record = self._record(request.json())
        contact_id = _one(lambda: self.contacts.create(record, allow_duplicate=_allows_duplicate(request)))
        return Reply(201, {"id": contact_id, "success": True, "errors": []})

    def get(self, request: Request) -> Reply:
        """Return the fields that are set."""
        number = self._number(request)
        attributes = {"type": "Contact", "url": request.path}
        return Reply(
            200, {"attributes": attributes, "Id": to_id(CONTACT, number), **(self.contacts.get(number) or {})}
        )

    def update(self, request: Request) -> Reply:
        """204."""
        number, record = self._number(request), self._record(request.json())
        _one(lambda: self.contacts.update(number, record, allow_duplicate=_allows_duplicate(request)))
        return Reply(204)

    def delete(self, request: Request) -> Reply:
        """204; the contact is gone, and its external ids are free."""
        self.contacts.delete(self._number(request))
        return Reply(204)

    def _number(self, request: Request) -> int:
        number = self.contacts.number_of(request.params["id"])
        if number is None:
            raise Refused(errors.error(404, "The requested resource does not exist"))
        return number

    def upsert(self, request: Request) -> Reply:
        """201 created, 200 updated; 300 with the URLs of all that match."""
        field, value = request.params["field"], request.params["value"]
        record = self._record(request.json())
        if field in record:
            message = f"The {field} field should not be specified in the sobject data."
            raise Refused(errors.error(400, message, "INVALID_FIELD"))
        allowed = _allows_duplicate(request)
        try:
            upserted = _one(lambda: self.contacts.upsert(field, value, record, allow_duplicate=allowed))
        except SeveralMatches as several:
            base = f"/services/data/{request.params['version']}/sobjects/Contact"
            raise Refused(Reply(300, [f"{base}/{contact_id}" for contact_id in several.ids])) from several
        body = {"id": upserted.id, "success": True, "errors": [], "created": upserted.created}
        return Reply(201 if upserted.created else 200, body)

    def create_rows(self, request: Request) -> Reply:
        """200 with a result for each record, in order."""
        collection = self._collection(request)
        allowed = _allows_duplicate(request)

        def create(record: Mapping[str, Any]) -> dict[str, Any]:
            return {"id": self.contacts.create(record, allow_duplicate=allowed), "success": True}

        return self._rows(collection, create)

    def upsert_rows(self, request: Request) -> Reply:
        """200 with a result for each record, in order, which tells what was created."""
        field = request.params["field"]
        self.contacts.check_external_id(field)
        collection = self._collection(request)
        allowed = _allows_duplicate(request)
        values = [str(record.get(field) or "").lower() for record in collection.records]

        def upsert(record: Mapping[str, Any]) -> dict[str, Any]:
            value = record.get(field)
            if not value:
                raise RowError("MISSING_ARGUMENT", f"{field} not specified")
            if values.count(value.lower()) > 1:
                raise RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (field,))
            rest = {name: text for name, text in record.items() if name != field}
            try:
                upserted = self.contacts.upsert(field, value, rest, allow_duplicate=allowed)
            except SeveralMatches as several:
                message = f"{field}: more than one record found for external id field: {list(several.ids)}"
                raise RowError("DUPLICATE_EXTERNAL_ID", message) from several
            return {"id": upserted.id, "success": True, "created": upserted.created}

        return self._rows(collection, upsert)

    def _rows(self, collection: Collection, apply: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Reply:
        lock, self._lock_rows = self._lock_rows, False
        results: list[dict[str, Any]] = []
        for position, record in enumerate(collection.records):
            try:
                if lock and position % 3 == 0:
                    raise _locked()
                results.append({**apply(record), "errors": []})
            except RowError as error:
                results.append({"success": False, "errors": [error.entry()]})
        if collection.allOrNone and not all(result["success"] for result in results):
            raise Refused(Reply(200, [_rolled_back(result) for result in results]))
        return Reply(200, results)

    def _collection(self, request: Request) -> Collection:
        """Return the records without their attributes. Raises Refused for what fails the whole request."""
        body = request.json()
        try:
            collection = Collection.model_validate(body)
        except ValidationError as error:
            raise Refused(errors.error(400, problems(error))) from error
        if len(collection.records) > _COLLECTION:
            message = f"The maximum number of records allowed is {_COLLECTION}"
            raise Refused(errors.error(400, message, "EXCEEDED_ID_LIMIT"))
        records = []
        for record in collection.records:
            attributes = record.get("attributes")
            if not isinstance(attributes, dict) or attributes.get("type") != "Contact":
                message = "Each record needs attributes with the type Contact."
                raise Refused(errors.error(400, message, "INVALID_INPUT"))
            records.append(
                self._record({name: value for name, value in record.items() if name != "attributes"})
            )
        return collection.model_copy(update={"records": records})

    def _record(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise Refused(errors.error(400, "The body must be an object of fields."))
        self.contacts.check_shape(body)
        return body

    def query(self, request: Request) -> Reply:
        """Return the first page of a query."""
        text = request.query.get("q")
        if not text:
            raise Refused(errors.error(400, "A query has to be specified", "MALFORMED_QUERY"))
        return self._page(request, text, 0)

    def more(self, request: Request) -> Reply:
        """Return a further page, by the locator of `nextRecordsUrl`."""
        locator, _, start = request.params["locator"].partition("-")
        number = from_id(QUERY, locator)
        kept = None if number is None else self._records.get(_QUERY, number)
        first = whole_number(start)
        if kept is None or first is None:
            raise Refused(errors.error(400, "invalid query locator", "INVALID_QUERY_LOCATOR"))
        return self._page(request, kept["q"], first, locator)

    def _page(self, request: Request, text: str, start: int, locator: str | None = None) -> Reply:
        version = request.params["version"].removeprefix("v")
        records: Sequence[Any] = soql.run(soql.parse(text, self.contacts), self.contacts, version)
        end = start + self._settings.query_page
        page = {"totalSize": len(records), "done": end >= len(records), "records": records[start:end]}
        if not page["done"]:
            locator = locator or to_id(QUERY, self._records.add(_QUERY, {"q": text}))
            page["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
        return Reply(200, page)


def _one(apply: Callable[[], T]) -> T:
    try:
        return apply()
    except RowError as error:
        raise Refused(error.reply()) from error


def _locked() -> RowError:
    return RowError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records")


def _rolled_back(result: dict[str, Any]) -> dict[str, Any]:
    if not result["success"]:
        return result
    message = (
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    )
    return {"success": False, "errors": [RowError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).entry()]}


def _allows_duplicate(request: Request) -> bool:
    header = request.headers.get("sforce-duplicate-rule-header", "")
    return "allowsave=true" in header.replace(" ", "").lower()
