"""The accounts that the environment gives: the templates of resources/live, filled in.

The names are those of docs/names.md, which `mill resources push` and `mill doctor` read, too. A sandbox or a
stand-in is named by LIVE_BASE_URL and the resource's path: LIVE_BASE_URL_F_PAYMENTS_STRIPE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f.operate.services.registry import RESOURCE_TYPES
from mill.names.aliases import given, names_of, with_fields
from mill.repository.yaml_file import read_mapping

TEMPLATES = Path(__file__).parents[2] / "resources" / "live"
_VARIABLE = "$var:"
_PLACEHOLDER = re.compile(r"\bexample\.(com|org|net)\b")


@dataclass(frozen=True, slots=True)
class Account:
    """One resource of resources/live. `missing`: why it cannot be tried, "" if it can."""

    path: str
    resource_type: str
    resource: Mapping[str, Any]
    missing: str

    def __repr__(self) -> str:
        return f"Account({self.path!r})"  # the values are secrets


def paths() -> list[str]:
    """Return the resources of resources/live whose services are known."""
    files = sorted(TEMPLATES.rglob("*.resource.yaml"))
    return [
        file.relative_to(TEMPLATES).as_posix().removesuffix(".resource.yaml")
        for file in files
        if read_mapping(file)["resource_type"] in RESOURCE_TYPES
    ]


def account(path: str, environment: Mapping[str, str]) -> Account:
    """Return a resource filled in from the environment, or what is missing of it."""
    template = read_mapping(TEMPLATES / f"{path}.resource.yaml")
    value, _ = with_fields(path, template["value"], environment)
    missing: list[str] = []
    resource = _filled(value, environment, missing)
    override = environment.get(f"LIVE_BASE_URL_{path.replace('/', '_').upper()}")
    if override:
        resource["base_url"] = override
    why = f"Not tried: {path} needs {' and '.join(missing)} in the environment." if missing else ""
    address = str(resource.get("base_url") or resource.get("jwks_url") or "")
    if not why and _PLACEHOLDER.search(address):
        named = " or ".join(names_of(f"{path}#base_url")) or f"LIVE_BASE_URL_{path.replace('/', '_').upper()}"
        why = f"Not tried: {path} still points at {address}. Give {named}."
    return Account(path, template["resource_type"], resource, why)


def _filled(value: Any, environment: Mapping[str, str], missing: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(item, environment, missing) for name, item in value.items()}
    if not isinstance(value, str) or not value.startswith(_VARIABLE):
        return value
    path = value.removeprefix(_VARIABLE)
    found = given(path, environment)
    if found is None:
        missing.append(names_of(path)[-1])
        return ""
    return found.value
