# test:
# flow/f/customers/*
# script/f/customers/check_target
# script/f/customers/create_customers
"""Whether the target of imports can still be used: a test that Windmill runs by itself after a deploy.

Only reads: is it reached, is the credential right, does the look-up answer. Fails if it cannot be used.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from typing import TYPE_CHECKING, TypedDict, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.customers.targets.customer_api import customer_api

# The first of them that the workspace has.
TARGETS = ("f/customers/crm", "f/customers/mock_api")


class TargetCheck(TypedDict):
    """Which target was tried, what it guarantees, and each finding as a sentence."""

    target: str
    guarantee: str
    findings: list[str]


def main() -> TargetCheck:
    from f.customers.check_target import main as check_target
    from f.windmill.values import first_resource

    path, api = first_resource(TARGETS)
    result = check_target(cast("customer_api", api), write=False)
    findings = [f"{one['aspect']}: {one['found']}" for one in result["findings"]]
    return TargetCheck(target=path, guarantee=result["guarantee_after"], findings=findings)
