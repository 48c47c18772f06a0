"""A script as it is run: where it lies, how it is imported, what its functions take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mill.engine.definition.lock import Lock
from mill.engine.definition.signature import Signature


@dataclass(frozen=True, slots=True)
class Code:
    """A script to run: its file, how to import it, its functions' signatures, and its lock if it has one."""

    file: Path
    module: str
    importable: bool
    signatures: Mapping[str, Signature]
    lock: Lock | None = None
