"""Reads an Integration from a Windmill resource, a JSON file or the environment, and checks all at once.

Only here is pydantic imported. Every fault is named, with the path of the field and without its value.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from f.connect.errors import FixSettings
from f.connect.integration import (
    UNVERIFIED,
    Authentication,
    CircuitBreaker,
    Integration,
    RateLimit,
    Retry,
    url_faults,
)

NESTED = "__"  # CONNECT_RETRY__MAX_RETRIES is retry.max_retries


def from_resource(resource: Mapping[str, Any], **more: Any) -> Integration:
    """Make an Integration of a resource's value; `more` overrides fields. FixSettings lists every fault."""
    return _validated({**resource, **more}, "The resource")


def from_json_file(path: str | os.PathLike[str]) -> Integration:
    """Make an Integration of a JSON file."""
    try:
        value = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise FixSettings(
            f"The settings file {path} cannot be read: {error.strerror}.", code="bad_settings"
        ) from error
    except ValueError as error:
        raise FixSettings(f"The settings file {path} is no JSON: {error}.", code="bad_settings") from error
    if not isinstance(value, dict):
        raise FixSettings(f"The settings file {path} must hold a JSON object.", code="bad_settings")
    return _validated(value, f"The settings file {path}")


def from_environment(
    prefix: str = "CONNECT_",
    *,
    environ: Mapping[str, str] | None = None,
    env_file: str | os.PathLike[str] | None = ".env",
) -> Integration:
    """Make an Integration of variables: `CONNECT_BASE_URL`, `CONNECT_AUTHENTICATION__TOKEN` and so on.

    Lists and objects are written as JSON. `env_file` is read if it exists; the environment wins over it.
    """
    variables = {
        **(read_env_file(env_file) if env_file else {}),
        **(os.environ if environ is None else environ),
    }
    tree: dict[str, Any] = {}
    for name, text in variables.items():
        if name.upper().startswith(prefix):
            *parents, leaf = name[len(prefix) :].lower().split(NESTED)
            place = tree
            for parent in parents:
                place = place.setdefault(parent, {})
                if not isinstance(place, dict):
                    raise FixSettings(
                        f"{prefix}{parent.upper()} is set both whole and in parts.", code="bad_settings"
                    )
            place[leaf] = _from_text(text)
    return _validated(tree, f"The environment ({prefix}...)")


def read_env_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the `NAME=value` lines of a `.env` file: comments, `export`, quotes. A missing file holds none."""
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise FixSettings(f"{path}:{number}: expected NAME=value.", code="bad_settings")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] in "\"'" and value.endswith(value[0]):
        return value[1:-1]
    return value.split(" #", maxsplit=1)[0].rstrip()


def _from_text(text: str) -> Any:
    """Return a JSON list or object as one; all else stays text, which pydantic converts."""
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


_AUTHENTICATION = Annotated[Authentication, Field(discriminator="type")]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the validator of a type. Making one takes 10 ms, most of what a warm process needs for a job."""
    return TypeAdapter(kind)


def _validated(raw: Mapping[str, Any], where: str) -> Integration:
    values = dict(raw)
    faults: list[str] = []
    authentication = values.pop("authentication", None)
    if authentication is not None:
        try:
            values["authentication"] = _adapter(_AUTHENTICATION).validate_python(authentication)
        except ValidationError as error:
            faults += _sentences(error, "authentication.")
        except FixSettings as error:
            faults += error.faults
    try:
        integration: Integration = _adapter(Integration).validate_python(values)
    except ValidationError as error:
        faults += [*_sentences(error, ""), *_rule_faults(values)]
    except FixSettings as error:
        faults += error.faults
    if faults:
        raise FixSettings(f"{where} cannot be used: {'; '.join(faults)}.", faults=faults, code="bad_settings")
    return integration


def _rule_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Check the rules between fields although a field is wrong, so that all faults come at once."""
    for name in ("base_url", "twin_url"):
        if isinstance(url := values.get(name), str):
            yield from url_faults(name, url, allow_plain_http=values.get("allow_plain_http") is True)
    if values.get("verify_ssl") is False and values.get("allow_unverified_ssl") is not True:
        yield UNVERIFIED


def _sentences(error: ValidationError, prefix: str) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        steps = [str(step) for step in fault["loc"] if step not in _TAGS]
        field = prefix + ".".join(steps)
        if fault["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
            yield f"{field} is not a setting{_nearest(steps[-1], field)}"
        elif fault["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
            yield f"{field} is missing"
        elif fault["type"].startswith("union_tag"):
            yield f"{field or prefix}type must be one of {', '.join(sorted(_TAGS))}"
        else:
            yield f"{field}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


_KINDS = get_args(Authentication)
_TAGS = frozenset(kind.type for kind in _KINDS)
_KNOWN = sorted(
    {
        field.name
        for kind in (Integration, RateLimit, Retry, CircuitBreaker, *_KINDS)
        for field in dataclasses.fields(kind)
    }
)


def _nearest(name: str, field: str) -> str:
    matches = difflib.get_close_matches(name, _KNOWN, n=1)
    return f" (did you mean {matches[0]}?)" if matches and matches[0] != field else ""
