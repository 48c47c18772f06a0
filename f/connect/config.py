"""Reads an Integration from a Windmill resource, a JSON file or the environment, and checks all at once.

Only here is pydantic imported. Every fault is named, with the path of the field and without its value.
"""

# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

import dataclasses
import difflib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from f.connect.environment import settings_in
from f.connect.errors import FixSettings
from f.connect.integration import (
    UNVERIFIED,
    Authentication,
    CircuitBreaker,
    Integration,
    RateLimit,
    ResponseCache,
    Retry,
    mode_faults,
    url_faults,
)


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
_AUTHENTICATION = Annotated[Authentication, Field(discriminator="type")]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the validator of a type. Making one takes 10 ms, most of what a warm process needs for a job."""
    return TypeAdapter(kind)


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
        authentication, twice = _without_aliases(authentication)
        faults += twice
        try:
            values["authentication"] = _adapter(_AUTHENTICATION).validate_python(authentication)
        except ValidationError as error:
            faults += _sentences(error, "authentication")
        except FixSettings as error:
            faults += error.faults
    try:
        integration: Integration = _adapter(Integration).validate_python(values)
    except ValidationError as error:
        faults += [*_sentences(error), *_rule_faults(values)]
    except FixSettings as error:
        faults += error.faults
    if faults:
        raise FixSettings(f"{where} cannot be used: {'; '.join(faults)}.", faults=faults, code="bad_settings")
    return integration


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


def _rule_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Check the rules between fields although a field is wrong, so that all faults come at once."""
    if values.get("mode", "live") in ("mock", "hybrid") and not values.get("twin_url"):
        yield from mode_faults(values["mode"], {}, None)
    for name in ("base_url", "twin_url"):
        if isinstance(url := values.get(name), str):
            yield from url_faults(name, url, allow_plain_http=values.get("allow_plain_http") is True)
    if values.get("verify_ssl") is False and values.get("allow_unverified_ssl") is not True:
        yield UNVERIFIED


def _sentences(error: ValidationError, part: str = "") -> Iterator[str]:
    """Say what is wrong, without any value. `part`: the setting that was checked by itself."""
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        steps = [str(step) for step in fault["loc"]]
        if part:
            # What comes first is the type that was chosen; a field may have the name of a type, too.
            steps = [part, *(steps[1:] if steps and steps[0] in _TAGS else steps)]
        field = ".".join(steps) or "it"
        if fault["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
            yield f"{field} is not a setting{_nearest(field.rpartition('.')[2], field)}"
        elif fault["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
            yield f"{field} is missing"
        elif fault["type"].startswith("union_tag"):
            yield f"{field}.type must be one of {', '.join(sorted(_TAGS))}"
        else:
            yield f"{field}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


_KINDS = get_args(Authentication)
_TAGS = frozenset(kind.type for kind in _KINDS)
_KNOWN = sorted(
    {
        field.name
        for kind in (Integration, RateLimit, ResponseCache, Retry, CircuitBreaker, *_KINDS)
        for field in dataclasses.fields(kind)
    }
)


def _nearest(name: str, field: str) -> str:
    matches = difflib.get_close_matches(name, _KNOWN, n=1)
    return f" (did you mean {matches[0]}?)" if matches and matches[0] != field else ""
