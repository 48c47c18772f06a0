"""A value that fits a schema: what is proposed, what is the default, or the plainest that may be there."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from mill.openapi.reading.schemas import Json, is_resource, resource_type_of

# From a type of resources to the path of one.
ResourcePath = Callable[[str], str]

_TEXTS = {
    "date-time": "2026-11-02T08:30:00Z",
    "date": "2026-11-02",
    "time": "08:30:00Z",
    "email": "anna@example.com",
    "uri": "https://example.com/",
    "uuid": "3f2b8c1e-7a54-4d0b-9c36-1d2e3f405162",
}


def sample_of_inputs(schema: Json, resource: ResourcePath) -> Json | None:
    """Return the inputs that are required, and those of which an example is known.

    None if something is required of which no value can be thought up.
    """
    made: Json = {}
    required = schema.get("required", ())
    for name, spec in schema.get("properties", {}).items():
        if name not in required and "examples" not in spec:
            continue
        value = sample(spec, resource)
        if value is None and name in required:
            return None
        if value is not None:
            made[name] = value
    return made


def sample(spec: Json, resource: ResourcePath) -> Any:
    """Return a value that fits, None if none can be thought up."""
    if is_resource(spec):
        return f"$res:{resource(resource_type_of(spec))}"
    for value in (spec.get("example"), *spec.get("examples", ()), spec.get("default"), *spec.get("enum", ())):
        if value not in (None, ""):
            return value
    kind = spec.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [sample(spec.get("items") or {}, resource)] * max(1, spec.get("minItems", 1))
    if kind == "object":
        return sample_of_inputs(spec, resource)
    if kind in ("integer", "number"):
        return _number(spec, whole=kind == "integer")
    return False if kind == "boolean" else _text(spec)


def _text(spec: Mapping[str, Any]) -> str | None:
    if spec.get("contentEncoding") == "base64":
        return base64.b64encode(b"text\n").decode("ascii")
    text = _TEXTS.get(str(spec.get("format")), "text")
    text = text.ljust(spec.get("minLength", 0), "x")[: spec.get("maxLength", len(text) + 1_000)]
    pattern = spec.get("pattern")
    return text if pattern is None or re.search(pattern, text) else None


def _number(spec: Mapping[str, Any], *, whole: bool) -> float:
    least, most = spec.get("minimum"), spec.get("maximum")
    above, below = spec.get("exclusiveMinimum"), spec.get("exclusiveMaximum")
    value: float = 1
    if least is not None:
        value = max(value, least)
    if above is not None and value <= above:
        value = above + 1
    if most is not None and value > most:
        value = most
    if below is not None and value >= below:
        value = below - 1 if whole else below - abs(below) / 2
    return int(value) if whole else value
