"""All integrations of a job by name, with one shared store."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

import dataclasses
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput
from f.connect.metrics import Summary, metrics_of
from f.connect.retrying import Retrying
from f.store.stores import memory_store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from f.connect.calls.exchange import Auth
    from f.connect.integration import Integration, Mode
    from f.connect.limits.circuit_states import Status
    from f.connect.limits.rate_limit import RateLimiter
    from f.store.store import Store


class Health(TypedDict):
    """One integration's answer to a health check. `detail` is fit to show: no secret, no personal data."""

    name: str
    status: Literal["healthy", "unhealthy"]
    http_status: int | None
    milliseconds: float | None
    circuit: Status
    detail: str


class IntegrationStatus(TypedDict):
    """How an integration fares. `available`: calls that its rate limit lets go now, None without a limit.

    `average`: milliseconds of a call, with all its attempts and waits; None, as the rate, without calls.
    """

    mode: Mode
    circuit: Status
    available: int | None
    calls: int
    successes: int
    success_rate: float | None
    average: float | None


class IntegrationManager:
    """Registers integrations and hands out what belongs to each; as a context manager it closes all."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or memory_store()
        self._integrations: dict[str, Integration] = {}
        self._clients: dict[str, Client] = {}
        self._retrying: dict[str, Retrying] = {}
        self._lock = threading.RLock()

    @classmethod
    def from_json_file(cls, path: str | os.PathLike[str], store: Store | None = None) -> Self:
        """Return a manager of all integrations in a JSON file; `f.connect.config` says how it may look.

        What is wrong with any of them is one FixSettings, a sentence for each field. So it is below.
        """
        from f.connect.config import all_from_json_file  # only who reads settings loads pydantic

        return cls._of(all_from_json_file(path), store)

    @classmethod
    def from_environment(
        cls,
        prefix: str = "CONNECT_",
        *,
        environ: Mapping[str, str] | None = None,
        env_file: str | os.PathLike[str] | None = ".env",
        store: Store | None = None,
    ) -> Self:
        """Return a manager of all integrations in the environment: CONNECT_HUBSPOT__BASE_URL and so on.

        `env_file` is read if it exists; the environment wins over it.
        """
        from f.connect.config import all_from_environment

        return cls._of(all_from_environment(prefix, environ=environ, env_file=env_file), store)

    @classmethod
    def from_resources(cls, resources: Mapping[str, Any], store: Store | None = None) -> Self:
        """Return a manager of resources of the type `integration`: their values, by path or another name."""
        from f.connect.config import all_from_resources
        from f.connect.integration_resource import integration_of

        return cls._of(all_from_resources(resources, integration_of), store)

    @classmethod
    def from_workspace(cls, paths: Iterable[str], store: Store | None = None) -> Self:
        """Return a manager of the resources at these paths, read from the workspace that this job runs in."""
        from f.windmill.values import resource_at  # only who reads there connects to Windmill

        return cls.from_resources({path: resource_at(path) for path in paths}, store)

    @classmethod
    def _of(cls, integrations: Iterable[Integration], store: Store | None) -> Self:
        manager = cls(store)
        for integration in integrations:
            manager.register(integration)
        return manager

    def register(self, integration: Integration) -> None:
        """Add an integration; FixInput if its name is taken."""
        with self._lock:
            if integration.name in self._integrations:
                raise FixInput(
                    f"The integration {integration.name!r} is registered already: update it instead."
                )
            self._integrations[integration.name] = integration

    def unregister(self, name: str) -> None:
        """Remove an integration and close its connections."""
        with self._lock:
            self.get(name)
            del self._integrations[name]
            self._drop_client(name)

    def update(self, name: str, /, **changes: Any) -> Integration:
        """Replace fields of an integration, all of them checked again; its connections are made anew."""
        with self._lock:
            changed = dataclasses.replace(self.get(name), **changes)
            if changed.name != name:
                raise FixInput("An integration's name cannot be changed: register it under the new one.")
            self._integrations[name] = changed
            self._drop_client(name)
            return changed

    def get(self, name: str) -> Integration:
        """Return the integration of that name; FixInput if there is none."""
        if name not in self._integrations:
            known = ", ".join(self.list()) or "none"
            raise FixInput(f"There is no integration {name!r}. Registered: {known}.")
        return self._integrations[name]

    def list(self) -> list[str]:
        """Return the names of all integrations, sorted."""
        return sorted(self._integrations)

    def connector(self, name: str) -> Client:
        """Return the one client of an integration; the manager closes it."""
        with self._lock:
            if name not in self._clients:
                self._clients[name] = Client(self.get(name), self.store)
            return self._clients[name]

    def auth(self, name: str) -> Auth:
        """Return the integration's credential as a `requests` auth object."""
        return self.connector(name).auth

    def limiter(self, name: str) -> RateLimiter:
        """Return the integration's rate limiter."""
        return self.connector(name).limiter

    def retry(self, name: str) -> Retrying:
        """Return the integration's retry policy as decorator and caller; the same one until an update."""
        with self._lock:
            if name not in self._retrying:
                self._retrying[name] = Retrying(self.get(name).retry)
            return self._retrying[name]

    def metrics(self, name: str) -> dict[str, Summary]:
        """Return what is known of the integration's calls, by endpoint, over all jobs of the store.

        With each endpoint's average response time (ms) and success rate.
        """
        self.get(name)
        return metrics_of(self.store).summary(name)

    def reset_metrics(self, name: str) -> None:
        """Forget the integration's counts, for all jobs."""
        self.get(name)
        metrics_of(self.store).reset(name)

    def health_check(self, name: str, endpoint: str = "/health") -> Health:
        """GET `endpoint` and say how it went; never raises for what the service does."""
        client = self.connector(name)
        try:
            response = client.request(Request(method="GET", path=endpoint, endpoint="health"))
        except ConnectError as error:
            return _health(name, client, "unhealthy", error.status, None, str(error))
        healthy: Literal["healthy", "unhealthy"] = "healthy" if response.success else "unhealthy"
        detail = f"{response.call} answered {response.status}"
        if response.source == "twin":
            detail += " (from the twin)"
        return _health(name, client, healthy, response.status, response.elapsed, detail)

    def status(self) -> dict[str, IntegrationStatus]:
        """Return what each integration is set to and how it fares; sends nothing."""
        return {name: self._status_of(name) for name in self.list()}

    def _status_of(self, name: str) -> IntegrationStatus:
        client, integration = self.connector(name), self.get(name)
        summaries = self.metrics(name).values()
        calls = sum(summary["calls"] for summary in summaries)
        successes = sum(summary["successes"] for summary in summaries)
        return IntegrationStatus(
            mode=integration.mode,
            circuit=client.breaker.status(),
            available=client.limiter.available() if integration.rate_limit else None,
            calls=calls,
            successes=successes,
            success_rate=round(successes / calls, 4) if calls else None,
            average=_average(summaries),
        )

    # The names that such managers have elsewhere.
    register_integration = register
    unregister_integration = unregister
    update_integration = update
    get_integration = get
    list_integrations = list  # noqa: A003 - the method is meant
    get_connector = connector
    get_auth_manager = auth
    get_rate_limiter = limiter
    get_retry_handler = retry
    get_metrics = metrics
    get_status = status

    def close(self) -> None:
        """Close all clients and the store."""
        with self._lock:
            for name in tuple(self._clients):
                self._drop_client(name)
            self.store.close()

    def _drop_client(self, name: str) -> None:
        self._retrying.pop(name, None)
        client = self._clients.pop(name, None)
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _health(
    name: str,
    client: Client,
    status: Literal["healthy", "unhealthy"],
    http_status: int | None,
    seconds: float | None,
    detail: str,
) -> Health:
    return Health(
        name=name,
        status=status,
        http_status=http_status,
        milliseconds=None if seconds is None else round(seconds * 1000, 1),
        circuit=client.breaker.status(),
        detail=detail,
    )


def _average(summaries: Iterable[Summary]) -> float | None:
    """Return the milliseconds of a call over all endpoints."""
    counted = [(summary["calls"], summary["average"]) for summary in summaries]
    known = [(calls, average) for calls, average in counted if average is not None]
    calls = sum(calls for calls, _ in known)
    return round(sum(calls * average for calls, average in known) / calls, 2) if calls else None
