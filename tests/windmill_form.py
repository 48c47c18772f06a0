"""What Windmill's form makes of a value when a person opens it, touches nothing, and saves.

As its components do it (frontend/src/lib/components/ArgInput.svelte and SchemaForm.svelte of 1.7xx):

- A field without a value gets its `default`. Without one a text becomes "" and a list [], unless the field
  is `nullable`; a boolean becomes false; a required choice its first one; a number stays away.
- An object with `properties` is a form of its own, and is there even if nobody fills it. Keys that are no
  field of it are removed, except at the top of a resource.
- The objects of a list are forms of their own, too, if its `items` have properties.
- `showExpr` sees the fields beside it as `fields`; what it hides is removed.
- `oneOf` counts at `type: object` with two alternatives or more. Which of them is chosen stands in the
  value, under `kind` if an alternative has such a property, else under `label`: the alternative's `title`.
  That is the only discriminator it knows. A value without it is taken for the first alternative, and loses
  what that has not.
- `min` and `max` bound a number, `minimum` and `maximum` do nothing; both together make a slider, which
  shows no empty value. An object without properties is edited as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_CONDITION = re.compile(r"fields\.(\w+) (===|>) ([^ ]+)")


def opened(
    schema: Schema, value: Mapping[str, Any] | None = None, *, keeps_others: bool = True
) -> dict[str, Any]:
    """Return the value as the form leaves it."""
    given, properties = dict(value or {}), schema.get("properties", {})
    made = {name: one for name, one in given.items() if keeps_others or name in properties}
    for name in schema.get("order", properties):
        spec = properties[name]
        if "showExpr" in spec and not _is_shown(spec["showExpr"], made):
            made.pop(name, None)
            continue
        filled = _field(spec, made.get(name), required=name in schema.get("required", ()))
        if filled is not None:
            made[name] = filled
    return made


def _field(spec: Schema, value: Any, *, required: bool) -> Any:
    if len(spec.get("oneOf", ())) > 1:
        return _chosen(spec["oneOf"], value or {})
    if spec.get("properties"):
        return opened(spec, value, keeps_others=False)
    if isinstance(value, list) and spec.get("items", {}).get("properties"):
        return [opened(spec["items"], one, keeps_others=False) for one in value]
    if value is not None:
        return value
    return _blank(spec, required=required)


def _blank(spec: Schema, *, required: bool) -> Any:
    """What a field without a value gets."""
    if spec.get("default") is not None:
        return spec["default"]
    if "enum" in spec:
        return spec["enum"][0] if required else None
    empty = {"string": "", "array": []}
    return False if spec["type"] == "boolean" else None if spec.get("nullable") else empty.get(spec["type"])


def _chosen(alternatives: list[Schema], value: Mapping[str, Any]) -> dict[str, Any]:
    tag = "kind" if any("kind" in one.get("properties", {}) for one in alternatives) else "label"
    chosen = next((one for one in alternatives if one["title"] == value.get(tag)), alternatives[0])
    return {**opened(chosen, value, keeps_others=False), tag: chosen["title"]}


def _is_shown(expression: str, fields: Mapping[str, Any]) -> bool:
    return any(_holds(condition, fields) for condition in expression.split(" || "))


def _holds(condition: str, fields: Mapping[str, Any]) -> bool:
    found = _CONDITION.fullmatch(condition)
    assert found, f"{condition!r} is more than this stand-in reads"
    name, sign, text = found.groups()
    value, other = fields.get(name), json.loads(text.replace("'", '"'))
    return value == other if sign == "===" else value is not None and value > other
