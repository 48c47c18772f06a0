"""What `mill bench import` runs in processes of their own, in the workspace's root: one measurement, as JSON.

`python import_worker.py speed ROWS ROUNDS`, `parse OBJECT` (a Windmill job's environment) or
`agree VALUES SEED`.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import re_util
from wmill import S3Object

from f.customers.parse_csv import main as parse_csv
from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.email_address import normalize_plain
from f.customers.validation.phone_number import read_plain
from f.customers.validation.row_check import RowCheck, is_clean
from f.records.reading.columns import map_columns
from f.records.reading.table import read_table
from f.records.reading.table_validation import validate_table
from f.records.rows.chunk_sizes import chunk_sizes
from f.records.rows.row_spool import RowSpool
from f.records.rows.row_store import StoredRows
from mill.bench.rig import dataset, tricky
from mill.bench.workers.obvious import Customers, obvious

_CHUNK_BYTES = 1 << 16
_BLOCK_ROWS = 64
_SHOWN = 20


def checked(data: bytes) -> Customers:
    """What parse_csv does up to the verdicts."""
    table = read_table(_chunks(data))
    checks = RowCheck(map_columns(table.header, CUSTOMERS), None)
    while block := list(islice(table.rows, _BLOCK_ROWS)):
        for verdict in checks.verdicts([row.cells for row in block if row.fault is None]):
            if verdict[0]:
                yield verdict[0]


def sorted_out(data: bytes) -> Iterator[StoredRows]:
    """All of parse_csv but the storage: duplicates found, records encoded, everything counted."""

    class Nowhere(RowSpool):
        """Drops what it is given."""

        def put(self, _name: str, lines: list[bytes]) -> StoredRows:
            return {"count": len(lines)}

    valid = validate_table(
        read_table(_chunks(data)),
        CUSTOMERS,
        mapping=None,
        options={},
        spool=Nowhere(""),
        sizes=chunk_sizes(None),
    )
    yield from valid.refused


def _chunks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES))


def speed(rows: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return rows a second of processor time, each way in turns over the same bytes."""
    files = {
        "clean": ("".join(dataset.to_csv(dataset.clean_rows(rows))).encode(), ","),
        "dirty": ("".join(dataset.to_csv(dataset.dirty_rows(rows), ";")).encode(), ";"),
    }
    clean, delimiter = files["clean"]
    essence = itemgetter("name", "email")
    for theirs, ours in zip(obvious(clean, delimiter), checked(clean), strict=True):
        if essence(theirs) != essence(ours) or theirs["phone"] != ours.get("phone", ""):
            raise SystemExit(f"The two pipelines do not make the same customer of {theirs['email']}.")
    rates: dict[str, dict[str, list[float]]] = {}
    for name, (data, mark) in files.items():
        ways: dict[str, Callable[[], Iterable[object]]] = {
            "obvious": partial(obvious, data, mark),
            "checked": partial(checked, data),
            "whole": partial(sorted_out, data),
        }
        rates[name] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, work in ways.items():
                rates[name][way].append(_rows_a_second(work, rows))
    return rates


def _rows_a_second(work: Callable[[], Iterable[object]], rows: int) -> float:
    started = time.process_time()
    for _ in work():
        pass
    return rows / (time.process_time() - started)


def parse(path: str) -> dict[str, float]:
    """The script itself on an object of the workspace's storage, which its chunks go to as well."""
    started = time.process_time()
    parsed = parse_csv(file=S3Object(s3=path))
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return {"rows": parsed["counts"]["rows"], "seconds": seconds, "peak_mb": peak}


def agree(values: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return how many values took the short cut, and on which of them it does not say what the rule says."""
    re_util.enable_pattern_cache()  # phonenumbers compiles each pattern anew where so many countries meet
    rng = random.Random(seed)  # noqa: S311 - test data that should repeat
    verdicts: dict[str, Iterator[tuple[Any, Any, Any]]] = {
        "addresses": _addresses(values, rng),
        "phone numbers": _numbers(values, rng),
        "rows": _rows(values, rng),
    }
    return {kind: _compared(found) for kind, found in verdicts.items()}


def _compared(verdicts: Iterable[tuple[Any, Any, Any]]) -> dict[str, Any]:
    values = short = 0
    differing: list[str] = []
    for value, short_cut, rule in verdicts:
        values += 1
        if short_cut is not None:
            short += 1
            if short_cut != rule:
                differing.append(f"{value!r}: {short_cut!r}, by the rule {rule!r}")
    return {"values": values, "short": short, "differing": len(differing), "shown": differing[:_SHOWN]}


def _addresses(values: int, rng: random.Random) -> Iterator[tuple[str, str | None, str | None]]:
    for _ in range(values):
        text = tricky.email(rng)
        try:
            rule = validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            rule = None
        yield text, normalize_plain(text), rule


def _numbers(values: int, rng: random.Random) -> Iterator[tuple[Any, str | None, str | None]]:
    for _ in range(values):
        text, country = tricky.phone(rng)
        rule = None
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            pass
        else:
            if phonenumbers.is_valid_number(number) and number.extension is None:
                rule = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        yield (text, country), read_plain(text, country), rule


def _rows(values: int, rng: random.Random) -> Iterator[tuple[list[str], Any, Any]]:
    checks = RowCheck(map_columns(tricky.HEADER, CUSTOMERS), "US")
    for start in range(0, values, _BLOCK_ROWS):
        block = [tricky.row(start + place, rng) for place in range(min(_BLOCK_ROWS, values - start))]
        for cells, verdict in zip(block, checks.verdicts(block), strict=True):
            rule = json.dumps(checks.by_rule(cells))  # with the order of the fields, which records keep
            yield cells, json.dumps(verdict) if is_clean(cells) else None, rule


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    sys.stdout, answer = sys.stderr, sys.stdout  # parse_csv prints its log
    if kind == "parse":
        json.dump(parse(arguments[0]), answer)
    elif kind == "speed":
        json.dump(speed(int(arguments[0]), int(arguments[1])), answer)
    else:
        json.dump(agree(int(arguments[0]), int(arguments[1])), answer)
