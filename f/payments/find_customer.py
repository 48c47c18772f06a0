"""Find customers in Stripe by id, by e-mail address or by our external id.

Returns how many there are, and the id if it is one. Several customers may have one e-mail address: then it
lists them and chooses none. Search by external id does not know what was written within the last minute.
"""

from f.payments.stripe.account import open_account
from f.payments.stripe.client import stripe
from f.payments.stripe.customers import FoundCustomers, find_customers
from f.store.stores import open_store, postgresql


def main(
    stripe: stripe,
    customer: str = "",
    email: str = "",
    external_id: str = "",
    database: postgresql | None = None,
) -> FoundCustomers:
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return find_customers(account, customer, email, external_id)
