"""Report an import that failed: account for its rows, and send a message to the channels.

Runs as the failure module of the flow, whichever step failed. If the file had been read, the rejects file and
the report are written nevertheless, with every row that was not sent. Returns the summary with the error; the
run stays failed, and a second run sends the message again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.report.summary import ImportSummary

if TYPE_CHECKING:
    from f.records.planning.plan import Gate
    from f.records.reading.parsed import Parsed
    from f.records.rows.outcome import Stop

_LONGEST = 1000  # characters of an error that are worth telling


def main(
    error: dict,
    parsed: dict | None = None,
    gate: dict | None = None,
    created: list[dict] | None = None,
    dry_run: bool = False,
    slack_webhook_url: str = "",
    webhook_url: str = "",
) -> dict[str, Any]:
    from f.connect.redact import mask_start, well_formed, well_formed_json
    from f.records.report.announcement import announce, facts, sentence
    from f.windmill.failures import code_of, message_of

    kept = ("name", "step_id", "exit_code")
    failure: dict[str, Any] = {name: well_formed_json(error[name]) for name in kept if name in error}
    failure["message"] = message_of(error)
    if code := code_of(error):
        failure["code"] = code
    text = f"An import failed at step {failure.get('step_id', '?')}. {failure['message']}"
    summary = None
    try:
        summary = _summary(error, parsed, gate, created, dry_run)
        text = f"{text} {sentence(summary)}" if summary is not None else text
    except Exception as problem:  # noqa: BLE001 - whatever else is broken, people hear that an import failed
        summary = None
        why = mask_start(str(problem), _LONGEST)
        text = f"{text} No report could be written ({type(problem).__name__}: {why})."
    text = well_formed(text)
    results = announce(
        text,
        {"event": "import_failed", "error": failure, **(facts(summary) if summary else {})},
        slack_webhook_url=_address(slack_webhook_url),
        webhook_url=_address(webhook_url),
    )
    print(text, results)
    return {**(summary or {}), "error": failure, "notification": results}


def _address(given: object) -> str:
    """The address of a channel; the step that failed may be the one that found out that it is not text."""
    return given if isinstance(given, str) else ""


def _summary(
    error: dict,
    parsed: dict[str, Any] | None,
    gate: dict[str, Any] | None,
    created: list[dict[str, Any]] | None,
    dry_run: bool,
) -> ImportSummary | None:
    """The summary the report had made already, or one made now from what the other steps left."""
    from f.customers.validation.reasons import TEXTS
    from f.records.report.reconciliation import Steps, reconcile
    from f.windmill.failures import message_of

    extra = error.get("extra")
    made: ImportSummary | None = extra.get("summary") if isinstance(extra, dict) else None
    if made:
        return made
    if not parsed or "error" in parsed:
        return None
    stop: Stop = {"code": str(error.get("name", "error")), "message": message_of(error)}
    opened = cast("Gate", gate) if gate and "error" not in gate else None
    sent = created if isinstance(created, list) else None
    return reconcile(Steps(cast("Parsed", parsed), opened, sent, dry_run, stop), TEXTS)
