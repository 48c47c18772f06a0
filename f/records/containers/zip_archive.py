"""A zip archive, read with suspicion: nothing is written under a name it gives, nothing trusted that it says.

Sizes are counted while unpacking. The list of files is looked at before it is read, because it is read as a
whole. APPNOTE.TXT of PKWARE is the format's description.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from f.connect.errors import FixInput
from f.records.containers.limits import LIMITS, PIECE_BYTES, Limits, SizeCheck, damaged, too_large

STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_END, _END_64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _END_64_BYTES, _LOCATOR_BYTES = 22, 56, 20
_LONGEST_COMMENT = 0xFFFF
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LEFT_BY_SYSTEMS = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_LONGEST_NAME = 80


class ZipArchive:
    """The files of a zip archive by their names. `what` is what to call it in a message."""

    def __init__(self, file: IO[bytes], what: str, limits: Limits = LIMITS) -> None:
        self.what = what
        self.limits = limits
        self._size, self._packed = SizeCheck(what, limits), 0
        _check_directory(file, what, limits)
        with self.read_errors():
            self._zip = zipfile.ZipFile(file)
            self._members = {_name_of(member): member for member in self._zip.infolist()}
        self._by_folded = {name.casefold(): name for name in self._members}

    def names(self) -> list[str]:
        """Return the names of all files, as they are stored."""
        return [name for name, member in self._members.items() if not member.is_dir()]

    def documents(self) -> list[str]:
        """Return the names of the files that a person has put there."""
        return [name for name in self.names() if not _is_left_by_systems(name)]

    def said_size(self, name: str) -> int:
        """Return how many bytes a file has by what the archive says: to be shown, not to be relied on."""
        return self._members[name].file_size

    def find(self, name: str) -> str | None:
        """Return the name as it is stored, whatever its case, or None if there is no such file."""
        return name if name in self._members else self._by_folded.get(name.casefold())

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes. Raises FixInput: damaged_file, encrypted_file, unpacks_too_large, ..."""
        member = self._members[name]
        if member.flag_bits & _ENCRYPTED:
            raise FixInput(
                f"The {self.what} is protected by a password: unpack it with the password, and import the "
                "file that comes out.",
                code="encrypted_file",
            )
        if member.compress_type not in _METHODS:
            raise FixInput(
                f"The {self.what} is packed in a way that is not read here (method {member.compress_type}): "
                "unpack it and import the file, or pack it with the ordinary method (deflate).",
                code="unknown_compression",
            )
        return self._pieces(member)

    def _pieces(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        self._packed += member.compress_size
        with self.read_errors(), self._zip.open(member) as file:
            while piece := file.read(PIECE_BYTES):
                self._size.add(len(piece), self._packed)
                yield piece

    @contextmanager
    def read_errors(self) -> Iterator[None]:
        """Say of what the zip module raises that the archive is damaged."""
        try:
            yield
        except zipfile.BadZipFile as error:
            detail = "a checksum is wrong" if "CRC" in str(error) else "its list of files cannot be read"
            raise damaged(self.what, detail) from error
        except (zlib.error, EOFError) as error:
            raise damaged(self.what, "its packed data cannot be read") from error
        except (ValueError, OSError, RuntimeError, OverflowError, struct.error, IndexError) as error:
            raise damaged(self.what, "it contradicts itself") from error


def shown_name(name: str) -> str:
    """Return a name for a message: one line, no characters that rearrange it, not too long."""
    text = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C").strip()
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."


def _name_of(member: zipfile.ZipInfo) -> str:
    """MacOS and Linux write UTF-8 without saying so; the module reads what says nothing as cp437."""
    if member.flag_bits & _UTF8_NAME or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode()
    except UnicodeError:
        return member.filename


def _is_left_by_systems(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "__MACOSX" or parts[-1].startswith("._") or parts[-1].lower() in _LEFT_BY_SYSTEMS


def _check_directory(file: IO[bytes], what: str, limits: Limits) -> None:
    """Refuse a list of files that is missing or too long to be held."""
    size = file.seek(0, 2)
    start = max(size - _END_BYTES - _LONGEST_COMMENT - _END_64_BYTES - _LOCATOR_BYTES, 0)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_BYTES:
        raise damaged(what, "its end is missing")
    (length,) = struct.unpack_from("<L", tail, end + 12)
    locator = end - _LOCATOR_BYTES
    if locator >= _END_64_BYTES and tail.startswith(_LOCATOR, locator):
        record = locator - _END_64_BYTES
        if not tail.startswith(_END_64, record):
            raise damaged(what, "its list of files cannot be found")
        (length,) = struct.unpack_from("<Q", tail, record + 40)
    if length > limits.directory_bytes:
        raise too_large(what, f"lists files on {length // 1_000_000:,} MB")
