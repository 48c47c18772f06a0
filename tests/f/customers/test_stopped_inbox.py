"""A job of the inbox that is stopped and overtaken changes nothing any more when it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from f.customers.claim_file import main as claim_file
from f.customers.settle_file import main as settle_file
from f.records.inbox.claims import FileClaims
from f.records.inbox.decisions import InboxFile
from f.store.stores import open_store
from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[3]
FILE = InboxFile("", "inbox/a.csv", 5, "2026-04-01T10:00:00+00:00")
IMPORTED: dict[str, Any] = {
    "counts": {"rows": 2, "created": 1, "invalid": 1},
    "rejects": {"filename": "rejects.csv", "content": "of the overtaken run"},
}
# Runs a script of the inbox, and stops itself at a step of it.
WORKER = """
import json, os, signal, sys
import f.customers.claim_file, f.customers.settle_file
from f.connect.errors import ConnectError
from f.records.inbox import decisions
from f.records.inbox.claims import FileClaims

def stopping(before):
    def step(*arguments, **named):
        print("here", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        return before(*arguments, **named)
    return step

script = getattr(f.customers, sys.argv[1])
if sys.argv[1] == "claim_file":
    FileClaims.take = stopping(FileClaims.take)
else:
    decisions.conclude = stopping(decisions.conclude)
    FileClaims.give_back = stopping(FileClaims.give_back)
try:
    print(json.dumps(script.main(**json.loads(sys.argv[2]))))
except ConnectError as error:
    print(error.code)
"""


class Windmill:
    """The storage with one file in the inbox, and no job that is known to run."""

    def __init__(self) -> None:
        self.there = True
        self.server: Loopback | None = None

    def answer(self, asked: Asked) -> Reply:
        call = urlsplit(asked.path).path.rpartition("/")[2]
        if call == "load_file_metadata" and self.there:
            return Reply(200, {"size_in_bytes": FILE.size, "last_modified": FILE.modified})
        if call == "list_stored_files":
            return Reply(200, {"windmill_large_files": []})
        if call == "move_s3_file":
            self.there = False
        return Reply(200, {}) if call in {"move_s3_file", "upload_s3_file"} else Reply(404, {})

    def written(self) -> list[str]:
        """The objects that were written or moved, and by which job, in order."""
        assert self.server is not None
        calls = [asked for asked in self.server.asked if "upload_s3" in asked.path or "move_s3" in asked.path]
        return [str(asked.headers["Authorization"]).removeprefix("Bearer ") for asked in calls]


@pytest.fixture
def windmill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windmill]:
    there = Windmill()
    with serve(there.answer) as server:
        there.server = server
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("BASE_INTERNAL_URL", server.url)
        monkeypatch.setenv("WM_WORKSPACE", "w")
        monkeypatch.setenv("WM_TOKEN", "second")
        monkeypatch.setenv("WM_JOB_ID", "second")
        monkeypatch.delenv("WM_FLOW_JOB_ID", raising=False)
        yield there


class Stopped:
    """The job `first`, stopped at the step."""

    def __init__(self, script: str, arguments: dict[str, Any]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "WM_TOKEN": "first", "WM_JOB_ID": "first"}
        command = [sys.executable, "-c", WORKER, script, json.dumps(arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        assert self._lines.readline() == "here\n"
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def goes_on(self) -> str:
        """Return the last line that it prints until its end."""
        self._process.send_signal(signal.SIGCONT)
        said = self._lines.read()
        assert self._process.wait(30) == 0
        self._lines.close()
        return said.splitlines()[-1]


def claimed(owner: str, attempt: int) -> dict[str, Any]:
    """What claim_file gave to a job."""
    return {"action": "import", "message": "", "file": FILE.to_json(), "s3_object": {}, "owner": owner,
            "attempt": attempt}  # fmt: skip


def take_as_first() -> None:
    with open_store(None, "inbox") as store:
        assert FileClaims(store).take(FILE, "first", -1, None) == 1, "its lease has run out"


def test_a_job_that_was_stopped_before_it_took_the_file_leaves_it_to_the_other(windmill: Windmill) -> None:
    stopped = Stopped("claim_file", {"file": FILE.to_json()})
    assert claim_file(FILE.to_json())["action"] == "import"
    assert json.loads(stopped.goes_on())["action"] == "skip"


def test_a_job_that_was_stopped_before_it_kept_its_result_writes_nothing(windmill: Windmill) -> None:
    take_as_first()
    stopped = Stopped("settle_file", {"claim": claimed("first", 1), "imported": IMPORTED})
    taken = claim_file(FILE.to_json())
    assert (taken["action"], taken["attempt"]) == ("import", 2)
    imported = {**IMPORTED, "rejects": {**IMPORTED["rejects"], "content": "of the second run"}}
    assert settle_file({**taken}, imported)["outcome"] == "done"
    assert stopped.goes_on() == "claim_lost"
    assert windmill.written() == ["second"] * 3, "the rejects, the result, and the file itself"


def test_a_job_that_was_stopped_before_it_gave_the_file_back_frees_no_other(
    windmill: Windmill,
) -> None:
    take_as_first()
    failed = {"error": {"name": "TryLater", "message": "No.", "step_id": "parse"}}
    stopped = Stopped("settle_file", {"claim": claimed("first", 1), "imported": failed})
    assert claim_file(FILE.to_json())["attempt"] == 2
    stopped.goes_on()
    with open_store(None, "inbox") as store:
        seen = FileClaims(store).state(FILE)
        assert seen is not None
        assert (seen.owner, seen.attempt, seen.leased_until > FileClaims(store).now()) == ("second", 2, True)
    assert windmill.written() == []
