"""The twins as a process: what survives its death, and that nothing of it stays behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.mill.twins.stage import SCRIPTS, TwinClient, TwinProcess

COMMAND = [sys.executable, "-m", "mill.twins.serve"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SCRIPTS)}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False
    )


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


def test_what_was_answered_for_survives_sigkill(tmp_path: Path) -> None:
    answered: list[str] = []

    def send(client: TwinClient, start: int) -> None:
        for number in range(start, 100_000, 4):
            email = f"c{number}@example.com"
            try:
                reply = client.post("/customers", {"name": "C", "email": email}, idempotency_key=email)
            except (OSError, http.client.HTTPException):
                return
            if reply.status == 201:
                answered.append(email)
                if len(answered) > 60:
                    enough.set()

    enough = threading.Event()
    with TwinProcess(tmp_path) as process:
        senders = [threading.Thread(target=send, args=(process.client("customers"), one)) for one in range(4)]
        for sender in senders:
            sender.start()
        assert enough.wait(30)
        process.end(signal.SIGKILL)
        for sender in senders:
            sender.join(30)
    with TwinProcess(tmp_path) as process:
        client = process.client("customers")
        check = client.post("/_ledger/check", {"keys": answered}).json
        assert check == {"never": [], "once": len(answered), "twice": []}
        again = client.post("/customers", {"name": "C", "email": answered[0]}, idempotency_key=answered[0])
        assert again.status == 201
        assert len(client.get(f"/_ledger?key={answered[0]}").json["entries"]) == 1


def test_it_ends_on_a_signal_although_a_connection_hangs(tmp_path: Path) -> None:
    with TwinProcess(tmp_path) as process:
        client = process.client("customers")
        client.put_faults(script=[{"fault": "timeout_after_commit"}], hang_seconds=600)
        parts = urlsplit(client.url)
        body = b'{"name": "Ada", "email": "ada@example.com"}'
        head = f"POST {parts.path}/customers HTTP/1.1\r\nHost: {parts.netloc}\r\nX-API-Key: k\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(head.encode() + body)
            while not client.ledger():
                assert process.process.poll() is None
            process.end(signal.SIGTERM)
        assert not is_open(process.url)


def test_it_ends_when_its_parent_dies(tmp_path: Path) -> None:
    code = (
        "import json, os, signal, subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
        "print(json.dumps([child.pid, child.stdout.readline().strip()]), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", code, *COMMAND, "--state", str(tmp_path), "--seconds", "60"]
    parent = subprocess.run(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, timeout=30, check=False
    )
    pid, url = json.loads(parent.stdout)
    assert url.startswith("http://127.0.0.1:")
    ended = threading.Event()
    for _ in range(100):
        if not is_open(url):
            ended.set()
            break
        ended.wait(0.1)
    assert ended.is_set(), f"process {pid} still serves {url}"


def test_it_ends_after_its_time_and_says_where_it_was_in_one_line(tmp_path: Path) -> None:
    ended = run("--state", str(tmp_path), "--seconds", "0")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("http://127.0.0.1:")
    assert ended.stdout.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["twins.sqlite"]


@pytest.mark.parametrize(
    ("config", "words"),
    [("nobody: {}\n", "there is no twin nobody"), ("customers: {faults: 3}\n", "twins.yaml: customers")],
)
def test_a_wrong_configuration_ends_it_with_one_sentence(tmp_path: Path, config: str, words: str) -> None:
    file = tmp_path / "twins.yaml"
    file.write_text(config, "utf-8")
    ended = run("--state", str(tmp_path / "state"), "--config", str(file))
    assert ended.returncode == 2
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--state", ".", "--port", "70000"], "--port: 70000 is not a port: give 0 to 65535"),
        (["--state", "/dev/null"], "Cannot keep the twins' state in /dev/null/twins.sqlite"),
    ],
)
def test_a_wrong_argument_ends_it_with_one_sentence(arguments: list[str], words: str) -> None:
    ended = run(*arguments)
    assert ended.returncode in {2, 3}
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_ends_it_with_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--state", str(tmp_path), "--port", str(port))
    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"Port {port}" in ended.stderr
