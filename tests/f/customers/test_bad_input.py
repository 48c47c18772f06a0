"""What a user sees at a terminal when something is wrong: one sentence, no traceback, nothing sent."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.commands import mill as process
from tests.mill.commands import mill_here

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def api() -> Iterator[Loopback]:
    def answer(asked: Asked) -> Reply:
        return Reply(404) if asked.method == "GET" else Reply(201, {"id": "c"})

    with serve(answer) as server:
        yield server


def mill(*arguments: str, state: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return mill_here(*arguments, "--state", str(state), cwd=ROOT, stdin=stdin)


def upload(data: bytes) -> dict[str, str]:
    return {"csv": base64.b64encode(data).decode()}


GOOD = "name,email\nAda,ada@example.com\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (upload(b""), "is empty"),
        ({"text": "name,email\n"}, "no row below"),
        (upload(b"%PDF-1.7\n" + bytes(range(256)) * 8), "PDF"),
        (upload(b"PK\x03\x04" + b"\x00" * 300), "zip archive"),
        ({"text": GOOD, "encoding": "klingon"}, "encoding"),
        ({"text": "name,phone\nAda,1\n"}, "no column holds the e-mail address"),
        ({"text": "name,email,mail\nAda,a@example.com,b@example.com\n"}, "both mean 'email'"),
        ({"text": f"name,email\nAda,a@example.com,x\n{'x' * 1_100_000},b@example.com\n"}, "line 3"),
        (upload(b"name,email\nAda,a\x00da@example.com\n"), "line 2"),
        ({"text": 'name,email\nAda,"ada@example.com\n'}, "quote"),
        ({"url": "{api}/gone.csv"}, "answered 404"),
        ({"url": "http://127.0.0.1:9/x.csv"}, "could not be reached"),
        ({"text": GOOD, "url": "{api}/x.csv"}, "text and url were given together"),
        ({"text": GOOD, "api": {"kind": "pipedrive", "base_url": "{api}"}}, "generic, hubspot, salesforce"),
        ({"text": GOOD, "api": "$res:f/customers/gone"}, "There is no resource f/customers/gone"),
        ({"text": GOOD, "api": {"kind": "generic", "base_url": "http://example.com"}}, "http"),
        ({"text": GOOD, "default_country": "Atlantis"}, "ISO 3166"),
        ({"text": GOOD, "mapping": {"emial": "email"}}, "Did you mean 'email'?"),
        ({"text": "name,email\nAda,nope\nBob,nope\n"}, "Nothing was sent"),
    ],
)
def test_a_run_that_cannot_work_ends_with_a_sentence_and_sends_nothing(
    api: Loopback, tmp_path: Path, args: dict[str, Any], said: str
) -> None:
    target = {"kind": "generic", "base_url": api.url}
    data = json.dumps({"api": target, **args}).replace("{api}", api.url)
    done = mill("flow", "run", "f/customers/import_csv", "-d", "@-", state=tmp_path, stdin=data)
    assert done.returncode == 1
    [why] = [line for line in done.stderr.splitlines() if line.startswith("Failed in step ")]
    assert said in why
    assert "Traceback" not in done.stderr
    assert [asked for asked in api.asked if asked.method == "POST"] == []
    assert json.loads(done.stdout)["error"]["message"]


def test_the_process_itself_ends_so(tmp_path: Path) -> None:
    done = process(
        "flow", "run", "f/customers/import_csv", "-d", '{"text": ""}', "--state", str(tmp_path), cwd=ROOT
    )
    assert done.returncode == 1
    assert "Failed in step " in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flow", "run", "f/customers/import_cvs"], "Did you mean f/customers/import_csv"),
        (["script", "run", "f/customers/parse_cvs"], "f/customers/parse_csv"),
        (["flow", "run", "f/customers/import_csv", "-d", "{text"], "line 1, column 2"),
        (["flow", "run", "f/customers/import_csv", "-d", "[]"], "must be a JSON object"),
        (["flow", "run", "f/customers/import_csv", "-d", '{"txt": "a"}'], "Did you mean text?"),
        (["flow", "run", "f/customers/import_csv", "-d", '{"dry_run": "yes"}'], "must be true or false"),
        (["flow", "run", "f/customers/import_csv", "-d", '{"on_duplicate": "x"}'], "skip, update, fail"),
        (["run", "flows/missing.yaml"], "cannot be read"),
    ],
)
def test_a_wrong_command_ends_before_anything_runs(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = mill(*arguments, state=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("mill: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
