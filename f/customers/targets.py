"""The resource `customer_api`: where customers go, and how. Read once, checked whole."""

import difflib
from collections.abc import Mapping
from typing import Any, TypedDict

from f.connect.config import from_resource

from f.connect.errors import FixSettings
from f.customers.generic import GENERIC
from f.customers.hubspot import HUBSPOT
from f.customers.mapping import target_fields
from f.customers.salesforce import SALESFORCE
from f.customers.target import Kind, Target

KINDS: dict[str, Kind] = {kind.name: kind for kind in (GENERIC, HUBSPOT, SALESFORCE)}


class customer_api(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A customer API or CRM. Windmill's form for it comes from the resource type of the same name."""

    kind: str
    base_url: str
    endpoints: dict[str, str]
    authentication: dict[str, Any]
    settings: dict[str, Any]
    mapping: dict[str, str | None]


# The resource's retry settings, and what the connection layer calls them.
_RETRY_NAMES = {
    "retry_attempts": "max_retries",
    "backoff_factor": "exponential_base",
    "retry_on_status": "retry_on_status_codes",
    "initial_delay": "initial_delay",
    "max_delay": "max_delay",
}
_CONNECTION_NAMES = (
    "timeout",
    "rate_limit",
    "verify_ssl",
    "allow_plain_http",
    "allow_unverified_ssl",
    "default_headers",
)
_SETTINGS = {
    *_RETRY_NAMES,
    *_CONNECTION_NAMES,
    "batch_size",
    "delay_between_batches",
    "max_concurrent_requests",
    "idempotency_keys",
}


def open_target(api: Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None) -> Target:
    """Check the whole resource; `overrides` are settings given with the run, None leaves the resource's own.

    Raises FixSettings with a sentence for what is wrong and where.
    """
    if not isinstance(api, Mapping) or not api:
        raise FixSettings(
            "No target: choose a resource of type customer_api for `api` (f/customers/mock_api is the mock).",
            code="missing_target",
        )
    _refuse_unknown(api, set(customer_api.__annotations__), "the resource")
    kind = _kind(api)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    settings = {**_part(api, "settings"), **given}
    _refuse_unknown(settings, _SETTINGS, "the resource's settings")
    return Target(
        kind=kind,
        integration=from_resource(_integration(kind, api, settings)),
        endpoint=_part(api, "endpoints").get("customers", kind.endpoint),
        fields=target_fields(kind.fields, _part(api, "mapping"), keeps_custom=kind.keeps_custom),
        batch_size=int(_number(settings, "batch_size", 100, least=1)),
        delay_between_batches=_number(settings, "delay_between_batches", 0.0, least=0),
        max_concurrent_requests=int(_number(settings, "max_concurrent_requests", 10, least=1)),
        sends_keys=bool(settings.get("idempotency_keys", kind.has_idempotency_keys)),
    )


def _kind(api: Mapping[str, Any]) -> Kind:
    name = api.get("kind", "generic")
    if name not in KINDS:
        raise FixSettings(
            f"Unknown target kind {name!r} in the resource. Use one of: {', '.join(KINDS)}.",
            code="unknown_target_kind",
        )
    return KINDS[name]


def _integration(kind: Kind, api: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The resource in the connection layer's own words."""
    integration: dict[str, Any] = {
        "name": f"customers_{kind.name}",
        "base_url": api.get("base_url", ""),
        "authentication": api.get("authentication") or {"type": "none"},
        "retry": {new: settings[old] for old, new in _RETRY_NAMES.items() if old in settings},
    }
    integration.update({name: settings[name] for name in _CONNECTION_NAMES if name in settings})
    return integration


def _part(api: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = api.get(name) or {}
    if not isinstance(part, Mapping):
        raise FixSettings(f"The resource's {name} must be an object.", code="bad_settings")
    return dict(part)


def _refuse_unknown(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It may have: {', '.join(sorted(known))}."
            raise FixSettings(f"Unknown name {name!r} in {where}. {hint}", code="bad_settings")


def _number(settings: Mapping[str, Any], name: str, default: float, *, least: float) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
        raise FixSettings(f"The setting {name!r} must be a number of at least {least}.", code="bad_settings")
    return value
