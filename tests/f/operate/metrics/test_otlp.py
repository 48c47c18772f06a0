"""Metrics on their way to a collector: held against OpenTelemetry's own messages, over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # it has no types
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from f.connect.errors import FixInput, FixSettings, GiveUpRecord
from f.operate.metrics.collector import collector_of, headers_in, resource_of
from f.operate.metrics.counts import read_totals
from f.operate.metrics.otlp import accepted_in, requests_of
from f.operate.send_metrics import main
from f.store.stores import open_store, sqlite_store
from tests.f.operate.metrics.seeding import count
from tests.loopback import Asked, Loopback, Reply, serve


def parsed(body: bytes) -> ExportMetricsServiceRequest:
    """Read a request as a collector does; a field it does not know is an error."""
    request = ExportMetricsServiceRequest()
    json_format.Parse(body, request)
    return request


def metrics_in(requests: list[ExportMetricsServiceRequest]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for request in requests:
        (resource,) = request.resource_metrics
        for metric in resource.scope_metrics[0].metrics:
            found.setdefault(metric.name, []).append(metric)
    return found


def test_opentelemetrys_own_messages_read_what_was_counted(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "a.sqlite") as store:
        count(store, calls=3, seconds=0.01, retries=1)
        count(store, calls=2, seconds=100.0, outcome="TryLater")
        totals = read_totals([store], 10)
    bodies = requests_of(totals, {"millwright_circuits_open": 1}, 1000.5, {"service.name": "team"}, 2000)
    requests = [parsed(body) for body in bodies]
    assert len(requests) == 1
    (attribute,) = requests[0].resource_metrics[0].resource.attributes
    assert (attribute.key, attribute.value.string_value) == ("service.name", "team")
    found = metrics_in(requests)
    calls = found["millwright.calls"][0].sum
    assert (calls.aggregation_temporality, calls.is_monotonic) == (2, True)
    by_outcome = {
        next(one.value.string_value for one in point.attributes if one.key == "outcome"): point.as_double
        for point in calls.data_points
    }
    assert by_outcome == {"success": 3, "TryLater": 2}
    (point,) = found["millwright.call_duration_seconds"][0].histogram.data_points
    assert (point.count, sum(point.bucket_counts), point.time_unix_nano) == (5, 5, 1_000_500_000_000)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert point.bucket_counts[-1] == 2
    assert point.sum == pytest.approx(200.03)
    assert found["millwright.circuits_open"][0].gauge.data_points[0].as_double == 1


def test_many_endpoints_go_in_several_requests_with_each_point_once(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "a.sqlite") as store:
        for n in range(25):
            count(store, "crm", f"/x/{n}")
        totals = read_totals([store], 100)
    requests = [parsed(body) for body in requests_of(totals, {}, 1.0, {}, 10)]
    assert len(requests) > 5
    points = [
        point for metric in metrics_in(requests)["millwright.calls"] for point in metric.sum.data_points
    ]
    assert len(points) == len({str(point.attributes) for point in points}) == 25


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with open_store(None, "imports") as store:
        count(store, calls=4)
    return tmp_path


def answering(*replies: Reply) -> Any:
    """Give each of the replies, and the last one from then on."""
    left = list(replies)

    def answer(_: Asked) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return serve(answer)


def sent_to(server: Loopback) -> list[ExportMetricsServiceRequest]:
    return [parsed(asked.body) for asked in server.asked]


@pytest.mark.usefixtures("home")
def test_a_collector_of_the_environment_gets_all_with_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(Reply(200, {})) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{server.url}/")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=team%201, authorization=Bearer%20abcdefgh")
        assert main() == {"endpoints": 1, "requests": 1, "message": ""}
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v1/metrics")
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["x-tenant"] == "team 1"
    assert asked.headers["authorization"] == "Bearer abcdefgh"
    assert metrics_in(sent_to(server))["millwright.calls"][0].sum.data_points[0].as_double == 4


@pytest.mark.usefixtures("home")
def test_a_collector_that_is_busy_is_asked_again_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(
        Reply(503, b"", {"Retry-After": "0"}), Reply(429, b"", {"Retry-After": "0"}), Reply()
    ) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{server.url}/custom/path")
        assert main()["requests"] == 1
    assert [asked.path for asked in server.asked] == ["/custom/path"] * 3


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("status", [400, 500])
def test_a_refusal_that_the_protocol_calls_final_is_not_tried_again(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(Reply(status, {"message": "no"})) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        with pytest.raises(Exception, match=str(status)):
            main()
    assert len(server.asked) == 1


@pytest.mark.usefixtures("home")
def test_points_that_were_dropped_fail_the_job_with_the_collectors_words() -> None:
    partial = {"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}}
    with answering(Reply(200, partial)) as server, pytest.raises(GiveUpRecord) as raised:
        main(collector={"base_url": server.url})
    assert str(raised.value) == (
        "The collector dropped 3 data points of 1 requests: too old. The next run sends all again."
    )
    assert len(server.asked) == 1


@pytest.mark.usefixtures("home")
def test_without_a_collector_or_with_grpc_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FixSettings, match="No collector of OpenTelemetry is known"):
        main()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(FixSettings, match="metrics are sent by http/json"):
        main()
    with pytest.raises(FixInput, match="must be from 1 to 1000"):
        main(endpoints=0)


def test_a_credential_does_not_go_over_plain_http() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel.example.com:4318"}
    assert collector_of(None, environ).integration.base_url == "http://otel.example.com:4318"
    with pytest.raises(FixSettings):
        collector_of(None, {**environ, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abcdefgh"})


def test_names_of_the_environment_are_read_as_opentelemetry_writes_them() -> None:
    assert headers_in("a=1,b = x%2Cy ,broken,=3") == {"a": "1", "b": "x,y"}
    environ = {
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=prod,service.name=x",
        "WM_WORKSPACE": "team",
    }
    assert resource_of(environ) == {
        "service.namespace": "team", "deployment.environment": "prod", "service.name": "x",
    }  # fmt: skip
    assert resource_of({})["service.name"] == "millwright"


@pytest.mark.parametrize(
    ("text", "rejected"),
    [
        ("", 0),
        ("{}", 0),
        ("<html>", 0),
        ("[1]", 0),
        (json.dumps({"partialSuccess": {"rejectedDataPoints": 2}}), 2),
    ],
    ids=["empty", "all", "html", "list", "some"],
)
def test_what_a_collector_says_is_read_whatever_it_is(text: str, rejected: int) -> None:
    assert accepted_in(text).rejected == rejected
