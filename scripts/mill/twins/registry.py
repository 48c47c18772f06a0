"""The twins there are, by name. A twin's module is imported when the twin is first asked for."""

from __future__ import annotations

import importlib

from pydantic import ValidationError

from mill.errors import MillError
from mill.twins.twin import Setup, Twin

# Each is a module of this package with `build(setup: Setup) -> Twin`.
NAMES = ("customers", "hubspot", "inbox", "resend", "salesforce", "sendgrid", "slack", "twilio")


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
