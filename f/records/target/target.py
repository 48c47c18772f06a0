"""A target: what every kind of customer API is to the import, and one of them ready for use."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from f.connect.calls.message import Request, Response
from f.connect.integration import Integration
from f.customers.validation.customer import Customer, with_split_name
from f.records.reading.columns import TargetFields
from f.records.rows.outcome import CustomerRow, Found, RowOutcome

OnDuplicate = Literal["skip", "update", "fail"]
JournalKind = Literal["postgres", "file", "none"]


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls a target takes a day, and how many of them are left now.

    `renews_at`, seconds since the epoch, is when all come back; None: each comes back a day after its use.
    """

    daily_limit: int
    left: int
    renews_at: float | None = None


@dataclass(frozen=True, slots=True)
class BulkKind:
    """How a kind of target takes many rows as one job. Pure functions: requests, and what replies mean.

    `state_in`: `open` was never closed, so nothing was applied; `gone` never will be; `working` is awaited;
    `ended` has `results`, of which `outcomes_in` reads outcomes by line. `failure_in` is the outcome of rows
    that no result names.
    """

    new_job: Callable[["Target", OnDuplicate], Request]
    job_in: Callable[[Response], str]
    upload: Callable[[str, Sequence[CustomerRow], "Target"], Request]
    close: Callable[[str, "Target"], Request]
    abort: Callable[[str, "Target"], Request]
    look: Callable[[str, "Target"], Request]
    state_in: Callable[[Response], Literal["open", "working", "ended", "gone"]]
    failure_in: Callable[[Response], RowOutcome]
    results: Callable[[str, "Target"], Iterator[Request]]
    outcomes_in: Callable[[Response, Sequence[CustomerRow]], dict[int, RowOutcome]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of target: its field names, and pure functions between rows and HTTP.

    `requests_for` puts the rows it is about into each request's `context`; `outcomes_from` gives one
    outcome for each of them, in order: `batch_refused` for all where the reply is about the batch and names
    no row, `row_locked` for a row to be tried again. `update_for` is sent for a row that is there already
    when the import was asked to update. `lookups_for` asks for rows by what makes them one customer, and for
    the values of the target's fields that are named (a dot leads into a nested object); `found_in` reads
    which are there, by line.

    `allowance_request` asks for the calls left today, `allowance_in` reads the reply at a time; None: the
    API does not say, or not in a way that can be read.

    `repeats_safely`: the same rows sent twice make no second customer, whatever they hold. `looks_first`:
    the API takes a second customer with the same e-mail, so each row is looked up before it is created.
    """

    name: str
    fields: Mapping[str, str]
    endpoint: str
    requests_for: Callable[[Sequence[CustomerRow], "Target", OnDuplicate], Iterator[Request]]
    outcomes_from: Callable[[Response, Sequence[CustomerRow]], list[RowOutcome]]
    update_for: Callable[[CustomerRow, str, "Target"], Request]
    lookups_for: Callable[[Sequence[CustomerRow], "Target", Sequence[str]], Iterator[Request]]
    found_in: Callable[[Response, Sequence[CustomerRow], "Target"], dict[int, Found]]
    can_ask: Callable[["Target"], bool]
    repeats_safely: Callable[["Target", OnDuplicate], bool]
    looks_first: Callable[["Target", OnDuplicate], bool] = lambda _target, _on_duplicate: False
    refusal_before_sending: Callable[[CustomerRow, "Target"], RowOutcome | None] = lambda _row, _target: None
    # The code of a stop that this reply means for the whole run, where its status does not say it.
    stop_code: Callable[[Response], str | None] = lambda _response: None
    allowance_request: Callable[["Target"], Request] | None = None
    allowance_in: Callable[[Response, float], Allowance | None] = lambda _response, _now: None
    # The field that says when a customer was made there, for a look-up; empty where there is none.
    created_field: str = ""
    keeps_custom: bool = False
    splits_name: bool = False
    has_idempotency_keys: bool = False
    # Whether many accounts share one base_url, so that the credential has to tell them apart.
    shares_host: bool = False
    own_batches: bool = False  # takes many rows a request without being told where
    rows_per_request: int = 100
    most_rows_per_request: int = 10_000
    rows_per_lookup: int = 1
    upserts: bool = False  # an update of what is there takes no call of its own
    bulk: BulkKind | None = None
    bulk_from: int = 0  # rows in a chunk from which they are worth a job
    own_settings: frozenset[str] = frozenset()
    retry_also_on: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A checked `customer_api` resource. Delays are in seconds.

    `identity` is what the journal knows it by. `options` holds the settings only its kind has.
    """

    kind: Kind
    integration: Integration
    identity: str
    endpoint: str
    fields: TargetFields
    batch_size: int
    rows_per_request: int
    delay_between_batches: float
    max_concurrent_requests: int
    sends_keys: bool
    # How long a request may be under way to the target after its sender has died or given up.
    in_flight_seconds: float = 5.0
    # The calls that all imports together may make in a day; None: as many as the target takes.
    daily_limit: int | None = None
    batch_endpoint: str | None = None
    lookup_endpoint: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What reports call it: kind and host, nothing secret."""
        parts = urlsplit(self.integration.base_url)
        return f"{self.kind.name} at {parts.hostname or f'this Windmill, {parts.path}'}"

    def loads_in_bulk(self, rows: int) -> bool:
        """Whether so many rows of a chunk go as one job."""
        return self.kind.bulk is not None and rows >= self.options.get("bulk_from", self.kind.bulk_from)

    @property
    def can_ask(self) -> bool:
        """Whether a row can be looked up."""
        return self.kind.can_ask(self)

    def repeats_safely(self, on_duplicate: OnDuplicate, *, same_content: bool = True) -> bool:
        """Whether a row that may have been applied can simply be sent again.

        An idempotency key covers only the very same content, and a batch's key only the very same batch.
        """
        keyed = self.sends_keys and same_content and self.batch_endpoint is None
        return keyed or self.kind.repeats_safely(self, on_duplicate)

    def guarantee(self, journal: JournalKind = "file", on_duplicate: OnDuplicate = "skip") -> str:
        """What a crash or a lost answer means here, in sentences for the report."""
        if self.kind.repeats_safely(self, on_duplicate):
            return (
                "Exactly once: the target itself tells a repeated row by its e-mail or external id, so it is "
                "not created twice."
            )
        if self.repeats_safely(on_duplicate):
            return (
                "Exactly once: every row carries an idempotency key, so a repeated row is not created twice."
            )
        if journal == "none":
            return (
                "At least once: nothing remembers which rows were sent, so a run after a crash may create "
                "some of them again. Give a journal."
            )
        where = (
            " The journal is a file of this machine: where several workers share the imports, give a "
            "postgresql resource as journal."
            if journal == "file"
            else ""
        )
        if self.can_ask:
            return (
                "Exactly once: the journal knows which rows were sent, and a row whose answer was lost is "
                f"looked up before it is sent again.{where}"
            )
        return (
            "At most once: the journal knows which rows were sent, and a row whose answer was lost is "
            f"reported as unknown and not sent again.{where}"
        )

    def render(self, customer: Customer) -> dict[str, Any]:
        """The customer in the target's own names."""
        if self.kind.splits_name:
            customer = with_split_name(customer)
        values = {"name": customer.name, "email": customer.email, **customer.fields}
        return self.fields.render(values, customer.custom)

    def record_of(self, row: CustomerRow) -> dict[str, Any]:
        """The row's customer in the target's own names, rendered once. Not to be changed: others read it."""
        if row.record is None:
            row.record = self.render(row.customer)
        return row.record

    def values_of(self, rows: Sequence[CustomerRow], name: str) -> dict[int, str]:
        """What the rows have in one of the target's fields, by line; every row has an e-mail address."""
        if name == self.kind.fields["email"]:
            return {row.line: row.customer.email for row in rows}
        values = {row.line: self.record_of(row).get(name) for row in rows}
        return {line: value for line, value in values.items() if isinstance(value, str)}

    def key_of(self, record: Any) -> str | None:
        """The idempotency key of a rendered record or batch: from target and content, not from line or run.

        None where the API has no such keys.
        """
        if not self.sends_keys:
            return None
        return digest(f"{self.integration.base_url}\n{self.endpoint}\n{content_of(record)}")


def content_of(record: Any) -> str:
    """A record as text that is the same whenever its content is."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode()


def digest(text: str) -> str:
    """A short name for a text that tells nothing of it."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
