"""Approvals: the signed URLs of `wmill.get_resume_urls`, what they do, and the page with two buttons."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import json
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mill.api.transport.endpoint import Call, endpoint
from mill.api.transport.replies import Refusal, json_response
from mill.ports import Job, Jobs, Resume, description_in
from mill.strict_values import loads, whole_number

_LARGEST_RESUME_ID = 2**32 - 1
_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Approval</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body{font:16px system-ui;max-width:44rem;margin:4rem auto;padding:0 1rem}form{display:inline}
button{font:inherit;padding:.4rem 1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}</style>"""
_PAGE = """<main><h1>Approve?</h1><p>{path} waits for an answer (job {job}).</p>{description}
<form method="post" action="{resume}"><button>Approve</button></form>
<form method="post" action="{cancel}"><button>Refuse</button></form></main></html>"""
_ANSWERED = """<main><h1>{word}</h1><p>Your answer has arrived. You can close this page.</p></main></html>"""


class ApprovalsApi:
    """`/jobs/resume_urls` for jobs; `/jobs_u/resume`, `/jobs_u/cancel`, `/approve` for who holds the URL."""

    def __init__(self, jobs: Jobs, workspace_id: str, base_url: str, signing_key: bytes) -> None:
        self._jobs = jobs
        self._workspace_id = workspace_id
        self._base_url = base_url
        self._signing_key = signing_key

    def routes(self) -> list[Route]:
        """Return the routes relative to the workspace."""
        signed = "{id}/{resume_id}/{signature}"
        both = ["GET", "POST"]
        return [
            Route("/jobs/resume_urls/{id}/{resume_id}", endpoint(self._urls)),
            Route(f"/jobs_u/resume/{signed}", endpoint(lambda call: self._answer(call, True)), methods=both),
            Route(f"/jobs_u/cancel/{signed}", endpoint(lambda call: self._answer(call, False)), methods=both),
        ]

    def page_route(self) -> Route:
        """Return the approval page, which lies outside `/api`."""
        return Route("/approve/{workspace}/{id}/{resume_id}/{signature}", endpoint(self._page))

    def _urls(self, call: Call) -> Response:
        job_id = call.path("id")
        job = self._jobs.get(job_id)
        if job is None:
            raise Refusal(404, f"There is no job {job_id}.")
        if call.query("flow_level") == "true":
            job_id = job.parent or job_id
        return json_response(self._signed_urls(job_id, _resume_id(call), call.query("approver")))

    def _signed_urls(self, job_id: str, resume_id: int, approver: str | None) -> dict[str, str]:
        rest = f"{job_id}/{resume_id}/{self._signature(job_id, resume_id, approver)}"
        if approver is not None:
            rest += "?" + urlencode({"approver": approver})
        base = self._base_url
        return {
            "approvalPage": f"{base}/approve/{self._workspace_id}/{rest}",
            "resume": f"{base}/api/w/{self._workspace_id}/jobs_u/resume/{rest}",
            "cancel": f"{base}/api/w/{self._workspace_id}/jobs_u/cancel/{rest}",
        }

    def _answer(self, call: Call, approved: bool) -> Response:
        job_id, resume_id, approver = self._verified(call)
        resume = Resume(resume_id, approved, _payload(call), approver)
        if not self._jobs.resume(job_id, resume):
            raise Refusal(
                404,
                "Nothing waits for this answer: it was given already, or the flow ended or is not there yet.",
            )
        if "text/html" not in call.request.headers.get("accept", ""):
            return Response(status_code=201)
        # Who pressed a button of the page sees what came of it: Windmill's reply to programs is empty.
        return HTMLResponse(_HEAD + _ANSWERED.format(word="Approved" if approved else "Refused"), 201)

    def _page(self, call: Call) -> Response:
        job_id, resume_id, approver = self._verified(call)
        job = self._jobs.get(job_id)
        if job is None:
            raise Refusal(404, f"There is no job {job_id}.")
        urls = {
            name: html.escape(url) for name, url in self._signed_urls(job_id, resume_id, approver).items()
        }
        page = _PAGE.format(
            path=html.escape(job.target.path),
            job=job_id,
            description=_described(job),
            resume=urls["resume"],
            cancel=urls["cancel"],
        )
        return HTMLResponse(_HEAD + page)

    def _verified(self, call: Call) -> tuple[str, int, str | None]:
        job_id, resume_id, approver = call.path("id"), _resume_id(call), call.query("approver")
        expected = self._signature(job_id, resume_id, approver)
        if not hmac.compare_digest(expected.encode(), call.path("signature").encode()):
            raise Refusal(401, "The signature of this approval URL is not valid: use it as it was sent.")
        return job_id, resume_id, approver

    def _signature(self, job_id: str, resume_id: int, approver: str | None) -> str:
        text = f"{job_id}\n{resume_id}\n{approver or ''}"
        return hmac.new(self._signing_key, text.encode(), hashlib.sha256).hexdigest()


def _described(job: Job) -> str:
    """Return what the step says to whoever decides, as it wrote it: here Markdown stays text."""
    description = description_in(job.completed.result if job.completed else None)
    if description is None:
        return ""
    if isinstance(description, dict) and set(description) <= {"md", "markdown"}:
        description = "\n".join(map(str, description.values()))
    text = description if isinstance(description, str) else json.dumps(description, indent=2)
    text = text.encode(errors="replace").decode()  # a result may hold half of a surrogate pair
    return f"<pre>{html.escape(text)}</pre>"


def _resume_id(call: Call) -> int:
    text = call.path("resume_id")
    number = whole_number(text)
    if number is None or number > _LARGEST_RESUME_ID:
        raise Refusal(400, f"The resume id must be a whole number up to {_LARGEST_RESUME_ID}.")
    return number


def _payload(call: Call) -> Any:
    encoded = call.query("payload")
    return call.json() if encoded is None else decoded_payload(encoded)


def decoded_payload(encoded: str) -> Any:
    """`?payload=`: JSON as base64, the URL-safe alphabet or the other, padded or not."""
    text = encoded.strip().replace("+", "-").replace("/", "_").replace(" ", "-").rstrip("=")
    try:
        return loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, "payload must be JSON encoded as base64.") from error
