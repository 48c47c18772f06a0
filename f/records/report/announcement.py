"""Telling people how an import went. A channel that fails is reported, never raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError
from f.connect.integration import Integration
from f.connect.redact import remember, well_formed, well_formed_json
from f.connect.transport.addresses import GivenAddresses
from f.records.planning.plan_text import in_a_sentence
from f.records.report.count_table import in_words
from f.records.report.parked_rows import describe_parked
from f.records.verifying.certificate import COUNTED

if TYPE_CHECKING:
    from f.records.planning.plan import Plan
    from f.records.report.summary import ImportSummary
    from f.records.verifying.certificate import Certificate

_KEY_LENGTH = 16
NOTHING_CONFIGURED = "skipped: neither slack_webhook_url nor webhook_url is set"


def sentence(summary: ImportSummary) -> str:
    """Return an import in one line: how many rows, their outcomes, where the report is."""
    target = summary["target"] or "no target"
    counts = summary["counts"]
    file = summary["report"]
    where = f" Report: {file['s3']}" if file and "s3" in file else ""
    trial = " (dry run)" if summary["dry_run"] else ""
    plan = summary["plan"]
    planned = "" if plan is None else f" {in_a_sentence(plan)}"
    if summary["dry_run"]:  # its counts are the plan's already
        planned = f" Plan {plan['hash']}." if plan and plan["hash"] else ""
    stops = " ".join(["", *summary.get("would_stop", [])])
    rest = f" {describe_parked(summary['rest'])}" if summary["rest"] else ""
    outcomes = in_words(counts) or "none"
    certificate = summary["certificate"]
    verified = f" {certificate['message']}" if certificate else ""
    return (
        f"Import {summary['import_id']}{trial} of {summary['source']} into {target}: "
        f"{counts['rows']} rows in {summary['seconds']:.0f} s, {outcomes}."
        f"{stops}{planned}{verified}{rest}{where}"
    )


def facts(summary: ImportSummary) -> dict[str, Any]:
    """Return what a generic webhook gets of an import: counts and paths, never a row."""
    files: dict[str, Any] = {"rejects": summary["rejects"], "report": summary["report"]}
    names = ("import_id", "source", "target", "dry_run", "started_at", "seconds", "counts", "stopped")
    payload = {name: value for name, value in summary.items() if name in {*names, "continues"}}
    rest = summary["rest"]
    if rest is not None:
        payload["rest"] = {name: rest[name] for name in ("rows", "resume_at", "job")}
        files["rest_file"] = rest["file"]
    return {
        **payload,
        "plan": plan_facts(summary["plan"]),
        "certificate": certificate_facts(summary["certificate"]),
        **{name: (file or {}).get("s3") for name, file in files.items()},
    }


def certificate_facts(certificate: Certificate | None) -> dict[str, Any] | None:
    """Return what a generic webhook gets of a certificate: counts."""
    if certificate is None:
        return None
    counts: dict[str, int] = {name: certificate[name] for name in COUNTED}
    return {"eligible": certificate["eligible"], "read": certificate["read"], **counts}


def plan_facts(plan: Plan | None) -> dict[str, Any] | None:
    """Return what a generic webhook gets of a plan: hash and counts."""
    return None if plan is None else {"hash": plan["hash"], "counts": plan["counts"]}


def announce(
    text: str, payload: dict[str, Any], *, slack_webhook_url: str | None, webhook_url: str | None
) -> dict[str, str]:
    """Send to every channel that is configured, once each. Return how each went, by its name.

    Slack gets the text, the webhook the payload as JSON. Raises no ConnectError: it is the channel's result.
    """
    results: dict[str, str] = {}
    payload = well_formed_json(payload)
    if slack_webhook_url:
        results["slack"] = _post("slack_webhook", slack_webhook_url, {"text": _escaped(well_formed(text))})
    if webhook_url:
        results["webhook"] = _post("webhook", webhook_url, payload)
    return results or {"none": NOTHING_CONFIGURED}


def _post(name: str, url: str, body: dict[str, Any]) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket that is not closed
        return f"failed: {name}_url cannot be read as an address. It looks like https://example.com/hook."
    # The path of an incoming webhook is its secret: the whole, and a last part that is no word.
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    key = path.rpartition("/")[2]
    remember(path, key if len(key) >= _KEY_LENGTH else None)
    try:
        integration = Integration(name=name, base_url=f"{parts.scheme}://{parts.netloc}", timeout=10.0)
        with Client(integration, given=GivenAddresses()) as client:
            # `endpoint` is what logs, metrics and errors call it.
            request = Request(method="POST", path=path, json=body, endpoint=name)
            client.request(request).raise_for_status()
    except ConnectError as error:
        return f"failed: {error}"
    except ValueError:
        return f"failed: {name}_url is not a URL. Write it like https://hooks.example.com/path."
    return "sent"


def _escaped(text: str) -> str:
    """Slack's three control characters (https://docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
