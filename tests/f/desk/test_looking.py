"""What there is to choose from when a file is looked at: sheets, and columns without titles of their own."""

from __future__ import annotations

import base64
import io
import zipfile

from tests.f.desk.conftest import Desk
from tests.f.records.containers.workbooks import workbook


def test_the_sheets_of_a_workbook_are_there_to_choose_from(desk: Desk) -> None:
    header = ["name", "email"]
    book = workbook(Now=[header, ["Ada", "ada@example.com"]], Old=[header, ["Ben", "ben@example.com"]])
    data = base64.b64encode(book).decode()
    draft = desk.run("start_draft", name="two.xlsx", size=len(book), data=data)["draft"]["id"]
    first = desk.run("look_at", draft=draft)
    sheets = [{"name": "Now", "size": None}, {"name": "Old", "size": None}]
    assert (first["parts"], first["rows"][0][0]) == (sheets, "Ada")
    other = desk.run("look_at", draft=draft, version=first["draft"]["version"], changes={"sheet": "Old"})
    assert (other["parts"], other["rows"][0][0]) == (sheets, "Ben")


def test_which_file_of_a_zip_is_meant_is_chosen_from_their_names_and_sizes(desk: Desk) -> None:
    header = b"name,email\n"
    files = {
        "readme.md": b"#",
        "old/customers.csv": header + b"Ada,ada@example.com\n",
        "customers.csv": header + b"Ben,ben@example.com\n",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    draft = desk.begin(file.getvalue(), "export.zip")
    look = desk.run("look_at", draft=draft)
    assert (look["preview"], look["rows"], look["draft"]["version"]) == (None, [], 1)
    assert look["parts"] == [
        {"name": name, "size": len(files[name])}
        for name in ("old/customers.csv", "customers.csv", "readme.md")
    ]
    # One name is the end of another, and neither hides the other.
    for version, name, person in ((1, "customers.csv", "Ben"), (2, "old/customers.csv", "Ada")):
        chosen = desk.run("look_at", draft=draft, version=version, changes={"sheet": name})
        assert (chosen["preview"]["table"]["part"], chosen["rows"][0][0]) == (name, person)
        assert chosen["parts"] == look["parts"]
    error = desk.refused("look_at", draft=draft, version=3, changes={"sheet": ""})
    assert error["code"] == "several_files"
    assert desk.run("check_draft", draft=draft)["checked"]["counts"]["valid"] == 1


def test_a_file_that_is_one_table_has_nothing_to_choose_from(desk: Desk) -> None:
    assert desk.run("look_at", draft=desk.begin("name,email\nAda,ada@example.com\n"))["parts"] == []


def test_columns_of_one_title_are_told_apart_and_stay_so_when_the_file_is_read_otherwise(desk: Desk) -> None:
    draft = desk.begin("name,email,note,note,\nAda,ada@example.com,a,b,Ayton\n", "a.csv")
    mapping = {"note (column 4)": "notes", "note (column 3)": "", "(column 5)": "city"}
    version = desk.run("look_at", draft=draft)["draft"]["version"]
    mapped = desk.run("look_at", draft=draft, version=version, changes={"mapping": mapping})
    version = mapped["draft"]["version"]
    again = desk.run("look_at", draft=draft, version=version, changes={"encoding": "windows-1252"})
    for look in (mapped, again):
        fields = [column["field"] for column in look["preview"]["columns"]]
        assert fields == ["name", "email", "", "notes", "city"]
