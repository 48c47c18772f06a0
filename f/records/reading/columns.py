"""Which column holds what: the user's titles, and the cells below them, to the fields of a record type. Pure.

In this order, each step only for what is left: the mapping; a title that names a field; a title that may
name one; cells that can only be one field's; for columns without titles, what lies where. Every column gets a
guess with its reason. What two columns could be alike is not guessed: it is a question for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from f.connect.errors import FixInput
from f.records.reading.column_words import (
    CUSTOM_MARK,
    bare_titles,
    custom_names,
    explicit_columns,
    half_a_name,
    holds_words_of,
    is_no_title,
    knows_of,
    mark,
    marked_fields,
    meaning,
    words_of,
)
from f.records.reading.record_type import Columns

if TYPE_CHECKING:
    from f.records.reading.record_type import Look, RecordType, Required, Word

__all__ = ["Guess", "Guessed", "Question", "guess_columns", "knows_of", "map_columns"]

How = Literal["mapping", "name", "stand_in", "content", "position"]

_MOST = 0.8  # of a column's cells, of those that are not empty, decide what it holds
_SHOWN_COLUMNS = 20
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column is. `field` is `custom: name` for what no field stands for, empty if it is left out."""

    index: int
    field: str
    how: How
    reason: str


class Question(NamedTuple):
    """What only a person can decide: which of these columns holds the field."""

    code: str
    field: str
    columns: tuple[int, ...]
    sentence: str


class Guessed(NamedTuple):
    """`titles` are the header with a mark where the cells decided, so that it alone says the same again."""

    columns: Columns
    guesses: tuple[Guess, ...]
    questions: tuple[Question, ...]
    titles: tuple[str, ...]


def guess_columns(
    header: Sequence[str],
    record_type: RecordType,
    explicit: Mapping[str, str | None] | None = None,
    sample: Sequence[Sequence[str]] = (),
    *,
    has_names: bool = True,
) -> Guessed:
    """Recognise the columns; `explicit` (their title to our field) wins over every recognition.

    `sample` has the cells of some rows, `has_names` is false if the header was made up. In `explicit`, a
    name that is not a field of the type makes a custom field of that name, and an empty one leaves it out.
    Where titles have marks, titles alone decide: the file was read before, and is to be read alike.
    Raises FixInput for a mapping that does not fit the file or the type.
    """
    chosen = explicit_columns(header, explicit or {}, record_type)
    table = words_of(record_type)
    bare = bare_titles(header, record_type)
    words = [meaning(title, table) if has_names else None for title in bare]
    untitled = frozenset(index for index, title in enumerate(bare) if not has_names or is_no_title(title))
    marks = marked_fields(header, record_type)
    by_title = _Recognition(header, record_type, words, untitled, ()).result(chosen, marks)
    if marks or not sample:
        return by_title
    seen = _Recognition(header, record_type, words, untitled, sample).result(chosen, {})
    titles = tuple(
        title
        if one.field == other.field
        else mark(title, one.field if one.field in record_type.fields else CUSTOM_MARK)
        for title, one, other in zip(header, seen.guesses, by_title.guesses, strict=True)
    )
    return seen._replace(titles=titles)


def map_columns(
    header: Sequence[str],
    record_type: RecordType,
    explicit: Mapping[str, str | None] | None = None,
    sample: Sequence[Sequence[str]] = (),
    *,
    has_names: bool = True,
) -> Columns:
    """Return what `guess_columns` does, without its reasons; its first question is raised as FixInput."""
    return answered(guess_columns(header, record_type, explicit, sample, has_names=has_names)).columns


def answered(guessed: Guessed) -> Guessed:
    """Return the guesses if they leave no question; raise the first one as FixInput."""
    for question in guessed.questions:
        raise FixInput(question.sentence, code=question.code)
    return guessed


class _Recognition:
    """What is known so far of the columns of one table; each step adds to it."""

    def __init__(
        self,
        header: Sequence[str],
        record_type: RecordType,
        words: Sequence[Word | None],
        untitled: Collection[int],
        sample: Sequence[Sequence[str]],
    ) -> None:
        self._header, self._type, self._words = header, record_type, words
        self._cells = [
            [text for cells in sample if index < len(cells) and (text := cells[index].strip())]
            for index in range(len(header))
        ]
        self._sample = sample
        self._untitled = untitled
        self._guesses: dict[int, Guess] = {}
        self._questions: list[Question] = []

    def result(self, chosen: Mapping[int, str], marks: Mapping[int, str]) -> Guessed:
        """Return what all steps together say."""
        self._obey(chosen)
        names, whole = self._spelled()
        self._take_spelled(names)
        self._take_spelled(whole)
        self._doubt_contradicted()
        self._take_stand_ins()
        self._look_into_cells()
        self._arrange_the_rest()
        self._ask_for_other_part()
        self._believe_marks(marks)
        columns = self._columns()
        for required in self._type.required:
            self._require(required)
        guesses = tuple(self._guesses[index] for index in range(len(self._header)))
        return Guessed(columns, guesses, tuple(self._questions), tuple(self._header))

    def _take(self, index: int, field: str, how: How, reason: str) -> None:
        self._guesses[index] = Guess(index, field, how, reason)

    @property
    def _taken(self) -> dict[str, int]:
        fields = self._type.fields
        return {guess.field: index for index, guess in self._guesses.items() if guess.field in fields}

    def _free(self) -> list[int]:
        return [index for index, _ in enumerate(self._header) if index not in self._guesses]

    def _is_open(self, field: str) -> bool:
        return field not in self._taken and not any(field == question.field for question in self._questions)

    def _obey(self, chosen: Mapping[int, str]) -> None:
        for index, name in chosen.items():
            if name in self._taken:
                raise FixInput(
                    self._both_mean(name, [self._taken[name], index]), code="two_columns_for_one_field"
                )
            self._take(index, name, "mapping", "the mapping says so")

    def _believe_marks(self, marks: Mapping[int, str]) -> None:
        """What an earlier look at the cells decided stands over what the titles say now."""
        said: dict[str, int] = {}
        for index, field in marks.items():
            if self._is_mapped(index):
                continue
            holder = self._taken.get(field)
            if field in said or (holder is not None and self._is_mapped(holder)):
                field = CUSTOM_MARK  # noqa: PLW2901 - there is one place for a field
            elif holder is not None:
                del self._guesses[holder]
            said[field] = index
            self._take(index, field, "name", "its title says so in brackets")
        there = self._taken
        self._questions = [one for one in self._questions if one.field not in there]

    def _spelled(self) -> tuple[dict[int, tuple[str, str]], dict[int, tuple[str, str]]]:
        """Field and reason of the columns whose titles spell one, and of those that may mean a part."""
        names: dict[int, tuple[str, str]] = {}
        wholes: dict[int, tuple[str, str]] = {}
        for index in self._free():
            word = self._words[index]
            if word is not None and word.field and word.rank == "name":
                names[index] = (word.field, "its title means it")
        if self._type.parts is None:
            return names, wholes
        whole, *parts = self._type.parts
        there = {field: index for index, (field, _) in names.items()} | self._taken
        for index in self._free():
            word = self._words[index]
            if word is None or word.rank != "whole":
                continue
            found = [part for part in parts if part in there]
            if len(found) != 1:
                wholes[index] = (whole, "its title means it")
            elif holds_words_of(self._sample, index, there[found[0]]):
                wholes[index] = (whole, f"its cells hold those of column {there[found[0]] + 1} and more")
            else:
                missing = next(part for part in parts if part not in found)
                names[index] = (missing, f"column {there[found[0]] + 1} holds the other part, {found[0]}")
                there[missing] = index
        return names, wholes

    def _take_spelled(self, found: Mapping[int, tuple[str, str]]) -> None:
        by_field: dict[str, list[int]] = {}
        for index, (field, _) in found.items():
            if index not in self._guesses and self._is_open(field):
                by_field.setdefault(field, []).append(index)
        for field, indexes in by_field.items():
            filled = [index for index in indexes if self._cells[index]]
            if len(indexes) == 1:
                self._take(indexes[0], field, "name", found[indexes[0]][1])
            elif len(filled) == 1:
                others = _listed(str(index + 1) for index in indexes if index not in filled)
                reason = f"its title means it, as that of column {others} does, which is empty so far"
                self._take(filled[0], field, "name", reason)
            else:
                sentence = self._both_mean(field, indexes)
                self._questions.append(Question("two_columns_for_one_field", field, tuple(indexes), sentence))

    def _doubt_contradicted(self) -> None:
        """Ask which is meant where one column has the name of a field and another has its cells."""
        for field, look in self._type.looks.items():
            index = self._taken.get(field)
            if not look.certain or index is None or self._guesses[index].how == "mapping":
                continue
            if not self._mostly(index, look.unlike):
                continue
            others = [
                other
                for other in range(len(self._header))
                if other != index and self._mostly(other, look.like) and not self._is_mapped(other)
            ]
            if others:
                del self._guesses[index]
                other = others[0]
                title = self._header[other]
                sentence = (
                    f"In the header, {self._named(index)} is called what means {field!r}, but holds other "
                    f"things, and {self._named(other)} holds what looks like {field!r}. Say which is meant "
                    f'with the mapping, for example {{"{title}": "{field}"}}.'
                )
                self._questions.append(Question("cells_contradict_name", field, (*others, index), sentence))

    def _take_stand_ins(self) -> None:
        found: dict[str, list[tuple[int, Word]]] = {}
        whole = self._made_of_parts()
        for index in self._free():
            word = self._words[index]
            if word is None or word.rank == "name" or not word.field or not self._is_open(word.field):
                continue
            if word.rank == "whole" or word.field == whole:
                continue
            look = self._type.looks.get(word.field)
            if look is not None and self._mostly(index, look.unlike):
                continue
            found.setdefault(word.field, []).append((index, word))
        family = self._best_family(found)
        for field, columns in found.items():
            fitting = [index for index, word in columns if not word.family or word.family == family]
            fitting.sort(key=lambda index: not self._cells[index])  # stable: the first that has cells
            if fitting:
                more = len(columns) > 1
                reason = (
                    "of the titles that can mean it, the first with cells"
                    if more
                    else "its title can mean it"
                )
                self._take(fitting[0], field, "stand_in", reason)

    def _made_of_parts(self) -> str:
        """The whole, if both parts have columns: what then stands in for it is something else."""
        whole, *parts = self._type.parts or ("",)
        return whole if all(part in self._taken for part in parts) else ""

    def _best_family(self, found: Mapping[str, Sequence[tuple[int, Word]]]) -> str:
        """The family with the most columns that have cells: parts of two addresses make no address."""
        members = [
            (word.family, index) for columns in found.values() for index, word in columns if word.family
        ]
        counts = Counter(family for family, _ in members)
        filled = Counter(family for family, index in members if self._cells[index])
        return min(counts, key=lambda family: (-filled[family], -counts[family], family), default="")

    def _look_into_cells(self) -> None:
        for field, look in self._type.looks.items():
            if look.like is None or not self._is_open(field):
                continue
            free = [index for index in self._free() if self._may_be_anything(index, look)]
            alike = [index for index in free if self._mostly(index, look.like)]
            if look.certain and not alike:
                alike = [index for index in self._taken.values() if self._mostly(index, look.like)]
                alike = [index for index in alike if not self._is_mapped(index)]
            if len(alike) == 1:
                self._take(alike[0], field, "content", "its cells look like it")
            elif alike and any(field in required.fields for required in self._type.required):
                names = _listed(map(self._named, alike))
                sentence = (
                    f"Nothing says which column holds {field!r}: {names} look alike. Say which is meant with "
                    f'the mapping, for example {{"{self._header[alike[0]]}": "{field}"}}.'
                )
                self._questions.append(Question("two_columns_look_alike", field, tuple(alike), sentence))

    def _may_be_anything(self, index: int, look: Look) -> bool:
        """Nobody knows the title, and it says nothing or the look is strict."""
        return self._words[index] is None and (look.any_title or index in self._untitled)

    def _arrange_the_rest(self) -> None:
        free = [index for index in self._free() if index in self._untitled and self._cells[index]]
        if self._type.arrange is None or not free or not self._sample:
            return
        for index, arranged in self._type.arrange(self._sample, free, self._taken).items():
            if self._is_open(arranged.field):
                self._take(index, arranged.field, arranged.how, arranged.reason)

    def _ask_for_other_part(self) -> None:
        """Ask about a column that nobody knows beside half a name: no surname is to be lost."""
        unknown = {index: index in self._untitled for index in self._free() if self._words[index] is None}
        half = half_a_name(self._type.parts, self._taken, unknown, self._cells)
        if half and not self._is_mapped(half.known):
            text = half.sentence(self._header)
            self._questions.append(Question("half_a_name", half.field, (half.column,), text))

    def _columns(self) -> Columns:
        """Settle what is left as custom fields, and return where everything goes."""
        known = self._type.fields
        fields = {index: guess.field for index, guess in self._guesses.items() if guess.field in known}
        prefix = f"{CUSTOM_MARK}:"
        custom = {
            index: guess.field.removeprefix(prefix)
            for index, guess in self._guesses.items()
            if guess.field.startswith(prefix)
        }
        rest = [
            index
            for index in range(len(self._header))
            if index not in self._guesses or self._guesses[index].field == CUSTOM_MARK
        ]
        custom.update(custom_names(bare_titles(self._header, self._type), rest, {*known, *custom.values()}))
        for index, name in custom.items():
            how: How = self._guesses[index].how if index in self._guesses else "name"
            reason = self._guesses[index].reason if index in self._guesses else self._why_custom(index)
            self._guesses[index] = Guess(index, f"{CUSTOM_MARK}: {name}", how, reason)
        return Columns(tuple(self._header), dict(sorted(fields.items())), dict(sorted(custom.items())))

    def _why_custom(self, index: int) -> str:
        word = self._words[index]
        if word is None:
            return "no field has this name"
        if not word.field:
            return "it is none of the fields"
        if word.field in self._taken:
            return f"column {self._taken[word.field] + 1} is {word.field}"
        return f"its cells do not look like {word.field}"

    def _require(self, required: Required) -> None:
        asked = {question.field for question in self._questions}
        if any(field in self._taken or field in asked for field in required.fields):
            return
        name = required.fields[0]
        header = ", ".join(repr(title[:_SHOWN_CHARACTERS]) for title in self._header[:_SHOWN_COLUMNS])
        more = f" and {len(self._header) - _SHOWN_COLUMNS} more" if len(self._header) > _SHOWN_COLUMNS else ""
        sentence = (
            f"In the header, no column holds {required.what}. It has: {header}{more}. Name one {name!r}, "
            f'or say which it is with the mapping, for example {{"{required.example}": "{name}"}}.'
        )
        columns = tuple(
            index
            for index, guess in sorted(self._guesses.items())
            if guess.how != "mapping" and guess.field not in self._type.fields
        )
        self._questions.append(Question(required.code, name, columns, sentence))

    def _is_mapped(self, index: int) -> bool:
        return index in self._guesses and self._guesses[index].how == "mapping"

    def _mostly(self, index: int, test: Callable[[str], bool] | None) -> bool:
        cells = self._cells[index]
        return bool(cells) and test is not None and sum(map(test, cells)) >= _MOST * len(cells)

    def _named(self, index: int) -> str:
        return f"column {index + 1} ({self._header[index][:_SHOWN_CHARACTERS]!r})"

    def _both_mean(self, field: str, indexes: Sequence[int]) -> str:
        names = _listed(map(self._named, indexes))
        quantity = "both" if len(indexes) == 2 else "all"
        return (
            f"In the header, {names} {quantity} mean {field!r}. Rename one of them, or say which is meant "
            f'with the mapping, for example {{"{self._header[indexes[-1]]}": ""}} to leave the last out.'
        )


def _listed(texts: Iterable[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last
