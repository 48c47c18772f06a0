"""Bodies of requests, by media type, each with examples."""

from __future__ import annotations

from mill.openapi.parameters import becomes, schema_of
from mill.openapi.reading.cases import Cases
from mill.openapi.reading.doors import UNKNOWN, Door
from mill.openapi.reading.schemas import Json, as_posted
from mill.openapi.reading.targets import Target

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_TEXTS = ("text/plain", "text/csv", "application/octet-stream")
_RAW = "raw_string"


def reference(target: Target) -> Json:
    """Return where the document says what the inputs are."""
    return {"$ref": f"#/components/schemas/{target.component}"}


def of_webhook(target: Target, door: Door, cases: Cases) -> Json | None:
    """Return the body that a script's or flow's webhook takes; None if nothing of it counts."""
    if door.inputs_from:
        return _inputs(target, door, cases)
    if door.body:
        return _described(door)
    if target.has_preprocessor:
        return _anything() if door is UNKNOWN else None
    required = bool(target.schema.get("required"))
    return {"required": required, "content": {JSON: _media(reference(target), cases.examples(target))}}


def of_route(route: Json, target: Target, door: Door, cases: Cases) -> Json | None:
    """Return the body that a route takes; None if nothing of it counts."""
    if door.inputs_from:
        return _inputs(target, door, cases)
    if door.body:
        return _described(door)
    if target.has_preprocessor and door is not UNKNOWN:
        return None
    if target.has_preprocessor:
        return _anything(*((FORM, *_TEXTS) if route.get("raw_string") else ()))
    if route.get("wrap_body"):
        return {"required": True, "content": {JSON: {"schema": {"description": "Becomes the input `body`."}}}}
    content: Json = {
        JSON: _media(reference(target), cases.examples(target)),
        FORM: {
            "schema": {
                "type": "object",
                "description": "Each field becomes the input of its name, as text.",
                "additionalProperties": {"type": "string"},
            }
        },
    }
    if route.get("raw_string"):
        raw = {"type": "string", "description": f"Becomes the input `{_RAW}`."}
        content |= {kind: {"schema": raw} for kind in _TEXTS}
    return {"required": bool(target.schema.get("required")), "content": content}


def _inputs(target: Target, door: Door, cases: Cases) -> Json | None:
    """The body of a preprocessor that takes the inputs as the form does, or the file itself."""
    content: Json = {}
    if "json" in door.inputs_from:
        content[JSON] = _media(
            as_posted(target.schema, door.without, paths="query" in door.inputs_from), cases.examples(target)
        )
    whole = {"type": "string", "description": "The file itself; its inputs stand in the query."}
    for kind in door.inputs_from:
        if "/" in kind:
            content[kind] = _media(whole, _file_examples(target, kind, cases))
    return {"content": content} if content else None


def _file_examples(target: Target, kind: str, cases: Cases) -> Json:
    """The files of run files, where they are text."""
    found: Json = {}
    for case in cases.of(target) if kind.startswith("text/") else ():
        for content in case.files.values():
            try:
                found[case.name] = {"summary": case.summary, "value": content.decode()}
            except UnicodeDecodeError:
                continue
    return found


def _described(door: Door) -> Json:
    """The body as the preprocessor describes it."""
    content = {}
    for kind, spec in door.body.items():
        said = " ".join(filter(None, (str(spec.get("description") or ""), becomes(spec))))
        schema = {**schema_of(spec), **({"description": said} if said else {})}
        examples = spec.get("examples") if isinstance(spec.get("examples"), dict) else {}
        if "example" in spec:
            examples = {"example": {"value": spec["example"]}}
        content[kind] = {
            **_media(schema, examples or {}),
            **({"x-input": spec["input"]} if "input" in spec else {}),
        }
    return {"required": any(spec.get("required") for spec in door.body.values()), "content": content}


def _anything(*more: str) -> Json:
    free: Json = {"description": "Anything; read by the preprocessor."}
    return {"content": {kind: {"schema": free} for kind in (JSON, *more)}}


def _media(schema: Json, examples: Json) -> Json:
    return {"schema": schema, **({"examples": examples} if examples else {})}
