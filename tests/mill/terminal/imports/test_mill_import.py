"""`mill import` as a person and as a program would use it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Asked, Reply, serve
from tests.mill.commands import mill, mill_here
from tests.mill.terminal.imports.exports import BANK, HEADERLESS, OUTLOOK

ROOT = Path(__file__).parents[4]
COMMAND = [sys.executable, "-c", "from mill.cli import main; main()"]
TWO_ADDRESSES = b"name,email,e-mail\nAda,ada@example.com,ada@example.org\n"


def write(folder: Path, name: str, content: bytes) -> str:
    file = folder / name
    file.write_bytes(content)
    return str(file)


def import_(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return mill_here("import", *words, "--state", str(folder / "state"), cwd=ROOT)


def test_a_banks_export_is_read_past_its_title_lines(tmp_path: Path) -> None:
    ended = import_(tmp_path, write(tmp_path, "umsaetze.csv", BANK), "--country", "DE")

    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["counts"]["created"] == result["counts"]["rows"] == 3
    assert result["source"] == "umsaetze.csv"
    assert result["mapping"]["Name Zahlungsbeteiligter"] == "name"
    assert "cp1252, semicolon, column names on line 5" in ended.stderr
    assert "Jörg Müller" in ended.stderr


def test_outlooks_export_keeps_both_names_and_both_addresses(tmp_path: Path) -> None:
    with serve(lambda asked: Reply(201, {"id": "c1"})) as server:
        target = write(tmp_path, "crm.yaml", f"kind: generic\nbase_url: {server.url}\n".encode())
        ended = import_(tmp_path, write(tmp_path, "contacts.csv", OUTLOOK), "--to", target)

    assert ended.returncode == 0, ended.stderr
    sent = {asked.json["email"]: asked.json for asked in server.asked if asked.method == "POST"}
    ada = sent["ada@example.com"]
    assert (ada["first_name"], ada["last_name"], ada["name"]) == ("Ada", "Lovelace", "Ada Lovelace")
    assert ada["custom_fields"]["E-mail 2 Address"] == "ada.private@example.com"
    assert ada["notes"] == "met in\nTurin"


def test_a_file_without_column_names_is_understood_by_its_cells(tmp_path: Path) -> None:
    ended = import_(tmp_path, write(tmp_path, "list.csv", HEADERLESS))

    assert ended.returncode == 0, ended.stderr
    assert set(json.loads(ended.stdout)["mapping"].values()) == {"name", "email", "phone"}


def test_two_equal_columns_end_a_piped_run_with_the_option_that_decides(tmp_path: Path) -> None:
    file = write(tmp_path, "two.csv", TWO_ADDRESSES)

    refused = import_(tmp_path, file)

    assert refused.returncode == 2
    said = re.search(r"--map (\S+)$", refused.stderr.strip())
    assert said is not None, refused.stderr
    assert import_(tmp_path, file, "--map", said[1]).returncode == 0


def test_a_plan_is_applied_with_the_command_it_prints(tmp_path: Path) -> None:
    file = write(tmp_path, "list.csv", BANK)
    planned = import_(tmp_path, file, "--country", "DE", "--plan")
    assert planned.returncode == 0, planned.stderr
    said = re.search(r"To do exactly this: mill import (.*)", planned.stderr)
    assert said is not None

    applied = import_(tmp_path, *said[1].split())

    assert json.loads(planned.stdout)["dry_run"] is True
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["counts"]["created"] == 3


def test_the_printed_command_reads_the_file_as_it_was_read(tmp_path: Path) -> None:
    rows = "".join(f"P{n} Müller~p{n}@example.com~q{n}@example.com\n" for n in range(4))
    file = write(tmp_path, "Kündén's list.csv", f"Wer~Mail 1~Mail 2\n{rows}".encode("cp850"))
    words = ["--encoding", "cp850", "--delimiter", "~", "--map", "Wer=name", "--map", "Mail 2=email"]
    planned = import_(tmp_path, file, *words, "--plan")
    said = re.search(r"To do exactly this: mill (.*)", planned.stderr)
    assert said is not None, planned.stderr

    applied = mill(*shlex.split(said[1]), cwd=ROOT)  # without the options of `import_`: they are in it

    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["counts"]["created"] == 4
    assert [one["dry_run"] for one in json.loads(import_(tmp_path, "history").stdout)] == [False, True]


def test_a_plan_that_does_not_hold_ends_with_the_command_that_makes_one(tmp_path: Path) -> None:
    file = write(tmp_path, "list.csv", BANK)

    ended = import_(tmp_path, file, "--country", "DE", "--apply", "-".join(["0123456789ab"] * 3))

    assert ended.returncode == 1
    assert f"To see what would be done now: mill import {file} --country DE" in ended.stderr
    assert "rejects are corrected" not in ended.stderr


def test_rows_that_are_right_wait_for_the_cause_and_not_for_a_correction(tmp_path: Path) -> None:
    file = write(tmp_path, "list.csv", BANK)
    with serve(lambda asked: Reply(401, {"error": "who?"})) as server:
        target = write(tmp_path, "crm.yaml", f"kind: generic\nbase_url: {server.url}\n".encode())
        ended = import_(tmp_path, file, "--to", target)

    assert ended.returncode == 1
    said = rf"When the cause is removed: mill import \S+/rejects.csv --to {re.escape(target)}"
    assert re.search(said, ended.stderr), ended.stderr
    assert "code: credential_refused" not in ended.stderr, "what stopped it is said once, as the failure"


def test_a_piped_run_shows_its_own_steps_and_an_error_once(tmp_path: Path) -> None:
    good = import_(tmp_path, write(tmp_path, "list.csv", BANK))
    bad = import_(tmp_path, write(tmp_path, "empty.csv", b""))

    assert re.search(r"^parse  ok", good.stderr, re.MULTILINE), good.stderr
    assert "preview_file" not in good.stderr + bad.stderr
    assert bad.stderr.count("The file is empty") == 1


def test_outside_of_the_repository_it_says_what_to_type_there(tmp_path: Path) -> None:
    file = write(tmp_path, "my list.csv", BANK)

    ended = mill("import", "my list.csv", cwd=tmp_path)

    assert ended.returncode == 2
    assert f"mill import '{file}'" in ended.stderr


def test_a_name_that_begins_with_a_dash_is_a_name(tmp_path: Path) -> None:
    write(tmp_path, "-list.csv", BANK)

    ended = mill("import", "-list.csv", cwd=tmp_path)

    assert "whole path" in ended.stderr, "it was taken for the file"


def test_the_history_lists_imports_with_their_files(tmp_path: Path) -> None:
    bad = b"name,email\nAda,ada@example.com\nNobody,\n" + b"".join(
        b"Person,p%d@example.com\n" % n for n in range(4)
    )
    import_(tmp_path, write(tmp_path, "one.csv", BANK))
    import_(tmp_path, write(tmp_path, "two.csv", bad))

    listed = import_(tmp_path, "history", "--json")

    latest, first = json.loads(listed.stdout)
    assert (latest["source"], first["source"]) == ("two.csv", "one.csv")
    assert (latest["counts"]["created"], latest["counts"]["invalid"]) == (5, 1)
    assert "Nobody" in Path(latest["rejects"]).read_text()
    assert Path(latest["report"]).is_file()
    assert first["rejects"] is None


def test_the_report_is_opened(tmp_path: Path) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)

    mill(
        *("import", write(tmp_path, "a.csv", BANK), "--open", "--state", str(tmp_path / "state")),
        cwd=ROOT,
        env={"BROWSER": f"{browser} %s"},
    )

    assert opened.read_text().strip().endswith("report.html")


# At a terminal


def at_terminal(words: list[str], answers: dict[str, str], *, seconds: float = 60) -> tuple[int, str]:
    """Run mill at a terminal of its own; each answer is typed when its question is seen."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the other process
        os.chdir(ROOT)
        os.environ |= {"COLUMNS": "100", "TERM": "xterm"}
        os.execv(COMMAND[0], [*COMMAND, *words])
    shown, open_questions, end = "", dict(answers), time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux's end of a terminal whose other side is closed
            break
        if not data:
            break
        shown += data.decode(errors="replace")
        for question in [one for one in open_questions if one in shown]:
            os.write(terminal, open_questions.pop(question).encode() + b"\n")
    else:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, shown


def test_a_person_is_asked_which_column_is_meant(tmp_path: Path) -> None:
    words = ["import", write(tmp_path, "two.csv", TWO_ADDRESSES), "--state", str(tmp_path / "state")]

    code, shown = at_terminal(words, {"Enter stops]": "2"})

    assert code == 0, shown
    history = json.loads(import_(tmp_path, "history", "--json").stdout)
    assert history[0]["counts"]["created"] == 1
    assert "ada@example.org" in shown


def test_what_the_cells_suggest_is_confirmed_by_a_person(tmp_path: Path) -> None:
    words = ["import", write(tmp_path, "list.csv", HEADERLESS), "--state", str(tmp_path / "state")]

    stopped, shown = at_terminal(words, {"Is that right?": ""})
    agreed, _ = at_terminal(words, {"Is that right?": "y"})

    assert (stopped, agreed) == (130, 0), shown
    assert "nothing was sent" in shown
    assert len(json.loads(import_(tmp_path, "history", "--json").stdout)) == 1


def test_a_slip_in_an_answer_is_asked_again(tmp_path: Path) -> None:
    file = write(
        tmp_path, "abc.csv", b"A,B\n" + b"".join(b"Ada Lovelace,a%d@example.com\n" % n for n in range(5))
    )
    answers = {"Enter stops]": "1", "Is that right?": "A=nmae", "Did you mean 'name'": "y"}

    code, shown = at_terminal(["import", file, "--plan", "--state", str(tmp_path / "state")], answers)

    assert code == 0, shown
    assert shown.count("Is that right?") == 2
    assert "--map A=name" in shown, "the answer is part of the command that applies the plan"
    assert "Client" not in shown, "an example of a form's input does not help at a prompt"


# Ctrl-C


def interrupted_when(condition: Callable[[], bool], words: list[str]) -> subprocess.CompletedProcess[str]:
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def test_ctrl_c_accounts_for_every_row_and_the_next_run_sends_the_rest(tmp_path: Path) -> None:
    rows = 300
    lines = "".join(f"Person {number},p{number}@example.com\n" for number in range(rows))
    file = write(tmp_path, "many.csv", f"name,email\n{lines}".encode())
    created: dict[str, int] = {}
    lock = threading.Lock()

    def answer(asked: Asked) -> Reply:
        time.sleep(0.02)
        with lock:
            created[asked.json["email"]] = created.get(asked.json["email"], 0) + 1
        return Reply(201, {"id": asked.json["email"]})

    with serve(answer) as server:
        settings: dict[str, Any] = {"kind": "generic", "base_url": server.url}
        target = write(tmp_path, "crm.json", json.dumps(settings).encode())
        words = ["import", file, "--to", target, "--state", str(tmp_path / "state")]
        ended = interrupted_when(lambda: len(created) >= 20, words)
        sent_first = len(created)
        again = mill(*words, cwd=ROOT)

    assert ended.returncode == 130, ended.stderr
    counts = json.loads(ended.stdout)["counts"]
    assert sum(counts[name] for name in counts if name != "rows") == rows
    assert counts["created"] + counts["unknown"] >= sent_first > 0
    assert counts["created"] <= sent_first < rows
    assert "Interrupted." in ended.stderr
    assert f"To go on: mill import {file}" in ended.stderr
    assert again.returncode == 0, again.stderr
    assert len(created) == rows
    assert set(created.values()) == {1}


def test_a_second_ctrl_c_ends_it_with_the_way_on(tmp_path: Path) -> None:
    asked_once, may_answer = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Reply:
        asked_once.set()
        may_answer.wait(60)
        return Reply(201, {"id": "c1"})

    with serve(answer) as server:
        target = write(tmp_path, "crm.yaml", f"kind: generic\nbase_url: {server.url}\n".encode())
        words = ["import", write(tmp_path, "a.csv", BANK), "--to", target, "--state", str(tmp_path / "state")]
        process = subprocess.Popen([*COMMAND, *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        try:
            assert asked_once.wait(60)
            process.send_signal(signal.SIGINT)
            time.sleep(2)  # two signals that wait together arrive as one
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            may_answer.set()
            process.kill()

    assert process.returncode == 130
    assert "Interrupted again" in err
    assert f"To go on: mill import {words[1]}" in err


def test_ctrl_c_before_anything_was_sent_says_so(tmp_path: Path) -> None:
    gate = threading.Event()

    def answer(asked: Asked) -> Reply:
        gate.set()
        time.sleep(3)
        return Reply(200, b"name,email\n", headers={"Content-Type": "text/csv"})

    with serve(answer) as server:
        words = ["import", f"{server.url}/a.csv", "--state", str(tmp_path / "state")]
        ended = interrupted_when(gate.is_set, words)

    assert ended.returncode == 130, ended.stderr
    assert "nothing" in ended.stderr.lower()
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.csv"], "There is no file nowhere.csv."),
        (["a.csv", "--map", "email"], "--map 'email' is not COLUMN=field."),
        (["a.csv", "--to", "f/customers/crm_twn"], "f/customers/crm_twin"),
        (["a.csv", "--country", "Atlantis"], "'Atlantis' is not in ISO 3166"),
        (["a.csv", "--header-row", "40"], "line 40"),
        (["empty.csv"], "empty"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    write(tmp_path, "a.csv", BANK)
    write(tmp_path, "empty.csv", b"")
    here = [str(tmp_path / word) if (tmp_path / word).is_file() else word for word in words]

    ended = import_(tmp_path, *here)

    assert ended.returncode in {1, 2}
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == "" or "error" in json.loads(ended.stdout)
