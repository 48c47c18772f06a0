"""How many segments a text message takes: what the operator bills and where long texts are cut.

3GPP TS 23.038: 7-bit characters, of which ten count twice, else UTF-16. A message of several
segments spends 7 septets or 6 bytes of each on the header that joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MOST_CHARACTERS = 1600  # https://www.twilio.com/docs/api/errors/21617

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_TWICE = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets in GSM-7 and UTF-16 code units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int
    odd_characters: str = ""  # what forced UCS-2, each once


def count_segments(text: str) -> Segments:
    """Count as the operators do; an escaped character or a surrogate pair is never cut in two."""
    odd = [character for character in text if character not in _GSM_7 and character not in _GSM_7_TWICE]
    if odd:
        sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
        return Segments("UCS-2", sum(sizes), _fill(sizes, 70, 67), "".join(dict.fromkeys(odd)))
    sizes = [2 if character in _GSM_7_TWICE else 1 for character in text]
    return Segments("GSM-7", sum(sizes), _fill(sizes, 160, 153))


def _fill(sizes: list[int], alone: int, joined: int) -> int:
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    segments, room = 1, joined
    for size in sizes:
        if size > room:
            segments, room = segments + 1, joined
        room -= size
    return segments
