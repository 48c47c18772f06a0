"""Variables and resources: what a run finds, and keeps what jobs set."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.api.storage.database import Database
from mill.api.storage.templates import Kind, Templates
from mill.errors import MillError
from mill.repository.env_file import env_lines
from mill.repository.workspace import hint

ENVIRONMENT_PREFIX = "MILL_VAR_"
_OURS = "MILL_"
_DEEPEST_REFERENCE = 20


class MissingValue(MillError):
    """No variable or resource has that path; the sentence names the nearest ones."""


class FixedValue(MillError):
    """The variable comes from the environment, so a job cannot set it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as Windmill stores it."""

    path: str
    value: str
    is_secret: bool = False
    description: str = ""

    def __repr__(self) -> str:
        return f"Variable(path={self.path!r})"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as Windmill stores it; `$var:` and `$res:` in its value are still names."""

    path: str
    value: Any
    resource_type: str = "any"
    description: str = ""

    def __repr__(self) -> str:
        return f"Resource(path={self.path!r}, resource_type={self.resource_type!r})"


class Values:
    """Variables: the environment, else what jobs set, else the templates. Resources: the latter two.

    `f/crm/api_token` is overridden by `MILL_VAR_F_CRM_API_TOKEN`, in the environment or in a `.env` file.
    """

    def __init__(self, templates: Templates, database: Database, environment: Mapping[str, str]) -> None:
        self._templates = templates
        self._database = database
        self._environment = environment

    def variable(self, path: str) -> Variable:
        """Return the variable; MissingValue where there is none."""
        fixed = self._environment.get(environment_name(path))
        if fixed is not None:
            return Variable(path, fixed, is_secret=True)
        rows = self._database.rows("SELECT value, is_secret, description FROM variable WHERE path = ?", path)
        if rows:
            value, is_secret, description = rows[0]
            return Variable(path, value, bool(is_secret), description)
        template = self._templates.get("variable", path)
        if template is None:
            raise self._missing("variable", path)
        value = template["value"]
        if not isinstance(value, str):
            raise MillError(f"Variable {path} is not text: put its value in quotes in its .variable.yaml.")
        return Variable(path, value, bool(template.get("is_secret")), template.get("description") or "")

    def resource(self, path: str) -> Resource:
        """Return the resource as stored; MissingValue where there is none."""
        sql = "SELECT value, resource_type, description FROM resource WHERE path = ?"
        rows = self._database.rows(sql, path)
        if rows:
            value, resource_type, description = rows[0]
            return Resource(path, json.loads(value), resource_type, description)
        template = self._templates.get("resource", path)
        if template is None:
            raise self._missing("resource", path)
        resource_type = template.get("resource_type") or "any"
        return Resource(path, template["value"], resource_type, template.get("description") or "")

    def resolved(self, path: str) -> Any:
        """Return a resource's value with every `$var:` and `$res:` in it replaced by what it names."""
        return self._resolve(self.resource(path).value, path, 0)

    def shell_word(self, path: str, key: str) -> str:
        """Return a value of a resource as it stands between double quotes in a shell.

        What the environment overrides is named and not shown: it is somebody's secret. MillError where there
        is no such value.
        """
        stored = self.resource(path).value
        text = stored.get(key) if isinstance(stored, dict) else None
        if isinstance(text, str) and text.startswith("$var:"):
            name = environment_name(text.removeprefix("$var:"))
            if name in self._environment:
                return f"${name}"
        value = self._resolve(text, path, 0)
        if not isinstance(value, str):
            raise MillError(f"Resource {path} has no text in {key}.")
        return in_double_quotes(value)

    def set_variable(self, variable: Variable) -> None:
        """Create or replace it. FixedValue where the environment holds it: the write would have no effect."""
        name = environment_name(variable.path)
        if name in self._environment:
            raise FixedValue(f"Variable {variable.path} is set by {name}: unset that to let jobs change it.")
        sql = "INSERT OR REPLACE INTO variable (path, value, is_secret, description) VALUES (?, ?, ?, ?)"
        self._database.changed(sql, variable.path, variable.value, variable.is_secret, variable.description)

    def set_resource(self, resource: Resource) -> None:
        """Create or replace it."""
        sql = "INSERT OR REPLACE INTO resource (path, value, resource_type, description) VALUES (?, ?, ?, ?)"
        text = json.dumps(resource.value)
        self._database.changed(sql, resource.path, text, resource.resource_type, resource.description)

    def delete(self, kind: Kind, path: str) -> None:
        """Delete what a job set; MissingValue where it set nothing, for a template is a file of people's."""
        sql = f"DELETE FROM {kind} WHERE path = ?"  # noqa: S608 - kind is one of two literals
        if not self._database.changed(sql, path):
            raise MissingValue(f"There is no {kind} {path} that was set through the API.")

    def paths(self, kind: Kind) -> list[str]:
        """Return every known path, sorted; not those only the environment has, whose names are not paths."""
        rows = self._database.rows(f"SELECT path FROM {kind}")  # noqa: S608 - kind is one of two literals
        return sorted(self._templates.paths(kind).union(path for (path,) in rows))

    def _resolve(self, value: Any, path: str, depth: int) -> Any:
        if depth > _DEEPEST_REFERENCE:
            raise MillError(f"Resource {path} refers to itself through $res: remove the circle.")
        if isinstance(value, dict):
            return {key: self._resolve(item, path, depth) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolve(item, path, depth) for item in value]
        if isinstance(value, str) and value.startswith("$var:"):
            return self.variable(value.removeprefix("$var:")).value
        if isinstance(value, str) and value.startswith("$res:"):
            inner = value.removeprefix("$res:")
            return self._resolve(self.resource(inner).value, inner, depth + 1)
        return value

    def _missing(self, kind: Kind, path: str) -> MissingValue:
        remedy = f"Add resources/mock/{path}.{kind}.yaml"
        if kind == "variable":
            remedy += f" or set {environment_name(path)}"
        return MissingValue(f"There is no {kind} {path}.{hint(path, self.paths(kind))} {remedy}.")


def in_double_quotes(text: str) -> str:
    """Return a text as it stands between double quotes in a shell."""
    return re.sub(r'([\\"$`])', r"\\\1", text)


def environment_name(path: str) -> str:
    """Return the environment variable that overrides the Windmill variable `path`."""
    return ENVIRONMENT_PREFIX + re.sub(r"\W", "_", path, flags=re.ASCII).upper()


def read_environment(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return `MILL_*` of the environment over those of `root/.env` (lines `NAME=value`, `#` comments)."""
    everything = {**read_env_lines(root), **environment}
    return {name: value for name, value in everything.items() if name.startswith(_OURS)}


def read_env_lines(root: Path) -> dict[str, str]:
    """Return what the lines `NAME=value` of `root/.env` say; nothing if there is no such file.

    Lines that say nothing are passed over: the file may be shared with other programs.
    """
    file = root / ".env"
    return {line.name: line.value for line in env_lines(file) if line.name} if file.is_file() else {}
