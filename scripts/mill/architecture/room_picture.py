"""Draws one folder as a room: its wings on floors, the scripts people run above them, imports as arcs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mill.architecture import svg
from mill.architecture.survey import Folder, Wing, last_name, many, size_in_words

PADDING = 12
_TITLE, _LINE, _WING, _GAP = 26, 15, 36, 6
_INSET = 8  # of the text in a wing
_ARC = 20  # how far out an arc goes for each floor that it spans


@dataclass(frozen=True, slots=True)
class RoomPicture:
    """A room of a given width, drawn with its upper left corner at a point."""

    folder: Folder
    wide: int

    @property
    def high(self) -> int:
        """Its height."""
        floors = len(self.folder.floors) * (_WING + _GAP)
        strip = self._strip_height() + _GAP if self.folder.scripts else 0
        return _TITLE + _LINE * len(self._purpose()) + strip + floors + PADDING

    def draw(self, x: int, y: int, colour: str) -> Iterator[str]:
        """Yield its pieces. `colour` is the class of its title, that of the wires that lead to it."""
        yield svg.box(x, y, self.wide, self.high, "room")
        yield svg.text(x + PADDING, y + 20, self.folder.title, f"title {colour}")
        yield svg.text(x + self.wide - PADDING, y + 20, size_in_words(self.folder.modules), "soft", "end")
        top = y + _TITLE
        for line in self._purpose():
            yield svg.text(x + PADDING, top + 11, line, "soft")
            top += _LINE
        top += 3
        middles: dict[int, int] = {}
        if self.folder.scripts:
            middles[len(self.folder.floors)] = top + min(self._strip_height(), _WING) // 2
            yield from self._draw_scripts(x + PADDING, top)
            top += self._strip_height() + _GAP
        for number in reversed(range(len(self.folder.floors))):
            middles[number] = top + _WING // 2
            yield from self._draw_floor(self.folder.floors[number], x + PADDING, top)
            top += _WING + _GAP
        yield from self._draw_arcs(middles, x + PADDING + self._inner())

    def _inner(self) -> int:
        """The width of its wings: what the arcs leave."""
        span = max((abs(here - there) for here, there in self.folder.arrows), default=0)
        return self.wide - 2 * PADDING - (_ARC * span + 8 if span else 0)

    def _purpose(self) -> list[str]:
        return svg.wrap(self.folder.purpose.split(), 11, self.wide - 2 * PADDING)

    def _runnable(self) -> list[str]:
        """What people can run, in lines."""
        space = self._inner() - 16
        scripts = [last_name(script.name) for script in self.folder.scripts]
        lines = svg.wrap(scripts, 11, space, ", ")
        if self.folder.flows:
            count = f"{many(len(self.folder.flows), 'flow')}:"
            lines += svg.wrap([f"{count} {self.folder.flows[0]}", *self.folder.flows[1:]], 11, space, ", ")
        return lines

    def _strip_height(self) -> int:
        return 22 + _LINE * len(self._runnable()) + 4

    def _draw_scripts(self, x: int, y: int) -> Iterator[str]:
        yield svg.box(x, y, self._inner(), self._strip_height(), "scripts", 14)
        yield svg.text(x + 10, y + 16, f"{many(len(self.folder.scripts), 'script')} people run", "name")
        for number, line in enumerate(self._runnable()):
            yield svg.text(x + 10, y + 31 + _LINE * number, line, "soft")

    def _draw_floor(self, wings: tuple[Wing, ...], x: int, y: int) -> Iterator[str]:
        wide = (self._inner() - _GAP * (len(wings) - 1)) // len(wings)
        for number, wing in enumerate(wings):
            yield from _draw_wing(wing, x + number * (wide + _GAP), y, wide)

    def _draw_arcs(self, middles: dict[int, int], x: int) -> Iterator[str]:
        """An arc from who imports to what is imported. No two numbers meet: span and middle differ."""
        for (here, there), count in sorted(self.folder.arrows.items()):
            start, end, far = middles[here], middles[there], _ARC * abs(here - there)
            kind, head = ("inner", "soft") if here > there else ("wrong", "twrong")
            out = x + far * 4 // 3
            curve = f"M{x} {start + 3} C{out} {start + 3} {out} {end - 3} {x + 6} {end - 3}"
            yield svg.path(curve, kind, svg.thickness(count))
            yield svg.head(x, end - 3, "left", head)
        for (here, there), count in sorted(self.folder.arrows.items()):
            middle = (middles[here] + middles[there]) // 2 + 4
            kind = "number" if here > there else "number twrong"
            yield svg.text(x + _ARC * abs(here - there), middle, str(count), kind, "middle")


def _draw_wing(wing: Wing, x: int, y: int, wide: int) -> Iterator[str]:
    yield svg.box(x, y, wide, _WING, "wing", 4)
    space, names = wide - 2 * _INSET, wing.module_names()
    facts = size_in_words(wing.modules)
    if not wing.name:
        lines = svg.wrap(names, 12, space - svg.width(facts, 11) - _INSET, ", ")
        first = 22 if len(lines) == 1 else 15
        yield svg.text(x + wide - _INSET, y + first, facts, "soft", "end")
        for number, line in enumerate(lines[:2]):
            yield svg.text(x + _INSET, y + first + 14 * number, line + (" …" if number and lines[2:] else ""))
        return
    yield svg.text(x + _INSET, y + 15, wing.name, "name")
    if svg.width(wing.name, 12, bold=True) + svg.width(facts, 11) > space:
        yield svg.text(x + _INSET, y + 29, many(len(names), "module"), "soft")
    else:
        yield svg.text(x + wide - _INSET, y + 15, facts, "soft", "end")
        yield svg.text(x + _INSET, y + 29, svg.cut(names, 11, space), "soft")
