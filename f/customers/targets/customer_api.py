"""The resource `customer_api`: where customers go, and how. Read once, checked whole."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from f.connect.calls.message import REFUSED_BEFORE_WORK
from f.connect.calls.urls import normal_url
from f.connect.config import FORM_CHOICES, from_resource, unwritable
from f.connect.errors import FixSettings
from f.connect.integration import Authentication, Retry
from f.customers.targets.kinds import OWN_SETTINGS, kind_of
from f.records.target.applied import ReplyRules
from f.records.target.field_names import field_names
from f.records.target.proven import read_proven
from f.records.target.target import Kind, Target, content_of, digest


class customer_api(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A customer API or CRM. Windmill's form for it comes from the resource type of the same name."""

    kind: str
    base_url: str
    endpoints: dict[str, str]
    authentication: dict[str, Any]
    settings: dict[str, Any]
    mapping: dict[str, str | None]
    proven: dict[str, Any]


# The resource's retry settings, and what the connection layer calls them.
_RETRY_NAMES = {
    "retry_attempts": "max_retries",
    "retry_on_status": "retry_on_status_codes",
    "initial_delay": "initial_delay",
    "max_delay": "max_delay",
}
_CONNECTION_NAMES = (
    "account",
    "timeout",
    "rate_limit",
    "verify_ssl",
    "allow_plain_http",
    "allow_unverified_ssl",
    "default_headers",
    "mode",
    "twin_url",
    "circuit_breaker",
    "slow_call_seconds",
    "very_slow_call_seconds",
    "endpoint_limits",
)
_SETTINGS = {
    *_RETRY_NAMES,
    "backoff_factor",
    *_CONNECTION_NAMES,
    "batch_size",
    "rows_per_request",
    "delay_between_batches",
    "max_concurrent_requests",
    "idempotency_keys",
    "idempotency_key_hours",
    "in_flight_seconds",
    "applied_on_status",
    "not_applied_on_status",
    "id_field",
    "existing_id_field",
    "daily_limit",
}
_TEXTS = {"account", "twin_url", "id_field", "existing_id_field", "id_property", "external_id_field"}
_LISTS = {"endpoint_limits"}
_IF_PROVEN, _NEVER = "if_proven", "never"
# What a resource of an earlier version may say, and what to do instead.
_NO_LONGER = {
    "unique_email": "What it says is found out now: run check_target and put its result into the resource as "
    "`proven`."
}
# Single rows each connection sends before the pace is looked at again.
_REQUESTS_A_CONNECTION = 20
_ENDPOINTS = {"customers", "health", "batch", "lookup"}


def open_target(api: Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None) -> Target:
    """Check the whole resource, and return the target.

    `overrides` are settings of this run; None leaves the resource's own. Raises FixSettings, which says what
    is wrong and where.
    """
    if not isinstance(api, Mapping) or not api:
        raise FixSettings(
            "No target: choose a resource of type customer_api for `api` (f/customers/mock_api is the mock).",
            code="missing_target",
        )
    if why := unwritable([api, overrides]):
        raise FixSettings(f"The resource {why}.", code="bad_settings")
    _refuse_unknown(api, set(customer_api.__annotations__), "the resource")
    kind = kind_of(api.get("kind", "generic"))
    changed = {name: value for name, value in (overrides or {}).items() if value is not None}
    settings = {**_settings(kind, _part(api, "settings")), **changed}
    endpoints = _endpoints(_part(api, "endpoints"))
    _check_mode(settings)
    integration = from_resource(_integration(kind, api, settings))
    endpoint = endpoints.get("customers", kind.endpoint)
    concurrent = int(_number(settings, "max_concurrent_requests", 10, least=1))
    per_request = _rows_per_request(kind, settings)
    identity = _identity(kind, api, settings, endpoint, integration.authentication)
    return Target(
        kind=kind,
        integration=integration,
        identity=identity,
        endpoint=endpoint,
        fields=field_names(
            _fields(kind, settings), _part(api, "mapping"), keeps_custom=kind.traits.keeps_custom
        ),
        batch_size=int(
            _number(settings, "batch_size", _batch_size(kind, endpoints, concurrent, per_request), least=1)
        ),
        rows_per_request=per_request,
        delay_between_batches=_number(settings, "delay_between_batches", 0.0, least=0),
        max_concurrent_requests=concurrent,
        sends_keys=kind.traits.has_idempotency_keys and _sends_keys(settings),
        in_flight_seconds=_number(settings, "in_flight_seconds", 5.0, least=0),
        key_seconds=_number(settings, "idempotency_key_hours", 24.0, least=0) * 3600,
        daily_limit=int(_number(settings, "daily_limit", 0, least=1))
        if settings.get("daily_limit")
        else None,
        batch_endpoint=endpoints.get("batch"),
        lookup_endpoint=endpoints.get("lookup"),
        options={name: settings[name] for name in kind.traits.own_settings if settings.get(name)},
        replies=_reply_rules(settings),
        proven=read_proven(api.get("proven"), identity),
    )


def _settings(kind: Kind, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are given; FixSettings if one is unknown.

    A form writes what is left empty as null, a text as an empty one, and an object as one of nulls.
    """
    given = {
        name: value
        for name, value in settings.items()
        if not (_is_empty(value) or (value == "" and name in _TEXTS) or (value == [] and name in _LISTS))
    }
    others = {name for name in OWN_SETTINGS - kind.traits.own_settings if name not in given}
    _refuse_unknown(settings, _SETTINGS | kind.traits.own_settings | others, "the resource's settings")
    if "bulk_from" in given:
        _number(given, "bulk_from", 0, least=1)
    return given


def _is_empty(value: Any) -> bool:
    return all(map(_is_empty, value.values())) if isinstance(value, Mapping) else value is None


def _endpoints(endpoints: Mapping[str, Any]) -> dict[str, str]:
    """Return the endpoints that are given. An empty one for customers means the root of the API."""
    _refuse_unknown(endpoints, _ENDPOINTS, "the resource's endpoints")
    return {
        name: path
        for name, path in endpoints.items()
        if path is not None and (path != "" or name == "customers")
    }


def _check_mode(settings: Mapping[str, Any]) -> None:
    if settings.get("mode", "live") not in {"live", "mock"}:
        raise FixSettings(
            "The setting 'mode' must be live or mock. Hybrid is not for imports: while the API is down, the "
            "twin would answer look-ups, and what it says of a row proves nothing.",
            code="bad_settings",
        )


def _sends_keys(settings: Mapping[str, Any]) -> bool:
    """Whether keys are sent. That a repeated row is one there because of them, only a check shows."""
    wish = settings.get("idempotency_keys", _IF_PROVEN)
    if isinstance(wish, bool):
        return wish
    if wish not in {_IF_PROVEN, _NEVER}:
        raise FixSettings(
            f"The setting 'idempotency_keys' must be {_IF_PROVEN} (sent, and relied on once check_target has "
            f"shown that they work) or {_NEVER} (not sent).",
            code="bad_settings",
        )
    return bool(wish == _IF_PROVEN)


def _reply_rules(settings: Mapping[str, Any]) -> ReplyRules:
    return ReplyRules(
        applied_on=_statuses(settings, "applied_on_status"),
        not_applied_on=REFUSED_BEFORE_WORK | _statuses(settings, "not_applied_on_status"),
        created_id=_path(settings, "id_field"),
        existing_id=_path(settings, "existing_id_field"),
    )


def _statuses(settings: Mapping[str, Any], name: str) -> frozenset[int]:
    values = settings.get(name) or []
    if not isinstance(values, list) or not all(type(one) is int and 200 <= one <= 599 for one in values):
        raise FixSettings(
            f"The setting {name!r} must be a list of HTTP statuses, such as [503].", code="bad_settings"
        )
    return frozenset(values)


def _path(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name) or ""
    if not isinstance(value, str):
        raise FixSettings(
            f"The setting {name!r} must be the dotted path of a field in the reply, such as data.id.",
            code="bad_settings",
        )
    return value


def _rows_per_request(kind: Kind, settings: Mapping[str, Any]) -> int:
    wanted = int(_number(settings, "rows_per_request", kind.traits.rows_per_request, least=1))
    return min(wanted, kind.traits.most_rows_per_request)


def _batch_size(kind: Kind, endpoints: Mapping[str, str], concurrent: int, per_request: int) -> int:
    """Enough for every connection to be busy for a while: a batch waits for its last answer."""
    batches = kind.traits.own_batches or "batch" in endpoints
    return concurrent * (per_request if batches else _REQUESTS_A_CONNECTION)


def _fields(kind: Kind, settings: Mapping[str, Any]) -> dict[str, str]:
    """The kind's own names; an external id of the target's holds ours, unless it is a standard field."""
    key = settings.get("external_id_field") or settings.get("id_property")
    named = dict(kind.fields)
    if isinstance(key, str) and key not in named.values():
        named["external_id"] = key
    return named


def _identity(
    kind: Kind,
    api: Mapping[str, Any],
    settings: Mapping[str, Any],
    endpoint: str,
    authentication: Authentication,
) -> str:
    """What tells this target from every other in the journal, however its address is written.

    Where all accounts share a host, the credential tells them apart unless the settings name the account;
    the name is worth having, since with a new credential the journal begins anew.
    """
    account = str(settings.get("account") or "")
    if kind.traits.shares_host and not account:
        account = digest(content_of(_written(_part(api, "authentication"), authentication)))[:12]
    path = endpoint if kind.name == "generic" else ""
    if settings.get("mode") == "mock":  # what went to a twin is not at the API
        return f"{kind.name} mock {normal_url(str(settings.get('twin_url', '')), path)} {account}".strip()
    where = normal_url(str(api.get("base_url", "")), path)
    return f"{kind.name} {where} {account}".strip()


def _written(given: Mapping[str, Any], authentication: Authentication) -> dict[str, Any]:
    """Return a credential as a person writes it, without what a form adds when it is opened there."""
    if not FORM_CHOICES & given.keys():
        return dict(given)
    defaults = {one.name: one.default for one in dataclasses.fields(authentication) if one.name != "type"}
    named = {"type": authentication.type, **given}
    return {
        name: value
        for name, value in named.items()
        if name not in FORM_CHOICES and value not in (None, "", {}) and value != defaults.get(name)
    }


def _integration(kind: Kind, api: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The resource in the connection layer's own words, over what its kind says of every account."""
    usual = dict(kind.connection(api))
    retry = {new: settings[old] for old, new in _RETRY_NAMES.items() if old in settings}
    retry |= _backoff(settings)
    if kind.traits.retry_also_on:
        retry.setdefault(
            "retry_on_status_codes", (*Retry().retry_on_status_codes, *kind.traits.retry_also_on)
        )
    own = {name: settings[name] for name in _CONNECTION_NAMES if name in settings}
    if isinstance(headers := own.get("default_headers", {}), Mapping):  # else it is refused below
        own["default_headers"] = {**usual.get("default_headers", {}), **headers}
    if "rate_limit" in own:
        usual.pop("endpoint_limits", None)
    if "endpoint_limits" in own:
        own["endpoint_limits"] = _with_usual(own["endpoint_limits"], usual.get("endpoint_limits", {}))
    return {
        **usual,
        "name": f"customers_{kind.name}",
        "base_url": api.get("base_url") or usual.get("base_url", ""),
        "authentication": api.get("authentication") or {"type": "none"},
        **own,
        "retry": {**usual.get("retry", {}), **retry},
    }


def _with_usual(limits: Any, usual: Mapping[str, Any]) -> Any:
    """Return the limits by endpoint over the kind's; what is neither list nor object is refused later."""
    if isinstance(limits, list):
        named = {one.get("endpoint") for one in limits if isinstance(one, Mapping)}
        rest = {name: limit for name, limit in usual.items() if name not in named}
        return [*limits, *({"endpoint": name, **_fields_of(limit)} for name, limit in rest.items())]
    return {**usual, **limits} if isinstance(limits, Mapping) else limits


def _fields_of(limit: Any) -> Mapping[str, Any]:
    return limit if isinstance(limit, Mapping) else dataclasses.asdict(limit)


def _backoff(settings: Mapping[str, Any]) -> dict[str, float]:
    """The delays that backoff_factor means: at most factor * 2**n seconds before retry n, counted from 0."""
    if "backoff_factor" not in settings:
        return {}
    factor, longest = settings["backoff_factor"], Retry().max_elapsed
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor <= longest:
        raise FixSettings(
            f"The setting 'backoff_factor' must be a number of seconds from 0 to {longest:.0f}, the time "
            "that all attempts of a call may take.",
            code="bad_settings",
        )
    if settings.get("initial_delay", factor) != factor:
        raise FixSettings(
            "The settings 'backoff_factor' and 'initial_delay' both say how long the first wait is, and "
            "differ: keep one.",
            code="bad_settings",
        )
    delays = {"initial_delay": float(factor), "exponential_base": 2.0}
    if "max_delay" not in settings:
        return {**delays, "max_delay": max(Retry().max_delay, float(factor))}
    if _number(settings, "max_delay", 0, least=0) < factor:
        raise FixSettings("The setting 'max_delay' must not be below 'backoff_factor'.", code="bad_settings")
    return delays


def _part(api: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = api.get(name) or {}
    if not isinstance(part, Mapping):
        raise FixSettings(f"The resource's {name} must be an object.", code="bad_settings")
    return dict(part)


def _refuse_unknown(names: Iterable[str], known: set[str], where: str) -> None:
    for name in names:
        if name not in known and name in _NO_LONGER:
            raise FixSettings(
                f"{name!r} in {where} is not relied on any more. {_NO_LONGER[name]}", code="bad_settings"
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It may have: {', '.join(sorted(known))}."
            raise FixSettings(f"Unknown name {name!r} in {where}. {hint}", code="bad_settings")


def _number(settings: Mapping[str, Any], name: str, default: float, *, least: float) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise FixSettings(f"The setting {name!r} must be a number of at least {least}.", code="bad_settings")
    return value
