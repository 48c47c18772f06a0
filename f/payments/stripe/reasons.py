"""Why Stripe or a bank said no, and who does what next: tables from codes to sentences.

https://docs.stripe.com/declines/codes, https://docs.stripe.com/declines/card#retrying-issuer-declines and
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

_BANK = "The payer asks the bank, or pays in another way"
_OTHER_CARD = "The payer takes another card"
_ENTER_AGAIN = "The payer enters it again"
_LATER = "Try again later"
_PIN = "The payer inserts the card and enters the PIN"

# Declines that must not tell the payer what they are: Stripe asks that nobody be warned.
_QUIET = "To the payer say no more than that the card was declined"

DECLINES: dict[str, tuple[str, str]] = {
    "approve_with_id": ("the bank could not authorize it", f"{_LATER}; if it fails again: {_BANK}"),
    "authentication_not_handled": ("the payer did not finish the bank's check", "The payer tries again"),
    "authentication_required": (
        "the bank wants the payer to confirm it",
        "Bring the payer back to the page to confirm it; it cannot be charged without",
    ),
    "call_issuer": ("the bank gave no reason", _BANK),
    "card_not_supported": ("the card does not allow this kind of purchase", _BANK),
    "card_velocity_exceeded": ("the card's limit of payments or amount is reached", _BANK),
    "currency_not_supported": ("the card does not take this currency", _BANK),
    "do_not_honor": ("the bank gave no reason", _BANK),
    "do_not_try_again": ("the bank gave no reason", _BANK),
    "duplicate_transaction": (
        "the same amount was charged to the card a moment ago",
        "Look whether the payment was made before you try again",
    ),
    "expired_card": ("the card has expired", _OTHER_CARD),
    "fraudulent": ("Stripe suspects fraud", _QUIET),
    "generic_decline": ("the bank gave no reason", _BANK),
    "highest_risk_level": ("Stripe's fraud check blocked it", _QUIET),
    "elevated_risk_level": ("Stripe's fraud check blocked it", _QUIET),
    "incorrect_address": ("the address does not fit the card", _ENTER_AGAIN),
    "incorrect_cvc": ("the security code is wrong", _ENTER_AGAIN),
    "incorrect_number": ("the card number is wrong", _ENTER_AGAIN),
    "incorrect_pin": ("the PIN is wrong", _ENTER_AGAIN),
    "incorrect_zip": ("the postal code does not fit the card", _ENTER_AGAIN),
    "insufficient_funds": ("the account has too little money", "The payer uses another card or fills it up"),
    "invalid_account": ("the card or its account is not valid", _BANK),
    "invalid_amount": ("the amount is not valid or above the card's limit", _BANK),
    "invalid_cvc": ("the security code is wrong", _ENTER_AGAIN),
    "invalid_expiry_month": ("the month of expiry is not valid", _ENTER_AGAIN),
    "invalid_expiry_year": ("the year of expiry is not valid", _ENTER_AGAIN),
    "invalid_number": ("the card number is not valid", _ENTER_AGAIN),
    "invalid_pin": ("the PIN is wrong", _ENTER_AGAIN),
    "issuer_not_available": ("the bank could not be reached", f"{_LATER}; if it fails again: {_BANK}"),
    "lost_card": ("the bank blocked the card", _QUIET),
    "merchant_blacklist": ("it is on this account's block list", _QUIET),
    "new_account_information_available": ("the card or its account is not valid", _BANK),
    "no_action_taken": ("the bank gave no reason", _BANK),
    "not_permitted": ("the bank does not permit it", _BANK),
    "offline_pin_required": ("the card needs a PIN", _PIN),
    "online_or_offline_pin_required": (
        "the card needs a PIN",
        "The payer inserts the card and enters the PIN",
    ),
    "pickup_card": ("the bank blocked the card", _QUIET),
    "pin_try_exceeded": ("the PIN was wrong too often", "The payer uses another card or way to pay"),
    "processing_error": ("something failed while the card was processed", _LATER),
    "reenter_transaction": ("the bank could not process it", f"{_LATER}; if it fails again: {_BANK}"),
    "restricted_card": ("the bank blocked the card", _QUIET),
    "revocation_of_all_authorizations": ("the payer withdrew the authorization", _BANK),
    "revocation_of_authorization": ("the payer withdrew the authorization", _BANK),
    "security_violation": ("the bank gave no reason", _BANK),
    "service_not_allowed": ("the bank gave no reason", _BANK),
    "stolen_card": ("the bank blocked the card", _QUIET),
    "stop_payment_order": ("the payer told the bank to stop it", _BANK),
    "testmode_decline": ("it is a test card", "Use a real card, or a test key with test cards"),
    "transaction_not_allowed": ("the bank gave no reason", _BANK),
    "try_again_later": ("the bank gave no reason", f"{_LATER}; if it fails again: {_BANK}"),
    "withdrawal_count_limit_exceeded": ("the card's limit is reached", _OTHER_CARD),
}

ADVICE: dict[str, str] = {
    "confirm_card_data": "The payer checks number, date and security code and enters them again.",
    "do_not_try_again": "Do not try this card again: the bank said so, and card networks charge for it.",
    "try_again_later": "The same card may work later; wait at least an hour.",
}


def failure_sentence(decline_code: str, code: str, advice_code: str) -> str:
    """Return why a payment failed and what to do next: by the bank's decline, else by Stripe's own code."""
    if code in ERROR_CODES and not decline_code:
        return ERROR_CODES[code][1]
    return decline_sentence(decline_code, code, advice_code)


def decline_sentence(decline_code: str, code: str, advice_code: str) -> str:
    """Return why it was declined and what to do next, as one or two sentences.

    The bank's own advice, where it gave one, stands instead of ours: two that differ would help nobody.
    """
    known = DECLINES.get(decline_code) or DECLINES.get(code)
    advice = ADVICE.get(advice_code, "")
    name = decline_code or code or "card_declined"
    if known is None:
        next_step = advice or f"{_BANK}."
        return f"The payment was declined ({name}). {next_step}"
    why, step = known
    step = f"{step}." if not advice or step == _QUIET else ""
    return " ".join(part for part in (f"The payment was declined: {why} ({name}).", step, advice) if part)
