"""What a house is built of: folders on floors, their wings, and how many imports lead from one to another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mill.architecture.house import FILE, House, Order, Room
from mill.architecture.imports import Imports, count_between, groups, imports_between
from mill.architecture.modules import Module, Modules, read_modules, workspace_modules
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping

Arrows = Mapping[tuple[str, str], int]


def lines_of(modules: Sequence[Module]) -> int:
    """Return the lines of all the modules."""
    return sum(module.lines for module in modules)


def size_in_words(modules: Sequence[Module]) -> str:
    """Return how many modules there are, and their lines."""
    return f"{many(len(modules), 'module')}, {lines_of(modules):,} lines"


@dataclass(frozen=True, slots=True)
class Wing:
    """Modules that lie together in a folder. `name` is empty for those at the folder's root."""

    name: str
    modules: tuple[Module, ...]

    def module_names(self) -> list[str]:
        """The last names of its modules, packages left out."""
        return [last_name(module.name) for module in self.modules if not module.is_package]


@dataclass(frozen=True, slots=True)
class Folder:
    """A room of the house. `floors` are its wings from the ground up; the scripts people run lie above them.

    `arrows` counts the imports from one of these floors to another, by number.
    """

    name: str
    title: str
    purpose: str
    floors: tuple[tuple[Wing, ...], ...]
    scripts: tuple[Module, ...]
    flows: tuple[str, ...]
    arrows: Mapping[tuple[int, int], int]

    @property
    def modules(self) -> list[Module]:
        """All its modules."""
        return [
            *(module for floor in self.floors for wing in floor for module in wing.modules),
            *self.scripts,
        ]


@dataclass(frozen=True, slots=True)
class Survey:
    """The whole house. `arrows` counts the imports from one folder into another; `outside` is beside it."""

    floors: tuple[tuple[Folder, ...], ...]
    arrows: Arrows
    outside: tuple[Folder, ...]
    modules: Modules
    imports: Imports

    def folders(self) -> list[Folder]:
        """All folders, from the ground up."""
        return [folder for floor in self.floors for folder in floor]


def survey(workspace: Workspace, house: House) -> Survey:
    """Measure a workspace and the packages that the house names beside it."""
    jobs = workspace_modules(workspace)
    trees = {name: read_modules(workspace.root / folder, name) for name, folder in house.trees.items()}
    modules = jobs | {name: module for tree in trees.values() for name, module in tree.items()}
    imports = imports_between(modules)
    rooms = _Rooms(workspace, house, imports, workspace.flows())
    law = complete(house.orders.get("f", Order("f", ())), {name: _folder_of(name) for name in jobs}, imports)
    inhabitants = _inhabitants(law, jobs)
    floors = tuple(
        tuple(rooms.folder(room, inhabitants[room.name]) for room in floor if room.name in inhabitants)
        for floor in law.floors
    )
    place = {module.name: room for room, members in inhabitants.items() for module in members}
    outside = tuple(
        rooms.folder(Room(house.trees[name], (name,)), list(tree.values())) for name, tree in trees.items()
    )
    return Survey(
        tuple(floor for floor in floors if floor),
        count_between(imports, place.get),
        outside,
        modules,
        imports,
    )


def complete(order: Order, places: Mapping[str, str], imports: Imports) -> Order:
    """Return the order with floors on top for modules it has none for, each above what it imports.

    `places` has the folder or wing of every module.
    """
    missing = sorted({place for module, place in places.items() if order.find(module) is None})
    level: dict[str, int] = {}
    between: dict[str, frozenset[str]] = dict.fromkeys(missing, frozenset())
    for here, there in count_between(imports, lambda module: _first(missing, module)):
        between[here] |= {there}
    for group in groups(between):  # what is imported comes first
        below = {there for here in group for there in between[here]} - group
        level |= dict.fromkeys(group, 1 + max((level[name] for name in below), default=-1))
    floors = [
        tuple(
            Room(name.removeprefix(f"{order.inside}."), (name,)) for name in missing if level[name] == floor
        )
        for floor in range(1 + max(level.values(), default=-1))
    ]
    return Order(order.inside, (*order.floors, *floors))


@dataclass(frozen=True, slots=True)
class _Rooms:
    """Makes the folders of a survey."""

    workspace: Workspace
    house: House
    imports: Imports
    flows: list[str]

    def folder(self, room: Room, modules: list[Module]) -> Folder:
        """Return a room with its wings and what people can run in it."""
        name = room.holds[0]
        scripts = tuple(module for module in modules if module.is_script and name not in self.house.trees)
        libraries = {module.name: module for module in modules if module not in scripts}
        law = self._wings(room, libraries)
        members = _inhabitants(law, libraries)
        at_root = {name, *(library.name for library in libraries.values() if not library.is_package)}
        floors = tuple(
            tuple(
                Wing("" if set(wing.holds) & at_root else wing.name, tuple(members[wing.name]))
                for wing in floor
                if wing.name in members
            )
            for floor in law.floors
        )
        floors = tuple(floor for floor in floors if floor)
        level = {
            module.name: str(number)
            for number, floor in enumerate(floors)
            for wing in floor
            for module in wing.modules
        } | {script.name: str(len(floors)) for script in scripts}
        return Folder(
            room.name,
            _title(room),
            purpose_of(self.workspace.root, name, self.house),
            floors,
            scripts,
            tuple(
                last_name(flow, "/") for flow in self.flows if flow.startswith(name.replace(".", "/") + "/")
            ),
            {
                (int(here), int(there)): count
                for (here, there), count in count_between(self.imports, level.get).items()
            },
        )

    def _wings(self, room: Room, libraries: Modules) -> Order:
        if len(room.holds) > 1:
            return Order(room.name, ((room,),))
        name = room.holds[0]
        order = self.house.orders.get(name, Order(name, ()))
        return complete(order, {module: _wing_of(name, module) for module in libraries}, self.imports)


def purpose_of(root: Path, name: str, house: House) -> str:
    """Return what a folder or wing is for: from its README, its folder.meta.yaml or the house file."""
    folder = root / name.replace(".", "/")
    readme, meta = folder / "README.md", folder / "folder.meta.yaml"
    if readme.is_file():
        paragraphs = [text for text in readme.read_text("utf-8").split("\n\n") if not text.startswith("#")]
        return _first_sentence(paragraphs[0]) if paragraphs else ""
    if meta.is_file():
        return str(read_mapping(meta).get("summary") or "")
    return house.purposes.get(name, "")


def many(count: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def last_name(name: str, separator: str = ".") -> str:
    """Return what stands behind the last separator."""
    return name.rpartition(separator)[2]


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()))[0]


def _inhabitants(law: Order, modules: Modules) -> dict[str, list[Module]]:
    """Return which modules lie in which room, rooms by their names."""
    found: dict[str, list[Module]] = {}
    for name, module in modules.items():
        place = law.find(name)
        assert place is not None, f"{name} in no room of {FILE}"
        found.setdefault(place[1].name, []).append(module)
    return found


def _first(names: list[str], module: str) -> str | None:
    """Return the longest of `names` that is the module or above it."""
    return max((name for name in names if f"{module}.".startswith(f"{name}.")), key=len, default=None)


def _folder_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _wing_of(folder: str, module: str) -> str:
    """Return the wing of a folder that a module lies in; the folder itself if it lies at its root."""
    below = module.removeprefix(f"{folder}.").split(".")
    return f"{folder}.{below[0]}" if len(below) > 1 else folder


def _title(room: Room) -> str:
    if len(room.holds) == 1:
        return room.name
    folder = room.name.partition(".")[0]
    return f"{folder}: {', '.join(last_name(name) for name in room.holds)}"
