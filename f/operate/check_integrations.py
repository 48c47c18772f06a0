"""Check every service that this workspace has a resource for: is it reached, who are we there, what is left.

One call each, the cheapest that needs the credential and changes nothing, several at once. It obeys the
limits and breakers of the jobs that work with these accounts. Checked are the resources that this job may
read and whose type is known; what cannot be tried without an effect, such as a Slack webhook, is said not to
be. The job succeeds whatever it finds, unless it is told to fail. A second run asks again.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.operate.services.check import Check

_MOST_SECONDS = 600


class Checks(TypedDict):
    """How many services stand how, a sentence of it, and each."""

    summary: str
    ok: int
    failing: int
    not_set_up: int
    not_tried: int
    checks: list[Check]


def main(
    only: list[str] | None = None,
    fail_if_failing: bool = False,
    seconds: float = 60,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import FixInput, TryLater
    from f.operate.services.workspace import check_all, known_resources

    if not 1 <= seconds <= _MOST_SECONDS:
        raise FixInput(f"seconds is {seconds}, and must be from 1 to {_MOST_SECONDS}.", code="bad_argument")
    found = counted(check_all(known_resources(only or ()), database, seconds))
    print(found["summary"])
    if fail_if_failing and found["failing"]:
        names = ", ".join(one["path"] for one in found["checks"] if one["status"] == "failing")
        raise TryLater(f"{found['summary']} Failing: {names}.", code="integrations_failing")
    return dict(found) if as_data else page_of(found)


def counted(checks: list[Check]) -> Checks:
    """Return the checks with a sentence of them."""
    counts = {name: sum(one["status"] == name for one in checks) for name in _WORDS}
    parts = [f"{count} {_WORDS[name]}" for name, count in counts.items() if count]
    subject = "1 service" if len(checks) == 1 else f"{len(checks)} services"
    summary = f"{subject}: {', '.join(parts)}." if checks else "No resource of a known type can be read here."
    return Checks(
        summary=summary,
        ok=counts["ok"],
        failing=counts["failing"],
        not_set_up=counts["not_set_up"],
        not_tried=counts["not_tried"],
        checks=checks,
    )


_WORDS = {"ok": "ok", "failing": "failing", "not_set_up": "not set up", "not_tried": "not tried"}


def page_of(found: Checks) -> dict[str, Any]:
    """Return the result as people see it: the sentence and a table, what needs somebody first."""
    order = ["failing", "not_set_up", "ok", "not_tried"]
    rows = [_row(one) for one in sorted(found["checks"], key=lambda one: order.index(one["status"]))]
    table = [{"table-row-object": rows}] if rows else []
    return {"render_all": [{"md": f"**{found['summary']}**"}, *table]}


def _row(one: Check) -> dict[str, Any]:
    is_news = one["status"] != "ok" or one["code"]
    cells = {
        "resource": one["path"],
        "service": one["title"],
        "status": _WORDS[one["status"]],
        "account": one["account"],
        "ms": one["milliseconds"] and round(one["milliseconds"]),
        "circuit": one["circuit"],
        "left": one["limit_left"],
        "expires": one["credential_expires"],
        "what to do": one["detail"] if is_news else "",
    }
    return {name: "" if value is None else value for name, value in cells.items()}
