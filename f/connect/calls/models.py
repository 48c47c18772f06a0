"""Reads a body as a pydantic model. What is wrong with it is said field by field, without any value.

Only here and in `f.connect.config` is pydantic imported.
"""

# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic_core import core_schema

MOST_FAULTS = 8

# Whose words hold a part of the value, or are those of the model's own code.
_TELLING = frozenset(
    {"union_tag_invalid", "value_error", "assertion_error", "uuid_parsing", "url_parsing"}
    | {"get_attribute_error", "iteration_error"}
)
_KNOWN_TYPES = frozenset(get_args(core_schema.ErrorType)) - _TELLING
_OTHER = "it is not what the model accepts"


def read_model(model: Any, value: Any) -> tuple[Any, str]:
    """Return the value as `model`, or None and what is wrong with it."""
    adapter = _adapter(model)
    try:
        return adapter.validate_python(value), ""
    except ValidationError as error:
        faults = list(_sentences(error, _field_names(model)))
    except Exception as error:  # noqa: BLE001 - of a validator of the model's: the reply must not be lost over it
        return None, f"the model's own code failed ({type(error).__name__})"
    more = len(faults) - MOST_FAULTS
    return None, "; ".join(faults[:MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")


@lru_cache(maxsize=64)
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


@lru_cache(maxsize=64)
def _field_names(model: Any) -> frozenset[str]:
    """Return the names that the model itself gives to fields: all else in a path is the reply's own."""
    try:
        return frozenset(_names(_adapter(model).json_schema(by_alias=True))) | frozenset(
            _names(_adapter(model).json_schema(by_alias=False))
        )
    except (PydanticSchemaGenerationError, PydanticUserError):  # a type that JSON cannot say
        return frozenset()


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            yield from properties
        for part in schema.values():
            yield from _names(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _names(part)


def _sentences(error: ValidationError, names: frozenset[str]) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        steps = [str(step) if isinstance(step, int) or step in names else "*" for step in fault["loc"]]
        where = ".".join(steps) or "the body"
        if fault["type"] == "missing":
            yield f"{where} is missing"
        else:
            text = fault["msg"] if fault["type"] in _KNOWN_TYPES else _OTHER
            yield f"{where}: {text[0].lower()}{text[1:]}"
