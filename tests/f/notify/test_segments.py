"""Segments are counted as the operators do, so that a bill is no surprise."""

import pytest

from f.notify.texts.texting import count_segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("é" * 160, "GSM-7", 160, 1),  # in the basic alphabet
        ("€" * 80, "GSM-7", 160, 1),  # in the extension: two each
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the escape is not cut from its character
        ("ç" * 70, "UCS-2", 70, 1),  # only its capital is in the alphabet
        ("ж" * 71, "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),  # a surrogate pair each
        ("ж" * 66 + "😀" + "ж" * 66, "UCS-2", 134, 3),  # a pair is not cut in two
        ("it\u2019s", "UCS-2", 4, 1),  # a curly apostrophe costs
    ],
)
def test_a_text_takes_as_many_segments_as_the_operator_bills(
    text: str, encoding: str, units: int, segments: int
) -> None:
    counted = count_segments(text)
    assert (counted.encoding, counted.units, counted.count) == (encoding, units, segments)


def test_the_characters_that_made_it_expensive_are_named_once() -> None:
    assert count_segments("it\u2019s Ж\u2019s").odd_characters == "\u2019Ж"
