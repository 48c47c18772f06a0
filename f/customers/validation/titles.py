"""Every title that a column of customers is known by, folded, and how many of each language there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

from f.customers.validation.titles_east import EASTERN
from f.customers.validation.titles_products import (
    GERMAN_KINDS,
    GERMAN_PARTS,
    KIND_PARTS,
    KINDS,
    ORDER_KINDS,
    ORDER_PARTS,
    PRODUCTS,
)
from f.customers.validation.titles_west import WESTERN
from f.records.reading.column_words import spellings
from f.records.reading.record_type import Word

LANGUAGES: Mapping[str, Mapping[str, str]] = {**WESTERN, **EASTERN}


_WHOLE, _NONE = "whole", "none"
# Beside the country's name, its code is the lesser column.
_CODE = re.compile(
    r"code|kod|kód|cód|κωδικός|код|mã|コード|代码|代碼|코드|kürzel|schlüssel|iso|kennzeichen|رمز",
    re.IGNORECASE,
)


@cache
def customer_titles() -> Mapping[str, Word]:
    """Return what each folded title means. Where languages differ, what names a field goes first."""
    table: dict[str, Word] = {}
    for text, word in sorted(_all_words(), key=lambda pair: _order(pair[1])):
        for spelling in spellings(text):
            table.setdefault(spelling, word)
    return table


def coverage() -> dict[str, dict[str, int]]:
    """Return how many words each language has for each field, those that stand in included."""
    return {
        language: {
            field: sum(1 for _ in _listed(listed)) for field, listed in fields.items() if field != _NONE
        }
        for language, fields in LANGUAGES.items()
    }


def _all_words() -> Iterator[tuple[str, Word]]:
    for fields in (*LANGUAGES.values(), *PRODUCTS.values()):
        for field, listed in fields.items():
            for text, stands_in in _listed(listed):
                yield text, _word(field, text, stands_in=stands_in)
    yield from _of_kinds(KINDS, KIND_PARTS)
    yield from _of_kinds({kind: KINDS[kind] for kind in ORDER_KINDS}, ORDER_PARTS)
    yield from _of_kinds(GERMAN_KINDS, GERMAN_PARTS)


def _word(field: str, text: str, *, stands_in: bool) -> Word:
    if field == _WHOLE:
        return Word("name", "whole")
    if field == _NONE:
        return Word("")
    if stands_in or (field == "country" and _CODE.search(text)):
        return Word(field, "stand_in")
    return Word(field)


def _of_kinds(kinds: Mapping[str, str], parts: Mapping[str, str]) -> Iterator[tuple[str, Word]]:
    for kind, field in product(kinds, parts):
        for form, (part, _) in product(kinds[kind].split(", "), _listed(parts[field])):
            yield form.format(part), Word(field, "stand_in", kind)


def _order(word: Word) -> int:
    """What says more goes first: a part of a name before the whole, a kind of address before any."""
    if word.rank == "whole":
        return 0
    if word.rank == "name":
        return 1 if word.field else 4
    return 2 if word.family else 3


def _listed(text: str) -> Iterator[tuple[str, bool]]:
    """Each word of a list, and whether it only stands in."""
    names, _, stand_ins = text.partition("|")
    for listed, stands_in in ((names, False), (stand_ins, True)):
        for word in filter(None, map(str.strip, listed.split(","))):
            yield word, stands_in
