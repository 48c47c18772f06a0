"""Why a row did not simply become a customer: every reason code, with its sentence and its remedy."""

from dataclasses import dataclass

from f.records.report.summary import Outcome


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a person reads about a code: the fact, and what to do about it."""

    outcome: Outcome | None
    message: str
    hint: str


# None as outcome: a warning. The row goes on; the value is kept as it was written.
REASONS: dict[str, ReasonText] = {
    # refused here, never sent
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
    "wrong_column_count": ReasonText(
        "invalid",
        "The row has another number of cells than the header.",
        "Look for a missing or extra delimiter, or a cell that needs quotes.",
    ),
    "stray_quote": ReasonText(
        "invalid",
        "Text follows a closing quote.",
        'Write a quote that belongs to the text twice (""), or put the whole cell in quotes.',
    ),
    "swallowed_lines": ReasonText(
        "invalid",
        "A quoted cell holds several lines that look like rows.",
        "Close the quote on the line where the row starts.",
    ),
    "too_long": ReasonText(
        "invalid",
        "A value is longer than its field may be.",
        "Shorten the value.",
    ),
    "bad_characters": ReasonText(
        "invalid",
        "A value holds control or replacement characters.",
        "Remove them, or save the file again as UTF-8 if letters look wrong.",
    ),
    "missing_required": ReasonText(
        "invalid",
        "A field that the target requires is empty.",
        "Fill in the field the detail names, or map the column that holds it.",
    ),
    # done before
    "already_imported": ReasonText(
        "unchanged",
        "An earlier import sent this very row to the target.",
        "Nothing to do.",
    ),
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
    # one of several
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
    # refused by the API
    "rejected_by_api": ReasonText(
        "rejected",
        "The API refused the row.",
        "Correct what the detail names and feed the row again.",
    ),
    # not applied
    "not_sent": ReasonText(
        "failed",
        "The row was not sent, because the import stopped before it.",
        "Remove the cause of the stop, then feed the rejects file.",
    ),
    "credential_refused": ReasonText(
        "failed",
        "The API refused the credential.",
        "Correct the credential in the resource, then feed the rejects file.",
    ),
    "service_unavailable": ReasonText(
        "failed",
        "The service could not be reached or stayed busy through every retry.",
        "Feed the rejects file later.",
    ),
    "service_down": ReasonText(
        "failed",
        "The service was down for longer than an import waits.",
        "Feed the rejects file when it is up again.",
    ),
    "wrong_settings": ReasonText(
        "failed",
        "The API has no such endpoint, or the resource's settings do not fit it.",
        "Correct base_url and endpoints in the resource, then feed the rejects file.",
    ),
    "batch_refused": ReasonText(
        "failed",
        "The API refused the batch this row was in, and too often to find the row that is at fault.",
        "See the detail, then feed the rejects file: smaller batches have a better chance.",
    ),
    "row_locked": ReasonText(
        "failed",
        "The target kept this record, or its parent, locked for another writer.",
        "Feed the rejects file later, or send fewer requests at once.",
    ),
    "in_progress_elsewhere": ReasonText(
        "failed",
        "Another import is sending this customer at this moment.",
        "Feed the rejects file when that import has ended, at the latest in a quarter of an hour.",
    ),
    "quota_used_up": ReasonText(
        "failed",
        "The API's allowance for the day is used up.",
        "Feed the rejects file when it renews.",
    ),
    "parked": ReasonText(
        "failed",
        "The row waits: an allowance is used up, or the API asked for a long pause.",
        "Nothing to do where the report says when the rest goes on; else feed the rejects file then.",
    ),
    # nobody knows
    "answer_lost": ReasonText(
        "unknown",
        "The row was sent, but the answer was lost.",
        "Look the customer up in the target. If it is not there, feed the row again with resend_unknown.",
    ),
    "answer_lost_keyed": ReasonText(
        "unknown",
        "The row was sent, but the answer was lost.",
        "Feed the rejects file: the row carries an idempotency key and cannot be created twice.",
    ),
    "bulk_unfinished": ReasonText(
        "unknown",
        "The target is still loading the batch this row is in, or could not be asked for its end.",
        "Feed the rejects file later: the import then asks how that batch ended, and sends nothing twice.",
    ),
    "job_lost": ReasonText(
        "unknown",
        "The job that was sending this row ended without saying what it did.",
        "Feed the rejects file: the journal knows which rows were sent, and what was applied is left alone.",
    ),
    # nothing was asked
    "dry_run": ReasonText(
        "unchanged",
        "Dry run: the row is valid and was not sent.",
        "Run again without dry_run to send it.",
    ),
    # warnings
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
    "field_not_sent": ReasonText(
        None,
        "The target has no field for this column.",
        "Name a target field for it in the resource's mapping.",
    ),
}


def outcome_of(code: str) -> Outcome:
    """The outcome a row with this code has. Warnings have none: asking is a mistake of the caller."""
    outcome = REASONS[code].outcome
    if outcome is None:
        raise ValueError(f"{code} is a warning and decides no outcome")
    return outcome
