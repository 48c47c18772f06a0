"""The twin of Stripe's API v1: customers, payments, subscriptions, and what it does with idempotency keys.

https://docs.stripe.com/api
"""

from mill.twins.services.stripe.service import build

__all__ = ["build"]
