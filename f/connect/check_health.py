"""Check an HTTP API: is it reached, does it take the credential, what is left of its limits.

Sends one GET to the path `health` of the resource, which obeys the limit and the breaker of all jobs that
call this API. Says as well when the credential ends, if that can be known. Changes nothing. The job succeeds
whatever it finds, unless it is told to fail. A second run asks again.
"""

from typing import Any

from f.connect.by_hand.api import API
from f.connect.by_hand.check import Check, check
from f.connect.errors import FixSettings, TryLater
from f.connect.integration_resource import PURPOSE, integration
from f.store.stores import open_store, postgresql


def main(
    integration: integration,
    fail_if_failing: bool = False,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
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
