"""Looks at one service: sends its harmless calls, compares the answers, remembers their shapes.

The only module here that does I/O. A service that is not reached, or refuses the credential, is not judged:
whether services answer is what check_integrations says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.errors import ConnectError
from f.connect.redact import mask_text
from f.connect.times import REAL, to_iso
from f.operate.contracts.body import body_value
from f.operate.contracts.expectations import (
    VERSIONS,
    calls_in,
    canary_expectation,
    contract_of,
    own_version,
    version_of,
)
from f.operate.contracts.judging import Finding, Seen, Sight, findings_of, is_about_now, next_sight
from f.operate.contracts.notices import notices_of
from f.operate.contracts.shapes import shape_of
from f.operate.contracts.sights import Sights

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.operate.contracts.expectations import Contract, Expectation
    from f.operate.services.service import Service
    from f.store.store import Store

_ADDRESSES = ("base_url", "jwks_url", "url", "endPoint")

Status = Literal["unchanged", "first_seen", "changed", "accepted", "not_seen"]


class ContractReport(TypedDict):
    """How one service's API stands against what was expected of it.

    `calls`: how many answers were compared. `not_seen`: calls that say nothing today, each with the reason.
    """

    path: str
    service: str
    title: str
    status: Status
    detail: str
    version: str
    calls: int
    findings: list[Finding]
    not_seen: list[str]


def look_at(
    service: Service, path: str, resource: Mapping[str, Any], store: Store, *, accept: bool = False
) -> ContractReport:
    """Compare a service's answers with what was expected and remembered, and remember them.

    `accept`: what is seen now is right from now on. Never raises for what the resource or the service does.
    """
    report = _unseen(service, path)
    try:
        canary = service.canary(resource)
        asked = [(canary_expectation(service.resource_type, resource), canary)]
    except ConnectError as error:
        report["not_seen"].append(mask_text(str(error)))
        asked = []
    try:
        asked += calls_in(service.resource_type, resource)
        if not asked:
            report["detail"] = report["not_seen"].pop() if report["not_seen"] else "No call of it is known."
            return report
        client = service.client_of(resource, store)
    except ConnectError as error:
        report["detail"] = mask_text(str(error))
        return report
    with client:
        contract, address = contract_of(service.resource_type, resource), _address(resource, client)
        _Look(report, client, contract, Sights(store), address, accept=accept).run(asked)
    return report


def not_looked_at(service: Service, path: str, error: ConnectError) -> ContractReport:
    """Return the report of a resource that cannot be read."""
    return {**_unseen(service, path), "detail": mask_text(str(error))}


def _unseen(service: Service, path: str) -> ContractReport:
    return ContractReport(
        path=path,
        service=service.name,
        title=service.title,
        status="not_seen",
        detail="",
        version="",
        calls=0,
        findings=[],
        not_seen=[],
    )


def _address(resource: Mapping[str, Any], client: Client) -> str:
    """Return what the resource points at, as it says it: a twin's port is another in each run."""
    named = next((resource[name] for name in _ADDRESSES if resource.get(name)), "")
    return f"{named or client.integration.base_url} {client.integration.account}"


class _Look:
    def __init__(
        self,
        report: ContractReport,
        client: Client,
        contract: Contract,
        sights: Sights,
        address: str,
        *,
        accept: bool,
    ) -> None:
        self._report, self._client, self._contract = report, client, contract
        self._address = address
        self._sights, self._accept = sights, accept
        self._new = False

    def run(self, asked: list[tuple[Expectation, Request]]) -> None:
        paths = " ".join(request.path for _, request in asked)
        own = own_version(self._contract, f"{self._client.integration.base_url} {paths}")
        for expected, request in asked:
            try:
                self._compare(expected, self._client.request(request), own)
            except ConnectError as error:
                self._report["not_seen"].append(mask_text(str(error)))
                if error.status is None:  # not reached: the next call will not be either
                    break
        self._conclude()

    def _compare(self, expected: Expectation, response: Response, own: str) -> None:
        report, address = self._report, self._address
        if is_about_now(response.status) and response.status not in expected.statuses:
            why = f"{response.call} answered {response.status}, which is about the credential or the hour."
            report["not_seen"].append(why)
            return
        now = REAL.now()
        seen = _seen(expected.call, response, self._contract, now)
        report["calls"] += 1
        report["version"] = report["version"] or seen.version
        remembered = self._sights.get(report["path"], address, expected.call)
        self._new = self._new or remembered is None
        if self._accept:
            remembered = Sight(seen.status, seen.shape, seen.version, now)
        found = findings_of(expected, self._contract, seen, remembered, own)
        sight = next_sight(seen, remembered, bool(found), now)
        self._sights.put(report["path"], address, expected.call, sight)
        since = to_iso(sight.changed_at) if sight.changed_at else ""
        report["findings"] += [{**one, "since": since} for one in found if not _is_said(report, one)]

    def _conclude(self) -> None:
        report = self._report
        if report["findings"]:
            report["status"] = "changed"
            changes = _counted(len(report["findings"]), "change")
            report["detail"] = f"{changes} in {_counted(report['calls'], 'answer')}."
        elif not report["calls"]:
            report["detail"] = report["not_seen"].pop(0)
        else:
            report["status"] = "accepted" if self._accept else "first_seen" if self._new else "unchanged"
            report["detail"] = f"{_counted(report['calls'], 'answer')}, {_WORDS[report['status']]}."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


_WORDS = {
    "accepted": "taken as right from now on",
    "first_seen": "remembered from now on",
    "unchanged": "as expected",
}


def _seen(call: str, response: Response, contract: Contract, now: float) -> Seen:
    body = body_value(response)
    return Seen(
        call=call,
        status=response.status,
        shape=shape_of(body),
        version=version_of(contract, response.headers),
        notices=notices_of(response.headers, body, now),
        versions=tuple(_listed_versions(body)) if call == VERSIONS else (),
    )


def _listed_versions(body: Any) -> Iterator[str]:
    for one in body if isinstance(body, list) else ():
        version = one.get("version") if isinstance(one, Mapping) else None
        if isinstance(version, str) and len(version) <= 20:
            yield version


def _is_said(report: ContractReport, finding: Finding) -> bool:
    """Return whether another call has said it: a header is often in every answer."""
    return any(
        (one["what"], one["was"], one["now"]) == (finding["what"], finding["was"], finding["now"])
        and not (one["was"] or one["now"])
        for one in report["findings"]
    )
