"""What our code relies on in the answers of each service: fields and their types, statuses, versions.

Written from what reads them (f/payments, f/notify, f/customers/targets, f/files, ...), so it lists what would
break a job and nothing else. What a service says beyond that is compared with what it said before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f.operate.contracts.known_calls import calls_of, kind_in
from f.operate.contracts.shapes import parse_shape

if TYPE_CHECKING:
    from f.connect.calls.message import Request
    from f.operate.contracts.shapes import Shape

CANARY, LIST, MISSING, VERSIONS = "canary", "list", "missing", "versions"
TITLES: Mapping[str, str] = {
    CANARY: "the canary's answer",
    LIST: "the list",
    MISSING: "the answer about what is not there",
    VERSIONS: "the list of versions",
}
_FINE = frozenset({200})
_VERSION_LIST = parse_shape({"": "list", "[]": "object", "[].version": "string"})
_GENERAL_VERSION_HEADERS = ("API-Version", "X-API-Version", "Api-Supported-Versions")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of one call. `statuses`: of the answers that `shape` is about; empty for any."""

    call: str
    shape: Shape
    statuses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What is expected of a kind of service, by call: the types of fields by their path.

    `version_header`: in which it says the version it answered in. `version`: the one our code is written for.
    `version_in`: what finds our version in the path of a call, where there is a list of those offered.
    """

    canary: Mapping[str, str] = field(default_factory=dict)
    page: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    version_header: str = ""
    version: str = ""
    version_in: re.Pattern[str] | None = None


def contract_of(resource_type: str, resource: Mapping[str, Any]) -> Contract:
    """Return what is expected of a service; nothing of one that is not known."""
    return _CONTRACTS.get(kind_in(resource_type, resource), Contract())


def calls_in(resource_type: str, resource: Mapping[str, Any]) -> list[tuple[Expectation, Request]]:
    """Return what is asked beside the canary, each with what is expected of the answer."""
    known, contract = calls_of(kind_in(resource_type, resource)), contract_of(resource_type, resource)
    found: list[tuple[Expectation, Request]] = []
    if known.page is not None and contract.page:
        found.append((Expectation(LIST, parse_shape(contract.page), _FINE), known.page(resource, 1)))
    if known.missing is not None:
        expected = Expectation(MISSING, parse_shape(contract.missing), known.refused_with)
        found.append((expected, known.missing(resource)))
    if known.versions is not None:
        found.append((Expectation(VERSIONS, _VERSION_LIST, _FINE), known.versions(resource)))
    return found


def canary_expectation(resource_type: str, resource: Mapping[str, Any]) -> Expectation:
    """Return what is expected of the canary's answer."""
    shape = parse_shape(contract_of(resource_type, resource).canary)
    return Expectation(CANARY, shape, _FINE if shape else frozenset())


def own_version(contract: Contract, path: str) -> str:
    """Return the version of the API in the path of a call that our code makes; "" if it names none."""
    found = contract.version_in.search(path) if contract.version_in else None
    return found[1] if found else ""


def version_of(contract: Contract, headers: Mapping[str, str]) -> str:
    """Return the version an answer says it is in; "" if it does not say."""
    names = (contract.version_header,) if contract.version_header else _GENERAL_VERSION_HEADERS
    told = next((headers[name] for name in names if headers.get(name)), "")
    return told if re.fullmatch(r"[\w.,; -]{1,80}", told) else ""


_STRIPE_VERSION = "2026-10-28.endive"
_STRIPE = Contract(
    canary={"": "object", "livemode": "boolean"},
    page={
        "": "object",
        "data": "list",
        "data[]": "object",
        "data[].id": "string",
        "data[].email": "string|null",
        "data[].name": "string|null",
        "data[].phone": "string|null",
        "data[].created": "integer",
        "data[].livemode": "boolean",
        "data[].metadata": "object",
        "has_more": "boolean",
    },
    missing={"": "object", "error": "object", "error.type": "string", "error.message": "string"},
    version_header="Stripe-Version",
    version=_STRIPE_VERSION,
)

_CONTRACTS: Mapping[str, Contract] = {
    "stripe": _STRIPE,
    "customers/stripe": _STRIPE,
    "customers/hubspot": Contract(
        canary={
            "": "object",
            "results": "list",
            "results[]": "object",
            "results[].usageLimit": "integer",
            "results[].currentUsage": "integer",
            "results[].resetsAt": "string",
        },
        missing={"": "object", "status": "string", "message": "string", "category": "string"},
    ),
    "customers/salesforce": Contract(
        canary={
            "": "object",
            "DailyApiRequests": "object",
            "DailyApiRequests.Max": "integer",
            "DailyApiRequests.Remaining": "integer",
        },
        page={
            "": "object",
            "totalSize": "integer",
            "done": "boolean",
            "records": "list",
            "records[]": "object",
            "records[].Id": "string",
        },
        missing={"": "list", "[]": "object", "[].errorCode": "string", "[].message": "string"},
        version_in=re.compile(r"/services/data/v(\d+\.\d)/"),
    ),
    "slack": Contract(
        canary={"": "object", "ok": "boolean", "team_id": "string"},
        missing={"": "object", "ok": "boolean", "error": "string"},
    ),
    "twilio": Contract(
        canary={"": "object", "sid": "string", "status": "string"},
        page={
            "": "object",
            "messages": "list",
            "messages[]": "object",
            "messages[].sid": "string",
            "messages[].status": "string",
            "messages[].to": "string|null",
            "messages[].from": "string|null",
            "messages[].body": "string|null",
            "messages[].direction": "string",
            "messages[].date_created": "string|null",
            "next_page_uri": "string|null",
        },
        missing={"": "object", "code": "integer", "message": "string", "status": "integer"},
    ),
    "sendgrid": Contract(
        canary={"": "object", "scopes": "list", "scopes[]": "string"},
        missing={
            "": "object",
            "errors": "list",
            "errors[]": "object",
            "errors[].message": "string",
            "errors[].field": "string|null|absent",
        },
    ),
    "resend": Contract(
        canary={"": "object"},
        missing={"": "object", "statusCode": "integer", "name": "string", "message": "string"},
    ),
    "github": Contract(
        canary={
            "": "object",
            "resources": "object",
            "resources.core": "object",
            "resources.core.limit": "integer",
            "resources.core.remaining": "integer",
        },
        missing={"": "object", "message": "string"},
        version_header="X-GitHub-Api-Version-Selected",
        version="2022-11-28",
    ),
    "vessey": Contract(
        canary={"": "object", "data": "list", "data[]": "object", "data[].vessel_id": "string"},
        missing={"": "object", "error": "object", "error.code": "string", "error.message": "string"},
    ),
    "graphql": Contract(
        canary={"": "object", "data": "object"},
        missing={"": "object", "errors": "list", "errors[]": "object", "errors[].message": "string"},
    ),
    "s3": Contract(
        canary={"": "object", "ListBucketResult": "list", "ListBucketResult[].IsTruncated": "list"},
        missing={"": "object", "Error": "list", "Error[].Code": "list"},
    ),
    "jwt_issuer": Contract(
        canary={"": "object", "keys": "list", "keys[]": "object", "keys[].kty": "string"},
    ),
}
