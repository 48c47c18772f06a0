"""Sends what was counted to a collector of OpenTelemetry by OTLP over HTTP, in JSON.

Where the collector is says a resource of type `integration`, or the environment with OpenTelemetry's own
names: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, or OTEL_EXPORTER_OTLP_ENDPOINT with /v1/metrics after it;
OTEL_EXPORTER_OTLP_HEADERS; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.

Counts are cumulative, so that a request may be repeated, and one that is lost is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import FixSettings, GiveUpRecord
from f.connect.integration import Integration, Retry
from f.connect.integration_resource import integration_of
from f.connect.redact import mask_start, remember
from f.operate.metrics.otlp import accepted_in

if TYPE_CHECKING:
    from f.store.store import Store

NAME = "otel_collector"
_PATH = "/v1/metrics"
_SHORTEST_SECRET = 8
# The protocol names these four, and forbids another attempt after any other refusal.
_RETRY = Retry(
    retry_on_status_codes=(429, 502, 503, 504), max_retries=4, max_elapsed=120.0, longest_wait=60.0
)


class Sent(NamedTuple):
    """How many requests were taken, and what the collector had to say."""

    requests: int
    message: str


class Collector(NamedTuple):
    """Where metrics go."""

    integration: Integration
    path: str


def collector_of(resource: Mapping[str, Any] | None, environ: Mapping[str, str]) -> Collector:
    """Return the collector of the resource, else of the environment; FixSettings if neither names one."""
    if resource:
        found = integration_of(resource, name=NAME, retry=_RETRY)
        path = "" if found.base_url.rstrip("/").endswith(_PATH) else _PATH
        return Collector(found, path or "/")
    if environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip() == "grpc":
        raise FixSettings(
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and metrics are sent by http/json. Leave it out, and "
            "name the collector's HTTP port, which is 4318 as a rule.",
            code="no_collector",
        )
    whole = environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "").strip()
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip().rstrip("/")
    if not whole and not base:
        raise FixSettings(
            "No collector of OpenTelemetry is known. Give a resource of type integration as collector, or "
            "set OTEL_EXPORTER_OTLP_ENDPOINT, such as https://otel.example.com:4318.",
            code="no_collector",
        )
    headers = headers_in(environ.get("OTEL_EXPORTER_OTLP_HEADERS", ""))
    for value in headers.values():
        if len(value) >= _SHORTEST_SECRET:
            remember(value)
    address, path = _split(whole) if whole else (base, _PATH)
    integration = Integration(
        name=NAME,
        base_url=address,
        default_headers=headers,
        retry=_RETRY,
        # A collector beside the worker has no certificate as a rule; a credential needs one.
        allow_plain_http=not headers,
    )
    return Collector(integration, path)


def _split(url: str) -> tuple[str, str]:
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host}", f"{slash}{path}" or "/"


def headers_in(text: str) -> dict[str, str]:
    """Read `name=value,other=value`, percent-encoded, as OpenTelemetry writes headers and attributes."""
    found = {}
    for pair in text.split(","):
        name, mark, value = pair.partition("=")
        if mark and name.strip():
            found[unquote(name.strip())] = unquote(value.strip())
    return found


def resource_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return who sends: what the environment says, else millwright, and the workspace."""
    attributes = headers_in(environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    name = environ.get("OTEL_SERVICE_NAME", "").strip() or attributes.get("service.name") or "millwright"
    workspace = environ.get("WM_WORKSPACE", "")
    return {**({"service.namespace": workspace} if workspace else {}), **attributes, "service.name": name}


def send(collector: Collector, bodies: Iterable[bytes], store: Store) -> Sent:
    """Send each body; GiveUpRecord if the collector dropped some of it, with its own words."""
    requests, rejected, messages = 0, 0, []
    with Client(collector.integration, store) as client:
        for body in bodies:
            response = client.request(
                Request(
                    method="POST",
                    path=collector.path,
                    data=body,
                    headers={"Content-Type": "application/json"},
                    repeatable=True,
                    endpoint=_PATH,
                )
            )
            response.raise_for_status()
            taken = accepted_in(response.text)
            requests, rejected = requests + 1, rejected + taken.rejected
            if taken.message:
                messages.append(mask_start(taken.message, 300))
    said = " ".join(dict.fromkeys(messages))
    if rejected:
        raise GiveUpRecord(
            f"The collector dropped {rejected} data points of {requests} requests"
            f"{f': {said}' if said else ''}. The next run sends all again.",
            code="metrics_rejected",
        )
    return Sent(requests, said)
