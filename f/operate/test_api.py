"""Test an API as our jobs use it: sign-in, reading, refusals, limits, pages and, if you allow it, writing.

Takes any resource whose service is known: integration, customer_api, stripe, slack, twilio and the others. It
only reads unless `write` is set: then it makes one record of nobody ("Millwright check, may be deleted"),
reads it back, changes it and removes it, and names what remains. A wrong credential is sent to stand-ins on
this machine, and to a real service only if `wrong_credential` is set, as services lock accounts for it.

Returns a table: each check with what was sent, what is right and what came, and how long it took. Fails if a
check does, unless `fail_if_failed` is off. A second run tests again.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.operate.testing.verdicts import CheckResult
    from f.windmill.values import ListedResource

_MOST_BURST = 50
_SIGNS = {"passed": "✓", "failed": "✗", "skipped": "-"}


class ApiTest(TypedDict):
    """What came of it: counts, a sentence, each check, and what the checks left at the service."""

    resource: str
    service: str
    total: int
    passed: int
    failed: int
    skipped: int
    milliseconds: float
    summary: str
    checks: list[CheckResult]
    remains: list[str]


def main(
    resource: str,
    write: bool = False,
    list_path: str = "",
    items_at: str = "",
    sample: dict | None = None,
    wrong_credential: bool = False,
    burst: int = 0,
    id_field: str = "",
    fail_if_failed: bool = True,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import FixSettings
    from f.operate.services.registry import service_of
    from f.operate.testing.plans import Wishes
    from f.operate.testing.tester import Remains, run_checks
    from f.store.stores import open_store
    from f.windmill.values import resource_at

    if not 0 <= burst <= _MOST_BURST:
        _refuse(f"burst is {burst}, and must be from 0 to {_MOST_BURST}.")
    if write and sample is not None and not list_path:
        _refuse("sample is written below list_path: give list_path as well.")
    found = _one_resource(resource.strip().removeprefix("$res:"))
    service = service_of(found.resource_type)
    assert service is not None, "only known types are listed"
    wishes = Wishes(
        write=write,
        wrong_credential=wrong_credential,
        burst=burst,
        list_path=list_path,
        items_at=items_at,
        id_at=id_field,
        sample=sample,
    )
    remains = Remains()
    checks: list[CheckResult] = []
    with open_store(database, service.purpose) as store:
        for tested in run_checks(service, resource_at(found.path), store, wishes, remains):
            print(f"{_SIGNS[tested['outcome']]} {tested['name']}: {tested['found']}")
            checks.append(tested)
    result = _result(found.path, service.title, checks, remains.sentences)
    print(result["summary"])
    if fail_if_failed and result["failed"]:
        raise FixSettings(_failures(result), code="api_test_failed")
    return dict(result) if as_data else page_of(result)


def _one_resource(path: str) -> ListedResource:
    from f.operate.services.workspace import known_resources

    found = known_resources([path])
    if len(found) != 1:
        _refuse(f"{path!r} names {len(found)} resources: give the path of one.")
    return found[0]


def _refuse(sentence: str) -> NoReturn:
    from f.connect.errors import FixInput

    raise FixInput(sentence, code="bad_argument")


def _result(path: str, title: str, checks: list[CheckResult], remains: list[str]) -> ApiTest:
    counts = {name: sum(one["outcome"] == name for one in checks) for name in ("passed", "failed", "skipped")}
    took = round(sum(one["milliseconds"] for one in checks), 1)
    words = ", ".join(f"{count} {name}" for name, count in counts.items())
    return ApiTest(
        resource=path,
        service=title,
        total=len(checks),
        passed=counts["passed"],
        failed=counts["failed"],
        skipped=counts["skipped"],
        milliseconds=took,
        summary=f"{title} ({path}): {len(checks)} checks, {words}, in {took:.0f} ms.",
        checks=checks,
        remains=remains,
    )


def _failures(result: ApiTest) -> str:
    failed = [f"{one['name']}: {one['found']}" for one in result["checks"] if one["outcome"] == "failed"]
    return " ".join([result["summary"], *failed, *result["remains"]])


def page_of(result: ApiTest) -> dict[str, Any]:
    """Return the result as people see it: the sentence, what remains, and a table."""
    text = "\n\n".join([f"**{result['summary']}**", *(f"- {one}" for one in result["remains"])])
    rows = [_row(one) for one in _failed_first(result["checks"])]
    return {"render_all": [{"md": text}, {"table-row-object": rows}]}


def _failed_first(checks: Sequence[CheckResult]) -> list[CheckResult]:
    return sorted(checks, key=lambda one: one["outcome"] != "failed")


def _row(one: CheckResult) -> dict[str, Any]:
    return {
        "": _SIGNS[one["outcome"]],
        "group": one["group"],
        "check": one["name"],
        "sent": "; ".join(one["sent"]),
        "right would be": one["expected"],
        "found": one["found"],
        "ms": round(one["milliseconds"]),
    }
