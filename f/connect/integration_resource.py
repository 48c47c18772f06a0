"""The resource `integration`: any HTTP API, as a person fills it in, read into settings."""

# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from f.connect.errors import FixSettings
from f.connect.integration import script_path

if TYPE_CHECKING:
    from f.connect.integration import Integration

PURPOSE = "connect"  # where jobs that call such APIs keep limits, breakers and counts, without a database
_LONGEST_NAME = 100
_DECISIVE = {"rate_limit": "max_requests", "cache": "enabled"}


class integration(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """An HTTP API. Windmill's form for it comes from the resource type of the same name.

    All fields but `endpoints` are those of `f.connect.integration.Integration`, and mean the same.
    """

    name: str
    base_url: str
    endpoints: dict[str, str]
    authentication: dict[str, Any]
    account: str
    rate_limit: dict[str, Any]
    endpoint_limits: dict[str, Any]
    retry: dict[str, Any]
    circuit_breaker: dict[str, Any]
    timeout: float
    connect_timeout: float
    slow_call_seconds: float
    very_slow_call_seconds: float
    default_headers: dict[str, str]
    mode: str
    twin_url: str
    endpoint_modes: dict[str, str]
    cache: dict[str, Any]
    max_reply_bytes: int
    allow_plain_http: bool
    verify_ssl: bool
    allow_unverified_ssl: bool


def integration_of(resource: Mapping[str, Any] | None, **more: Any) -> Integration:
    """Return the API as the connection layer sees it; FixSettings says everything that is wrong.

    What a form leaves empty is not set. `more` overrides fields.
    """
    if not isinstance(resource, Mapping) or not resource:
        raise FixSettings(
            "No API was given: choose a resource of type integration, such as f/connect/mock_api.",
            code="missing_integration",
        )
    from f.connect.config import from_resource  # pydantic, which who only imports the type does not need

    health_path(resource)
    given = {
        name: kept
        for name, value in resource.items()
        if name != "endpoints" and not _is_empty(kept := _filled(value))
    }
    for name, decisive in _DECISIVE.items():  # a form writes the other fields of such a part by itself
        if isinstance(part := given.get(name), Mapping) and not part.get(decisive):
            del given[name]
    given.setdefault("name", _name_of(given.get("base_url")))
    return from_resource(given, **more)


def health_path(resource: Mapping[str, Any]) -> str:
    """Return the path of the endpoint `health`, empty if there is none; FixSettings for other endpoints."""
    endpoints = resource.get("endpoints") or {}
    if not isinstance(endpoints, Mapping) or not all(
        value is None or isinstance(value, str) for value in endpoints.values()
    ):
        raise FixSettings(
            "The resource's endpoints must be an object of paths, such as health: /health.",
            code="bad_settings",
        )
    return str(endpoints.get("health") or "")


def _filled(value: Any) -> Any:
    """Return a setting without what a form left empty in it."""
    if isinstance(value, Mapping):
        return {name: kept for name, item in value.items() if not _is_empty(kept := _filled(item))}
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", {}, [])


def _name_of(base_url: object) -> str:
    """Return the name of an API whose resource gives none: its host, or the last part of a path."""
    if not isinstance(base_url, str):
        return "api"
    if base_url.startswith("/") or script_path(base_url) is not None:
        return base_url.rstrip("/").rpartition("/")[2][:_LONGEST_NAME] or "windmill"
    try:
        return (urlsplit(base_url).hostname or "api")[:_LONGEST_NAME]
    except ValueError:
        return "api"
