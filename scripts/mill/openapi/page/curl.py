"""Lines for a shell that send an operation's example; secrets are named as variables, and stand in none."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from mill.openapi.reading.schemas import Json

TOKEN_VARIABLE = "MILL_TOKEN"  # noqa: S105 - a variable's name
_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = "signature_"


def lines(document: Json, url: str, method: str, operation: Json) -> Iterator[str]:
    """Yield a line for the first example of each media type; of signed requests one that signs."""
    schemes = [name for one in operation["security"] for name in one]
    address = f"{document['servers'][0]['url']}{_filled(url, operation)}"
    if "servers" in document and document["servers"][0]["url"] == "{instance}":
        address = f"$HOST{_filled(url, operation)}"
    if any(name.startswith(_SIGNATURE) for name in schemes):
        if "x-signed-by" in operation:
            yield f"mill webhooks send {operation['x-signed-by']} --to {_quoted(address)}"
        return
    start = ["curl", *(["-X", method.upper()] if method != "get" else []), _quoted(address)]
    start += [word for name in schemes[:1] for word in _credential(name, document)]
    body = operation.get("requestBody", {})
    sent = [(media, one) for media, one in body.get("content", {}).items() if one.get("examples")]
    if not sent:
        yield " ".join(start)
    for media, one in sent:
        value = next(iter(one["examples"].values()))["value"]
        yield " ".join(
            [*start, "-H", shlex.quote(f"Content-Type: {media}"), "--data-binary", _data(media, value)]
        )


def variables(document: Json) -> Iterator[tuple[str, str]]:
    """Yield the variables that the lines name, and what each holds."""
    if document["servers"][0]["url"] == "{instance}":
        yield "HOST", "the address of the Windmill instance"
    yield TOKEN_VARIABLE, "a token; `mill serve` takes it from the environment, or prints one"
    for name, scheme in document["components"]["securitySchemes"].items():
        if name.startswith(("key_", "basic_")):
            yield _variable(name), str(scheme.get("description") or "user:password")


def _filled(url: str, operation: Json) -> str:
    """The address with its examples, and $WORKSPACE for what only the reader knows."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            example = str(parameter.get("example", parameter["name"]))
            value = "$WORKSPACE" if parameter["name"] == "workspace" else quote(example)
            url = url.replace("{" + parameter["name"] + "}", value)
    query = {
        one["name"]: one["example"]
        for one in operation["parameters"]
        if one["in"] == "query" and one.get("required") and "example" in one
    }
    return f"{url}?{urlencode(query)}" if query else url


def _credential(name: str, document: Json) -> list[str]:
    scheme = document["components"]["securitySchemes"][name]
    if scheme["type"] == "apiKey":
        return ["-H", f'"{scheme["name"]}: ${_variable(name)}"']
    if scheme["scheme"] == "basic":
        return ["-u", f'"${_variable(name)}"']
    return ["-H", f'"Authorization: Bearer ${TOKEN_VARIABLE}"']


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _quoted(address: str) -> str:
    return f'"{address}"' if "$" in address else shlex.quote(address)


def _data(media: str, value: object) -> str:
    if media == _FORM and isinstance(value, dict):
        return shlex.quote(urlencode(value))
    text = (
        value
        if isinstance(value, str) and not media.endswith("json")
        else json.dumps(value, ensure_ascii=False)
    )
    return shlex.quote(text)
