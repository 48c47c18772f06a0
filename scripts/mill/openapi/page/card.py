"""One card: what an operation runs, what it takes, a line that sends it, what it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from mill.openapi.page.curl import lines
from mill.openapi.page.marking import marked
from mill.openapi.reading.schemas import Json

_WAITS = "/jobs/run_wait_result/"
_STARTS = "/jobs/run/"
_LONGEST_EXAMPLE = 4_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What one card shows: a route, or both webhooks of a script or flow, the main one first."""

    tag: str
    is_route: bool
    calls: tuple[tuple[str, str, Json], ...]


def entries(document: Json) -> Iterator[Entry]:
    """Yield what there is a card of; a webhook that waits stands before the one that only starts."""
    paths = document["paths"]
    for url, methods in paths.items():
        for method, operation in methods.items():
            if _STARTS in url and url.replace(_STARTS, _WAITS) in paths:
                continue
            calls = [(url, method, operation)]
            other = url.replace(_WAITS, _STARTS)
            if other != url and other in paths:
                calls.append((other, method, paths[other][method]))
            yield Entry(operation["tags"][0], _WAITS not in url and _STARTS not in url, tuple(calls))


def card(document: Json, entry: Entry) -> str:
    """Return the card of an entry, as HTML."""
    url, method, operation = entry.calls[0]
    summary = operation["summary"].removeprefix("Run: ").removeprefix("Start: ")
    words = " ".join((url, summary, operation["x-windmill-runs"], *_input_names(document, operation)))
    inside = "".join(_inside(document, entry))
    return (
        f'<article id="{operation["operationId"]}" data-words="{escape(words)}"><details><summary>'
        f'<span class="method {method}">{method.upper()}</span><h3>{escape(summary)}</h3>'
        f'<code class="address">{escape(url)}</code></summary>\n<div class="inside">\n{inside}</div>'
        "</details></article>\n"
    )


def _inside(document: Json, entry: Entry) -> Iterator[str]:
    _, _, operation = entry.calls[0]
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{marked(paragraph)}</p>\n" if paragraph else ""
    runs = marked(_as_code(operation["x-windmill-runs"]))
    yield f'<p class="quiet">Runs the {runs}. {_who(operation)}</p>\n'
    yield from _parameters(operation)
    yield from _bodies(document, operation)
    yield "<h4>Try it</h4>\n"
    for url, method, one in entry.calls:
        said = ""
        if len(entry.calls) > 1:
            said = "Wait for the result:" if _WAITS in url else "Start it, and get the id of the job:"
        yield f'<p class="quiet">{said}</p>\n' if said else ""
        for line in lines(document, url, method, one):
            yield f'<div class="line"><pre tabindex="0">{escape(line)}</pre></div>\n'
    yield from _replies(entry)


def _as_code(runs: str) -> str:
    kind, _, path = runs.partition(" ")
    return f"{kind} `{path}`"


def _who(operation: Json) -> str:
    names = [name for one in operation["security"] for name in one]
    if not names:
        return "Anybody may call it."
    kinds = [name.removeprefix("signature_") for name in names if name.startswith("signature_")]
    if kinds:
        return f"Takes requests that are signed: {escape(', '.join(kinds))}."
    return {"token": "Needs a token.", "basic": "Needs a user name and a password."}.get(
        names[0].partition("_")[0], "Needs a key."
    )


def _parameters(operation: Json) -> Iterator[str]:
    shown = [one for one in operation["parameters"] if one["name"] != "workspace"]
    if not shown:
        return
    yield "<h4>Parameters</h4>\n<table><thead><tr><th>Name</th><th>What it is</th></tr></thead><tbody>\n"
    for one in shown:
        schema = one.get("schema") or next(iter(one["content"].values()))["schema"]
        need = ", required" if one.get("required") and one["in"] != "path" else ""
        place = f'<span class="quiet">{one["in"]}{need}</span>'
        yield f'<tr><th scope="row"><code>{escape(one["name"])}</code><br>{place}'
        yield f"</th><td><p>{marked(one.get('description', ''))}</p>"
        yield f'<p class="quiet">{escape(_kind(schema))}</p></td></tr>\n'
    yield "</tbody></table>\n"


def _bodies(document: Json, operation: Json) -> Iterator[str]:
    body = operation.get("requestBody")
    for media, one in (body or {}).get("content", {}).items():
        schema = _resolved(document, one["schema"])
        yield f"<h4>Body: <code>{escape(media)}</code></h4>\n"
        if said := schema.get("description"):
            yield f"<p>{marked(said)}</p>\n"
        yield from _inputs(schema)
        for name, example in one.get("examples", {}).items():
            title = example.get("summary") or ("Example" if name == "example" else name)
            yield f"<details><summary>{escape(title)}</summary>"
            yield f'<pre tabindex="0">{escape(_shown(example["value"]))}</pre></details>\n'


def _inputs(schema: Json) -> Iterator[str]:
    properties = schema.get("properties")
    if not properties:
        return
    yield "<table><thead><tr><th>Field</th><th>What it is</th></tr></thead><tbody>\n"
    for name, spec in properties.items():
        need = '<br><span class="quiet">required</span>' if name in schema.get("required", ()) else ""
        said = spec.get("description") or spec.get("title") or ""
        yield f'<tr><th scope="row"><code>{escape(name)}</code>{need}</th><td><p>{marked(said)}</p>'
        yield f'<p class="quiet">{escape(_kind(spec))}</p></td></tr>\n'
    yield "</tbody></table>\n"


def _replies(entry: Entry) -> Iterator[str]:
    yield "<h4>Replies</h4>\n<table><thead><tr><th>Status</th><th>When</th></tr></thead><tbody>\n"
    seen: dict[str, Json] = {}
    for _, _, operation in entry.calls:
        seen = {**operation["responses"], **seen}
    for status, reply in sorted(seen.items()):
        media = ", ".join(f"`{one}`" for one in reply.get("content", {}))
        yield f'<tr><th scope="row"><code>{status}</code></th><td><p>{marked(reply["description"])}</p>'
        headers = "".join(
            f'<p class="quiet">Header {marked(f"`{name}`: " + str(spec["description"]))}</p>'
            for name, spec in reply.get("headers", {}).items()
        )
        yield f'{headers}<p class="quiet">{marked(media or "no body")}</p></td></tr>\n'
    yield "</tbody></table>\n"


def _kind(spec: Json) -> str:
    """A schema in a few words."""
    if "oneOf" in spec:
        return f"a resource of the type {spec['oneOf'][1]['title']}, or $res:path"
    kind = spec.get("type", "anything")
    said = [" or ".join(kind) if isinstance(kind, list) else str(kind)]
    if spec.get("contentEncoding"):
        said.append(f"in {spec['contentEncoding']}")
    if spec.get("format"):
        said.append(str(spec["format"]))
    if spec.get("enum"):
        said.append("one of " + ", ".join(map(str, spec["enum"])))
    for name, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "up to")):
        if name in spec:
            said.append(f"{word} {spec[name]}")
    if spec.get("default") not in (None, ""):
        said.append(f"default {json.dumps(spec['default'], ensure_ascii=False)}")
    return ", ".join(said)


def _resolved(document: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = document["components"]["schemas"][name] if name else schema
    return found


def _input_names(document: Json, operation: Json) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {})
    schemas = [_resolved(document, one["schema"]) for one in content.values()]
    return [name for schema in schemas for name in schema.get("properties", {})]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    text = re.sub(r"([A-Za-z0-9+/]{120})[A-Za-z0-9+/=]{40,}", r"\1...", text)  # a file, as base64
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}\n..."
