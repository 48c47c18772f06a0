"""How tests steer and question a twin: `/twins/<name>/_faults`, `_settings`, `_ledger`, `_ledger/check`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mill.errors import MillError
from mill.twins import registry
from mill.twins.faults import Faults
from mill.twins.message import Malformed, Reply, Request
from mill.twins.served import Served

_CREATED = "created"


class Page(BaseModel):
    """Which entries `GET _ledger` shows."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = None
    key: str | None = None
    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class Check(BaseModel):
    """The keys `POST _ledger/check` asks about, such as the e-mails of a file."""

    model_config = ConfigDict(extra="forbid")

    keys: list[str]
    kind: str = _CREATED


class Control:
    """Answers the paths that begin with an underscore; nothing there is part of the service."""

    def __init__(self, serve: Callable[[str], Served]) -> None:
        self._serve = serve

    def answer(self, name: str, request: Request) -> Reply:
        """Return the reply; 400 with a sentence for what cannot be done."""
        endpoints: dict[tuple[str, str], Callable[[Served, Request], Any]] = {
            ("GET", "/_faults"): lambda served, _request: served.plan.faults.model_dump(mode="json"),
            ("PUT", "/_faults"): _put_faults,
            ("GET", "/_settings"): lambda served, _request: served.twin.settings.model_dump(mode="json"),
            ("PUT", "/_settings"): _put_settings,
            ("GET", "/_ledger"): _ledger,
            ("DELETE", "/_ledger"): lambda served, _request: served.store.forget(served.twin.name),
            ("POST", "/_ledger/check"): _check,
        }
        endpoint = endpoints.get((request.method, request.path))
        if endpoint is None:
            offered = ", ".join(f"{method} {path}" for method, path in endpoints)
            problem = f"{request.method} {request.path} is not offered. There is {offered}."
            return Reply(404, {"message": problem})
        try:
            return Reply(200, endpoint(self._serve(name), request) or {})
        except (MillError, Malformed) as error:
            return Reply(400, {"message": str(error)})
        except ValidationError as error:
            return Reply(400, {"message": f"{request.path}: {registry.problems(error)}."})

    @staticmethod
    def unknown(path: str, names: Sequence[str]) -> Reply:
        """Return the reply below no twin: what there is."""
        return Reply(404, {"message": f"There is no twin at {path}.", "twins": list(names)})


def _put_faults(served: Served, request: Request) -> Any:
    served.set_faults(Faults.model_validate(request.json()))
    return served.plan.faults.model_dump(mode="json")


def _put_settings(served: Served, request: Request) -> Any:
    served.configure(served.twin.name, TypeAdapter(dict[str, Any]).validate_python(request.json()))
    return served.twin.settings.model_dump(mode="json")


def _ledger(served: Served, request: Request) -> Any:
    page = Page.model_validate(dict(request.query))
    entries = served.ledger.entries(page.kind, page.key, after=page.after, limit=page.limit)
    return {
        "entries": [asdict(entry) for entry in entries],
        "totals": served.ledger.totals(),
        "next_after": entries[-1].seq if len(entries) == page.limit else None,
    }


def _check(served: Served, request: Request) -> Any:
    check = Check.model_validate(request.json())
    times = served.ledger.times(check.keys, check.kind)
    return {
        "never": [key for key, count in times.items() if count == 0],
        "once": sum(count == 1 for count in times.values()),
        "twice": [key for key, count in times.items() if count > 1],
    }
