"""The file that a person names, as an input of the import: an object of the local storage, or a URL."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mill.errors import MillError

STDIN = "-"
_LOOKED_AT = 1 << 18
_URLS = ("http://", "https://")


@contextlib.contextmanager
def given_file(name: str, state: Path) -> Iterator[dict[str, Any]]:
    """The inputs that hand the file over while the block runs: an object, so that no size is too large.

    Raises MillError for a file that cannot be read.
    """
    if name.startswith(_URLS):
        yield {"url": name}
        return
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_from_stdin(state)) if name == STDIN else _checked(Path(name))
        key = f"given/{uuid.uuid4().hex[:12]}/{_key_name(file.name)}"
        stack.callback(shutil.rmtree, state / "objects" / "_default_" / Path(key).parent, ignore_errors=True)
        _put(state, key, file)
        yield {"file": {"s3": key}}


def expected_rows(name: str) -> int:
    """Guess by its beginning how many rows a text file has, for a progress line; 0 where nobody knows."""
    file = Path(name)
    if name == STDIN or not file.is_file():
        return 0
    with file.open("rb") as opened:
        head = opened.read(_LOOKED_AT)
    lines = head.count(b"\n") or head.count(b"\r")
    return file.stat().st_size * lines // len(head) if lines and b"\0" not in head else 0


def _put(state: Path, key: str, file: Path) -> None:
    from mill.api.storage.objects import put_file  # noqa: PLC0415 - a web server's imports
    from mill.api.transport.replies import Refusal  # noqa: PLC0415 - the same

    try:
        put_file(state, key, file)
    except Refusal as error:
        raise MillError(f"{file}: {error}") from error
    except OSError as error:
        if not os.access(file, os.R_OK):
            raise MillError(f"{file}: cannot be read ({error.strerror}).") from error
        raise MillError(
            f"{state}: local state cannot be kept there ({error.strerror}). Name a folder with --state."
        ) from error


def _key_name(name: str) -> str:
    """A file's name as part of an object's key, in which some characters cannot be."""
    return name.replace("\\", "_").encode("utf-8", "replace").decode()


@contextlib.contextmanager
def _from_stdin(state: Path) -> Iterator[Path]:
    if sys.stdin.isatty():
        raise MillError("- reads the file from a pipe, and there is none. Try: mill import - < customers.csv")
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stdin-", dir=state) as folder:
        file = Path(folder) / "stdin"
        with file.open("wb") as taken:
            shutil.copyfileobj(sys.stdin.buffer, taken)
        yield file


def _checked(file: Path) -> Path:
    if file.is_dir():
        raise MillError(f"{file} is a folder. Name a file in it{_examples(file)}.")
    if file.exists() and not file.is_file():
        raise MillError(f"{file} is not a file. Pass what comes from a pipe with -: ... | mill import -")
    if not file.is_file():
        raise MillError(f"There is no file {file}.{_near(file)}")
    return file


def _examples(folder: Path) -> str:
    tables = sorted(one.name for one in folder.glob("*") if one.suffix.lower() in {".csv", ".xlsx", ".tsv"})
    return f", such as {folder / tables[0]}" if tables else ""


def _near(file: Path) -> str:
    try:
        names = [one.name for one in file.parent.iterdir() if one.is_file()]
    except OSError:
        return f" There is no folder {file.parent} either." if not file.parent.is_dir() else ""
    near = difflib.get_close_matches(file.name, names, n=1, cutoff=0.6)
    return f" Did you mean {file.parent / near[0]}?" if near else ""
