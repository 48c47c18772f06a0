"""Why a payment was declined, and who does what next.

https://docs.stripe.com/declines/codes, https://docs.stripe.com/declines/card#retrying-issuer-declines
"""

from __future__ import annotations

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
