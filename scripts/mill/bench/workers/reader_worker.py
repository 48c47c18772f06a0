"""What `mill bench reader` runs in processes of their own, in the workspace's root: one measurement, as JSON.

`python reader_worker.py speed ROWS ROUNDS` or `memory ROWS`.
"""

from __future__ import annotations

import csv
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

from f.records.reading.table import read_table

HEADER = "id,name,email,phone,city,country,status,since"
CELLS = "{id},José {id},jose.{id}@example.com,+1 202 555 0143,Köln,DE,active,2024-01-02"
CHUNK_BYTES = 1 << 16


def quoted(line: str) -> str:
    """Return every cell in quotes."""
    return ",".join(f'"{cell}"' for cell in line.split(","))


# What is done to each line, the line end, the encoding.
FILES: dict[str, tuple[Callable[[str], str], str, str]] = {
    "plain": (str, "\n", "utf-8"),
    "crlf": (str, "\r\n", "utf-8"),
    "cp1252": (str, "\n", "cp1252"),
    "quoted": (quoted, "\n", "utf-8"),
    "trailing delimiter": (lambda line: line + ",", "\n", "utf-8"),
    "line breaks in cells": (lambda line: quoted(line).replace("active", "a\nb"), "\n", "utf-8"),
}


def rows_a_second(work: Callable[[], Iterable[object]], rows: int) -> float:
    """Return rows over wall time of iterating to the end."""
    started = time.perf_counter()
    for _ in work():
        pass
    return rows / (time.perf_counter() - started)


def measure(name: str, rows: int, rounds: int) -> dict[str, list[float]]:
    """Both readers over the same bytes, in turns."""
    change, end, encoding = FILES[name]
    lines = chain([HEADER], (CELLS.format(id=number) for number in range(rows)))
    data = "".join(change(line) + end for line in lines).encode(encoding)
    chunks = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]

    def plainly() -> Iterator[list[str]]:
        return csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline=""))

    rates: dict[str, list[float]] = {"csv": [], "read_table": []}
    for _ in range(rounds):
        rates["csv"].append(rows_a_second(plainly, rows))
        rates["read_table"].append(rows_a_second(lambda: read_table(chunks).rows, rows))
    return rates


def peak_megabytes(rows: int) -> float:
    """Return the most memory this process has had after reading that many rows, never all at once."""
    chunk = f"{CELLS.format(id=1)}\n".encode() * 1_000
    for _ in read_table(chain([f"{HEADER}\n".encode()], repeat(chunk, rows // 1_000))).rows:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


if __name__ == "__main__":
    rows = int(sys.argv[2])
    if sys.argv[1] == "memory":
        json.dump(peak_megabytes(rows), sys.stdout)
    else:
        json.dump({name: measure(name, rows, int(sys.argv[3])) for name in FILES}, sys.stdout)
