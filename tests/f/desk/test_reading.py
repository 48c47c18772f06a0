"""From a file that arrives at the desk to the columns that a person has said what they hold."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.f.desk.conftest import ROOT, Desk

CSV = "name,email\nAda,ada@example.com\nBen,ben@example.com\n"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def send(desk: Desk, data: bytes, name: str, part: int, *, packed: bool = False) -> str:
    """Send a file in parts and return the draft's id."""
    draft: str = desk.run("start_draft", name=name, size=len(data))["draft"]["id"]
    sent = gzip.compress(data) if packed else data
    parts = [sent[start : start + part] for start in range(0, len(sent), part)]
    for index in reversed(range(len(parts))):  # they arrive as they like
        assert desk.run("keep_part", draft=draft, index=index, data=encoded(parts[index])) == {
            "received": len(parts[index])
        }
    ended = desk.run("finish_upload", draft=draft, parts=len(parts), size=len(sent), packed=packed)
    assert ended["draft"]["upload_bytes"] == 0
    return draft


def test_a_small_file_is_read_at_once_and_nothing_of_it_is_decided_yet(desk: Desk) -> None:
    look = desk.run("look_at", draft=desk.begin(CSV, "C:\\data\\Kunden März.csv"))
    assert look["draft"]["file"]["s3"].endswith("/file/Kunden März.csv")
    assert look["draft"]["created_by"] == "user"
    assert look["header"] == ["name", "email"]
    assert (look["rows"], look["lines"]) == (
        [["Ada", "ada@example.com"], ["Ben", "ben@example.com"]],
        [2, 3],
    )
    assert [column["field"] for column in look["preview"]["columns"]] == ["name", "email"]
    assert look["preview"]["questions"] == []
    assert ("f/customers/mock_api", "generic") in {(one["path"], one["kind"]) for one in look["targets"]}
    assert set(look["targets"][0]) == {"path", "title", "description", "kind"}
    assert [field["name"] for field in look["fields"] if field["required"]] == ["name", "email"]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_large_file_arrives_in_parts_and_is_joined_in_their_order(desk: Desk, packed: bool) -> None:
    data = (ROOT / "flows/data/customers.csv").read_bytes()
    draft = send(desk, data, "customers.csv", 20_000 if not packed else 5_000, packed=packed)
    (path,) = desk.objects(f"desk/{draft}/")  # no part is left
    content = (desk.session.state / "objects" / "_default_" / path).read_bytes()
    assert (gzip.decompress(content) if packed else content) == data
    assert path.endswith("customers.csv.gz" if packed else "customers.csv")
    assert len(desk.run("look_at", draft=draft)["rows"]) == 50
    again = desk.run("finish_upload", draft=draft, parts=6, size=1, packed=packed)
    assert again["draft"]["file"]["s3"] == path


def test_a_part_that_is_missing_is_named_and_can_be_sent_again(desk: Desk) -> None:
    draft = desk.run("start_draft", name="a.csv", size=30)["draft"]["id"]
    for index in (0, 2):
        desk.run("keep_part", draft=draft, index=index, data=encoded(b"0123456789"))
    error = desk.refused("finish_upload", draft=draft, parts=3, size=30)
    assert (error["code"], error["message"][:18]) == ("missing_part", "Part 2 of 3 of the")
    assert desk.refused("look_at", draft=draft)["code"] == "no_file_yet"
    desk.run("keep_part", draft=draft, index=1, data=encoded(b"name,email"))
    desk.run("keep_part", draft=draft, index=1, data=encoded(b"name,email"))
    assert desk.refused("finish_upload", draft=draft, parts=3, size=31)["code"] == "incomplete_upload"
    assert desk.run("finish_upload", draft=draft, parts=3, size=30)["draft"]["file"]["size"] == 30
    assert desk.refused("keep_part", draft=draft, index=1, data="")["code"] == "file_is_there"


BAD_STARTS: dict[str, tuple[dict[str, Any], str]] = {
    "0 bytes": ({"size": 0}, "empty_file"),
    "0 bytes sent": ({"size": 0, "data": ""}, "empty_file"),
    "more than 2 GB": ({"size": 2_000_000_001}, "file_too_large"),
    "no base64": ({"size": 3, "data": "no base64!"}, "not_base64"),
    "a part too large": ({"size": 1_000_001, "data": encoded(b"x" * 1_000_001)}, "part_too_large"),
    "two files": ({"data": encoded(b"x"), "url": "https://example.com/a.csv"}, "one_source_expected"),
    "no such object": ({"file": {"s3": "inbox/none.csv"}}, "object_not_found"),
    "no path": ({"file": {}, "url": ""}, "empty_file"),
    "no such import": ({"rejects_of": "20260101-000000-00000000"}, "no_draft"),
    "an address of no web page": ({"url": "ftp://example.com/a.csv"}, "bad_url"),
}


@pytest.mark.parametrize("case", BAD_STARTS)
def test_what_cannot_become_an_import_is_refused_in_a_sentence_and_leaves_nothing(
    desk: Desk, case: str
) -> None:
    args, code = BAD_STARTS[case]
    before = desk.objects("desk/")
    error = desk.refused("start_draft", name="a.csv", **args)
    assert (error["code"], error["message"][-1]) == (code, ".")
    assert desk.objects("desk/") == before


def test_an_object_of_the_storage_is_read_where_it_lies_and_never_deleted(desk: Desk) -> None:
    path = desk.session.state / "objects" / "_default_" / "inbox" / "given.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CSV)
    draft = desk.run("start_draft", name="given.csv", file={"s3": "inbox/given.csv"})["draft"]
    assert draft["file"] == {"s3": "inbox/given.csv", "name": "given.csv", "size": len(CSV)}
    desk.run("check_draft", draft=draft["id"])
    assert desk.objects(f"desk/{draft['id']}/")
    assert desk.run("drop_draft", draft=draft["id"]) == {"dropped": True}
    assert (desk.objects(f"desk/{draft['id']}/"), desk.objects("inbox/given")) == ([], ["inbox/given.csv"])
    assert desk.refused("drop_draft", draft=draft["id"])["code"] == "no_draft"


def test_a_file_that_is_no_table_says_so_and_another_way_of_reading_it_is_not_kept(desk: Desk) -> None:
    draft = desk.begin(bytes(range(256)) * 20, "photo.csv")
    assert desk.refused("look_at", draft=draft)["code"] in {"binary_file", "not_a_table"}
    good = desk.begin(CSV)
    error = desk.refused("look_at", draft=good, version=1, changes={"header_row": 99})
    assert error["code"] == "header_row_not_found"
    look = desk.run("look_at", draft=good)
    assert (look["draft"]["version"], look["draft"]["settings"]["header_row"]) == (1, None)


BAD_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "no such setting": ({"colour": "red"}, "bad_settings"),
    "no number": ({"header_row": "two"}, "bad_settings"),
    "a share above one": ({"max_bad_share": 1.5}, "bad_settings"),
    "no such country": ({"default_country": "Atlantis"}, "unknown_country"),
    "no such encoding": ({"encoding": "klingon"}, "unknown_encoding"),
    "no such column": ({"mapping": {"colour": "email"}}, "unknown_column"),
    "a column mapped twice": ({"mapping": {"name": "email", "email": "email"}}, "two_columns_for_one_field"),
    "no such choice": ({"on_duplicate": "guess"}, "bad_settings"),
}


@pytest.mark.parametrize("case", BAD_CHANGES)
def test_a_choice_that_cannot_be_is_refused_where_it_is_made(desk: Desk, case: str) -> None:
    changes, code = BAD_CHANGES[case]
    error = desk.refused("look_at", draft=desk.begin(CSV), version=1, changes=changes)
    assert (error["code"], error["message"][-1]) == (code, ".")


def test_of_two_windows_that_change_a_draft_the_second_is_told(desk: Desk) -> None:
    draft = desk.begin("a;b\nAda;ada@example.com\n")
    seen = desk.run("look_at", draft=draft)["draft"]["version"]
    first = desk.run("look_at", draft=draft, version=seen, changes={"mapping": {"a": "name", "b": "email"}})
    error = desk.refused("look_at", draft=draft, version=seen, changes={"default_country": "DE"})
    assert error["code"] == "draft_changed"
    second = desk.run(
        "look_at", draft=draft, version=first["draft"]["version"], changes={"default_country": "DE"}
    )
    assert second["draft"]["settings"]["mapping"] == {"a": "name", "b": "email"}
    assert second["draft"]["settings"]["default_country"] == "DE"


def test_what_was_said_of_columns_is_offered_to_the_next_file_with_this_header_once(desk: Desk) -> None:
    text = "Wer,Wohin\nAda,ada@example.com\n"
    first = desk.begin(text)
    desk.run("look_at", draft=first)
    mapping = {"Wer": "name", "Wohin": "email"}
    desk.run("look_at", draft=first, version=1, changes={"mapping": mapping})
    desk.run("check_draft", draft=first)
    second = desk.begin("WOHIN;WER\nben@example.com;Ben\n")
    look = desk.run("look_at", draft=second)
    assert look["mapping_from"].startswith("the import of ")
    assert look["draft"]["settings"]["mapping"] == mapping
    assert [column["field"] for column in look["preview"]["columns"]] == ["email", "name"]
    taken_back = desk.run("look_at", draft=second, version=look["draft"]["version"], changes={"mapping": {}})
    assert (taken_back["mapping_from"], taken_back["draft"]["settings"]["mapping"]) == ("", {})
    assert desk.run("look_at", draft=second)["draft"]["settings"]["mapping"] == {}


def test_what_was_said_of_a_column_that_another_header_lacks_is_given_up(desk: Desk) -> None:
    draft = desk.begin("x,y\nname,email\nAda,ada@example.com\n")
    desk.run(
        "look_at", draft=draft, version=1, changes={"header_row": 1, "mapping": {"x": "name", "y": "email"}}
    )
    look = desk.run("look_at", draft=draft, version=2, changes={"header_row": 2})
    assert (look["header"], look["draft"]["settings"]["mapping"]) == (["name", "email"], {})


def test_a_file_of_rejects_shows_the_columns_of_its_own_file(desk: Desk) -> None:
    text = (
        "name,email,reject_line,reject_outcome,reject_reason,reject_message,reject_hint\n"
        "'=Ada,ada@example,2,invalid,invalid_email,No.,Correct it.\n"
    )
    look = desk.run("look_at", draft=desk.begin(text))
    assert (look["header"], look["rows"]) == (["name", "email"], [["=Ada", "ada@example"]])


def test_the_web_page_of_a_draft_never_gets_what_opens_a_target(desk: Desk, tmp_path: Path) -> None:
    look = desk.run("look_at", draft=desk.begin(CSV))
    assert "token" not in str(look["targets"])
    assert not any("base_url" in target for target in look["targets"])


@pytest.mark.parametrize("name", [f"{sign * 150}.{sign * 20}" for sign in ("a", "é", "名", "\U0001d49c")])
def test_a_file_with_a_long_name_is_taken_in_every_script(desk: Desk, name: str) -> None:
    draft = desk.begin("name,email\nAda,ada@example.com\n", name)
    assert desk.run("check_draft", draft=draft)["checked"]["counts"]["valid"] == 1
