"""What a person reads of the reasons that are about customers, apart from the checks that find them."""

from __future__ import annotations

from f.records.rows.outcome import REASONS, ReasonText

CUSTOMER_REASONS: dict[str, ReasonText] = {
    "missing_name": ReasonText(
        "invalid",
        "The name is empty.",
        "Fill in the name, or map the column that holds it.",
    ),
    "missing_email": ReasonText(
        "invalid",
        "The e-mail address is empty.",
        "Fill in the address, or map the column that holds it.",
    ),
    "invalid_email": ReasonText(
        "invalid",
        "The e-mail address cannot exist.",
        "Correct the address; see the detail for the part that is wrong.",
    ),
    "several_emails": ReasonText(
        "invalid",
        "The cell holds several e-mail addresses, and a customer has one.",
        "Leave the one that the customer is known by; put the others into a column of their own.",
    ),
    "email_unwrapped": ReasonText(
        None,
        "Something stood around the e-mail address, such as mailto: or a name; it was taken off.",
        "Nothing to do.",
    ),
    "short_postal_code": ReasonText(
        None,
        "The postal code has four digits where its country has five; it is sent as it was written.",
        "Most likely a spreadsheet dropped the zero at its start: export the column as text.",
    ),
    "unparsable_phone": ReasonText(
        None,
        "The phone number could not be read; it is sent as it was written.",
        "Write it with its country code (+49 ...), or set the default country.",
    ),
    "unknown_country": ReasonText(
        None,
        "The country is not in ISO 3166; it is sent as it was written.",
        "Write the country's English name or its two-letter code.",
    ),
    "phone_extension": ReasonText(
        None,
        "E.164 has no room for an extension; it is kept as the custom field phone_extension.",
        "Nothing to do.",
    ),
    # the same reasons as for any record, in the words of this one
    "unchanged_in_target": ReasonText(
        "unchanged",
        "The target has this customer with just these values.",
        "Nothing to do.",
    ),
    "found_in_target": ReasonText(
        "created",
        "The sending of this row was interrupted; the customer was then found in the target.",
        "Nothing to do.",
    ),
    "duplicate_in_file": ReasonText(
        "duplicate",
        "An earlier row of this file has the same e-mail address.",
        "Keep one of the rows; the first was used.",
    ),
    "already_exists": ReasonText(
        "duplicate",
        "The target already has a customer with this e-mail address.",
        "Nothing to do, or import with on_duplicate = update.",
    ),
    "exists_and_must_not": ReasonText(
        "rejected",
        "The target already has a customer with this e-mail address, and on_duplicate is fail.",
        "Remove the row, or import with on_duplicate = skip or update.",
    ),
    "in_progress_elsewhere": ReasonText(
        "failed",
        "Another import is sending this customer right now.",
        "Import the rejects file when that import has ended, or a minute after its job has died.",
    ),
    "answer_lost": ReasonText(
        "unknown",
        "The row was sent, but the answer was lost.",
        "Look the customer up in the target. If it is not there, import the row again with resend_unknown.",
    ),
    "answer_unclear": ReasonText(
        "unknown",
        "The row was sent, and the answer does not say what became of it.",
        "Look the customer up in the target. If it is not there, import the row again with resend_unknown.",
    ),
}

# Every reason an import of customers can have.
TEXTS: dict[str, ReasonText] = {**REASONS, **CUSTOMER_REASONS}
