"""Our forms are those of Stripe's own library, for whatever is in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from f.connect.errors import FixInput
from f.payments.stripe.form import encode

NAMES = st.text("abc_", min_size=1, max_size=4)
VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=6).filter(lambda text: text.isprintable()),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_form_is_the_sdks(params: dict[str, Any]) -> None:
    theirs = [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in _api_encode(params)
    ]
    assert encode(params) == theirs
    assert len(dict(encode(params))) == len(encode(params))


def test_none_is_left_out_and_an_empty_text_unsets() -> None:
    assert encode({"a": None, "b": "", "c": {"d": None}, "e": []}) == [("b", "")]


@pytest.mark.parametrize("value", [1.5, b"x", object(), "\ud800"])
def test_what_a_form_cannot_say_gets_a_sentence(value: object) -> None:
    with pytest.raises(FixInput, match=r"metadata\[a\]"):
        encode({"metadata": {"a": value}})
