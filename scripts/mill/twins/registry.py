"""The twins there are, by name. A twin's module is imported when the twin is first asked for."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from pydantic import ValidationError

from mill.errors import MillError
from mill.twins.twin import Setup, Twin

# Each is a module with `build(setup: Setup) -> Twin`, and its name is one word. With more
# (`inbox_page`) it is a part of a twin.
_SERVICES = str(Path(__file__).with_name("services"))
NAMES = tuple(sorted(one.name for one in pkgutil.iter_modules([_SERVICES]) if "_" not in one.name))


def build(name: str, setup: Setup) -> Twin:
    """Return the twin of that name. Raises MillError for settings it does not have."""
    module = importlib.import_module(f"mill.twins.services.{name}")
    try:
        twin: Twin = module.build(setup)
    except ValidationError as error:
        raise MillError(f"The settings of the twin {name} are wrong: {problems(error)}.") from error
    return twin


def problems(error: ValidationError) -> str:
    """Return what a model refused, in one line."""
    return "; ".join(
        ": ".join(part for part in (".".join(str(step) for step in problem["loc"]), problem["msg"]) if part)
        for problem in error.errors(include_url=False, include_input=False)
    )
