"""Show what an import of a file would do, and what it would cost; nothing is sent.

Returns counts, calls and days, the guarantee, and the hash with which `apply_plan` applies exactly this. A
second run plans again: the hash is the same while file, settings and the target's records are.
"""

from typing import Literal

from f.tools.asking.import_plan import ImportPlan, plan
from f.tools.guards.desk import open_desk
from f.tools.guards.file import FileChoice

TOOL = {"title": "Plan an import", "reads": True}


def main(
    file: str = "",
    url: str = "",
    text: str = "",
    target: str = "",
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    default_country: str = "",
) -> ImportPlan:
    with open_desk(main.__annotations__, locals()) as desk:
        source = FileChoice(file, url, text)
        source.check(desk.guards.files)
        return plan(source, desk.target(target), on_duplicate, default_country, desk.database())
