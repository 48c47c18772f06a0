"""Providers of webhooks: by which header each proves who it is, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

from mill.errors import MillError
from mill.openapi.reading.schemas import Json
from mill.senders.envelope import envelope
from mill.senders.posting import SIGNATURES, TIMES
from mill.senders.samples import sample, types
from mill.senders.signing import FORM, JSON, KINDS, Kind

_SIGNED_AT = 1_793_600_000.0  # seconds: the same in each document


def schemes() -> Json:
    """Return a security scheme for each kind of source."""
    return {scheme_name(kind): _scheme(kind) for kind in KINDS}


def scheme_name(kind: Kind) -> str:
    """Return what the scheme of a kind is called."""
    return f"signature_{kind}"


def time_headers() -> Iterator[Json]:
    """Yield a parameter for each header that carries the signed time."""
    for kind, header in TIMES.items():
        yield {
            "name": header,
            "in": "header",
            "description": f"When {kind} signed the request.",
            "schema": {"type": "string"},
        }


def bodies(root: Path) -> Json:
    """Return examples of what the providers send, by media type: the first sample of each kind."""
    found: Json = {JSON: {}, FORM: {}}
    for kind in KINDS:
        for event_type in types(root, kind)[:1]:
            try:
                content = sample(root, kind, event_type)
            except MillError:  # `mill webhooks send` says what is wrong with it
                continue
            sent = envelope(kind, event_type, content, event_id=f"example_{kind}", now=_SIGNED_AT)
            text, is_form = sent.body.decode(), sent.content_type.startswith(FORM)
            found[FORM if is_form else JSON][kind] = {
                "summary": f"{kind}: {event_type}",
                "value": dict(parse_qsl(text, keep_blank_values=True)) if is_form else json.loads(text),
            }
    return {media: examples for media, examples in found.items() if examples}


def _scheme(kind: Kind) -> Json:
    also = f", the signed time in {TIMES[kind]}" if kind in TIMES else ""
    return {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURES[kind],
        "description": f"The signature of {kind} over the raw body{also}; the secret stands in the source's "
        "resource.",
    }
