"""The customer API that benches send to: what it counts, and that it enforces its limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mill.bench.rig import customer_server
from mill.bench.rig.customer_server import CustomerServer, Limit


@pytest.mark.parametrize(
    ("most", "moments", "taken"),
    [
        (2, [0.0, 0.0, 0.0], [True, True, False]),
        (2, [0.0, 0.5, 0.99, 1.0], [True, True, False, True]),
        (2, [0.0, 0.5, 1.2, 1.4], [True, True, True, False]),  # any second, not every
        (1, [0.0, 0.9, 1.0], [True, False, True]),  # the refused do not count
        (3, [0.0, 0.4, 0.8, 1.2, 1.6], [True] * 5),
    ],
)
def test_a_limit_holds_over_any_second(most: int, moments: list[float], taken: list[bool]) -> None:
    limit = Limit(most)
    assert [limit.admits(moment) for moment in moments] == taken


def test_rows_are_counted_by_customer_and_requests_by_what_became_of_them() -> None:
    moments = iter((5.0, 5.1, 5.7, 5.8))
    server = CustomerServer(0.02, Limit(3), ticks=lambda: next(moments))
    one, two = {"email": "a@example.com"}, {"email": "b@example.com"}
    status, delay = server.answer(b"/customers", json.dumps(one).encode())
    assert (status.split(b"\r\n")[0], delay) == (b"HTTP/1.1 201 Created", 0.02)
    batch = json.dumps({"customers": [one, two]}).encode()
    results = json.loads(server.answer(b"/customers/batch", batch)[0].split(b"\r\n\r\n")[1])["results"]
    assert [result["status"] for result in results] == [201, 201]
    server.answer(b"/customers", json.dumps(one).encode())
    assert server.answer(b"/customers", json.dumps(two).encode())[0].startswith(b"HTTP/1.1 429 ")
    ledgers = [json.loads(server.answer(b"/_ledger", b"")[0].split(b"\r\n\r\n")[1]) for _ in range(2)]
    assert ledgers[0] == {
        "rows": 4, "customers": 2, "answered": 3, "refused": 1, "seconds": pytest.approx(0.7),
    }  # fmt: skip
    assert set(ledgers[1].values()) == {0}


def test_it_serves_until_its_input_ends() -> None:
    with serving("0", "2") as (process, url):
        assert [post(f"{url}/customers", {"email": f"{n}@example.com"})[0] for n in range(3)] == [
            201,
            201,
            429,
        ]
        assert post(f"{url}/_ledger", None)[1]["refused"] == 1
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, str(Path(customer_server.__file__)), *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        try:
            yield process, f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def post(url: str, body: Any) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
