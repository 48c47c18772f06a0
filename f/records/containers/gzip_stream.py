"""A gzip file, unpacked as it streams by: one member or several, one after the other (RFC 1952)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from f.records.containers.limits import LIMITS, PIECE_BYTES, Limits, SizeCheck, damaged

START = b"\x1f\x8b"

_WHAT = "gzip archive"
_WINDOW = 31  # zlib's own number for a gzip header, with its checksum


def gunzip(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[bytes]:
    """Yield what the file holds, in small pieces. Raises FixInput: damaged_file, unpacks_too_large."""
    size = SizeCheck(_WHAT, limits)
    packed = 0
    member: Any = zlib.decompressobj(_WINDOW)
    for part in _slices(chunks):
        data = part
        packed += len(data)
        while data:
            if member is None:
                data = data.lstrip(b"\0")  # what some writers fill up with
                if not data:
                    break
                member = zlib.decompressobj(_WINDOW)
            piece = _decompressed(member, data)
            size.add(len(piece), packed)
            yield piece
            data = member.unconsumed_tail
            if member.eof:
                data, member = member.unused_data, None
    while member is not None:
        piece = _decompressed(member, b"")
        if not piece and not member.eof:
            raise damaged(_WHAT, "it ends too early")
        size.add(len(piece), packed)
        yield piece
        member = None if member.eof else member


def _decompressed(member: Any, data: bytes) -> bytes:
    try:
        piece: bytes = member.decompress(data, PIECE_BYTES)
    except zlib.error as error:
        proven_wrong = "data check" in str(error) or "length check" in str(error)
        detail = "a checksum is wrong" if proven_wrong else "its packed data cannot be read"
        raise damaged(_WHAT, detail) from error
    return piece


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What a piece of output leaves of its input is copied: so it must be small."""
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]
