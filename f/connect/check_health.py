"""Check an HTTP API: is it reached, does it take the credential, what is left of its limits.

Sends one GET to the path `health` of the resource, which obeys the limit and the breaker of all jobs that
call this API. Says as well when the credential ends, if that can be known. Changes nothing. The job succeeds
whatever it finds, unless it is told to fail. A second run asks again.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.by_hand.check import Check
    from f.connect.integration_resource import integration


def main(
    integration: integration,
    fail_if_failing: bool = False,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.by_hand.api import API
    from f.connect.by_hand.check import check
    from f.connect.errors import FixSettings, TryLater
    from f.connect.integration_resource import PURPOSE
    from f.store.stores import open_store

    with open_store(database, PURPOSE) as store:
        found = check(API, "", integration, store)
    print(found["detail"])
    detail, code = found["detail"], found["code"]
    if fail_if_failing and found["status"] == "failing":
        raise TryLater(detail, code=code)
    if fail_if_failing and found["status"] == "not_set_up":
        raise FixSettings(detail, code=code)
    return dict(found) if as_data else _page(found)


def _page(found: Check) -> dict[str, Any]:
    facts = {
        "status": found["status"].replace("_", " "),
        "milliseconds": found["milliseconds"],
        "circuit breaker": found["circuit"],
        "calls left": found["limit_left"],
        "credential ends": found["credential_expires"],
    }
    rows = [{"": name, "is": value} for name, value in facts.items() if value is not None]
    return {"render_all": [{"md": f"**{found['detail']}**"}, {"table-row-object": rows}]}
