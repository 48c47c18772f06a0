"""A second record type, beside the customers: products with a SKU and a price, and a shop that takes them.

Nothing of the engine knows them. What a team writes to import records of its own is this much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from f.connect.calls.message import Request, Response
from f.connect.integration import Integration, Retry
from f.records.reading.field_checks import field_checks
from f.records.reading.record_type import Field, RecordType, Required
from f.records.rows.outcome import ReasonText, RowOutcome
from f.records.rows.row import Found, Row, Rows
from f.records.target.field_names import field_names
from f.records.target.lookup_proof import LookupProof, LookupReading
from f.records.target.replies import object_of, refusal
from f.records.target.target import BaseKind, Lookup, OnDuplicate, Target, Traits

FIELDS = {
    "sku": Field("sku, article number, artikelnummer", "code", longest=40),
    "title": Field("title, product, produkt", "name"),
    "price": Field("price, unit price, preis"),
}


def price(text: str) -> str:
    """Return an amount with two digits after the point; ValueError, with a sentence, for anything else."""
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise ValueError("A price is a number, such as 12.50.") from error
    if amount < 0:
        raise ValueError("A price is not negative.")
    return f"{amount:.2f}"


PRODUCTS = RecordType(
    noun="product",
    fields=FIELDS,
    required=(Required(("sku",), "no_sku_column", "the SKU", "Article"),),
    checks=field_checks(FIELDS, required=("sku", "title"), normal={"sku": str.upper, "price": price}),
    key=lambda record: str(record["sku"]),
    key_field="sku",
    reasons={
        "duplicate_in_file": ReasonText(
            "duplicate",
            "An earlier row of this file has the same SKU.",
            "Keep one of the rows; the first was used.",
        )
    },
)


class Shop(BaseKind):
    """PUT /products/{sku} makes a product or answers 409; GET finds one; PATCH changes it."""

    name = "shop"
    fields: Mapping[str, str] = {"sku": "sku", "title": "title", "price": "price.amount"}
    endpoint = "/products"
    traits = Traits(keeps_custom=True, known_by="its SKU")
    created_field = ""
    rows_per_lookup = 1

    @property
    def lookup(self) -> Lookup:
        return self

    def requests_for(self, rows: Rows, target: Target, on_duplicate: OnDuplicate) -> Iterator[Request]:
        del on_duplicate
        for row in rows:
            record = target.record_of(row)
            yield Request(
                method="POST", path=target.endpoint, json=record, endpoint="products", context=(row,)
            )

    def outcomes_from(self, response: Response, rows: Rows, target: Target) -> list[RowOutcome]:
        del target
        product = str(object_of(response).get("id") or "") or None
        if response.status == 201:
            return [RowOutcome("created", id=product)] * len(rows)
        if response.status == 409:
            return [RowOutcome.because("already_exists", id=product)] * len(rows)
        return [refusal(response)] * len(rows)

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        path = f"{target.endpoint}/{quote(existing_id)}"
        return Request(method="PATCH", path=path, json=target.record_of(row), repeatable=True, context=(row,))

    def repeats_safely(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        del target, on_duplicate
        return False

    def can_look_up(self, target: Target) -> bool:
        del target
        return True

    def asked_by(self, target: Target) -> tuple[str, ...]:
        del target
        return ()

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        del target, on_duplicate
        return False

    def lookups_for(self, rows: Rows, target: Target, names: Sequence[str]) -> Iterator[Request]:
        del names
        for row in rows:
            yield Request(method="GET", path=f"{target.endpoint}/{quote(row.key)}", context=(row,))

    @property
    def proving(self) -> None:
        return None

    def read_lookup(
        self, response: Response, rows: Rows, target: Target, proof: LookupProof | None
    ) -> LookupReading:
        del target, proof
        product: dict[str, Any] = object_of(response)
        if response.success and product.get("sku") == rows[0].key:
            return LookupReading({rows[0].line: Found(str(product["id"]), product)})
        return LookupReading({}, frozenset({rows[0].line} if response.status == 404 else ()))


def shop_target(url: str, **settings: Any) -> Target:
    """Return a shop as the target of an import."""
    return Target(
        kind=Shop(),
        integration=Integration(
            name="shop",
            base_url=url,
            timeout=0.5,
            retry=Retry(max_retries=1, initial_delay=0.001, max_delay=0.002),
        ),
        identity=f"shop {url}",
        endpoint="/products",
        fields=field_names(Shop.fields, None, keeps_custom=True),
        batch_size=4,
        rows_per_request=1,
        delay_between_batches=0.0,
        max_concurrent_requests=2,
        sends_keys=False,
        in_flight_seconds=0.0,
        **settings,
    )
