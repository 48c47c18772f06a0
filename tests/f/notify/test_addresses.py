"""Whoever is written into an address field gets the message, or the field is refused: nobody is left out."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import FixInput
from f.notify.email.address_list import Address, read_addresses
from f.notify.email.mail import address_of, mail_of

LOCALS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
NAMES = st.one_of(
    st.just(""),
    st.from_regex(r"[A-Za-z]{1,8}( [A-Za-z.']{1,8})?", fullmatch=True),
    st.from_regex(r"\"[A-Za-z,;:@<>() ]{1,12}\"", fullmatch=True),
    st.from_regex(r"[A-Z][a-z]{1,5} \([A-Za-z,; ]{1,8}\)", fullmatch=True),
)
SEPARATORS = st.sampled_from([",", ", ", ";", " ; ", ",,", ", ,", ";,"])


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A field, and the addresses in it."""
    text, written = draw(st.sampled_from(["", ",", " "])), []
    for local in draw(st.lists(LOCALS, min_size=1, max_size=6, unique=True)):
        email, name = f"{local}@example.com", draw(NAMES)
        written.append(email)
        text += (f"{name} <{email}>" if name else email) + draw(SEPARATORS)
    return text, written


@given(lists())
def test_as_many_are_sent_to_as_are_written(case: tuple[str, list[str]]) -> None:
    text, written = case
    for to in (text, [text]):
        mail = mail_of("ops@example.com", to, "Hi", text="x")
        assert [address.email for address in mail.to] == written


@given(st.text(alphabet='ab@.com<>"(),;:\\ \n', max_size=40))
def test_what_is_no_list_of_addresses_is_refused_and_never_read_in_part(text: str) -> None:
    """Without quotes and comments every @ is one address."""
    found: list[Address] = []
    with contextlib.suppress(FixInput):
        found = read_addresses(text, "to")
    if not found:
        return
    assert len(found) <= text.count("@")
    if not re.search(r'["()]', text):
        assert len(found) == text.count("@") or all(address.name for address in found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"x" <a@example.com>, b@example.com', [("a@example.com", "x"), ("b@example.com", "")]),
        ("a@example.com,, b@example.com;", [("a@example.com", ""), ("b@example.com", "")]),
        ("Ada (Sales, EU) <a@example.com>", [("a@example.com", "Ada (Sales, EU)")]),
        (r'"a\"b, c" <a@example.com>', [("a@example.com", 'a"b, c')]),
        ("a@example.com <A@example.com>", [("A@example.com", "a@example.com")]),
        (" , ; ", []),
    ],
)
def test_a_field_is_split_where_it_means_several(text: str, found: list[tuple[str, str]]) -> None:
    assert read_addresses(text, "to") == [Address(email, name) for email, name in found]


@pytest.mark.parametrize(
    "text",
    [
        "Friends: a@example.com, b@example.com;",
        "undisclosed-recipients:;",
        "a@example.com (Ada)",
        "a@example.com (b@example.com)",
        "Ada (b@example.com) <a@example.com>",
        "Lovelace, Ada <a@example.com>",
        "a@example.com <b@example.com>",
        "a@example.com b@example.com",
        "<a@example.com><b@example.com>",
        "A <a@example.com> B <b@example.com>",
        '"x, y@example.com',
        "a@example.com)",
        "<@relay.example.com:a@example.com>",
        "a@example.com, nobody",
        "a@example.com,\nb@example.com",
    ],
)
def test_a_field_that_may_mean_more_than_is_read_is_refused(text: str) -> None:
    with pytest.raises(FixInput, match="to ") as caught:
        mail_of("ops@example.com", [text], "Hi", text="x")
    assert "a@example.com" not in str(caught.value)


@pytest.mark.parametrize("text", ['"x" <a@example.com>, b@example.com', "", " , "])
def test_where_one_is_wanted_several_are_refused(text: str) -> None:
    with pytest.raises(FixInput, match=r"one address|missing"):
        address_of(text, "sender")
