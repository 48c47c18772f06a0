from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.terminal.imports.given_file import given_file
from mill.terminal.imports.order import read_mapping


def test_a_file_is_an_object_while_it_is_needed_and_no_longer(tmp_path: Path) -> None:
    file, state = tmp_path / "Kunden März.csv", tmp_path / "state"
    file.write_bytes(b"name,email\n")

    with given_file(str(file), state) as inputs:
        stored = state / "objects/_default_" / inputs["file"]["s3"]
        assert stored.name == "Kunden März.csv"
        assert stored.read_bytes() == b"name,email\n"

    assert not stored.exists()
    assert file.exists()


def test_stdin_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"name,email\n")))

    with given_file("-", tmp_path) as inputs:
        assert (tmp_path / "objects/_default_" / inputs["file"]["s3"]).read_bytes() == b"name,email\n"


def test_an_address_is_handed_on(tmp_path: Path) -> None:
    with given_file("https://example.com/a.csv", tmp_path) as inputs:
        assert inputs == {"url": "https://example.com/a.csv"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("custmers.csv", "There is no file {folder}/custmers.csv. Did you mean {folder}/customers.csv?"),
        (
            "nowhere/a.csv",
            "There is no file {folder}/nowhere/a.csv. There is no folder {folder}/nowhere either.",
        ),
        ("", "{folder} is a folder. Name a file in it, such as {folder}/customers.csv."),
    ],
)
def test_a_file_that_is_not_there_is_said_with_what_is(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "customers.csv").touch()

    with pytest.raises(MillError) as error, given_file(str(tmp_path / name), tmp_path / "state"):
        pass

    assert str(error.value) == said.format(folder=tmp_path)


def test_a_state_folder_that_cannot_be_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"name,email\n")

    with pytest.raises(MillError) as error, given_file(str(file), file / "state"):
        pass

    assert str(error.value).startswith(f"{file}/state: local state cannot be kept there")


def test_a_device_is_not_a_file() -> None:
    with pytest.raises(MillError, match=r"/dev/null is not a file\."), given_file("/dev/null", Path("state")):
        pass


def test_a_column_may_have_an_equals_sign_and_be_left_out() -> None:
    assert read_mapping(["a=b=email", "Notes="]) == {"a=b": "email", "Notes": ""}


@pytest.mark.parametrize("word", ["email", "=email", " =email"])
def test_a_mapping_without_a_column_is_refused(word: str) -> None:
    with pytest.raises(MillError, match=r"is not COLUMN=field\. For example: --map"):
        read_mapping([word])


def test_a_column_that_is_mapped_twice_is_refused() -> None:
    with pytest.raises(MillError, match="names the column 'a' twice"):
        read_mapping(["a=email", "a=name"])
