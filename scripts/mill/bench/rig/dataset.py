"""Customer files of any size for runs and benchmarks, from a seed: the same call writes the same bytes.

`python -m mill.bench.rig.dataset --dirty > customers.csv` wrote the sample of this repository.
People, addresses and numbers are fictional: reserved domains (RFC 2606), numbers set aside for drama.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
from collections.abc import Callable, Iterator

HEADER = [
    "Full Name", "E-Mail Address", "Tel.", "Organisation", "Street", "City", "ZIP", "Country", "Notes",
    "Customer Since", "VIP",
]  # fmt: skip

_NAMES = """
Ada Hopper, Grace Lovelace, Alan Johnson, Katherine Turing, Edsger Liskov, Barbara Dijkstra, Tim Perlman,
Radia Knuth, Donald Allen, Frances Hamilton, Linus Thompson, Margaret Borg, Ken Ritchie, Anita Lamarr,
Dennis Wirth, Hedy Jackson, Niklaus McCarthy, Mary Boyd, José Nuñez, Zoë Müller, Søren Ødegård,
Łucja Kowalska, Chloé Lefèvre, Björn O'Neill
"""
_FIRST, _LAST = zip(*(name.split() for name in _NAMES.split(",")), strict=True)
_COMPANIES = ("Northwind", "Contoso, Ltd", "Globex", "Initech", 'The "Acme" Company', "Umbrella & Sons", "")
# (country as written, city, postal code, phone of the range set aside for fiction)
_PLACES: tuple[tuple[str, str, str, Callable[[random.Random], str]], ...] = (
    ("United States", "Washington", "20001", lambda r: f"(202) 555-01{r.randrange(100):02}"),
    ("USA", "New York", "10001", lambda r: f"+1 212 555 01{r.randrange(100):02}"),
    ("UK", "London", "EC1A 1BB", lambda r: f"020 7946 0{r.randrange(1000):03}"),
    ("Germany", "Berlin", "10115", lambda r: f"030 23125 {r.randrange(1000):03}"),
    ("DE", "Berlin", "10117", lambda r: f"+49 30 23125 {r.randrange(1000):03}"),
    ("France", "Paris", "75001", lambda r: f"01 99 00 {r.randrange(100):02} {r.randrange(100):02}"),
    ("", "", "", lambda _: ""),
)

Row = list[str]
Damage = Callable[[Row, random.Random], Row]


def _set(column: int, value: str) -> Damage:
    return lambda row, _: [*row[:column], value, *row[column + 1 :]]


# Every kind of dirt a row can have, each with how many of 520 rows have it.
DIRT: tuple[tuple[int, Damage], ...] = (
    (3, _set(0, "")),
    (3, _set(1, "   ")),
    (3, _set(1, "no-at-sign.example.com")),
    (3, _set(1, "two@@example.com")),
    (2, _set(1, "dot.@example..com")),
    (2, lambda row, _: row[:-2]),
    (2, lambda row, _: [*row, "one too many"]),
    (2, _set(3, "An endless name " * 20)),
    (2, _set(0, "Bell\x07Ringer")),
    (4, _set(2, "call reception")),
    (4, _set(7, "Atlantis")),
    (3, _set(2, "+1 202 555 0143 ext. 12")),
    (4, _set(8, "Asked for a call\nafter six,\nnot before")),
    (3, _set(8, '=HYPERLINK("https://example.com")')),
    (4, lambda row, _: [f"  {cell}  " for cell in row]),
    (2, _set(1, "known.customer@example.com")),
)  # fmt: skip
_DIRT_PER = 520
_DUPLICATES = 5
_BLANK_LINES = 3


def clean_row(number: int, rng: random.Random) -> Row:
    """Return a customer with nothing wrong. The number makes the address unique."""
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    country, city, code, phone = rng.choice(_PLACES)
    return [
        f"{first} {last}",
        f"customer.{number}@example.{rng.choice(('com', 'org', 'net'))}",
        phone(rng),
        rng.choice(_COMPANIES),
        f"{rng.randrange(1, 200)} Main Street" if city else "",
        city,
        code,
        country,
        "",
        f"20{rng.randrange(10, 26)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}",
        rng.choice(("yes", "no", "")),
    ]


def clean_rows(count: int, seed: int = 7, first: int = 1) -> Iterator[Row]:
    """Yield rows that are all valid, without a header; the addresses are numbered from `first`."""
    rng = random.Random(seed)  # noqa: S311 - test data that should repeat
    return (clean_row(number, rng) for number in range(first, first + count))


def dirty_rows(count: int, seed: int = 7) -> list[Row]:
    """Return rows of which about one in ten has something wrong; [] is a blank line."""
    rng = random.Random(seed)  # noqa: S311 - test data that should repeat
    rows = [clean_row(number, rng) for number in range(1, count + 1)]
    damages = [damage for often, damage in DIRT for _ in range(max(1, often * count // _DIRT_PER))]
    for place, damage in zip(rng.sample(range(10, count), len(damages)), damages, strict=True):
        rows[place] = damage(rows[place], rng)
    for _ in range(_DUPLICATES):
        copied = list(rows[rng.randrange(5)])
        copied[1] = copied[1].upper()
        rows[rng.randrange(count // 2, count)] = copied
    for _ in range(_BLANK_LINES):
        rows.insert(rng.randrange(20, count), [])
    return rows


def to_csv(rows: Iterator[Row] | list[Row], delimiter: str = ",") -> Iterator[str]:
    """Header and rows as CSV text, with the line ends Excel writes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    for row in (HEADER, *rows) if isinstance(rows, list) else _with_header(rows):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _with_header(rows: Iterator[Row]) -> Iterator[Row]:
    yield HEADER
    yield from rows


def main() -> None:
    """The command of the module."""
    parser = argparse.ArgumentParser(description="Write a file of fictional customers to standard output.")
    parser.add_argument("--rows", type=int, default=1040)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--dirty", action="store_true", help="with every kind of dirt, as Excel saves it in Europe"
    )
    options = parser.parse_args()
    if options.dirty:
        text = "\ufeff" + "".join(to_csv(dirty_rows(options.rows, options.seed), delimiter=";"))
        sys.stdout.buffer.write(text.encode())
        return
    for line in to_csv(clean_rows(options.rows, options.seed)):
        sys.stdout.buffer.write(line.encode())


if __name__ == "__main__":
    main()
