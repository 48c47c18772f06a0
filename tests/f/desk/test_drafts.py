"""The imports of the desk as they are kept."""

from __future__ import annotations

from f.desk.drafts.draft import Drafts, new_settings
from f.store.store import Store


def test_the_newest_comes_first_within_one_second_too(any_store: Store) -> None:
    drafts = Drafts(any_store)
    made = [drafts.make(f"{number}.csv", "ada", new_settings())["id"] for number in range(12)]
    assert [draft["id"] for draft in drafts.listed()] == made[::-1]
    assert [draft["id"] for draft in drafts.listed(before=made[5], most=3)] == made[4:1:-1]
