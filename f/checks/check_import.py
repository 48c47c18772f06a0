# test:
# flow/f/customers/import_csv
# script/f/customers/parse_csv
# script/f/customers/gate_import
"""Whether a file would still be imported: a test that Windmill runs by itself after a deploy.

Reads three rows of nobody (addresses below example.com), one of them wrong on purpose, maps them to the
target's fields and plans their import as a dry run. Nothing is sent to the target but look-ups. Fails if the
rows are not judged as they should be, or have no place in the target.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from typing import TYPE_CHECKING, TypedDict, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.customers.targets.customer_api import customer_api

# The first of them that the workspace has.
TARGETS = ("f/customers/crm", "f/customers/mock_api")
_SAMPLE = """Name,E-Mail,Phone
Millwright Check,millwright-check-1@example.com,+49 30 901820
Millwright Check,millwright-check-2@example.com,
Millwright Check,not an address,
"""
_GOOD = 2


class ImportCheck(TypedDict):
    """Which target was planned for, how many rows could go there, and the plan in a sentence."""

    target: str
    rows: int
    good: int
    message: str


def main() -> ImportCheck:
    from f.connect.errors import FixSettings
    from f.customers.gate_import import main as gate_import
    from f.customers.parse_csv import main as parse_csv
    from f.windmill.values import first_resource

    target, api = first_resource(TARGETS)
    parsed = parse_csv(text=_SAMPLE)
    gated = gate_import(parsed=dict(parsed), api=cast("customer_api", api), max_bad_share=0.5, dry_run=True)
    rows, good = parsed["counts"]["rows"], parsed["counts"]["valid"]
    if good != _GOOD:
        raise FixSettings(
            f"Of {rows} sample rows {good} are valid, and two should be. Look at what has changed in "
            "f/customers/validation and in the mapping of the columns.",
            code="check_import_failed",
        )
    if gated["decision"] != "go":
        raise FixSettings(f"The sample would not be imported: {gated['message']}", code="check_import_failed")
    return ImportCheck(target=target, rows=rows, good=good, message=str(gated["message"]))
