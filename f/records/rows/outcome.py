"""What became of one row, and why: the outcomes, the reason codes with their sentences, both as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, NotRequired, TypedDict

Outcome = Literal["created", "updated", "unchanged", "duplicate", "invalid", "rejected", "failed", "unknown"]

OUTCOMES: tuple[Outcome, ...] = (
    "created",
    "updated",
    "unchanged",
    "duplicate",
    "invalid",
    "rejected",
    "failed",
    "unknown",
)

MEANING: dict[Outcome, str] = {
    "created": "new in the target",
    "updated": "was there, now changed",
    "unchanged": "nothing was sent or nothing differed",
    "duplicate": "already there, or earlier in this file",
    "invalid": "refused here, never sent",
    "rejected": "refused by the API",
    "failed": "not applied; safe to import again",
    "unknown": "sent, but the answer was lost",
}


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a person reads about a code: the fact, and what to do about it."""

    outcome: Outcome | None
    message: str
    hint: str


# What can be said of a record of any type; a record type adds its own, and may say these in its own words.
# None as outcome: a warning. The row goes on; the value is kept as it was written.
REASONS: dict[str, ReasonText] = {
    # refused here, never sent
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
    "bare_quote": ReasonText(
        "invalid",
        "A quote stands inside a cell that is not in quotes, and the cells do not fit.",
        'Put the whole cell in quotes, and write a quote that belongs to the text twice ("").',
    ),
    "unclosed_quote": ReasonText(
        "invalid",
        "The quote that opens the last cell is never closed.",
        'Close it on this line, or write it twice ("") if it belongs to the text.',
    ),
    "undecodable": ReasonText(
        "invalid",
        "The row holds bytes that are not text in the file's encoding.",
        "Save the file as CSV UTF-8, or say with encoding what it is, such as windows-1252.",
    ),
    "nul_byte": ReasonText(
        "invalid",
        "The row holds a zero byte.",
        "The file is damaged there, or not text: export it again as CSV UTF-8.",
    ),
    "repeated_header": ReasonText(
        "invalid",
        "The row repeats the column names.",
        "Nothing to do: it is no record. The rows below it were read as usual.",
    ),
    "excluded": ReasonText(
        "invalid",
        "A person took this row out.",
        "Nothing to do.",
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
    "missing_value": ReasonText(
        "invalid",
        "A field that every record needs is empty.",
        "Fill in the field, or map the column that holds it.",
    ),
    "invalid_value": ReasonText(
        "invalid",
        "A value is not one that its field may have.",
        "Correct the value; the detail says what is wrong with it.",
    ),
    "missing_required": ReasonText(
        "invalid",
        "A field that the target requires is empty.",
        "Fill in the field the detail names, or map the column that holds it.",
    ),
    # noticed of the file as a whole
    "skipped_lines": ReasonText(
        None,
        "Lines above the table are no part of it, and were not imported.",
        "If a row is among them, say with header_row which line has the column names.",
    ),
    "second_table": ReasonText(
        None,
        "A second table with other columns stands below the first, and was not imported.",
        "Put it into a file of its own.",
    ),
    "quote_in_cell": ReasonText(
        None,
        'A quote stands inside a cell that is not in quotes, as in 5". It was kept.',
        "Compare these rows with the file.",
    ),
    # done before
    "already_imported": ReasonText(
        "unchanged",
        "An earlier import sent this very row to the target.",
        "Nothing to do.",
    ),
    "unchanged_in_target": ReasonText(
        "unchanged",
        "The target has this record with just these values.",
        "Nothing to do.",
    ),
    "found_in_target": ReasonText(
        "created",
        "The sending of this row was interrupted; the record was then found in the target.",
        "Nothing to do.",
    ),
    # one of several
    "duplicate_in_file": ReasonText(
        "duplicate",
        "An earlier row of this file is the same record.",
        "Keep one of the rows; the first was used.",
    ),
    "already_exists": ReasonText(
        "duplicate",
        "The target already has this record.",
        "Nothing to do, or import with on_duplicate = update.",
    ),
    "no_id": ReasonText(
        "duplicate",
        "The target already has this record, and it is not known under which id, so it was not updated.",
        "Give endpoints.lookup or existing_id_field in the resource, then import the row again.",
    ),
    "exists_and_must_not": ReasonText(
        "rejected",
        "The target already has this record, and on_duplicate is fail.",
        "Remove the row, or import with on_duplicate = skip or update.",
    ),
    # refused by the API
    "rejected_by_api": ReasonText(
        "rejected",
        "The API refused the row.",
        "Correct what the detail names and import the row again.",
    ),
    # not applied
    "not_sent": ReasonText(
        "failed",
        "The row was not sent, because the import stopped before it.",
        "Remove the cause of the stop, then import the rejects file.",
    ),
    "credential_refused": ReasonText(
        "failed",
        "The API refused the credential.",
        "Correct the credential in the resource, then import the rejects file.",
    ),
    "not_shown": ReasonText(
        "failed",
        "An earlier import made this record, and the look-up does not show it now, so it was neither updated "
        "nor made again.",
        "Import the row again later: a look-up may lag behind. If the record was deleted, make it by hand.",
    ),
    "service_unavailable": ReasonText(
        "failed",
        "The service could not be reached or stayed busy through every retry.",
        "Import the rejects file later.",
    ),
    "service_down": ReasonText(
        "failed",
        "The service was down for longer than an import waits.",
        "Import the rejects file when it is up again.",
    ),
    "wrong_settings": ReasonText(
        "failed",
        "The API has no such endpoint, or the resource's settings do not fit it.",
        "Correct base_url and endpoints in the resource, then import the rejects file.",
    ),
    "batch_refused": ReasonText(
        "failed",
        "The API refused the batch this row was in, and too often to find the row that is at fault.",
        "See the detail, then import the rejects file: smaller batches have a better chance.",
    ),
    "row_locked": ReasonText(
        "failed",
        "The target kept this record, or its parent, locked for another writer.",
        "Import the rejects file later, or send fewer requests at once.",
    ),
    "missing_in_target": ReasonText(
        "failed",
        "The target said that it took the row, and does not have it.",
        "Import this file with resend_missing: each row is looked up again, and sent if it is not there.",
    ),
    "in_progress_elsewhere": ReasonText(
        "failed",
        "Another import is sending this record right now.",
        "Import the rejects file when that import has ended, or a minute after its job has died.",
    ),
    "quota_used_up": ReasonText(
        "failed",
        "The API's quota of the day is used up.",
        "Import the rejects file when it renews.",
    ),
    "parked": ReasonText(
        "failed",
        "The row waits: a quota is used up, or the API asked for a long pause.",
        "Nothing to do if the report says when the rest is sent; else import the rejects file then.",
    ),
    # nobody knows
    "answer_lost": ReasonText(
        "unknown",
        "The row was sent, but the answer was lost.",
        "Look the record up in the target. If it is not there, import the row again with resend_unknown.",
    ),
    "answer_lost_keyed": ReasonText(
        "unknown",
        "The row was sent, but the answer was lost.",
        "Import the rejects file: the target tells a repeated row, so it cannot be created twice.",
    ),
    "answer_unclear": ReasonText(
        "unknown",
        "The row was sent, and the answer does not say what became of it.",
        "Look the record up in the target. If it is not there, import the row again with resend_unknown.",
    ),
    "answer_unclear_keyed": ReasonText(
        "unknown",
        "The row was sent, and the answer does not say what became of it.",
        "Import the rejects file: the target tells a repeated row, so it cannot be created twice.",
    ),
    "accepted": ReasonText(
        "unknown",
        "The target took the row to work on it later, and it was not there yet.",
        "Import the rejects file later: the import then looks the record up and sends nothing twice.",
    ),
    "bulk_unfinished": ReasonText(
        "unknown",
        "The target is still loading the batch this row is in, or could not be asked about it.",
        "Import the rejects file later: the import then reads that batch's outcomes and sends nothing twice.",
    ),
    "job_lost": ReasonText(
        "unknown",
        "The job that was sending this row broke off without a result.",
        "Import the rejects file: the journal knows which rows were sent; what was applied is left alone.",
    ),
    # nothing was asked
    "dry_run": ReasonText(
        "unchanged",
        "Dry run: the row is valid and was not sent.",
        "Run again without dry_run to send it.",
    ),
    # warnings
    "invisible_characters": ReasonText(
        None,
        "A cell held characters that nobody sees, such as a no-break space; they were taken out.",
        "Nothing to do.",
    ),
    "mojibake": ReasonText(
        None,
        "A cell had been read in a wrong encoding before it came here; its letters were restored.",
        "Look at the examples; to be rid of it, export the file again as UTF-8.",
    ),
    "excel_text": ReasonText(
        None,
        'A cell held the signs by which Excel keeps a text (\'0049 or ="0049"); they were taken off.',
        "Nothing to do.",
    ),
    "html_entities": ReasonText(
        None,
        "A cell held HTML (M&uuml;ller); its letters were restored.",
        "Nothing to do.",
    ),
    "empty_word": ReasonText(
        None,
        "A cell held a program's word for no value, such as NULL or #N/A; it counts as empty.",
        "If it is a value, write it otherwise.",
    ),
    "lost_digits": ReasonText(
        None,
        "A spreadsheet has rounded a number (4.14155E+11): its digits are lost, so it was left out.",
        "Export the column again as text.",
    ),
    "added_point": ReasonText(
        None,
        "A program has put .0 behind a number; it was taken off.",
        "Nothing to do.",
    ),
    "field_not_sent": ReasonText(
        None,
        "The target has no field for this column.",
        "Name a target field for it in the resource's mapping.",
    ),
}


def outcome_of(code: str, texts: Mapping[str, ReasonText] = REASONS) -> Outcome:
    """Return the outcome of a row with this code; raise ValueError for a warning, which decides none.

    `texts` are a record type's reasons where the code may be one of its own.
    """
    outcome = texts[code].outcome
    if outcome is None:
        raise ValueError(f"{code} is a warning and decides no outcome")
    return outcome


class RowOutcome(NamedTuple):
    """What became of one row. `detail` is the API's own explanation, masked and cut; `id` the target's."""

    outcome: Outcome
    code: str = ""
    detail: str = ""
    id: str | None = None

    @classmethod
    def because(cls, code: str, detail: str = "", id: str | None = None) -> RowOutcome:
        """Return the outcome that a reason code stands for."""
        return cls(outcome_of(code), code, detail, id)


class Stop(TypedDict):
    """Why the import stopped before all rows were tried.

    `resume_at` (ISO 8601): when the rest can be sent, if the import is `parked`.
    """

    code: str
    message: str
    resume_at: NotRequired[str]
