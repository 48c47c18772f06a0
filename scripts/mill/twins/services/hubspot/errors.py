"""HubSpot's error bodies.

https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mill.twins.message import Reply

CONFLICT, VALIDATION_ERROR, OBJECT_NOT_FOUND = "CONFLICT", "VALIDATION_ERROR", "OBJECT_NOT_FOUND"
_CATEGORIES = {
    400: VALIDATION_ERROR,
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: OBJECT_NOT_FOUND,
    409: CONFLICT,
    423: "LOCKED",
    429: "RATE_LIMITS",
}
_STATUSES = {CONFLICT: 409, VALIDATION_ERROR: 400, OBJECT_NOT_FOUND: 404}


@dataclass
class RowError(Exception):
    """One input that HubSpot does not take; nothing of it was applied."""

    category: str
    message: str
    context: dict[str, list[str]] = field(default_factory=dict)

    def reply(self) -> Reply:
        """As the answer to a whole request. `context` stays out of a conflict, as it does at HubSpot."""
        more = {"context": self.context} if self.context and self.category != CONFLICT else {}
        return error(_STATUSES[self.category], self.message, category=self.category, **more)

    def entry(self, trace_id: str | None) -> dict[str, Any]:
        """As one of the `errors` of a 207."""
        context = dict(self.context)
        if trace_id is not None:
            context["objectWriteTraceId"] = [trace_id]
        return {"status": "error", "category": self.category, "message": self.message, "context": context}


def error(status: int, message: str, **more: Any) -> Reply:
    """Return an error in HubSpot's shape."""
    body = {"status": "error", "message": message, "correlationId": str(uuid.uuid4())}
    if status in _CATEGORIES:
        body["category"] = _CATEGORIES[status]
    return Reply(status, {**body, **more})


def unauthorized() -> Reply:
    """401 for no token or a wrong one."""
    return error(401, "Authentication credentials not found. This API supports OAuth 2.0 authentication.")


def missing_scope(scope: str) -> Reply:
    """403 for a token that may not do this."""
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    return error(
        403,
        "This app hasn't been granted all required scopes to make this call.",
        errors=[detail],
    )


def too_many(policy: str) -> Reply:
    """429 of one of the limits: SECONDLY, TEN_SECONDLY_ROLLING, DAILY. HubSpot sends no Retry-After."""
    return error(
        429, f"You have reached your {policy.lower()} limit.", errorType="RATE_LIMIT", policyName=policy
    )


def already_exists(contact_id: int) -> RowError:
    """A contact with this e-mail is there."""
    message = f"Contact already exists. Existing ID: {contact_id}"
    return RowError(CONFLICT, message, {"existingId": [str(contact_id)]})


def invalid_properties(problems: Sequence[Mapping[str, str]]) -> RowError:
    """What is wrong with each property, as JSON inside the message."""
    details = [{"isValid": False, **problem} for problem in problems]
    text = json.dumps(details, separators=(",", ":"))
    return RowError(
        VALIDATION_ERROR,
        f"Property values were not valid: {text}",
        {"properties": [problem["name"] for problem in problems]},
    )


def not_found(ids: Sequence[str]) -> RowError:
    """Contacts a batch names that are not there."""
    message = (
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."
    )
    return RowError(OBJECT_NOT_FOUND, message, {"ids": list(ids)})
