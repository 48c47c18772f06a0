"""Check a target before the first import: what "Test connection" is elsewhere, and more.

Without `write` it only reads: is the API reached, is the credential right, can a customer be looked up.
With `write` it makes a few customers of nobody ("Millwright check, may be deleted", addresses below
example.com), sends them again in several ways, and measures what an import can rely on: whether a repeated
row makes a second customer, whether the look-up finds what was just made. It removes them again where the API
lets it, and names those that remain. Best tried at a sandbox first.

Returns the findings, and `proven`: put it into the resource under this name, and the guarantee of every
import rests on what was measured (`mill target check --save` does it). Fails if the API cannot be used at
all. A second run measures again and changes nothing else.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.customers.targets.customer_api import customer_api
    from f.records.checking.findings import CheckResult
    from f.records.target.proven import Proven
    from f.records.target.target import Target


def main(api: customer_api, write: bool = False, fields: dict | None = None) -> CheckResult:
    """`fields`: what else a customer must have there, such as {"phone": "+49 30 901820"}."""
    from f.connect.errors import FixInput
    from f.customers.targets.canaries import CustomerCanaries
    from f.customers.targets.customer_api import open_target
    from f.customers.validation.fields import FIELDS
    from f.records.checking.check import Plan, check

    unknown = [name for name in fields or {} if name not in FIELDS or name == "email"]
    if unknown:
        raise FixInput(
            f"`fields` holds {', '.join(unknown)}: give fields of a customer other than email, such "
            "as phone, under our names.",
            code="bad_fields",
        )
    resource = {name: value for name, value in (api or {}).items() if name != "proven"}
    target = open_target(resource)
    endpoints = resource.get("endpoints")
    health = endpoints.get("health", "") if isinstance(endpoints, dict) else ""
    plan = Plan(write, health, _is_documented(target), _proven_before(api))
    return check(target, CustomerCanaries(target, fields), plan)


def _is_documented(target: Target) -> bool:
    """Whether nothing is left to measure: of HubSpot, and of Salesforce without a unique external id."""
    return not target.kind.traits.has_idempotency_keys and not target.options.get("external_id_field")


def _proven_before(api: customer_api) -> Proven:
    """What the resource says was proven; nothing if it is about another target or cannot be read."""
    from f.connect.errors import FixSettings
    from f.customers.targets.customer_api import open_target
    from f.records.target.proven import NOTHING

    try:
        return open_target(api).proven
    except FixSettings as error:
        if error.code != "bad_proven":
            raise
        print(error)
        return NOTHING
