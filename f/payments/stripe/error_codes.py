"""What Stripe's error codes mean for the caller, where the payer's bank has no part in it.

https://docs.stripe.com/error-codes
"""

from __future__ import annotations

from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain, TryLater

MISSING = (
    "Stripe has no such object. Check the id, and whether the key is of the same account and mode "
    "(live or test)."
)
_NEW_KEY = "Stripe's key has expired. Give the resource a new one."
_CONFIRM = "The bank wants the payer to confirm it. Bring the payer back to the page to confirm it."

_SENTENCES: tuple[tuple[type[ConnectError], dict[str, str]], ...] = (
    (
        FixInput,
        {
            "amount_too_large": "The amount is above what Stripe takes in this currency. Divide it.",
            "amount_too_small": (
                "The amount is below the least that Stripe charges (0.50 US dollars, or about as much)."
            ),
            "coupon_expired": "The coupon has expired. Give another one.",
            "customer_max_payment_methods": "The customer has too many ways to pay. Remove one first.",
            "customer_max_subscriptions": "The customer has too many subscriptions. Cancel one first.",
            "email_invalid": "The e-mail address is not valid. Correct it.",
            "invoice_no_customer_line_items": "The customer has nothing to invoice.",
            "missing": "The customer has no such way to pay. Add it to the customer first.",
            "parameter_invalid_empty": "An input is empty that must not be.",
            "parameter_missing": "An input is missing.",
            "payment_method_types_no_longer_supported": (
                "Stripe takes no payment_method_types any more. Leave it out: ways to pay are switched on "
                "and off in Stripe's dashboard, under Settings > Payment methods."
            ),
            "resource_missing": MISSING,
            "url_invalid": "A web address is not valid. Give one that begins with https://.",
        },
    ),
    (
        FixSettings,
        {
            "livemode_mismatch": "The key and the object are of different modes, live and test.",
            "parameter_unknown": (
                "Stripe does not know an input of this request in the version we ask for. Check the base_url."
            ),
            "payment_method_unactivated": (
                "This way to pay is not switched on. Do so in Stripe's dashboard, under Settings > Payment "
                "methods."
            ),
            "secret_key_required": "Stripe wants a secret key here (sk_...). Change the token.",
            "testmode_charges_only": (
                "This Stripe account is not activated: it takes test keys alone. Activate it in Stripe's "
                "dashboard."
            ),
            "tls_version_unsupported": "Stripe refused the connection: its TLS version is too old.",
        },
    ),
    (
        GiveUpRecord,
        {
            "balance_insufficient": (
                "The balance at Stripe is too low for this. Fill it up, or wait for payments to arrive."
            ),
            "charge_already_captured": "The payment was captured before. Nothing was changed.",
            "charge_already_refunded": "The payment is refunded in full already. Nothing was changed.",
            "charge_disputed": (
                "The payer disputes this payment, so it cannot be refunded. Answer the dispute in Stripe's "
                "dashboard."
            ),
            "charge_expired_for_capture": (
                "The time to capture the payment is over; the money is free again. Make a new payment."
            ),
            "charge_exceeds_source_limit": "The payer's limit for this way to pay is reached. Try later.",
            "invoice_payment_intent_requires_action": _CONFIRM,
            "payment_intent_authentication_failure": (
                "The payer did not pass the bank's check. The payer tries again or pays in another way."
            ),
            "payment_intent_unexpected_state": (
                "The payment is in a state in which this cannot be done. Nothing was changed."
            ),
            "resource_already_exists": "Stripe has an object with this id already. Nothing was changed.",
            "subscription_payment_intent_requires_action": _CONFIRM,
        },
    ),
    (SignInAgain, {"api_key_expired": _NEW_KEY, "platform_api_key_expired": _NEW_KEY}),
    (
        TryLater,
        {"payment_method_not_available": "This way to pay is not available just now. Try again later."},
    ),
)
ERROR_CODES = {code: (kind, text) for kind, texts in _SENTENCES for code, text in texts.items()}
