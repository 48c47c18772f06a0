"""Apply a plan of `plan_import`, once, in the name of a person who approved it.

Starts the flow f/customers/import_csv under a job id made of `once_key`, so that however often this is called
one import runs; the flow sends nothing if file, settings or target are no longer those of the plan. Answers
running with the progress, or done with the counts. The same key and arguments ask about the same import.
"""

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.tools.effects.written import Written

TOOL = {"title": "Apply an import plan", "reads": False}


def main(
    plan_hash: str,
    approved_by: str,
    once_key: str,
    file: str = "",
    url: str = "",
    text: str = "",
    target: str = "",
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    default_country: str = "",
    wait_seconds: int = 20,
) -> "Written":
    from f.tools.acting.imports import ImportOrder, apply
    from f.tools.effects.once_only import refusing
    from f.tools.guards.desk import open_desk
    from f.tools.guards.file import FileChoice

    with open_desk(main.__annotations__, locals()) as desk:
        order = ImportOrder(
            plan_hash, approved_by, FileChoice(file, url, text), target, on_duplicate, default_country
        )
        return refusing(once_key, lambda: apply(desk, once_key, order, wait_seconds))
