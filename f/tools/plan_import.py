"""Show what an import of a file would do, and what it would cost; nothing is sent.

Returns counts, calls and days, the guarantee, and the hash with which `apply_plan` applies exactly this. A
second run plans again: the hash is the same while file, settings and the target's records are.
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

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.tools.asking.import_plan import ImportPlan

TOOL = {"title": "Plan an import", "reads": True}


def main(
    file: str = "",
    url: str = "",
    text: str = "",
    target: str = "",
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    default_country: str = "",
) -> "ImportPlan":
    from f.tools.asking.import_plan import plan
    from f.tools.guards.desk import open_desk
    from f.tools.guards.file import FileChoice

    with open_desk(main.__annotations__, locals()) as desk:
        source = FileChoice(file, url, text)
        source.check(desk.guards.files)
        return plan(source, desk.target(target), on_duplicate, default_country, desk.database())
