"""Workbooks and archives at every door: the same import, with the rows of the sheet in its report."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.customers.parse_csv import main
from f.records.layout.bad_table import BadTable
from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.f.records.containers.workbooks import workbook, zipped
from tests.loopback import Asked, Reply, serve

ROOT = Path(__file__).parents[3]
FLOW = Target("flow", "f/customers/import_csv")
INBOX = Target("flow", "f/customers/import_inbox")
ROWS: list[list[Any]] = [
    ["name", "email", "phone", "since"],
    ["Ada", "ada@example.com", 491701234567, None],
    [],
    ["Bob\nof Bath", "bob@example.com"],
    ["Nobody"],
    ["Cy", "cy@@example.com", "x"],
]
BOOK = workbook(Notes=[["name", "email"], ["Zed", "zed@example.com"]], Contacts=ROWS)


def customers(parsed: Any) -> list[dict[str, Any]]:
    return [row["record"] for chunk in parsed["chunks"] for row in chunk["rows"]["records"]]


def lines(parsed: Any) -> dict[str, list[int]]:
    return {
        kind: [row["line"] for part in parts for row in part["records"]]
        for kind, parts in {
            "valid": [chunk["rows"] for chunk in parsed["chunks"]],
            "refused": parsed["refused"],
        }.items()
    }


def test_lines_are_the_rows_of_the_sheet() -> None:
    parsed = main(csv=BOOK, sheet="Contacts")
    assert lines(parsed) == {"valid": [2, 4], "refused": [5, 6]}
    assert customers(parsed)[0] == {"name": "Ada", "email": "ada@example.com", "phone": "491701234567"}


def test_the_result_names_container_and_sheet_and_what_was_not_read() -> None:
    parsed = main(csv=BOOK)
    assert parsed["sha256"] == hashlib.sha256(BOOK).hexdigest()
    assert (parsed["table"]["container"], parsed["table"]["part"]) == ("xlsx", "Notes")
    (note,) = parsed["notes"]
    assert (note["code"], note["line"]) == ("other_sheets", None)
    assert "Not read: Contacts." in note["text"]
    plain = main(text="name,email\nAda,ada@example.com\n")
    assert "container" not in plain["table"]
    assert plain["notes"] == []


def test_encoding_and_delimiter_are_not_about_a_sheet() -> None:
    book = workbook(Contacts=[["name;x", "email"], ["Jürgen; Ada", "ada@example.com"]])
    parsed = main(csv=book, encoding="cp1252", delimiter=";", mapping={"name;x": "name"})
    assert customers(parsed)[0]["name"] == "Jürgen; Ada"


@pytest.mark.parametrize(
    ("content", "container"),
    [
        (gzip.compress(b"name,email\nAda,ada@example.com\n"), "gzip"),
        (zipped({"a.csv": b"name;email\nAda;ada@example.com\n"}), "zip"),
        (zipped({"a.xlsx": workbook(A=[["name", "email"], ["Ada", "ada@example.com"]])}), "xlsx in zip"),
    ],
    ids=["gzip", "zip", "workbook in zip"],
)
def test_what_is_packed_is_unpacked(content: bytes, container: str) -> None:
    parsed = main(csv=content)
    assert customers(parsed) == [{"name": "Ada", "email": "ada@example.com"}]
    assert parsed["table"]["container"] == container
    assert parsed["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session(Workspace.find(ROOT), tmp_path_factory.mktemp("state")) as opened:
        yield opened


def accept(_: Asked) -> Reply:
    return Reply(201, {"id": "c1"})


def test_a_sheet_of_an_uploaded_workbook_is_imported_by_the_flow(session: Session) -> None:
    with serve(accept) as server:
        completed = session.run(
            FLOW,
            {
                "csv": base64.b64encode(BOOK).decode(),
                "sheet": "contacts",
                "api": {"kind": "generic", "base_url": server.url},
                "max_bad_share": 0.9,
            },
        )
    assert completed.success, completed.result
    sent = [asked.json["email"] for asked in server.asked if asked.method == "POST"]
    assert sent == ["ada@example.com", "bob@example.com"]
    assert completed.result["counts"]["invalid"] == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"csv": "/home/me/customers.csv"}, "run: mill import /home/me/customers.csv"),
        ({"csv": "customers.csv"}, "run: mill import customers.csv"),
        ({"csv": "/tmp/customers"}, "run: mill import /tmp/customers"),
        ({"csv": "name,email\nAda,ada@example.com\n"}, "look like pasted rows, so give them as text"),
        ({"url": "/home/me/my customers.csv"}, "run: mill import '/home/me/my customers.csv'"),
        ({"text": "name\nAda\n", "sheet": "Contacts"}, "The input sheet names a sheet of a workbook"),
        ({"csv": base64.b64encode(BOOK[:-50]).decode()}, "Excel workbook is damaged"),
    ],
)
def test_what_is_no_file_is_answered_with_what_to_do(
    session: Session, given: dict[str, Any], said: str
) -> None:
    completed = session.run(FLOW, given)
    assert not completed.success
    assert completed.result["error"]["name"] in {"FixInput", "BadTable"}
    assert said in completed.result["error"]["message"]
    assert "ada@" not in json.dumps(completed.result)


def test_the_inbox_takes_workbooks_and_packed_files(session: Session) -> None:
    folder = session.state / "objects" / "_default_" / "inbox"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, who in (("a.xlsx", "ann"), ("~$a.xlsx", "tmp"), ("c.pdf", "pdf")):
        (folder / name).write_bytes(workbook(A=[["name", "email"], [who, f"{who}@example.com"]]))
    (folder / "b.CSV.gz").write_bytes(gzip.compress(b"name,email\nbob,bob@example.com\n"))
    (folder / "c.zip").write_bytes(zipped({"c.csv": b"name,email\ncy,cy@example.com\n"}))
    with serve(accept) as server:
        api = {"kind": "generic", "base_url": server.url}
        completed = session.run(INBOX, {"api": api, "quiet_seconds": 0})
    assert completed.success, completed.result
    sent = [asked.json["email"] for asked in server.asked if asked.method == "POST"]
    assert sorted(sent) == ["ann@example.com", "bob@example.com", "cy@example.com"]
    assert sorted(file.name for file in folder.iterdir()) == ["c.pdf", "~$a.xlsx"]


def test_an_unknown_sheet_is_a_sentence() -> None:
    with pytest.raises(FixInput) as refused:
        main(csv=BOOK, sheet="X")
    assert str(refused.value) == "There is no sheet 'X' in the workbook. There are: Notes, Contacts."


def test_a_csv_loads_nothing_that_only_a_container_needs() -> None:
    """On Windmill each module of ours is a request, in every job."""
    code = (
        "import sys; from f.customers.parse_csv import main; main(text='name,email\\nAda,a@example.com\\n');"
        "print([each for each in sys.modules if each.startswith('f.records.containers')"
        " or each.endswith('local_path')])"
    )
    path = os.pathsep.join(str(ROOT / part) for part in ("", "scripts"))
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.splitlines()[-1:] == ["[]"], ran.stdout + ran.stderr


def test_a_cover_sheet_is_named_with_the_sheets_beside_it() -> None:
    book = workbook(
        Cover=[["Customers of the north"]], Contacts=[["name", "email"], ["Ada", "ada@example.com"]]
    )
    with pytest.raises(BadTable, match=r"^Cover: .*There are also 'Contacts': name the one to import"):
        main(csv=book)
