"""Writes a house down: what each folder is for, what lies above what, how large things are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mill.architecture.house import REST, House, Order
from mill.architecture.sizes import classes, functions
from mill.architecture.survey import Folder, Survey, Wing, lines_of, purpose_of

COMMAND = "mill docs architecture"
_FEW = 8


def write(survey: Survey, house: House, root: Path, picture: str) -> str:
    """Return the page as Markdown. `picture` is the name of the picture beside it."""
    sections = (
        _opening(picture),
        _folders(survey),
        _order(house) if house.orders else iter(()),
        _wings(survey, house, root),
        _largest(survey),
        _journeys(house),
    )
    return "\n".join(line for section in sections for line in section)


def _opening(picture: str) -> Iterator[str]:
    yield "# Architecture\n"
    yield f"<!-- Written by `{COMMAND}` from the code and house.toml: run it again, do not edit. -->\n"
    yield f"![The folders on their floors, and how many imports lead from one to another]({picture})\n"


def _folders(survey: Survey) -> Iterator[str]:
    yield "## What each folder is for\n"
    yield "From the ground up:\n"
    for folder in survey.folders():
        yield f"- **{folder.title}**{_said(folder)}"
    for folder in survey.outside:
        yield f"- beside the house, **{folder.title}**{_said(folder)}"
    yield ""


def _said(folder: Folder) -> str:
    return f": {folder.purpose.rstrip('.')}." if folder.purpose else ""


def _order(house: House) -> Iterator[str]:
    yield "## What lies above what\n"
    yield "An import leads down or stays in its room. Rooms of one floor do not import each other, and no"
    yield "modules import each other in a circle. From the ground up:\n"
    for order in house.orders.values():
        yield f"- `{order.inside}`: {_floors(order)}"
    yield ""


def _floors(order: Order) -> str:
    """The floors of a folder in one line."""
    return " → ".join(" | ".join(_room(room.name) for room in floor) for floor in order.floors)


def _room(name: str) -> str:
    return " + ".join("what else lies at its root" if part == REST else part for part in name.split(" + "))


def _wings(survey: Survey, house: House, root: Path) -> Iterator[str]:
    yield "## How large it is\n"
    yield "| Folder | Wing | Modules | Lines | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for folder in (*survey.folders(), *survey.outside):
        wings = [wing for floor in folder.floors for wing in floor]
        alone = len(wings) == 1 and not folder.scripts
        names = _names(wings[0]) if alone else ""
        yield f"| **{folder.title}** | | {len(folder.modules)} | {lines_of(folder.modules):,} | {names} |"
        for wing in () if alone else wings:
            said, lines = _purpose(wing, house, root) or _names(wing), lines_of(wing.modules)
            yield f"| | {wing.name or 'at the root'} | {len(wing.modules)} | {lines:,} | {said} |"
        if folder.scripts:
            lines = lines_of(folder.scripts)
            yield f"| | scripts people run | {len(folder.scripts)} | {lines:,} | |"
    yield ""


def _purpose(wing: Wing, house: House, root: Path) -> str:
    return purpose_of(root, wing.modules[0].package, house) if wing.name else ""


def _names(wing: Wing) -> str:
    """The names of a few modules; many say nothing."""
    names = wing.module_names()
    return ", ".join(f"`{name}`" for name in names) if len(names) <= _FEW else ""


def _largest(survey: Survey) -> Iterator[str]:
    """The largest of each, for every area."""
    yield "| The largest | function | file | class |"
    yield "| --- | --- | --- | --- |"
    for area in sorted({name.partition(".")[0] for name in survey.modules}):
        modules = {name: module for name, module in survey.modules.items() if name.partition(".")[0] == area}
        found = [item for module in modules.values() for item in functions(module)]
        function = max(found, key=lambda item: item.lines, default=None)
        file = max(modules.values(), key=lambda module: module.lines)
        held = max(classes(modules), key=lambda item: item.fields, default=None)
        cells = (
            f"{_short(str(function), area)}, {function.lines} lines" if function else "",
            f"{_short(file.name, area)}, {file.lines} lines",
            f"{_short(str(held), area)}, {held.fields} fields" if held else "",
        )
        yield f"| `{area}` | {' | '.join(cells)} |"
    yield ""


def _short(name: str, area: str) -> str:
    return f"`{name.removeprefix(f'{area}.')}`"


def _journeys(house: House) -> Iterator[str]:
    for title, text in house.journeys.items():
        yield f"## {title}\n"
        yield f"{text.strip()}\n"
