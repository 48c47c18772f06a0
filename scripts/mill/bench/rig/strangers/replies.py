"""What strangers say: successes, refusals and errors in the shapes that real APIs have."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mill.bench.rig.strangers.messages import GATEWAY, PAGE, SIGN_IN, Reply

if TYPE_CHECKING:
    from mill.bench.rig.strangers.behaviour import Behaviour
    from mill.bench.rig.strangers.ledger import Record


def view(record: Record, b: Behaviour) -> dict[str, Any]:
    """Return a customer as the API shows it."""
    return {"id": _id(record, b), **record.values}


def created(record: Record, b: Behaviour, base: str) -> Reply:
    """Return the answer to a creation that was committed."""
    if b.success == "200_html":
        return Reply(200, PAGE)
    status = int(b.success[:3])
    headers = {"Location": f"{base}/customers/{record.id}"} if b.id_place == "location" else {}
    if b.success == "204" or b.success.endswith("_empty"):
        return Reply(status, None, headers)
    shown = view(record, b)
    bodies: Mapping[str, Any] = {
        "top": shown,
        "data": {"data": shown},
        "customer": {"customer": shown},
        "location": {"status": "created"},
        "none": {"status": "ok"},
    }
    return Reply(status, bodies[b.id_place], headers)


def no_commit(b: Behaviour, base: str) -> Reply | None:
    """Return the answer of an API that takes nothing and does not look like it."""
    if b.success in {"200_sign_in", "302_sign_in"}:
        return signed_out(b.success, base)
    if b.success == "200_refused":
        return Reply(200, {"success": False, "error": "the customer is on the suppression list"})
    return None


def signed_out(form: str, base: str) -> Reply:
    """Return the answer to somebody whose session is over."""
    if form == "302_sign_in":
        return Reply(302, b"", {"Location": f"{base}/login"})
    if form == "200_sign_in":
        return Reply(200, SIGN_IN)
    return Reply(401, {"error": "invalid_token"}, {"WWW-Authenticate": "Bearer"})


def exists(there: Record, b: Behaviour, number: int) -> Reply:
    """Return the answer to a second customer with an e-mail."""
    message = "a customer with this e-mail exists"
    match b.unique:
        case "409_existing_id":
            return Reply(
                409, {"error": {"code": "conflict", "message": message}, "existing_id": _id(there, b)}
            )
        case "409_request_id":
            return Reply(409, {"id": f"req_{number}", "error": {"code": "conflict", "message": message}})
        case "422_taken":
            return Reply(422, {"errors": {b.email_field: ["has already been taken"]}})
        case "400_exists":
            return Reply(400, {"error": {"code": "email_exists", "message": message}})
        case "200_existing":
            return Reply(200, view(there, b))
    return Reply(409, {"error": "conflict"})


def key_refused(why: str) -> Reply:
    """Return the answer to a key whose first write still runs, or came with other content."""
    if why == "running":
        return Reply(409, {"error": "idempotency_key_in_use"})
    return Reply(422, {"error": "idempotency_key_reused"})


def server_error(status: int, b: Behaviour) -> Reply:
    """Return an error, from the API or from a proxy before it."""
    headers = retry_after(b) if status in {429, 503} else {}
    if b.error_body == "html":
        return Reply(status, GATEWAY, headers)
    if b.error_body == "empty":
        return Reply(status, None, headers)
    return Reply(status, {"error": HTTPStatus(status).phrase}, headers)


def retry_after(b: Behaviour) -> dict[str, str]:
    """Return the header, if the API sends one."""
    return {"Retry-After": b.retry_after} if b.retry_after else {}


def _id(record: Record, b: Behaviour) -> str | int:
    return int(record.id) if b.id_form == "number" else record.id
