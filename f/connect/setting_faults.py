"""What is wrong with settings, all at once: with the path of each field and without its value.

Only here is pydantic imported.
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
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

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

_AUTHENTICATION = Annotated[Authentication, Field(discriminator="type")]


def integration_of(values: Mapping[str, Any], known: Iterable[str], where: str) -> Integration:
    """Make an Integration of settings under their own names. FixSettings lists `known` faults and others."""
    faults, values = list(known), dict(values)
    authentication = values.pop("authentication", None)
    if authentication is not None:
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


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the validator of a type. Making one takes 10 ms, most of what a warm process needs for a job."""
    return TypeAdapter(kind)


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
