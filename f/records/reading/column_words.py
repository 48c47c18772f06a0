"""The titles of columns as words: how they are compared, and what each of them means. Pure."""

# ruff: noqa: RUF001 - letters of other alphabets

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from f.connect.errors import FixInput
from f.records.reading.record_type import Word, placed_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from f.records.reading.record_type import Parts, RecordType

# Letters that Unicode does not take apart into a letter and a mark, and what people write for them.
_LETTERS = str.maketrans(
    {
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ħ": "h",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0640": "",
    }
)
# How the same word is written where the keyboard lacks the letter.
_SPELLED_OUT = (
    (frozenset("äöüåø"), str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})),
    (frozenset("ß"), str.maketrans({"ß": "sz"})),
)
_NO_LETTERS = re.compile("[^a-z0-9]+")
_REMARK = re.compile(
    r"[(\[](?:optional|required|pflichtfeld|obligatoire|obligatorio|\*)[)\]]\s*$", re.IGNORECASE
)
_MARK = re.compile(r"(?P<title>.*?)\s*\[(?P<field>[a-z_]+)\]\s*", re.DOTALL)
_CUSTOM = re.compile(r"custom:\s*(.*)", re.DOTALL | re.IGNORECASE)
_NO_TITLE = re.compile(
    r"(?:column|col|field|spalte|feld|colonne|columna|campo|coluna|kolumn|kolonne|f|c|unnamed|列|字段)?"
    r"[\s_:.-]*\d*",
    re.IGNORECASE,
)
CUSTOM_MARK = "custom"
_WORDS_OF_A_NAME = 4


def fold(title: str) -> str:
    """Return what a title is compared by: `E-Mail Address *` and `email_address` are the same word.

    Case, accents, width, spaces and punctuation do not count; a number sign is the word.
    """
    if "#" in title:
        title = title.replace("#", " number ")
    if title.isascii():
        return _NO_LETTERS.sub("", title.lower())
    plain = unicodedata.normalize("NFKD", title).casefold()
    letters = unicodedata.normalize("NFKD", plain).translate(_LETTERS)
    return "".join(filter(str.isalnum, letters))


def spellings(word: str) -> Iterator[str]:
    """Yield a word folded, as it is and as it is written without the letters of its language."""
    if folded := fold(word):
        yield folded
    if not word.isascii():
        small = unicodedata.normalize("NFC", word).lower()
        for letters, table in _SPELLED_OUT:
            if not letters.isdisjoint(small):
                yield fold(small.translate(table))


def words_of(record_type: RecordType) -> Mapping[str, Word]:
    """Return what each folded title means for a type: its vocabulary, and what its fields say themselves."""
    table: dict[str, Word] = {}
    for name, field in record_type.fields.items():
        _learn(table, field.spellings, Word(name))
    for name, field in record_type.fields.items():
        _learn(table, field.stand_ins, Word(name, "stand_in"))
    return {**table, **record_type.words()} if record_type.words else table


def _learn(table: dict[str, Word], listed: str, word: Word) -> None:
    for text in filter(None, map(str.strip, listed.split(","))):
        for spelling in spellings(text):
            table.setdefault(spelling, word)


def knows_of(record_type: RecordType) -> Callable[[str], bool]:
    """Return whether a text is a title that a column of this type may have."""
    table = words_of(record_type)
    return lambda text: meaning(text, table) is not None or bool(marked_fields([text], record_type))


def meaning(title: str, table: Mapping[str, Word]) -> Word | None:
    """Return what a title says; None if nobody knows it."""
    return table.get(fold(title)) or table.get(fold(_REMARK.sub("", title)))


def is_no_title(title: str) -> bool:
    """Return whether a title says nothing: `column_3`, `Field 7`, `Unnamed: 0`, a number."""
    return _NO_TITLE.fullmatch(title.strip()) is not None


def mark(title: str, field: str) -> str:
    """Return a title that says by itself what its column is, as `marked_fields` reads it."""
    return f"{title} [{field}]".strip()


def bare_titles(header: Sequence[str], record_type: RecordType) -> list[str]:
    """Return titles as the user's own file had them, without marks."""
    marked = marked_fields(header, record_type)
    return [
        title[: title.rindex("[")].strip() if index in marked else title for index, title in enumerate(header)
    ]


def marked_fields(header: Sequence[str], record_type: RecordType) -> dict[int, str]:
    """Return the fields that titles name in brackets at their end; CUSTOM_MARK for none of the type's."""
    found = {index: _MARK.fullmatch(title) for index, title in enumerate(header)}
    known = {*record_type.fields, CUSTOM_MARK}
    return {index: match["field"] for index, match in found.items() if match and match["field"] in known}


def explicit_columns(
    header: Sequence[str], explicit: Mapping[str, str | None], record_type: RecordType
) -> dict[int, str]:
    """Return index to name for every column that the user mapped; one that is left out has an empty name.

    A field of the type is named by its name; any other name is a custom field, and `custom:` before it says
    so where it looks like a misspelled field. A column is named by its title, or as `placed_title` does.
    Raises FixInput: unknown_column, bad_mapping, unknown_field.
    """
    exact = {column: index for index, column in reversed(list(enumerate(header)))}
    titles = bare_titles(header, record_type)
    bare = {column: index for index, column in reversed(list(enumerate(titles)))}
    bare |= {placed_title(title, index): index for index, title in enumerate(titles)}
    folded = {fold(column): index for column, index in bare.items()}
    chosen: dict[int, str] = {}
    for column, name in explicit.items():
        index = exact.get(column, bare.get(column, folded.get(fold(column))))
        if index is None:
            near = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"The file has: {', '.join(header)}."
            raise FixInput(
                f"The mapping names a column {column!r} that the file does not have. {hint}",
                code="unknown_column",
            )
        if not isinstance(name or "", str):
            raise FixInput(
                f"The mapping gives the column {column!r} something that is not text. Give the name of a "
                'field, or "" to leave the column out.',
                code="bad_mapping",
            )
        chosen[index] = _field_named(column, (name or "").strip(), record_type)
    return chosen


def _field_named(column: str, name: str, record_type: RecordType) -> str:
    if not name or name in record_type.fields:
        return name
    custom = _CUSTOM.fullmatch(name)
    if custom:
        if not custom[1].strip():
            raise FixInput(
                f"The mapping gives the column {column!r} a custom field without a name. Write custom: and "
                "the name.",
                code="bad_mapping",
            )
        return f"{CUSTOM_MARK}:{custom[1].strip()}"
    same = {fold(field): field for field in record_type.fields}
    if fold(name) in same:
        return same[fold(name)]
    near = difflib.get_close_matches(fold(name), same, n=1, cutoff=0.75)
    word = words_of(record_type).get(fold(name))
    meant = same[near[0]] if near else (word.field if word and word.rank == "name" else "")
    if meant:
        raise FixInput(
            f"The mapping makes {name!r} of the column {column!r}, which is not a field. Did you mean "
            f"{meant!r}? For a custom field of that name, write 'custom: {name}'.",
            code="unknown_field",
        )
    return f"{CUSTOM_MARK}:{name}"


def custom_names(titles: Sequence[str], indexes: Iterable[int], used: set[str]) -> dict[int, str]:
    """Return columns under their own titles; one that is empty, repeated or a field's gets a number."""
    names: dict[int, str] = {}
    counts: dict[str, int] = {}  # by title, so that thousands of one title are not counted from 1 each
    for index in indexes:
        base = titles[index].strip() or f"column_{index + 1}"
        count = counts.get(base, 1)
        name = base if count == 1 else f"{base}_{count}"
        while name in used:
            count += 1
            name = f"{base}_{count}"
        used.add(name)
        counts[base] = count
        names[index] = name
    return names


def holds_words_of(rows: Sequence[Sequence[str]], whole: int, part: int) -> bool:
    """Return whether the cells of one column mostly hold those of another as words, and more."""
    pairs = [
        (cells[whole].casefold().split(), cells[part].casefold().split())
        for cells in rows
        if max(whole, part) < len(cells) and cells[whole].strip() and cells[part].strip()
    ]
    within = [set(few) < set(many) for many, few in pairs]
    return bool(pairs) and sum(within) >= len(pairs) / 2


class HalfName(NamedTuple):
    """The column of one part of a name, and one beside it that may hold the other part, a field."""

    known: int
    column: int
    field: str

    def sentence(self, header: Sequence[str]) -> str:
        """Return the question for a person."""
        title = header[self.column]
        return (
            f"In the header, column {self.known + 1} ({header[self.known][:60]!r}) holds part of a name, and "
            f"column {self.column + 1} ({title[:60]!r}) beside it may hold the rest. Say so by the mapping, "
            f'{{"{title}": "{self.field}"}}, or not, {{"{title}": "custom: {title or "other"}"}}.'
        )


def half_a_name(
    parts: Parts | None,
    taken: Mapping[str, int],
    unknown: Mapping[int, bool],
    cells: Sequence[Sequence[str]],
) -> HalfName | None:
    """Return a column beside the only part of a name whose cells are words; they differ if it has a title.

    `unknown` are the columns that nobody knows, and whether each is without a title.
    """
    if parts is None or parts.whole in taken or len(there := set(parts).intersection(taken)) != 1:
        return None
    (part,) = there
    known = taken[part]
    other = parts.last if part == parts.first else parts.first
    for column in (known + 1, known - 1):
        texts = cells[column] if column in unknown else ()
        differ = column in unknown and (unknown[column] or len(set(texts)) * 2 > len(texts))
        if texts and differ and all(map(_is_like_a_name, texts)):
            return HalfName(known, column, other)
    return None


def _is_like_a_name(text: str) -> bool:
    words = text.split()
    return (
        len(words) <= _WORDS_OF_A_NAME
        and all(any(map(str.isalpha, word)) for word in words)
        and not (any(char.isdigit() or char in "@/:;,\\<>(){}" for char in text))
    )
