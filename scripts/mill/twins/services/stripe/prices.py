"""Prices: what the settings of the twin say there is.

https://docs.stripe.com/api/prices
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mill.twins.services.stripe.errors import StripeError, no_such
from mill.twins.services.stripe.objects import Body, Objects
from mill.twins.services.stripe.params import EXPAND, PAGE, Params, anything, flag, text

KIND = "price"
LIST = Params(
    {
        **PAGE,
        **dict.fromkeys(("lookup_keys", "recurring", "type"), anything),
        "active": flag,
        "currency": text(),
        "product": text(),
    }
)
RETRIEVE = Params(EXPAND)


class Price(BaseModel):
    """A price of the account. Without an interval it is paid once, and no subscription can have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit_amount: Annotated[int, Field(ge=0)]
    currency: str = "usd"
    interval: Literal["day", "week", "month", "year"] | None = "month"
    product: str = "prod_millwright"
    active: bool = True


class Prices:
    """The prices of the account, by id."""

    def __init__(self, objects: Objects, prices: Mapping[str, Price]) -> None:
        self._objects, self._prices = objects, prices

    def retrieve(self, id: str) -> Body:
        """Return one."""
        return self.named(id, "id")

    def list(self, asked: Body) -> Body:
        """Return all of them that are wanted, on one page."""
        found = [self.named(one, "id") for one in self._prices]
        for name in ("active", "currency", "product"):
            found = [price for price in found if name not in asked or price[name] == asked[name]]
        data = found[: asked.get("limit", 10)]
        return {"object": "list", "data": data, "has_more": len(found) > len(data), "url": "/v1/prices"}

    def recurring(self, id: str, param: str) -> Body:
        """Return the price of a subscription's item. Raises StripeError for one that is paid once."""
        price = self.named(id, param)
        if not price["active"]:
            raise StripeError(400, f"The price specified is inactive: {id}.", param=param)
        if price["type"] != "recurring":
            message = "The price specified is set to `type=one_time` but this field only accepts prices with "
            raise StripeError(400, message + "`type=recurring`.", param=param)
        return price

    def named(self, id: str, param: str) -> Body:
        """Return the price that a parameter names."""
        price = self._prices.get(id)
        if price is None:
            raise no_such(KIND, id, param)
        recurring = {"interval": price.interval, "interval_count": 1, "usage_type": "licensed", "meter": None}
        return {
            "id": id,
            "object": KIND,
            "active": price.active,
            "billing_scheme": "per_unit",
            "created": 1_700_000_000,
            "currency": price.currency,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": price.product,
            "recurring": recurring if price.interval else None,
            "tax_behavior": "unspecified",
            "type": "recurring" if price.interval else "one_time",
            "unit_amount": price.unit_amount,
            "unit_amount_decimal": str(price.unit_amount),
        }


def end_of_period(start: int, interval: str) -> int:
    """Return when a period that begins at `start` ends; a month ends on the same day, or on its last one."""
    if interval in {"day", "week"}:
        return start + {"day": 86_400, "week": 7 * 86_400}[interval]
    begins = datetime.fromtimestamp(start, UTC)
    months = begins.month + (12 if interval == "year" else 1)
    year, month = begins.year + (months - 1) // 12, (months - 1) % 12 + 1
    last = (datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
    return int(begins.replace(year=year, month=month, day=min(begins.day, last)).timestamp())
