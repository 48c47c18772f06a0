"""How much one file may unpack to, and the error for a file that is damaged.

A few kilobytes can unpack to terabytes. What is unpacked is counted while it is read, so nothing is trusted
that an archive says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from f.connect.errors import FixInput

PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may unpack to. The ratio counts from `ratio_from` bytes on: small files prove nothing."""

    unpacked_bytes: int = 4_000_000_000
    ratio: int = 300  # deflate packs zeros a thousandfold, a sheet's markup tenfold to hundredfold
    ratio_from: int = 50_000_000
    directory_bytes: int = 4_000_000  # of a zip's list of files: some 40,000 of them
    field_chars: int = 1 << 20  # of one cell, as in a CSV
    row_chars: int = 1 << 23
    strings: int = 1 << 24  # texts that a workbook keeps apart from its sheets
    markup_bytes: int = 1 << 23  # of one tag or one comment


LIMITS = Limits()


def damaged(what: str, detail: str) -> FixInput:
    """Return the error for a file that ends too early or contradicts itself."""
    return FixInput(
        f"The {what} is damaged or was not transferred completely: {detail}. Copy, download or export it "
        "again.",
        code="damaged_file",
    )


def too_large(what: str, detail: str) -> FixInput:
    """Return the error for a file that unpacks to more than is read."""
    return FixInput(
        f"The {what} {detail}, which is more than an import reads: split the table into several files, or "
        "export it as CSV.",
        code="unpacks_too_large",
    )


class SizeCheck:
    """Counts what comes out of a file. Raises FixInput unpacks_too_large beyond the limits."""

    def __init__(self, what: str, limits: Limits) -> None:
        self._what, self._limits = what, limits
        self._unpacked = 0

    def add(self, unpacked: int, packed: int) -> None:
        """Count bytes; `packed` is how many the file has so far, or as a whole."""
        limits = self._limits
        self._unpacked += unpacked
        if self._unpacked > limits.unpacked_bytes:
            raise too_large(self._what, f"unpacks to more than {limits.unpacked_bytes // 1_000_000:,} MB")
        if self._unpacked > max(limits.ratio_from, packed * limits.ratio):
            raise too_large(self._what, f"unpacks to more than {limits.ratio} times its size")
