"""The order of a house, as its `house.toml` states it: which folder and which wing lies above which.

    order              floors from the ground up, each a list of rooms: of the folders, of the wings of each
    libraries_at_root  folders that show libraries at their root, not only scripts
    top_imports        what of the workspace a script may import at its top, rather than in main
    trees              packages beside f/, by name, with their folders
    limits             how large things may grow
    words              what a folder knows nothing of
    purposes           what a folder or wing is for, if no README or folder.meta.yaml says so
    journeys           what happens between the folders, in words

A room is the name of a folder or module; `a + b` makes one room of several, and `.` is what else lies at the
folder's root. A module imports from its own room and from the floors below, never from a neighbour.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.errors import MillError

FILE = "house.toml"
REST = "."


@dataclass(frozen=True, slots=True)
class Room:
    """Folders or modules, by dotted name, that lie together. `name` is how the house file writes the room."""

    name: str
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """The floors within one folder, from the ground up. `inside` is the folder's dotted name."""

    inside: str
    floors: tuple[tuple[Room, ...], ...]

    def rooms(self) -> Iterator[tuple[int, Room]]:
        """Yield every room with the number of its floor, 0 being the ground."""
        for number, floor in enumerate(self.floors):
            for room in floor:
                yield number, room

    def find(self, module: str) -> tuple[int, Room] | None:
        """Return the floor and room of a module: that of the longest name that is above it or its own.

        The folder's own name stands for what lies at its root, not for a wing that has no floor.
        """
        best: tuple[int, tuple[int, Room] | None] = (-1, None)
        for number, room in self.rooms():
            for name in room.holds:
                is_deep = name == self.inside and module.rpartition(".")[0] not in ("", name)
                if is_in(module, name) and not (is_deep and module != name) and len(name) > best[0]:
                    best = (len(name), (number, room))
        return best[1]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large things may grow."""

    modules: int = 16
    function_lines: int = 50
    file_lines: int = 420
    attributes: int = 8


@dataclass(frozen=True, slots=True)
class House:
    """All of a house file. Every part may be missing; what it says nothing of is not ruled."""

    orders: Mapping[str, Order] = field(default_factory=dict)
    trees: Mapping[str, str] = field(default_factory=dict)  # a package's name -> its folder, beside f/
    libraries_at_root: tuple[str, ...] = ()
    top_imports: tuple[str, ...] | None = None  # None: whatever it likes
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # folder -> words it must not say
    limits: Limits = field(default_factory=Limits)
    purposes: Mapping[str, str] = field(default_factory=dict)
    journeys: Mapping[str, str] = field(default_factory=dict)


def is_in(module: str, folder: str) -> bool:
    """Whether a module is `folder` itself or lies anywhere below it."""
    return module == folder or module.startswith(f"{folder}.")


def read_house(root: Path) -> House:
    """Return the house of a repository, an empty one if it has no house file."""
    file = root / FILE
    if not file.is_file():
        return House()
    try:
        return parse_house(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise MillError(f"{file}: {error}.") from error


def parse_house(data: Mapping[str, Any]) -> House:
    """Return the house that the content of a house file describes."""
    return House(
        orders={inside: _order(inside, floors) for inside, floors in data.get("order", {}).items()},
        trees=data.get("trees", {}),
        libraries_at_root=tuple(data.get("libraries_at_root", ())),
        top_imports=tuple(data["top_imports"]) if "top_imports" in data else None,
        words={folder: tuple(words) for folder, words in data.get("words", {}).items()},
        limits=Limits(**data.get("limits", {})),
        purposes=data.get("purposes", {}),
        journeys=data.get("journeys", {}),
    )


def _order(inside: str, floors: list[list[str]]) -> Order:
    return Order(inside, tuple(tuple(_room(inside, text) for text in floor) for floor in floors))


def _room(inside: str, text: str) -> Room:
    names = [name.strip() for name in text.split("+")]
    return Room(text, tuple(inside if name == REST else f"{inside}.{name}" for name in names))
