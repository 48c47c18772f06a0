"""The code in docs/record-types.md is what tests/products.py holds, and works as it stands there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from f.connect.calls.message import Request, Response
from f.records.rows.row import Row
from tests import products
from tests.mill.trees import REPOSITORY

PAGE = (REPOSITORY / "docs" / "record-types.md").read_text("utf-8")
DECLARED, KIND, _WORK = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(*blocks: str) -> dict[str, Any]:
    """What the blocks define; what they use they find in tests/products.py."""
    own = {"FIELDS", "PRODUCTS", "Shop"}
    names = {name: value for name, value in vars(products).items() if name not in own}
    for block in blocks:
        exec(block, names)
    return names


def test_the_record_that_the_page_declares_is_the_one_of_the_tests() -> None:
    made, tested = run(DECLARED)["PRODUCTS"], products.PRODUCTS
    assert (made.noun, made.fields, made.required, made.key_field) == (
        tested.noun,
        tested.fields,
        tested.required,
        tested.key_field,
    )
    assert made.key({"sku": "A1"}) == "A1"


@pytest.mark.parametrize(
    ("status", "outcome", "id"), [(201, "created", "7"), (409, "duplicate", "7"), (422, "rejected", None)]
)
def test_the_kind_that_the_page_shows_sends_and_reads_as_it_says(
    status: int, outcome: str, id: str | None
) -> None:
    shop = run(KIND)["Shop"]()
    target = products.shop_target("https://shop.example.com")
    row = Row(2, [], "A1", {"sku": "A1", "title": "Anchor", "price": "12.50"})
    [request] = shop.requests_for([row], target, "skip")
    assert request.json == {"sku": "A1", "title": "Anchor", "price": {"amount": "12.50"}}
    reply = Response(
        request=Request(method="POST", path="/products"),
        status=status,
        headers={},
        body=json.dumps({"id": 7}).encode(),
        elapsed=0.0,
        attempts=1,
        request_id="1",
        call="POST shop.example.com/products",
        url="https://shop.example.com/products",
    )
    [read] = shop.outcomes_from(reply, [row], target)
    assert (read.outcome, read.id) == (outcome, id)
