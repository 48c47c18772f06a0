"""What is sealed opens for the credential it was sealed under, in its place, and for nothing else."""

from __future__ import annotations

import pytest

from f.connect.sign_in.seal import Seal


def test_what_was_sealed_can_be_opened_and_looks_different_each_time() -> None:
    seal = Seal("row", "client", "secret")
    first, second = seal.close("a-token"), seal.close("a-token")
    assert first != second
    assert "a-token" not in first
    assert seal.open(first) == Seal("row", "client", "secret").open(second) == "a-token"


@pytest.mark.parametrize("other", [Seal("row", "client", "other"), Seal("another", "client", "secret")])
def test_another_credential_or_place_opens_nothing(other: Seal) -> None:
    assert other.open(Seal("row", "client", "secret").close("a-token")) == ""


def test_another_part_of_the_same_place_opens_nothing() -> None:
    seal = Seal("row", "secret")
    assert seal.open(seal.close("a-token", "access_token"), "access_token") == "a-token"
    assert seal.open(seal.close("a-token", "access_token"), "refresh_token") == ""
    assert seal.open(seal.close("a-token", "access_token")) == ""


@pytest.mark.parametrize("cut", [-1, -6, 12])
def test_what_was_changed_opens_no_more(cut: int) -> None:
    seal = Seal("row", "secret")
    assert seal.open(seal.close("a-token")[:cut]) == ""


def test_nothing_stays_nothing_and_a_token_of_an_earlier_version_is_read() -> None:
    seal = Seal("row", "secret")
    assert seal.close("") == seal.open("") == ""
    assert seal.open("a-token") == "a-token"


def test_where_none_was_kept_without_a_seal_none_is_read() -> None:
    """Whoever may write the store could put a token of his own there."""
    assert Seal("row", "secret", takes_plain=False).open("a-token") == ""
