"""WM3: what people see of a script or flow before they run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mill.lint.sources.document import Document, Keys, mapping
from mill.lint.sources.finding import Finding

# Settings that only the Enterprise Edition acts on; the Community Edition ignores them, some with a warning.
ENTERPRISE = {
    *("concurrent_limit", "concurrency_time_window_s", "concurrency_key", "custom_concurrency_key"),
    *("debounce_key", "debounce_delay_s", "debouncing", "debounce_args_to_accumulate"),
    *("max_total_debouncing_time", "max_total_debounces_amount"),
    *("priority", "delete_after_use", "delete_after_secs", "dedicated_worker"),
    *("on_failure", "on_success", "on_recovery", "user_auth_required"),
}


# Windmill's form keeps the chosen alternative of a `oneOf` under one of these names, and shows neither.
_TAGS = ("kind", "label")


def check_form(document: Document, *, kind: str) -> Iterator[Finding]:
    """Yield findings for a .script.yaml or flow.yaml: `kind` is "script" or "flow"."""
    data = mapping(document.data)
    for code, key in (("WM301", "summary"), ("WM302", "description")):
        if not str(data.get(key) or "").strip():
            yield document.place((key,)).find(
                code, f"The {kind} has no {key}.", f"Write what it does: people pick it by its {key}."
            )
    for name, spec in mapping(mapping(data.get("schema")).get("properties")).items():
        yield from _described(document, name, spec, ("schema", "properties", name))
    yield from _fields(document, data.get("schema"), ("schema",))


def check_resource_type(document: Document) -> Iterator[Finding]:
    """Yield findings for a .resource-type.yaml: people fill in its form at every depth."""
    data = mapping(document.data)
    if not str(data.get("description") or "").strip():
        yield document.place(("description",)).find(
            "WM302", "The resource type has no description.", "Write what it is for: people pick it by that."
        )
    for keys, name, spec in _nested(mapping(data.get("schema")), ("schema",)):
        if not (name in _TAGS and "oneOf" in keys):
            yield from _described(document, name, spec, keys)
    yield from _fields(document, data.get("schema"), ("schema",))


def check_resource(document: Document, types: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield findings for a .resource.yaml whose type has a form. `types`: the schemas by name."""
    data = mapping(document.data)
    schema = mapping(types.get(str(data.get("resource_type"))))
    for name, spec in mapping(schema.get("properties")).items():
        ones = [mapping(one) for one in mapping(spec).get("oneOf") or ()]
        value = mapping(data.get("value")).get(name)
        if not ones or not isinstance(value, dict):
            continue
        tag, titles = _tag_of(ones), [str(one.get("title")) for one in ones]
        if value.get(tag) not in titles:
            yield document.place(("value", name)).find(
                "WM307",
                f"Who opens this in the form loses {name}: it does not say which alternative it is.",
                f"Write {tag}: with one of {', '.join(titles)}.",
            )


def _described(document: Document, name: str, spec: Any, keys: Keys) -> Iterator[Finding]:
    if not str(mapping(spec).get("description") or "").strip():
        yield document.place(keys).find(
            "WM303",
            f"The input {name} has no description.",
            "Say what to enter, with an example or a unit.",
        )


def _parts(schema: Mapping[str, Any], keys: Keys) -> Iterator[tuple[Mapping[str, Any], Keys]]:
    """Yield what has fields of its own: the schema, the alternatives of its `oneOf`, the items of a list."""
    yield schema, keys
    alternatives = schema.get("oneOf")
    for index, one in enumerate(alternatives if isinstance(alternatives, list) else []):
        yield mapping(one), (*keys, "oneOf", index)
    if items := mapping(schema.get("items")):
        yield items, (*keys, "items")


def _nested(schema: Mapping[str, Any], keys: Keys) -> Iterator[tuple[Keys, str, dict[str, Any]]]:
    """Yield every field of a form at any depth, with the keys that lead to it."""
    for part, place in _parts(schema, keys):
        for name, spec in mapping(part.get("properties")).items():
            inner = (*place, "properties", name)
            yield inner, name, mapping(spec)
            yield from _nested(mapping(spec), inner)


def _fields(document: Document, schema: Any, keys: Keys) -> Iterator[Finding]:
    """Yield what the form would not read, at any depth."""
    for part, place in _parts(mapping(schema), keys):
        yield from _order(document, part, place)
    for inner, name, spec in _nested(mapping(schema), keys):
        for part, place in _parts(spec, inner):
            yield from _order(document, part, place)
        yield from _bounds(document, name, spec, inner)
        yield from _alternatives(document, name, spec, inner)


def _order(document: Document, part: Mapping[str, Any], keys: Keys) -> Iterator[Finding]:
    order, names = part.get("order"), list(mapping(part.get("properties")))
    if not isinstance(order, list) or sorted(map(str, order)) == sorted(names):
        return
    missing = [name for name in names if name not in order]
    unknown = [str(name) for name in order if name not in names]
    said = " and ".join(
        filter(
            None,
            (
                f"leaves out {', '.join(missing)}" if missing else "",
                f"names {', '.join(unknown)}, which is no field" if unknown else "",
            ),
        )
    )
    yield document.place((*keys, "order")).find(
        "WM304", f"The order {said or 'names a field twice'}.", "Name each field once, seldom used ones last."
    )


def _bounds(document: Document, name: str, spec: Mapping[str, Any], keys: Keys) -> Iterator[Finding]:
    if spec.get("type") not in {"number", "integer"} or "min" in spec or "max" in spec:
        return
    for bound, read in (("minimum", "min"), ("maximum", "max")):
        if bound in spec:
            yield document.place((*keys, bound)).find(
                "WM305",
                f"The form lets {name} be anything: it does not read {bound}.",
                f"Write {read}: {spec[bound]} as well.",
            )
            return


def _alternatives(document: Document, name: str, spec: Mapping[str, Any], keys: Keys) -> Iterator[Finding]:
    """The form shows a `oneOf` of objects with titles, and remembers by its tag which one was chosen."""
    alternatives = spec.get("oneOf")
    if alternatives is None:
        return
    ones = [mapping(one) for one in alternatives] if isinstance(alternatives, list) else []
    place = document.place((*keys, "oneOf"))
    if spec.get("type") != "object" or len(ones) < 2:
        yield place.find(
            "WM306",
            f"The form does not show the alternatives of {name}.",
            "It shows two or more, of a field of type object.",
        )
        return
    tag = _tag_of(ones)
    for index, one in enumerate(ones):
        title, field = one.get("title"), mapping(mapping(one.get("properties")).get(tag))
        if not title or field.get("enum") != [title]:
            yield document.place((*keys, "oneOf", index)).find(
                "WM306",
                f"The form cannot tell alternative {title or index + 1} of {name} by what was saved.",
                f"Give it a title, and a property {tag} whose enum is that title alone.",
            )


def _tag_of(alternatives: Sequence[Mapping[str, Any]]) -> str:
    """Return the name under which the form remembers which alternative was chosen."""
    has_kind = any("kind" in mapping(one.get("properties")) for one in alternatives)
    return "kind" if has_kind else "label"


def check_enterprise(document: Document) -> Iterator[Finding]:
    """Yield settings that do nothing without a licence, at any depth."""
    yield from _enterprise(document, document.data, ())


def _enterprise(document: Document, value: Any, keys: Keys) -> Iterator[Finding]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _enterprise(document, item, (*keys, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in {"schema", "input_transforms", "args", "value"} and not isinstance(item, dict | list):
                continue
            if key in ENTERPRISE and item not in (None, False, "", [], {}):
                yield document.place((*keys, key)).find(
                    "WM413",
                    f"{key} works in the Enterprise Edition only.",
                    "Remove it, or do it in the script: elsewhere it is ignored.",
                )
            elif key not in {"schema", "input_transforms", "args"}:
                yield from _enterprise(document, item, (*keys, key))
