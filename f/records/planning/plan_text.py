"""A plan in words: a sentence, a page for whoever decides, and what has changed since one was made. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from f.connect.errors import FixInput
from f.records.planning.plan import ACTIONS, Action, Plan

if TYPE_CHECKING:
    from f.windmill.objects import FileRef

MOST_FIELDS = 20  # named to a reader; the file has them all
UNREAD = (
    "The target could not be asked: its resource names no place to look records up (endpoints.lookup). A "
    "row that no earlier import applied counts as create; it may turn out to be there."
)
_HASH = re.compile(r"[0-9a-f]{12}(?:-[0-9a-f]{12}){2,3}", re.ASCII)
_WORDS: dict[Action, str] = {
    "create": "to create",
    "update": "to update",
    "unchanged": "unchanged",
    "skip": "to skip",
    "refuse": "to refuse",
    "hold": "held back",
    "unread": "not known",
}
# What each part of the hash stands for, in its order, and how it comes to be another one.
_CHANGED = (
    "The file is not the one the plan was made of.",
    "The corrections are not those the plan was made with.",
    "Other values would be sent than the plan shows: the target's resource or an input has changed.",
    "The target has changed since the plan was made: rows were added, changed or removed there.",
)


def in_a_sentence(plan: Plan) -> str:
    """Return the plan in a sentence: its hash, if it can be applied, and the rows of each action."""
    name = f"Plan {plan['hash']}" if plan["hash"] else "Plan"
    return f"{name}: {counted(plan)}."


def counted(plan: Plan) -> str:
    """Return how many rows there are of each action, in words."""
    counts = plan["counts"]
    parts = [f"{counts[name]:,} {words}" for name, words in _WORDS.items() if counts.get(name)]
    return ", ".join(parts) or "no row to send"


def is_hash(text: str) -> bool:
    """Return whether a text has the form of a plan's hash."""
    return _HASH.fullmatch(text) is not None


def check_hash(text: str) -> None:
    """Raise FixInput if the text is not the hash of a plan."""
    if not is_hash(text):
        raise FixInput(
            f"apply_plan is not the hash of a plan: {text!r}. Give the three groups of twelve characters "
            "that a dry run shows, such as 0123456789ab-0123456789ab-0123456789ab; there are four if rows "
            "were corrected.",
            code="bad_plan_hash",
        )


def refuse_outdated(wanted: str, now: str) -> None:
    """Raise FixInput, saying what has changed, if the hash of now is not the one that is wanted.

    Both have the form of a hash.
    """
    if wanted == now:
        return
    pairs = zip(_parts(wanted), _parts(now), _CHANGED, strict=True)
    why = next(sentence for old, new, sentence in pairs if old != new)
    raise FixInput(
        f"{why} Nothing was sent. Make a new plan with a dry run, look at it, and apply that one.",
        code="plan_outdated",
    )


def _parts(text: str) -> tuple[str, ...]:
    """A hash in four parts; that of the corrections is empty if there are none."""
    file, *corrections, values, there = text.split("-")
    return file, "".join(corrections), values, there


def describe(plan: Plan, message: str) -> str:
    """Return the plan as Markdown, for whoever is asked whether to go on."""
    rows = plan["counts"]
    counts = [[name, f"{rows[name]:,}", ACTIONS[name]] for name in ACTIONS if rows.get(name)]
    fields = [[name, f"{rows:,}"] for name, rows in list(plan["fields"].items())[:MOST_FIELDS]]
    parts = [
        _escaped(message),
        _table(("Action", "Rows", "Meaning"), counts),
        _table(("Field that would change", "Rows"), fields),
        "" if plan["reads_target"] else UNREAD,
        f"Every row is in {_escaped(place(plan['file']))}.",
    ]
    return "\n\n".join(filter(None, parts))


def place(file: FileRef) -> str:
    """Return where a reader finds a file, in words."""
    where = f" in the workspace's storage, at {file['s3']}" if "s3" in file else " in the step's result"
    return f"{file['filename']}{where}"


def _table(header: tuple[str, ...], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(map(_escaped, cells))} |" for cells in lines)


def _escaped(text: str) -> str:
    """Names come from the file and the resource: none of them may become a link, markup or a cell's end."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~&])", r"\\\1", text.replace("\n", " "))
