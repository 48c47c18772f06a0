"""The texts that a workbook's sheets share: <si><t>Ada</t></si>, or in runs <si><r><t>A</t></r>...</si>.

They may be as large as the file, so they lie on disk; in memory is where each begins.
"""

# ruff: noqa: D102 - Handler says what its methods are for

from __future__ import annotations

import mmap
from array import array
from typing import IO

from f.records.containers.cell_text import plain_text
from f.records.containers.limits import LIMITS, Limits, too_large
from f.records.containers.markup import Attributes, Handler

_WRITE_CHARS = 1 << 16


class SharedStrings(Handler):
    """Fill by parsing; then `close_writing`, and read by index. The file is the caller's to close."""

    def __init__(self, what: str, file: IO[bytes], limits: Limits = LIMITS) -> None:
        super().__init__()
        self._what, self._limits, self._file = what, limits, file
        self._ends = array("Q", [0])
        self._text = ""
        self._is_reading = False  # within how a text is read aloud, which is no part of it
        self._pending = bytearray()
        self._mapped: mmap.mmap | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        del attributes
        if name == "t":
            self.parts.clear()
        elif name == "si":
            self._text = ""
        elif name == "rPh":
            self._is_reading = True

    def end(self, name: str) -> None:
        if name == "t":
            text = self.taken()
            if not self._is_reading:
                self._text += text
            if len(self._text) > self._limits.field_chars:
                raise too_large(self._what, f"has a text of over {self._limits.field_chars:,} characters")
        elif name == "rPh":
            self._is_reading = False
        elif name == "si":
            self._add(plain_text(self._text))

    def _add(self, text: str) -> None:
        if len(self._ends) > self._limits.strings:
            raise too_large(self._what, f"has more than {self._limits.strings:,} texts")
        data = text.encode(errors="replace")
        self._pending += data
        self._ends.append(self._ends[-1] + len(data))
        if len(self._pending) > _WRITE_CHARS:
            self._write()

    def _write(self) -> None:
        self._file.write(self._pending)
        self._pending = bytearray()

    def close_writing(self) -> None:
        """Make what was collected readable."""
        self._write()
        self._file.flush()
        if self._ends[-1]:
            self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        start, end = self._ends[index], self._ends[index + 1]
        return self._mapped[start:end].decode() if self._mapped and end > start else ""
