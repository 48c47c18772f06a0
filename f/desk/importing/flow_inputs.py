"""What the import flow is started with for a draft, and what of it has changed since a plan. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput, FixSettings
from f.desk.drafts.digest import READING

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Run, Settings

FLOW = "f/customers/import_csv"
VERIFY = "f/customers/verify_import"

# Settings by the words that the desk's page has for them.
_WORDS: dict[str, str] = {
    "encoding": "the encoding",
    "delimiter": "the delimiter",
    "has_header": "whether there is a header",
    "header_row": "the header's line",
    "sheet": "the sheet",
    "mapping": "the columns",
    "default_country": "the country of phone numbers",
    "target": "the target",
    "on_duplicate": "what happens to customers that are there already",
    "max_bad_share": "the share of bad rows that is allowed",
}
_PATH = re.compile(r"[fu](?:/[\w.-]+)+", re.ASCII)


def target_of(settings: Settings) -> str:
    """Return the target as the flow's input `api`; FixSettings if its path is none of a resource."""
    path = settings["target"]
    if not _PATH.fullmatch(path):
        raise FixSettings(
            f"The target {path[:60]!r} is not the path of a resource, such as f/customers/crm. Choose one.",
            code="no_target",
        )
    return f"$res:{path}"


def inputs_of(draft: Draft, **more: Any) -> dict[str, Any]:
    """Return the flow's inputs for a draft; resources go by their path, large things by their object."""
    file, settings = draft["file"], draft["settings"]
    if file is None:
        raise FixInput("The file has not arrived as a whole. Choose it again.", code="no_file")
    chosen = {name: value for name in READING if (value := settings[name]) not in ("", None, {})}  # type: ignore[literal-required]  # the names are those of Settings
    if draft["corrections_file"]:
        chosen["corrections"] = {"s3": draft["corrections_file"]}
    return {
        "file": {"s3": file["s3"]},
        **chosen,
        "api": target_of(settings),
        "on_duplicate": settings["on_duplicate"],
        "max_bad_share": settings["max_bad_share"],
        **more,
    }


def refuse_outdated_plan(draft: Draft, plan: Run) -> None:
    """Raise FixInput that names what was changed since this plan was started."""
    before, now = plan.get("settings"), draft["settings"]
    names = [words for name, words in _WORDS.items() if before and before[name] != now[name]]  # type: ignore[literal-required]  # as above
    if plan.get("corrections_file", "") != draft["corrections_file"]:
        names.append("the corrections of the rows")
    changed = _listed(names) or "the file"
    raise FixInput(
        f"Since the plan was made, something else was chosen: {changed}. Nothing was sent. Make a new plan, "
        "look at it, and apply that one.",
        code="plan_outdated",
    )


def refuse_unchecked(draft: Draft, *, is_checked: bool) -> None:
    """Raise FixInput unless the whole file was checked as it is now."""
    if is_checked:
        return
    what = (
        "Settings or rows were changed after the file was checked"
        if draft["checked"]
        else "The file was not checked as a whole yet"
    )
    raise FixInput(f"{what}. Check it, then make the plan.", code="not_checked")


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
