"""A twin in service: how it begins, and what of it can be changed while it serves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mill.errors import MillError
from mill.repository.yaml_file import read_mapping
from mill.twins import registry
from mill.twins.faults import ON_THE_WIRE, FaultPlan, Faults
from mill.twins.store import Ledger, Records, Store
from mill.twins.twin import RouteTable, Setup, Twin


class TwinConfig(BaseModel):
    """How one twin begins: its own settings, and its faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any] = {}
    faults: Faults = Faults()


def read_config(file: Path) -> dict[str, TwinConfig]:
    """`<twin>: {settings: ..., faults: ...}` from a YAML file. Raises MillError for what is wrong in it."""
    configs = {}
    for name, value in read_mapping(file).items():
        try:
            configs[name] = TwinConfig.model_validate(value or {})
        except ValidationError as error:
            raise MillError(f"{file}: {name}: {registry.problems(error)}.") from error
        if name not in registry.NAMES:
            raise MillError(f"{file}: there is no twin {name}. There are {', '.join(registry.NAMES)}.")
    return configs


class Served:
    """One twin in service. Its settings and faults can be changed, what it keeps stays."""

    def __init__(self, name: str, store: Store, config: TwinConfig) -> None:
        self.store = store
        self.ledger = Ledger(store, name)
        self._records = Records(store, name)
        self.configure(name, config.settings)
        self.set_faults(config.faults)

    def configure(self, name: str, settings: Mapping[str, Any]) -> None:
        """Build the twin anew with other settings. Raises MillError for ones it does not have."""
        self.twin: Twin = registry.build(name, Setup(self.ledger, self._records, settings))
        self.routes = RouteTable(self.twin.routes)

    def set_faults(self, faults: Faults) -> None:
        """Begin a new plan of faults. Raises MillError for one the twin cannot show."""
        known = {*ON_THE_WIRE, "error_503", "throttle_429", *self.twin.faults}
        operations = {"*", *(route.operation for route in self.twin.routes)}
        for given, right, what in (
            (faults.names(), known, "fault"),
            ({step.operation for step in faults.script}, operations, "operation"),
        ):
            if wrong := sorted(given - right):
                choice = ", ".join(sorted(right))
                raise MillError(f"The twin {self.twin.name} has no {what} {wrong[0]}. It has {choice}.")
        self.plan = FaultPlan(faults)
