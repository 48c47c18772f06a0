"""Draws a house: folders on floors from the ground up, and a wire for the imports from one to another.

Each folder that others import has a wire of its own in the margin, in the colour of its name. It begins at
every folder that imports it, with a number that says how many imports there are, and ends at its room.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mill.architecture import svg
from mill.architecture.room_picture import PADDING, RoomPicture
from mill.architecture.survey import Survey, size_in_words

WIDTH = 900
_MARGIN, _LANE, _GAP = 14, 22, 16
_COLOURS = 6
_WIRE = 11  # between the wires in a corridor
_OUTSIDE = 56
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a room is drawn. The corridor under its row begins at `corridor`."""

    picture: RoomPicture
    x: int
    y: int
    corridor: int
    is_left: bool

    @property
    def bottom(self) -> int:
        return self.y + self.picture.high


def draw(survey: Survey) -> str:
    """Return the picture of a house as the text of an SVG file."""
    targets = sorted({there for _, there in survey.arrows}, key=_heights(survey).__getitem__)
    left = _MARGIN + _LANE * len(targets) + _GAP
    places, high = _places(survey, left)
    pieces = [*_rooms(places, targets), *_wires(survey, places, targets), *_foot(survey, left, high)]
    high += _OUTSIDE * len(survey.outside) + 2 * _GAP
    style = svg.STYLE + "\n".join(svg.colours(_COLOURS))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{high}" '
        f'viewBox="0 0 {WIDTH} {high}" role="img" aria-label="The folders of f/ and who imports whom">'
    )
    page = svg.box(0, 0, WIDTH, high, "page", 0)
    return "\n".join((opening, f"<style>{style}\n</style>", page, *pieces, "</svg>\n"))


def _heights(survey: Survey) -> dict[str, int]:
    return {folder.name: number for number, folder in enumerate(survey.folders())}


def _places(survey: Survey, left: int) -> tuple[dict[str, _Place], int]:
    """Return where each room lies, the top floor first, and where the ground ends."""
    whole = WIDTH - _MARGIN - left
    places: dict[str, _Place] = {}
    y = _MARGIN
    for floor in reversed(survey.floors):
        for first in range(0, len(floor), _SIDE_BY_SIDE):
            row = floor[first : first + _SIDE_BY_SIDE]
            wide = (whole - _GAP * (len(row) - 1)) // len(row)
            pictures = [RoomPicture(folder, wide) for folder in row]
            below = y + max(picture.high for picture in pictures)
            for number, picture in enumerate(pictures):
                x = left + number * (wide + _GAP)
                places[picture.folder.name] = _Place(picture, x, y, below, number == 0)
            wires = sum(1 for here, _ in survey.arrows if here in {folder.name for folder in row[1:]})
            y = below + 2 * _GAP + _WIRE * wires
    return places, y - _GAP


def _rooms(places: dict[str, _Place], targets: list[str]) -> Iterator[str]:
    for name, place in places.items():
        colour = f"t{targets.index(name) % _COLOURS}" if name in targets else ""
        yield from place.picture.draw(place.x, place.y, colour)


def _wires(survey: Survey, places: dict[str, _Place], targets: list[str]) -> Iterator[str]:
    """The wire to each room: from every room that imports it to a lane of its own, along it, and in."""
    for number, target in enumerate(targets):
        lane = _MARGIN + _LANE * number
        starts = []
        for (here, there), count in survey.arrows.items():
            if there == target:
                place = places[here]
                used = [name for name in reversed(targets) if (here, name) in survey.arrows]
                look = _Look(number, count, is_wrong=_is_up(survey, here, there))
                draw_tap = _tap_left if place.is_left else _tap_below
                y, pieces = draw_tap(place, used.index(target), lane, look)
                starts.append(y)
                yield from pieces
        yield from _enter(places[target], lane, starts, _Look(number))


@dataclass(frozen=True, slots=True)
class _Look:
    """How a wire looks: its colour by number, how many imports it stands for, and whether it may be."""

    number: int
    count: int = 0
    is_wrong: bool = False

    @property
    def wire(self) -> str:
        return "wrong" if self.is_wrong else f"w{self.number % _COLOURS}"

    @property
    def head(self) -> str:
        return "twrong" if self.is_wrong else f"t{self.number % _COLOURS}"


def _is_up(survey: Survey, here: str, there: str) -> bool:
    floor = {folder.name: number for number, rooms in enumerate(survey.floors) for folder in rooms}
    return floor[there] >= floor[here]


def _tap_left(place: _Place, order: int, lane: int, look: _Look) -> tuple[int, list[str]]:
    y = place.y + 33 + 15 * order
    return y, [
        svg.path(f"M{place.x} {y} H{lane}", look.wire, svg.thickness(look.count)),
        svg.text(place.x - 3, y - 3, str(look.count), f"number lane {look.head}", "end"),
    ]


def _tap_below(place: _Place, order: int, lane: int, look: _Look) -> tuple[int, list[str]]:
    y = place.corridor + _GAP // 2 + 4 + _WIRE * order
    x = place.x + PADDING + 34 * order
    return y, [
        svg.path(f"M{x} {place.bottom} V{y} H{lane}", look.wire, svg.thickness(look.count)),
        svg.text(x + 5, place.bottom + 10, str(look.count), f"number lane {look.head}"),
    ]


def _enter(end: _Place, lane: int, starts: list[int], look: _Look) -> Iterator[str]:
    if end.is_left:
        y, way = end.y + 15, f"H{end.x - 5}"
        yield svg.head(end.x, y, "right", look.head)
    else:
        middle = end.x + end.picture.wide // 2
        y, way = end.y - _GAP // 2, f"H{middle} V{end.y - 5}"
        yield svg.head(middle, end.y, "down", look.head)
    yield svg.path(f"M{lane} {min(*starts, y)} V{max(*starts, y)}", look.wire, 2)
    yield svg.path(f"M{lane} {y} {way}", look.wire, 2)


def _foot(survey: Survey, left: int, y: int) -> Iterator[str]:
    """What lies beside the house, and how to read the picture."""
    right = WIDTH - _MARGIN
    for folder in survey.outside:
        yield svg.box(left, y, right - left, _OUTSIDE - _GAP // 2, "outside")
        yield svg.text(left + PADDING, y + 20, folder.title, "title")
        yield svg.text(right - PADDING, y + 20, size_in_words(folder.modules), "soft", "end")
        yield svg.text(left + PADDING, y + 37, folder.purpose, "soft")
        y += _OUTSIDE
    hint = (
        "An arrow leads from who imports to what is imported; its number counts them. Red breaks the order."
    )
    yield svg.text(left, y + 14, hint, "soft")
