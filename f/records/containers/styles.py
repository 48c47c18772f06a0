"""What a cell's style makes of its number: <xf numFmtId="14"/> in <cellXfs>, formats in <numFmts>."""

# ruff: noqa: D102 - Handler says what its methods are for

from __future__ import annotations

from f.records.containers.cell_text import Kind, kind_of
from f.records.containers.markup import Attributes, Handler

_MOST = 1 << 17  # Excel takes 65,490


class Styles(Handler):
    """Fill by parsing, then ask. A style that is not there shows a number as one."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._kinds: dict[str, Kind] = {}
        self._inside = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt" and len(self._codes) < _MOST:
            self._codes[int(attributes.get("numFmtId", "-1"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside and len(self._formats) < _MOST:
            self._formats.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._inside = False

    def kind(self, style: str) -> Kind:
        """Return how numbers of a cell's `s` attribute are shown; "" is a cell without one."""
        found = self._kinds.get(style)
        if found is None:
            found = self._kind(int(style or "0"))
            if len(self._kinds) < _MOST:
                self._kinds[style] = found
        return found

    def _kind(self, style: int) -> Kind:
        if not 0 <= style < len(self._formats):
            return "number"
        number = self._formats[style]
        return kind_of(number, self._codes.get(number))
