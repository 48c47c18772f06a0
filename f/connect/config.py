"""Reads an Integration from a Windmill resource, a JSON file or the environment, and checks all at once.

Every fault is named, with the path of the field and without its value.
"""

# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from f.connect.environment import settings_in
from f.connect.errors import FixSettings
from f.connect.integration import Integration, hints_of

_MISFIT = object()
_EXACT = 2**53  # whole numbers up to it are the same as floats


def from_resource(resource: Mapping[str, Any], **more: Any) -> Integration:
    """Make an Integration of a resource's value; `more` overrides fields. FixSettings lists every fault."""
    return _validated(resource, "The resource", more)


def from_json_file(path: str | os.PathLike[str], name: str = "") -> Integration:
    """Make an Integration of a JSON file; `name` says which, if it holds several."""
    where = f"The settings file {path}"
    settings = _named_in(_read_json(path), where)
    if name and settings.keys() == {""} and settings[""].get("name") == name:
        return _validated(settings[""], where, {})
    if not name and len(settings) == 1:
        [(only, one)] = settings.items()
        return _validated(one, where, _name_of(one, only, where))
    if name not in settings:
        raise FixSettings(
            f"{where} holds the integrations {', '.join(sorted(settings)) or '(none)'}: "
            + (f"{name!r} is not among them." if name else "say which."),
            code="bad_settings",
        )
    return _validated(settings[name], where, _name_of(settings[name], name, where))


def all_from_json_file(path: str | os.PathLike[str]) -> list[Integration]:
    """Make every Integration of a JSON file; FixSettings lists the faults of all of them.

    One that has a base_url, a list of those, or an object of them by name, also below "integrations":

        {"hubspot": {"base_url": ...}, "mock": {"base_url": ...}}
    """
    where = f"The settings file {path}"
    return _all_validated(_named_in(_read_json(path), where), where)


def all_from_environment(
    prefix: str = "CONNECT_",
    *,
    environ: Mapping[str, str] | None = None,
    env_file: str | os.PathLike[str] | None = ".env",
) -> list[Integration]:
    """Make every Integration of variables: `CONNECT_HUBSPOT__BASE_URL` is base_url of the one named hubspot.

    Names are in lower case, and none is that of a setting: `CONNECT_RETRY__MAX_RETRIES` belongs to the one
    that `CONNECT_NAME` and `CONNECT_BASE_URL` describe, if there are such variables. FixSettings lists the
    faults of all of them.
    """
    tree = settings_in(prefix, environ, env_file)
    where = f"The environment ({prefix}...)"
    parts = {name: value for name, value in tree.items() if name not in _OWN and isinstance(value, dict)}
    alone = {name: value for name, value in tree.items() if name not in parts}
    # A misspelt part of the one that stands alone is no integration: it has no address.
    lost = {name for name, value in parts.items() if alone and "base_url" not in value}
    alone |= {name: parts.pop(name) for name in lost}
    return _all_validated({**({"": alone} if alone else {}), **parts}, where)


def all_from_resources(
    resources: Mapping[str, Any], read: Callable[..., Integration] = from_resource
) -> list[Integration]:
    """Make an Integration of each resource value, by its path or another name; FixSettings lists all faults.

    Its name is what the resource says, else the last part of the path. `read` is called as `from_resource`.
    """
    named: dict[str, Any] = {}
    for path, resource in resources.items():
        said = resource.get("name") if isinstance(resource, Mapping) else None
        name = said if isinstance(said, str) and said else path.rsplit("/", 1)[-1]
        if name in named:
            raise FixSettings(
                f"Two resources are the integration {name!r}, one of them {path}: give each its own name.",
                code="bad_settings",
            )
        named[name] = resource
    return _all_of(named, "The resources", lambda name, one: read(one, name=name))


def _all_validated(named: Mapping[str, Any], where: str) -> list[Integration]:
    def read(name: str, one: Any) -> Integration:
        return _validated(one, f"{where}, {name}" if name else where, _name_of(one, name, where))

    return _all_of(named, where, read)


def _all_of(
    named: Mapping[str, Any], where: str, read: Callable[[str, Any], Integration]
) -> list[Integration]:
    """Return all integrations of one place; the faults of all come in one error, with the name of each."""
    found, faults, first = [], [], ""
    for name, one in named.items():
        try:
            found.append(read(name, one))
        except FixSettings as error:
            first = first or str(error)
            own = error.faults or [str(error)]
            faults += [f"{name}: {fault}" if name and error.faults else fault for fault in own]
    if faults:
        text = first if len(named) == 1 else f"{where} cannot be used: {'; '.join(faults)}."
        raise FixSettings(text, faults=faults, code="bad_settings")
    return found


def _name_of(settings: Any, name: str, where: str) -> dict[str, str]:
    """Return the name to give to settings that stand under it; they may repeat it."""
    if name and isinstance(settings, Mapping) and settings.get("name", name) != name:
        raise FixSettings(f"{where}: {name} says that it has another name. Keep one.", code="bad_settings")
    return {"name": name} if name else {}


def _read_json(path: str | os.PathLike[str]) -> Any:
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise FixSettings(
            f"The settings file {path} cannot be read: {error.strerror}.", code="bad_settings"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FixSettings(f"The settings file {path} is no JSON: {error}.", code="bad_settings") from error


def _named_in(value: Any, where: str) -> dict[str, Any]:
    """Return the settings in a file by name; one that stands alone may have "" as name, to say its own."""
    if isinstance(value, dict) and value.keys() == {"integrations"}:
        value = value["integrations"]
    if isinstance(value, list):
        found: dict[str, Any] = {}
        for number, one in enumerate(value, 1):
            name = one.get("name") if isinstance(one, dict) else None
            if not isinstance(name, str) or not name or name in found:
                raise FixSettings(
                    f"{where}: entry {number} of the list needs a name of its own.", code="bad_settings"
                )
            found[name] = one
        if found:
            return found
    if not isinstance(value, dict):
        raise FixSettings(f"{where} must hold a JSON object of integrations by name.", code="bad_settings")
    if "base_url" in value or not value or not all(isinstance(one, dict) for one in value.values()):
        return {"": value}
    return value


def from_environment(
    prefix: str = "CONNECT_",
    *,
    environ: Mapping[str, str] | None = None,
    env_file: str | os.PathLike[str] | None = ".env",
) -> Integration:
    """Make an Integration of variables: `CONNECT_BASE_URL`, `CONNECT_AUTHENTICATION__TOKEN` and so on.

    Lists and objects are written as JSON. `env_file` is read if it exists; the environment wins over it.
    """
    return _validated(settings_in(prefix, environ, env_file), f"The environment ({prefix}...)", {})


# Objects whose names are the user's own: a null in them is his.
_FREE = frozenset({"default_headers", "claims", "authentication"})
_OWN = frozenset(field.name for field in dataclasses.fields(Integration))

# Windmill's form remembers which alternative of a `oneOf` was chosen under one of these names.
FORM_CHOICES = frozenset({"label", "kind"})
# Other names of a credential's fields, by its type. Each is read as the one it stands for.
_ALIASES = {
    "bearer_token": {"bearer_token": "token", "api_key": "token"},
    "api_key": {"api_key": "key", "header_name": "name"},
}


def _validated(raw: Any, where: str, more: Mapping[str, Any]) -> Integration:
    if not isinstance(raw, Mapping):
        raise FixSettings(f"{where} must be an object of settings.", code="bad_settings")
    if why := unwritable({**raw, **more}):
        raise FixSettings(f"{where} {why}.", code="bad_settings")
    values = {**_given(raw), **more}
    faults = [*_by_endpoint(values, "endpoint_limits"), *_by_endpoint(values, "endpoint_modes", "mode")]
    authentication = values.pop("authentication", None)
    if authentication is not None:
        values["authentication"], twice = _without_aliases(authentication)
        faults += twice
    fitting: Integration | None = None if faults else _fitting(Integration, values)
    if fitting is not None:
        return fitting
    from f.connect.setting_faults import integration_of  # settings as they should be need no pydantic

    return integration_of(values, faults, where)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given: a form writes what is left empty as null, and an object as one of nulls."""
    given = {}
    for name, value in settings.items():
        kept = _given(value) if isinstance(value, Mapping) and name not in _FREE else value
        if kept is not None and not (isinstance(value, Mapping) and value and not kept):
            given[name] = kept
    return given


def _by_endpoint(values: dict[str, Any], name: str, only: str = "") -> Iterator[str]:
    """Turn a list, one entry for each endpoint, into an object by endpoint: forms have no other way to ask.

    `only`: the one field that is the value; else it is all fields of an entry. Yields what is wrong.
    """
    listed = values.get(name)
    if not isinstance(listed, list):
        return
    found: dict[str, Any] = {}
    for number, one in enumerate(listed, 1):
        endpoint = one.get("endpoint") if isinstance(one, Mapping) else None
        if not isinstance(endpoint, str) or not endpoint:
            yield f"{name}: entry {number} needs an endpoint"
        elif endpoint in found:
            yield f"{name}: {endpoint} is there twice"
        else:
            rest = _given({key: value for key, value in one.items() if key != "endpoint"})
            found[endpoint] = rest.get(only) if only and rest.keys() <= {only} else rest
    values[name] = found


def unwritable(value: Any) -> str:
    """Say what keeps settings from being sent or written down; "" if nothing does."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate), which cannot be sent: write the text anew"
    except (ValueError, RecursionError):  # in itself, or in itself without end
        return "is nested too deeply"
    except TypeError:  # a name that is none in JSON: pydantic says which
        return ""
    return ""


def _without_aliases(authentication: Any) -> tuple[Any, list[str]]:
    """Return a credential's settings under their own names, and a sentence for each that is given twice.

    What a form leaves empty, it writes as null: that is not given.
    """
    if not isinstance(authentication, Mapping):
        return authentication, []
    values, faults = {name: value for name, value in authentication.items() if value is not None}, []
    for name in sorted(FORM_CHOICES):
        chosen = values.pop(name, None)
        if chosen is not None and values.setdefault("type", chosen) != chosen:
            faults.append(
                f"authentication.{name} and authentication.type name two ways to sign in: choose the type "
                f"anew in the form, which writes both, or leave {name} out"
            )
    kind = values.get("type")
    aliases = _ALIASES.get(kind, {}) if isinstance(kind, str) else {}
    for alias, name in aliases.items():
        if alias in values:
            value = values.pop(alias)
            if values.setdefault(name, value) != value:
                faults.append(
                    f"authentication.{alias} is another name of authentication.{name}, and both are given "
                    "and differ: keep one"
                )
    return values, faults


def _fitting(kind: Any, values: Any) -> Any:
    """Return the settings if each value is just what its field says; None where pydantic has to look.

    It converts what can be meant only one way, and names every fault. Importing it takes as long as all else
    that a small job imports.
    """
    if isinstance(values, kind):
        return values
    hints = hints_of(kind)
    if not isinstance(values, Mapping) or not values.keys() <= hints.keys():
        return None
    given = {name: _fitted(hints[name], value) for name, value in values.items()}
    if _MISFIT in given.values():
        return None
    try:
        return kind(**given)
    except (FixSettings, TypeError):  # a value out of its range, or one that is missing
        return None


def _fitted(hint: Any, value: Any) -> Any:
    """Return the value as a field of this type holds it, or _MISFIT."""
    origin = get_origin(hint)
    if origin is not None:
        return _fitted_generic(origin, get_args(hint), value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        fitting = _fitting(hint, value)
        return _MISFIT if fitting is None else fitting
    if hint is float and type(value) is int and abs(value) <= _EXACT:
        return float(value)
    return value if hint is Any or type(value) is hint else _MISFIT


def _fitted_generic(origin: Any, options: tuple[Any, ...], value: Any) -> Any:
    if origin is Annotated:
        return _fitted(options[0], value)
    if origin is Literal:
        return value if isinstance(value, str) and value in options else _MISFIT
    if origin in (Union, UnionType):
        return _fitted_one_of(options, value)
    if origin is tuple:
        items = [_fitted(options[0], one) for one in value] if type(value) is list else [_MISFIT]
        return _MISFIT if _MISFIT in items else tuple(items)
    assert origin is Mapping
    if type(value) is not dict or not all(type(name) is str for name in value):
        return _MISFIT
    entries = {name: _fitted(options[1], one) for name, one in value.items()}
    return _MISFIT if _MISFIT in entries.values() else entries


def _fitted_one_of(options: tuple[Any, ...], value: Any) -> Any:
    """Of several kinds of settings the value's own `type` names the one."""
    tag = value.get("type") if isinstance(value, Mapping) else None
    for option in options:
        if dataclasses.is_dataclass(option) and tag is not None and getattr(option, "type", None) != tag:
            continue
        fitted = _fitted(option, value)
        if fitted is not _MISFIT:
            return fitted
    return _MISFIT
