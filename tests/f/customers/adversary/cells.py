"""The table: which API behaves how, what its importer was told of it, and how one cell of it is run."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.bench.rig.strangers.behaviour import Behaviour, Unique
from mill.bench.rig.strangers.client import Acquaintance, Books
from mill.bench.rig.witness import Facts, Witness, leaves_none_unknown, lost, read, twice

ROWS = 10
IMPORTS = ("first", "again", "changed")
LOOKUP = {"lookup": "/customers?email={email}"}
_QUICK: Mapping[str, Any] = {
    "timeout": 0.2,
    "batch_size": 5,
    "max_concurrent_requests": 4,
    "retry_attempts": 3,
    "initial_delay": 0.01,
    "max_delay": 0.03,
    "in_flight_seconds": 0.3,
}


@dataclass(frozen=True)
class Client:
    """What the importer is told of an API, which need not be so."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    checked: bool = False  # check_target has measured the API first, and the resource holds what it found


KEYS = Client("keys")
KEYS_LOOKUP = Client("keys, look-up", {}, LOOKUP)
LOOKUP_ONLY = Client("look-up", {"idempotency_keys": False}, LOOKUP)
BARE = Client("neither", {"idempotency_keys": False})
CHECKED = Client("checked", {}, LOOKUP, checked=True)
CHECKED_KEYS = Client("checked, no look-up", checked=True)
THREE = (KEYS, LOOKUP_ONLY, BARE, CHECKED, CHECKED_KEYS)
LOOKING = (KEYS_LOOKUP, LOOKUP_ONLY, CHECKED)


@dataclass(frozen=True)
class Cell:
    """One API, one importer."""

    api: str
    behaviour: Behaviour
    client: Client
    on_duplicate: str = "skip"
    seeded: int = 0  # customers that are there before
    then: Mapping[str, Any] = field(default_factory=dict)  # how it behaves from the second import on

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return f"{self.api} | {self.client.name}" + (
            f" | {self.on_duplicate}" if self.on_duplicate != "skip" else ""
        )


@dataclass
class Result:
    """What came of a cell: the counts of each import, and every sentence about what is wrong."""

    counts: list[dict[str, int]] = field(default_factory=list)
    guarantees: list[str] = field(default_factory=list)
    seconds: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)  # by import

    @property
    def promise(self) -> str:
        """The first words of the last guarantee."""
        return self.guarantees[-1].split(":")[0] if self.guarantees else "nothing"


def run(cell: Cell, api: Acquaintance) -> Result:
    """Import ten rows, import them again, and once more with other names and an e-mail in other letters."""
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_JOB_ID", "WM_TOKEN", "WM_WORKSPACE"):
        os.environ.pop(name, None)
    rows = _rows("Customer")
    api.seed([{cell.behaviour.email_field: row["email"], "name": "Old"} for row in rows[: cell.seeded]])
    changed = _rows("Changed")
    changed[0]["email"] = changed[0]["email"].upper()
    result, witness, began = Result(), Witness(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cell-") as home:
        os.environ["HOME"] = home
        for number, (what, sent) in enumerate(zip(IMPORTS, (rows, rows, changed), strict=True)):
            if number == 1 and cell.then:
                api.change(**cell.then)
            try:
                report = _import(cell, api, sent, f"import-{number}")
            except Exception as error:  # noqa: BLE001 - whatever an API does, an import has a result
                result.wrong[what] = [f"the import ended with {type(error).__name__}: {error}"[:200]]
                continue
            _judge(result, witness, what, report, sent, facts_of(api.books()))
    result.seconds = time.monotonic() - began
    return result


def facts_of(books: Books) -> Facts:
    """Return what a ledger says, for the witness."""
    dropped = frozenset(email.casefold() for email in books.dropped)
    return Facts(books.held(), books.committed(), books.sent(), books.ids(), dropped)


def _import(cell: Cell, api: Acquaintance, rows: list[dict[str, Any]], import_id: str) -> dict[str, Any]:
    from f.connect.integration import CircuitBreaker  # noqa: PLC0415 - the processes that run cells pay for it
    from f.customers.create_customers import main  # noqa: PLC0415 - as above

    # A resource has no setting for it, and an API that is down for two minutes is none of these.
    defaults = CircuitBreaker.__init__.__kwdefaults__
    assert defaults is not None
    defaults["enabled"] = False
    resource: Any = {
        "kind": "generic",
        "base_url": api.url,
        "endpoints": {"customers": "/customers", **cell.client.endpoints},
        "authentication": {"type": "bearer_token", "token": "stranger"},
        "settings": {**_QUICK, **cell.client.settings},
        "mapping": dict(cell.client.mapping),
    }
    on_duplicate: Any = cell.on_duplicate
    if cell.client.checked:
        resource["proven"] = _checked(cell, resource)
    with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
        return dict(
            main(resource, customers=rows, import_id=import_id, on_duplicate=on_duplicate, park_after=1)
        )


def _checked(cell: Cell, resource: Any) -> dict[str, Any]:
    """What check_target finds out, once for the three imports. It may meet the API's faults as well."""
    from f.connect.errors import ConnectError  # noqa: PLC0415 - the processes that run cells pay for it
    from f.customers.check_target import main as check_target  # noqa: PLC0415 - as above

    if cell.name not in _FOUND:
        with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
            try:
                _FOUND[cell.name] = dict(check_target(resource, write=True)["proven"] or {})
            except ConnectError:  # a red check proves nothing
                _FOUND[cell.name] = {}
    return _FOUND[cell.name]


_FOUND: dict[str, dict[str, Any]] = {}


def _judge(
    result: Result,
    witness: Witness,
    what: str,
    report: Mapping[str, Any],
    rows: list[dict[str, Any]],
    facts: Facts,
) -> None:
    result.counts.append(report["counts"])
    result.guarantees.append(report["guarantee"])
    contradictions = list(witness.hear(report, rows, facts).values())
    told = dict(zip((row["email"] for row in rows), read(report, range(1, ROWS + 1)), strict=True))
    contradictions += ["are there twice"] * len(twice(facts, told))
    contradictions += ["are lost"] * len(lost(told, facts))
    unknown = report["counts"].get("unknown", 0)
    if what != "first" and leaves_none_unknown(report["guarantee"]):
        contradictions += ["stay unknown, and it says exactly once"] * unknown
    result.wrong[what] = [f"{count} rows {why}" for why, count in Counter(contradictions).items()]


def _rows(name: str) -> list[dict[str, Any]]:
    return [{"name": f"{name} {row}", "email": _email(row)} for row in range(ROWS)]


def _email(row: int) -> str:
    """Each second address contains the one before it."""
    return f"{'a' * (row % 2)}c{row // 2}@example.com"


def _some(name: str, share: float = 0.5, **rest: Any) -> Behaviour:
    """An API in which one fault strikes a share of the first attempts."""
    return Behaviour(faults={name: share}, fault_attempts=1, **rest)


_KEYED: Mapping[str, Any] = {"keys": "honoured", "lookup": "data"}

# Name, behaviour, which importers meet it.
APIS: tuple[tuple[str, Behaviour, tuple[Client, ...]], ...] = (
    # the answer is lost, or says the opposite
    *((f"{fault}, no keys", _some(fault, lookup="data"), THREE) for fault in (
        "500_after", "503_after", "504_after", "503_before", "429_before", "reset_before",
        "reset_after", "hang_before", "hang_after", "cut_after", "page_before", "page_after",
    )),
    *((f"{fault}, keys", _some(fault, **_KEYED), (KEYS, LOOKUP_ONLY, CHECKED, CHECKED_KEYS)) for fault in (
        "500_after", "503_after", "503_before", "reset_after", "hang_after", "hang_before",
        "cut_after",
    )),
    ("502_after, html", _some("502_after", error_body="html", lookup="data"), (KEYS, LOOKUP_ONLY)),
    ("503_after always, no keys", Behaviour(faults={"503_after": 1}, lookup="data"), THREE),
    ("503_after always, unique", Behaviour(faults={"503_after": 1}, unique="409_bare"), (KEYS, BARE)),
    ("503_after, replayed", _some("503_after", keys="honoured", keys_replay_errors=True), (KEYS,)),
    # it comes later
    ("reset_late", _some("reset_late", lookup="data"), THREE),
    ("reset_late, keys", _some("reset_late", **_KEYED), (KEYS, KEYS_LOOKUP)),
    ("hang_late", _some("hang_late", late_seconds=0.4, lookup="data"), THREE),
    ("503_late", _some("503_late", lookup="data"), THREE),
    ("reset_late, later than told", _some("reset_late", late_seconds=0.6, lookup="data"), (KEYS, BARE)),
    # keys that are not what they seem
    ("keys for one write", _some("503_after", keys="honoured", keys_requests=0), (KEYS, KEYS_LOOKUP)),
    ("keys for 2 writes", _some("hang_after", keys="honoured", keys_requests=1), (KEYS, KEYS_LOOKUP)),
    ("keys for 0.05 s", _some("hang_after", keys="honoured", keys_seconds=0.05), (KEYS, KEYS_LOOKUP)),
    ("keys, any content", _some("503_after", keys="honoured", keys_other_content="replay"), (KEYS,)),
    ("keys by content", _some("503_after", keys="honoured", keys_other_content="apply"), (KEYS,)),
    ("keys, no lock", _some("hang_late", keys="honoured", keys_running="apply", late_seconds=0.3), (KEYS,)),
    ("keys, 409 while running", _some("hang_before", keys="honoured", hang_seconds=0.8), (KEYS, KEYS_LOOKUP)),
    # success in other shapes
    *((f"success {form}", Behaviour(success=form, lookup="data"), (LOOKUP_ONLY, BARE)) for form in (
        "201_empty", "204", "200", "200_empty", "200_html", "200_sign_in", "302_sign_in", "200_refused",
        "202",
    )),
    *((f"id in {place}", _some("hang_after", id_place=place, lookup="data"), LOOKING) for place in (
        "data", "customer", "location", "none",
    )),
    ("number as id", _some("hang_after", id_form="number", lookup="data"), (LOOKUP_ONLY,)),
    ("session ends, 200 sign-in", Behaviour(token_requests=6, token_refusal="200_sign_in"), (KEYS, BARE)),
    ("session ends, 302 sign-in", Behaviour(token_requests=6, token_refusal="302_sign_in"), (KEYS, BARE)),
    ("token ends, 401", Behaviour(token_requests=6), (KEYS, BARE)),
    ("20 requests a second", Behaviour(requests_a_second=20, lookup="data"), (KEYS, LOOKUP_ONLY)),
    # look-ups that do not find what is there, or find what is not
    *((f"look-up {shape}", _some("hang_after", lookup=shape), (LOOKUP_ONLY,)) for shape in (
        "none", "data", "users", "items", "list", "object", "none_204", "always_204", "always_404", "html",
    )),
    ("look-up ignores the filter", _some("hang_before", lookup="data", lookup_matches="everything"), LOOKING),
    ("look-up lists a page of 2", _some(
        "hang_after", lookup="data", lookup_matches="everything", lookup_page=2), LOOKING),
    ("look-up by part", _some("hang_before", lookup="data", lookup_matches="containing"), LOOKING),
    ("look-up lags 1 s", _some("hang_after", lookup="data", lookup_lag=1.0), LOOKING),
    ("look-up says email_address", _some(
        "hang_after", lookup="data", lookup_email_field="email_address"), LOOKING),
    ("look-up shows ids alone", _some("hang_after", lookup="data", lookup_shows="id"), LOOKING),
    ("look-up by exact letters", _some("hang_after", lookup="data", lookup_case="sensitive"), LOOKING),
    ("look-up fails sometimes", _some("hang_after", lookup="data", lookup_errors=0.5), LOOKING),
    ("look-up fails always", _some("hang_after", lookup="data", lookup_errors=1.0), LOOKING),
    # what is kept
    ("drops one in five", Behaviour(drops=0.2, lookup="data"), (KEYS, LOOKUP_ONLY)),
    ("cuts names at 5", _some("hang_after", truncate={"name": 5}, lookup="data"), LOOKING),
    ("lower-cases e-mails", _some("hang_after", lower_case=True, lookup="data"), LOOKING),
)  # fmt: skip

_UNIQUE: tuple[Unique, ...] = (
    "409_existing_id",
    "409_request_id",
    "409_bare",
    "422_taken",
    "400_exists",
    "200_existing",
)
_OTHER_FIELD = Client("look-up, mapped", {"idempotency_keys": False}, LOOKUP, {"email": "email_address"})
_OTHER_LOOKUP = Client(
    "look-up, mapped, its own name",
    {"idempotency_keys": False},
    {"lookup": "/customers?email_address={email}"},
    {"email": "email_address"},
)
# What a person knows of an API may be said in its resource.
_NOT_APPLIED_503 = Client("503 is not applied", {"idempotency_keys": False, "not_applied_on_status": [503]})
_APPLIED_200 = Client("200 is applied", {"idempotency_keys": False, "applied_on_status": [200]})
_SHORT_KEYS = Client("keys for 0.04 s, look-up", {"idempotency_key_hours": 0.00001}, LOOKUP)
_TYPO = Client("look-up with a typo", {"idempotency_keys": False}, {"lookup": "/customer?email={email}"})
_WRONG_FILTER = Client("unknown filter", {"idempotency_keys": False}, {"lookup": "/customers?mail={email}"})


def _cells() -> list[Cell]:
    cells = [Cell(name, behaviour, client) for name, behaviour, clients in APIS for client in clients]
    for unique in _UNIQUE:
        there, struck = (
            Behaviour(unique=unique, lookup="data"),
            _some("hang_after", unique=unique, lookup="data"),
        )
        policies = ("skip",) if unique == "200_existing" else ("skip", "update", "fail")
        cells += [Cell(f"{unique}, 4 there", there, BARE, policy, seeded=4) for policy in policies]
        cells += [Cell(f"{unique}, hang_after", struck, LOOKUP_ONLY, policy) for policy in policies]
        cells += [Cell(f"{unique}, hang_after", struck, client) for client in (KEYS, BARE)]
    exact = _some("hang_after", unique="409_bare", unique_case="sensitive", lookup="data")
    cells += [Cell("unique by exact letters", exact, client) for client in THREE]
    for on_duplicate in ("update", "fail"):
        takes_both = _some("hang_after", lookup="data")
        cells += [
            Cell("takes duplicates", takes_both, client, on_duplicate) for client in (KEYS, LOOKUP_ONLY)
        ]
    updated = _some("503_after", unique="409_existing_id", faults_of_updates=True)
    cells.append(Cell("updates answered 503", updated, KEYS, "update", seeded=4))
    cells.append(
        Cell("updates answered 204", Behaviour(unique="409_existing_id", update="204"), KEYS, "update", 4)
    )
    cells.append(Cell("no updates", Behaviour(unique="409_existing_id", update="404"), KEYS, "update", 4))
    named = _some(
        "hang_after", email_field="email_address", lookup_email_field="email_address", lookup="data"
    )
    cells += [Cell("email_address", named, client) for client in (_OTHER_FIELD, _OTHER_LOOKUP, KEYS)]
    plain = _some("hang_after", lookup="data")
    cells += [Cell("hang_after", plain, client) for client in (_TYPO, _WRONG_FILTER)]
    cells += [
        Cell("503_before", _some("503_before"), _NOT_APPLIED_503),
        Cell("success 200_empty", Behaviour(success="200_empty"), _APPLIED_200),
        Cell(
            "keys for 0.05 s",
            _some("hang_after", keys="honoured", keys_seconds=0.05, lookup="data"),
            _SHORT_KEYS,
        ),
    ]
    down = Behaviour(faults={"503_before": 1}, lookup="data")
    cells += [Cell("down, then up", down, client, then={"faults": {}}) for client in THREE]
    out = Behaviour(faults={"hang_after": 0.5}, lookup="always_404")
    cells += [
        Cell("look-up 404, then mended", out, client, then={"faults": {}, "lookup": "data"})
        for client in (KEYS_LOOKUP, LOOKUP_ONLY)
    ]
    return cells


CELLS = _cells()
# What an import takes a target's word for: that a 429 is given before any work is done (RFC 6585, 4), and
# that nothing is applied later than in_flight_seconds after it was sent.
BELIEVED = [
    Cell("429_after", _some("429_after", lookup="data"), BARE),
    Cell("429_after", _some("429_after", lookup="data"), LOOKUP_ONLY),
    Cell("reset_late, later than told", _some("reset_late", late_seconds=0.6, lookup="data"), LOOKUP_ONLY),
]
