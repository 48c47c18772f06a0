"""A source: one sender of webhooks, as its resource describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, get_args

from f.connect.errors import FixSettings
from f.connect.redact import remember

Kind = Literal["stripe", "slack", "twilio", "sendgrid", "github", "shopify", "hubspot", "standard", "generic"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SIGN_URL = frozenset({"twilio", "hubspot"})  # these sign the address that they call

_SHORTEST_KEY = 32  # characters of the storage key
_TOLERANCE_SECONDS = 300.0
_LONGEST_TOLERANCE = 3600.0
# Windmill takes 2 MiB if it is not set up otherwise; a handler's job gets the body with more around it.
_MAX_BODY_BYTES = 2_000_000
_LARGEST_BODY = 32 * 1024 * 1024  # GitHub sends up to 25 MB


class webhook_source(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A sender of webhooks. The form comes from the resource type of the same name."""

    kind: Kind
    secret: str
    previous_secrets: list[str]
    storage_key: str
    url: str
    enabled: bool
    tolerance_seconds: float
    max_body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The checked resource. `name`: the last part of its path, and of the route.

    `secrets`: the current one first, then those that count while it is being changed; of SendGrid, public
    keys. `url`: what the provider was told to call, with its query; needed where that is signed.
    `tolerance`: seconds that a signed time may lie in the past, or in the future.
    """

    name: str
    kind: Kind
    secrets: tuple[str, ...] = field(repr=False)
    storage_key: str = field(repr=False)
    url: str = ""
    enabled: bool = True
    tolerance: float = _TOLERANCE_SECONDS
    max_body_bytes: int = _MAX_BODY_BYTES


def source_of(name: str, resource: Mapping[str, Any]) -> Source:
    """Return the source of a resource; FixSettings with every fault of it."""
    fields = {key: value for key, value in resource.items() if value not in (None, "", [])}
    faults = list(_faults(fields))
    if faults:
        raise FixSettings(
            f"The webhook source {name}: {'; '.join(faults)}.", faults=faults, code="bad_settings"
        )
    secrets = (fields["secret"], *fields.get("previous_secrets", ()))
    remember(*secrets, fields["storage_key"])
    return Source(
        name=name,
        kind=fields["kind"],
        secrets=tuple(dict.fromkeys(secrets)),
        storage_key=fields["storage_key"],
        url=fields.get("url", ""),
        enabled=fields.get("enabled", True),
        tolerance=float(fields.get("tolerance_seconds", _TOLERANCE_SECONDS)),
        max_body_bytes=int(fields.get("max_body_bytes", _MAX_BODY_BYTES)),
    )


def _faults(fields: Mapping[str, Any]) -> Iterator[str]:
    kind = fields.get("kind")
    if kind not in KINDS:
        yield f"kind must be one of {', '.join(KINDS)}"
    if not _is_secret(fields.get("secret")):
        yield "secret is missing, or no text on one line"
    previous = fields.get("previous_secrets", [])
    if not isinstance(previous, list | tuple) or not all(map(_is_secret, previous)):
        yield "previous_secrets must be a list of texts on one line"
    key = fields.get("storage_key")
    if not isinstance(key, str) or not _is_secret(key) or len(key) < _SHORTEST_KEY:
        yield (
            f"storage_key must be a secret of at least {_SHORTEST_KEY} characters on one line, such as what "
            "openssl rand -base64 32 prints"
        )
    url = fields.get("url", "")
    if not isinstance(url, str) or (url and not url.startswith(("https://", "http://"))):
        yield "url must be the address that the provider calls, beginning with https://"
    elif not url and kind in KINDS and kind in SIGN_URL:
        yield f"url is missing: {kind} signs the address that it calls"
    if not isinstance(fields.get("enabled", True), bool):
        yield "enabled must be true or false"
    yield from _number_faults(fields)


def _number_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    tolerance = fields.get("tolerance_seconds", _TOLERANCE_SECONDS)
    if not _is_number(tolerance) or not 0 < tolerance <= _LONGEST_TOLERANCE:
        yield f"tolerance_seconds must be above 0 and at most {_LONGEST_TOLERANCE:.0f}"
    most = fields.get("max_body_bytes", _MAX_BODY_BYTES)
    if not _is_number(most) or not 1 <= most <= _LARGEST_BODY:
        yield f"max_body_bytes must be from 1 to {_LARGEST_BODY}"


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
