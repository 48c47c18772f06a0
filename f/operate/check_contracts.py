"""Compare the APIs of all services with what our jobs rely on, and with what they answered before.

Sends each service its canary and up to three more calls that change nothing: a list of one, a read of what is
not there, the list of versions. Compares the shape of each answer (names and types of fields; no value of
anybody is kept), its status, the version of the API, and what it announces: Deprecation, Sunset and Warning
headers, and hints in the services' own ways. No wrong credential is ever sent.

What has changed is told by the event contract_changed, once a week for each change, before a job breaks. The
first run remembers what it sees. A change stays in the table until the service is as it was, or until a run
with `accept` takes what is there as right; the loss of what our code reads cannot be accepted away. The job
succeeds whatever it finds, unless it is told to fail.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.operate.contracts.sentinel import ContractReport
    from f.store.store import Store
    from f.windmill.values import ListedResource

_WEEK = 7 * 86_400.0
_WORDS = {
    "changed": "changed",
    "unchanged": "as expected",
    "first_seen": "seen for the first time",
    "accepted": "taken as right",
    "not_seen": "not seen",
}


class Contracts(TypedDict):
    """How many APIs stand how, a sentence of it, and each. `told`: how many events were raised."""

    summary: str
    changed: int
    unchanged: int
    first_seen: int
    accepted: int
    not_seen: int
    told: int
    services: list[ContractReport]


def main(
    only: list[str] | None = None,
    accept: bool = False,
    tell: bool = True,
    fail_if_changed: bool = False,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import FixSettings
    from f.operate.contracts.judging import sentence
    from f.operate.services.workspace import known_resources
    from f.store.stores import open_store

    with open_store(database, "operate") as store:
        reports = [_look(one, store, accept=accept) for one in known_resources(only or ())]
        told = sum(_tell(report, store) for report in reports) if tell else 0
    found = _counted(reports, told)
    print(found["summary"])
    for report in reports:
        for finding in report["findings"]:
            print(f"{report['path']}: {sentence(finding)}")
    if fail_if_changed and found["changed"]:
        names = ", ".join(report["path"] for report in reports if report["findings"])
        raise FixSettings(f"{found['summary']} Changed: {names}.", code="contract_changed")
    return dict(found) if as_data else _page_of(found)


def _look(one: ListedResource, store: Store, *, accept: bool) -> ContractReport:
    from f.connect.errors import ConnectError
    from f.operate.contracts.sentinel import look_at, not_looked_at
    from f.operate.services.registry import service_of
    from f.windmill.values import resource_at

    service = service_of(one.resource_type)
    assert service is not None, "only known types are listed"
    try:
        resource = resource_at(one.path)
    except ConnectError as error:
        return not_looked_at(service, one.path, error)
    return look_at(service, one.path, resource, store, accept=accept)


def _tell(report: ContractReport, store: Store) -> int:
    """Raise the event of one service; return how many were started: 0 if people know already."""
    from f.connect.events import raise_event
    from f.operate.contracts.judging import sentence, severity_of

    findings = report["findings"]
    if not findings:
        return 0
    facts: dict[str, Any] = {
        "integration": f"{report['title']} ({report['path']})",
        "message": " ".join(sentence(one) for one in findings),
        "severity": severity_of(findings),
        "changes": len(findings),
        "link": next((one["link"] for one in findings if one["link"]), ""),
        "next_step": "Read the service's changelog; run f/operate/check_contracts again when it is mended.",
    }
    given = {name: value for name, value in facts.items() if value != ""}
    about = f"{report['path']} {sorted((one['call'], one['what'], one['now']) for one in findings)}"
    return int(raise_event("contract_changed", given, store, about=about, window=_WEEK))


def _counted(reports: Sequence[ContractReport], told: int) -> Contracts:
    counts = {name: sum(one["status"] == name for one in reports) for name in _WORDS}
    parts = ", ".join(f"{count} {_WORDS[name]}" for name, count in counts.items() if count)
    subject = "1 service" if len(reports) == 1 else f"{len(reports)} services"
    return Contracts(
        summary=f"{subject}: {parts}." if reports else "No resource of a known type can be read here.",
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        first_seen=counts["first_seen"],
        accepted=counts["accepted"],
        not_seen=counts["not_seen"],
        told=told,
        services=list(reports),
    )


def _page_of(found: Contracts) -> dict[str, Any]:
    """Return the result as people see it: the sentence, the changes, a table; what needs somebody first."""
    from f.operate.contracts.judging import sentence

    order = list(_WORDS)
    services = sorted(found["services"], key=lambda one: order.index(one["status"]))
    changes = [f"- `{one['path']}`: {sentence(finding)}" for one in services for finding in one["findings"]]
    text = "\n\n".join([f"**{found['summary']}**", *(["\n".join(changes)] if changes else [])])
    table = [{"table-row-object": [_row(one) for one in services]}] if services else []
    return {"render_all": [{"md": text}, *table]}


def _row(one: ContractReport) -> dict[str, Any]:
    return {
        "resource": one["path"],
        "service": one["title"],
        "status": _WORDS[one["status"]],
        "version": one["version"],
        "answers": one["calls"],
        "changes": len(one["findings"]),
        "since": min((finding["since"] for finding in one["findings"] if finding["since"]), default=""),
        "detail": " ".join([one["detail"], *one["not_seen"]]).strip(),
    }
