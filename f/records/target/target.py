"""A target: what every kind of API that takes records is to the engine, and one of them ready for use.

A `Kind` is a set of pure functions between rows and HTTP: the requests for these rows, the outcomes from this
reply. What only some APIs can do is a capability of its own: `Lookup` finds records that are there, `Bulk`
takes many rows as one job, `Quota` says how many calls are left. A `Target` is a kind with checked settings.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

import orjson

from f.connect.integration import script_path
from f.connect.times import DAY_SECONDS
from f.records.rows.row import CUSTOM, Row, Rows
from f.records.target.applied import DEFAULT_RULES, ReplyRules
from f.records.target.proven import NOTHING, Proven

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.integration import Integration
    from f.records.rows.outcome import RowOutcome
    from f.records.target.field_names import FieldNames
    from f.records.target.lookup_proof import LookupProof, LookupReading

OnDuplicate = Literal["skip", "update", "fail"]
JournalKind = Literal["postgres", "data_table", "file", "none"]


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """Calls a target takes a day, and how many of them are left now.

    `renews_at`, seconds since the epoch, is when all come back; None: each comes back a day after its use.
    """

    daily_limit: int
    left: int
    renews_at: float | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What is the same for every target of a kind.

    `own_batches`: takes many rows a request, without an endpoint for it in the resource. `upserts`: an update
    of what is there takes no call of its own. `shares_host`: many accounts share one base_url, so that the
    credential has to tell them apart. `known_by`: by what the target itself recognises a repeated row, in
    words. `caseless`: our fields that it compares without regard to case.
    """

    keeps_custom: bool = False
    has_idempotency_keys: bool = False
    shares_host: bool = False
    own_batches: bool = False
    rows_per_request: int = 100
    most_rows_per_request: int = 10_000
    upserts: bool = False
    own_settings: frozenset[str] = frozenset()
    retry_also_on: tuple[int, ...] = ()
    known_by: str = "its key"
    caseless: frozenset[str] = frozenset()


class Lookup(Protocol):
    """Finding records that are in the target already.

    `created_field` is the target's field that says when a record was made there; empty if there is none.
    """

    created_field: str
    rows_per_lookup: int

    @property
    def proving(self) -> Proving | None:
        """How its replies are learnt; None if they are documented."""

    def can_look_up(self, target: Target) -> bool:
        """Return whether this target can be asked for a row."""

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return whether the API takes a second record with the same key, so that each is looked up first."""

    def asked_by(self, target: Target) -> Sequence[str]:
        """Return our fields by each of which alone a record can be asked for; none: by a whole row."""
        del target
        return ()

    def lookups_for(self, rows: Rows, target: Target, names: Sequence[str]) -> Iterator[Request]:
        """Yield requests that ask for rows by their key, each with its rows as `context`.

        `names` are the target's fields whose values are wanted; a dot leads into a nested object.
        """

    def read_lookup(
        self, response: Response, rows: Rows, target: Target, proof: LookupProof | None
    ) -> LookupReading:
        """Return which of the rows are there, and which the reply proves not to be. It may prove neither."""


class Proving(Protocol):
    """Finding out what a look-up's replies mean, where that is not documented.

    Until it is known of this very target, a reply that does not show a record says nothing.
    """

    def never_made(self, row: Row) -> Row:
        """Return a row like this one, of a record that the target cannot have."""

    def prove(
        self, made: Row, remote_id: str | None, replies: tuple[Response, Response], lag: float, target: Target
    ) -> LookupProof | str:
        """Return what the replies prove, to a row that was made and to one that never was; or why nothing.

        `remote_id` is the made record's id, if its making told; `lag`: seconds until it was found.
        """


class Bulk(Protocol):
    """Taking many rows as one job: opened, filled, closed, awaited, read. `bulk_from`: rows worth a job."""

    bulk_from: int

    def new_job(self, target: Target, on_duplicate: OnDuplicate) -> Request:
        """Return the request that opens a job. An open job does nothing."""

    def job_in(self, response: Response) -> str:
        """Return the id of the job that was opened."""

    def upload(self, job: str, rows: Rows, target: Target) -> Request:
        """Return the request that fills the job. A second one must be refused by the target."""

    def close(self, job: str, target: Target) -> Request:
        """Return the request that makes the load begin."""

    def abort(self, job: str, target: Target) -> Request:
        """Return the request that aborts an open job, which then has no effect."""

    def look(self, job: str, target: Target) -> Request:
        """Return the request that asks how far the job is."""

    def state_in(self, response: Response) -> Literal["open", "working", "ended", "gone"]:
        """Return `open` if the job was never closed, so nothing was applied; `gone` if it never will be."""

    def failure_in(self, response: Response) -> RowOutcome:
        """Return the outcome of rows that no result of an ended job names."""

    def results(self, job: str, target: Target) -> Iterator[Request]:
        """Yield the requests that read what became of the rows."""

    def outcomes_in(self, response: Response, rows: Rows) -> dict[int, RowOutcome]:
        """Return the outcomes that one of those replies holds, by line."""


class Quota(Protocol):
    """Saying how many calls the target still takes today."""

    def quota_request(self, target: Target) -> Request:
        """Return the request that asks for the calls left."""

    def quota_in(self, response: Response, now: float) -> QuotaLeft | None:
        """Return what the reply says; None if it cannot be read. `now` in seconds since the epoch."""


class Kind(Protocol):
    """One kind of target. Its methods are pure: they build requests and read replies, and never send.

    `fields` are our fields under the target's names, `endpoint` is where its records are made unless the
    resource says otherwise. `lookup`, `bulk` and `quota` are None if the API has no such thing.
    """

    name: str
    fields: Mapping[str, str]
    endpoint: str
    traits: Traits

    @property
    def lookup(self) -> Lookup | None:
        """How records are found."""

    @property
    def bulk(self) -> Bulk | None:
        """How many rows go as one job."""

    @property
    def quota(self) -> Quota | None:
        """How the calls left are asked for."""

    def connection(self, api: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what of an Integration a resource of this kind need not say; its own settings win."""

    def render(self, record: Mapping[str, Any], names: FieldNames) -> dict[str, Any]:
        """Return a row's record in the target's own names."""

    def requests_for(self, rows: Rows, target: Target, on_duplicate: OnDuplicate) -> Iterator[Request]:
        """Yield the requests that create the rows, each with the rows it is about as `context`."""

    def outcomes_from(self, response: Response, rows: Rows, target: Target) -> list[RowOutcome]:
        """Return one outcome for each row of a request, in order.

        `batch_refused` for all if the reply is about the batch and names no row, `row_locked` for a row to be
        tried again. Replies that stop the run (401, 403, 404 and so on) never come here.
        """

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        """Return the request that brings a record that is there up to date. Repeating it is harmless."""

    def refusal_before_sending(self, row: Row, target: Target) -> RowOutcome | None:
        """Return why the target would refuse the row, if that can be known without asking it."""

    def stop_code(self, response: Response) -> str | None:
        """Return the reason code of a stop that a reply means for the run, if its status does not say it."""

    def repeats_safely(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return whether the same rows sent twice make no second record, whatever they hold."""


class BaseKind:
    """What most kinds have in common: no capability, no refusal, no stop of their own."""

    traits = Traits()

    @property
    def lookup(self) -> Lookup | None:
        """None: records cannot be found."""
        return None

    @property
    def bulk(self) -> Bulk | None:
        """None: there are no bulk jobs."""
        return None

    @property
    def quota(self) -> Quota | None:
        """None: nobody says how many calls are left."""
        return None

    def connection(self, api: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return nothing: the resource says it all."""
        del api
        return {}

    def render(self, record: Mapping[str, Any], names: FieldNames) -> dict[str, Any]:
        """Return the record under the target's names, as it is."""
        custom = record.get(CUSTOM)
        if custom is None:
            return names.render(record, {})
        if CUSTOM in names.plain or CUSTOM in names.nested:  # a column's name, which no field of ours has
            record = {name: text for name, text in record.items() if name != CUSTOM}
        return names.render(record, custom)

    def refusal_before_sending(self, row: Row, target: Target) -> RowOutcome | None:
        """Return None: what the target refuses is found out by asking it."""
        del row, target
        return None

    def stop_code(self, response: Response) -> str | None:
        """Return None: the status says it."""
        del response
        return None


@dataclass(frozen=True, slots=True)
class Target:
    """A kind with the checked settings of one resource. Delays are in seconds.

    `identity` is what the journal knows it by. `options` holds the settings only its kind has.
    """

    kind: Kind
    integration: Integration
    identity: str
    endpoint: str
    fields: FieldNames
    batch_size: int
    rows_per_request: int
    delay_between_batches: float
    max_concurrent_requests: int
    sends_keys: bool
    # Seconds a request may still be under way to the target after its sender has died or given up.
    in_flight_seconds: float = 5.0
    # How long the target remembers an idempotency key.
    key_seconds: float = DAY_SECONDS
    # The calls that all imports together may make in a day; None: as many as the target takes.
    daily_limit: int | None = None
    batch_endpoint: str | None = None
    lookup_endpoint: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    replies: ReplyRules = DEFAULT_RULES
    proven: Proven = NOTHING

    @property
    def in_flight(self) -> float:
        """Seconds after which a request can no longer be under way: what a timeout gave up may go on."""
        return max(self.in_flight_seconds, self.integration.timeout)

    @property
    def title(self) -> str:
        """What reports call it: kind and host, nothing secret."""
        is_mock = self.integration.mode == "mock"
        url = (self.integration.twin_url if is_mock else None) or self.integration.base_url
        if (script := script_path(url)) is not None:
            return f"{self.kind.name} at the script {script}"
        parts = urlsplit(url)
        where = parts.netloc.rpartition("@")[2] or f"this Windmill, {parts.path}"
        return f"{self.kind.name} at {where}{', its twin' if is_mock else ''}"

    def loads_in_bulk(self, rows: int) -> bool:
        """Return whether so many rows of a chunk go as one job."""
        bulk = self.kind.bulk
        return bulk is not None and rows >= self.options.get("bulk_from", bulk.bulk_from)

    @property
    def lookup(self) -> Lookup | None:
        """How a row is looked up here; None if it cannot be."""
        lookup = self.kind.lookup
        return lookup if lookup is not None and lookup.can_look_up(self) else None

    @property
    def can_ask(self) -> bool:
        """Whether a row can be looked up."""
        return self.lookup is not None

    @property
    def proves_absence(self) -> bool:
        """Whether a look-up's reply can say that a row is not there, before this import has tried."""
        lookup = self.lookup
        return lookup is not None and (lookup.proving is None or self.proven.lookup is not None)

    def looks_first(self, on_duplicate: OnDuplicate) -> bool:
        """Return whether each row is looked up before it is created."""
        return self.kind.lookup is not None and self.kind.lookup.looks_first(self, on_duplicate)

    def repeats_safely(
        self, on_duplicate: OnDuplicate, *, same_content: bool = True, age: float = 0.0
    ) -> bool:
        """Return whether a row that may have been applied can simply be sent again.

        An idempotency key covers only the very same content, for as long as the target keeps it (`age`:
        seconds since it was first sent), and a batch's key only the very same batch. It counts if it was
        shown to work here: that the settings send one proves nothing.
        """
        if self.proven.repeats == "record" or self.kind.repeats_safely(self, on_duplicate):
            return True
        return self.obeys_keys and same_content and age < self.key_seconds

    @property
    def obeys_keys(self) -> bool:
        """Whether single rows carry an idempotency key, and the target was shown to obey it."""
        return self.sends_keys and self.proven.repeats == "key" and self.batch_endpoint is None

    def render(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row's record in the target's own names."""
        return self.kind.render(record, self.fields)

    def record_of(self, row: Row) -> dict[str, Any]:
        """Return the row's record in the target's own names, rendered once. Do not change it."""
        if row.rendered is None:
            row.rendered = self.render(row.record)
        return row.rendered

    def caseless(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a rendered record without the case of those values whose case says nothing to the target."""
        changed: dict[str, Any] = {}
        for name in self.kind.traits.caseless:
            place = self.fields.plain.get(name)
            value = record.get(place) if place else None
            if isinstance(value, str) and place and not value.islower():
                changed[place] = value.casefold()
        return {**record, **changed} if changed else record

    def values_of(self, rows: Rows, name: str) -> dict[int, str]:
        """Return what the rows have in one of the target's fields, by line."""
        values = {row.line: self.record_of(row).get(name) for row in rows}
        return {line: value for line, value in values.items() if isinstance(value, str)}

    def key_of(self, record: Any, generation: int = 0) -> str | None:
        """Return the idempotency key of a rendered record or batch, or None if the API has no such keys.

        It is made of target and content, not of line or run. For a record that is made anew it is another:
        to the first one the target would only answer once more that it was made.
        """
        if not self.sends_keys:
            return None
        again = f"\n{generation}" if generation else ""
        return digest(b"%b\n%b%b" % (self.identity.encode(), content_bytes(record), again.encode()))


def content_bytes(record: Any) -> bytes:
    """Return a record as bytes that are the same whenever its content is."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def content_of(record: Any) -> str:
    """Return a record as text that is the same whenever its content is."""
    return content_bytes(record).decode()


def digest(text: str | bytes) -> str:
    """Return a short name for a text that tells nothing of it."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.blake2b(data, digest_size=16).hexdigest()
