"""A script's lock: the Python it was made for, and every package it needs with its version."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

# What stands before the name of a file whose text belongs in this place.
INLINE = "!inline "

# The first line of a lock: `# py: 3.12`; older ones say `# py312` or `# py3.12`.
_PYTHON = re.compile(r"#\s*py:?\s*=*\s*(\d)\.?(\d{1,2})\b", re.MULTILINE)
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*(?P<version>[^\s;]+)\s*"
    r"(?:;\s*(?P<marker>.*?))?\s*(?:--hash[=\s]\S+\s*)*"
)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_RUN = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Pin:
    """`name==version`. The name is normalised; `marker` says on which machines it counts, empty for all."""

    name: str
    version: str
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock says. `place` is the file a person would open.

    `python` is like 3.12, empty where the lock names none. `others` are requirements that are no pins, such
    as an address of a Git repository; `lines` is all that an installer is given, options included.
    """

    place: str
    python: str
    pins: tuple[Pin, ...]
    others: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many packages it names."""
        return len(self.pins) + len(self.others)

    def is_met_by(self, installed: Mapping[str, str]) -> bool:
        """Return whether all of it is installed, in exactly these versions. `installed`: version by name."""
        return not self.others and all(
            _same(installed.get(pin.name), pin.version) for pin in self.pins if _counts(pin.marker)
        )


@functools.lru_cache(maxsize=1024)
def parse_lock(text: str, place: str) -> Lock | None:
    """Return what a lock says; None for one that is empty, which Windmill takes for none."""
    if not text.strip():
        return None
    python = _PYTHON.search(text)
    pins, others, lines = [], [], []
    for raw in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = " ".join(_COMMENT.sub("", raw).split())
        if not line:
            continue
        lines.append(line)
        pin = _PIN.fullmatch(line)
        if pin is not None:
            pins.append(Pin(normalised(pin["name"]), pin["version"], pin["marker"] or ""))
        elif not line.startswith("-") or line.startswith(("-e ", "--editable")):
            others.append(line)
    named = f"{python[1]}.{python[2]}" if python else ""
    return Lock(place, named, tuple(pins), tuple(others), tuple(lines))


def normalised(name: str) -> str:
    """Return a package's name as every spelling of it is compared."""
    return _RUN.sub("-", name).lower()


def _same(installed: str | None, wanted: str) -> bool:
    if installed is None or installed == wanted:
        return installed is not None
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - only where the texts differ

    try:
        return Version(installed) == Version(wanted)
    except InvalidVersion:
        return False


def _counts(marker: str) -> bool:
    if not marker:
        return True
    from packaging.markers import InvalidMarker, Marker  # noqa: PLC0415 - few locks have any

    try:
        return Marker(marker).evaluate()
    except InvalidMarker:
        return True  # the installer says what is wrong with it
