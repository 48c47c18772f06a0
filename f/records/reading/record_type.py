"""What a record is: its fields and their spellings, the checks that make one of a row, and its key.

A record type is a declaration. The engine reads, plans, sends and reports any of them, and knows none by
name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from f.records.rows.outcome import REASONS, ReasonText


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `spellings` and `stand_ins` are header words, separated by commas.

    They are compared without case, accents, spaces and punctuation. Two columns that both spell one field
    are an error, because nobody can know which is meant; a stand-in counts only where nothing spells the
    field, first come first served. `longest` is in characters.
    """

    spellings: str
    stand_ins: str = ""
    longest: int = 255


class Word(NamedTuple):
    """What a column's title says. `field` is empty for a title that is known and is no field of ours.

    `rank`: a "name" spells the field; a "whole" may also be a part of it, see `Parts`; a "stand_in" counts
    only where nothing better is there. Titles of one `family` (billing, home) are taken together.
    """

    field: str
    rank: Literal["name", "whole", "stand_in"] = "name"
    family: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What the cells of a field look like.

    A column that nothing names is the field if its cells are `like` it; with `any_title` also if it has a
    title that nobody knows. A stand-in whose cells are `unlike` is passed over. If `certain`, a column that
    has the name while another has the cells is a question.
    """

    like: Callable[[str], bool] | None = None
    unlike: Callable[[str], bool] | None = None
    any_title: bool = False
    certain: bool = False


class Parts(NamedTuple):
    """A field that is made of two others: a title of the `whole` names a part if the other has a column."""

    whole: str
    first: str
    last: str


class Arranged(NamedTuple):
    """What a column without a title was taken for, and why."""

    field: str
    how: Literal["content", "position"]
    reason: str


class Arrange(Protocol):
    """Says what columns without titles hold, of those that are `free`, given what `taken` holds already."""

    def __call__(
        self, columns: Sequence[Sequence[str]], free: Sequence[int], taken: Mapping[str, int]
    ) -> Mapping[int, Arranged]:
        """Return what is known, by index; what is not known is left out."""


@dataclass(frozen=True, slots=True)
class Required:
    """A file without a column for any of these fields is refused with this code.

    `what` names the missing thing in a sentence, `example` is a column title such as users have for it.
    """

    fields: tuple[str, ...]
    code: str
    what: str
    example: str


def placed_title(title: str, index: int) -> str:
    """Return what names a column where its title does not: the title is empty, or another column's too."""
    return f"{title} (column {index + 1})".strip()


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each value of a row goes. Indexes count cells from 0."""

    header: tuple[str, ...]
    fields: dict[int, str]
    custom: dict[int, str]

    def describe(self) -> dict[str, str]:
        """Return column to field, for the report; a custom field is shown as `custom: name`."""
        described = {**self.fields, **{index: f"custom: {name}" for index, name in self.custom.items()}}
        return {self._title(index): described[index] for index in sorted(described)}

    def _title(self, index: int) -> str:
        name = self.header[index]
        return name if self.header.count(name) == 1 and name else placed_title(name, index)

    def column_of(self, field: str) -> str | None:
        """Return the user's own name of the column that holds a field or custom field."""
        for named in (self.fields, self.custom):
            for index, name in named.items():
                if name == field:
                    return self.header[index]
        return None

    def split(self, cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return one row's cells as (fields, custom fields)."""
        return (
            {name: cells[index] for index, name in self.fields.items()},
            {name: cells[index] for index, name in self.custom.items()},
        )


class Fault(NamedTuple):
    """One thing wrong with one field. `detail` never repeats the value.

    `before` and `after` are what a cell held and what was made of it, where something was.
    """

    code: str
    field: str
    detail: str = ""
    before: str = ""
    after: str = ""


# A record as a row carries it, or None and the faults that forbid it; warnings come with either.
Checked = tuple[dict[str, Any] | None, list[Fault], list[Fault]]


class RowChecks(Protocol):
    """The checks of one table. Rows come in blocks, so that what can be looked at together is."""

    def verdicts(self, rows: Sequence[list[str]]) -> list[Checked]:
        """Return the verdict on each of these rows, all as wide as the header."""


class Suggest(Protocol):
    """Says what a cell might be meant to be: a text that a person may accept, and that is then valid."""

    def __call__(self, fault: Fault, values: Mapping[str, str], options: Mapping[str, Any]) -> str | None:
        """Return the text for the fault's field, given the row's cells by field; None if nothing is near."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """A kind of record. `checks` makes the checks of a table from its columns and the run's options.

    `key` returns what makes two records the same one; `key_field` is where a person sees it. `reasons` are
    the codes that only this type has, and those of REASONS that it says in its own words.
    `words` loads titles beyond the fields' own, by `fold`ed text; it is called once a file.
    """

    noun: str
    fields: Mapping[str, Field]
    required: tuple[Required, ...]
    checks: Callable[[Columns, Mapping[str, Any]], RowChecks]
    key: Callable[[Mapping[str, Any]], str]
    key_field: str
    reasons: Mapping[str, ReasonText] = field(default_factory=dict)
    words: Callable[[], Mapping[str, Word]] | None = None
    looks: Mapping[str, Look] = field(default_factory=dict)
    parts: Parts | None = None
    arrange: Arrange | None = None
    suggest: Suggest | None = None

    def texts(self) -> dict[str, ReasonText]:
        """Return what a person reads of each reason, for records of this type."""
        return {**REASONS, **self.reasons}
