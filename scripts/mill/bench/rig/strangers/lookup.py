"""`GET /customers?email=...` in the ways APIs answer it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mill.bench.rig.strangers.messages import GATEWAY, SIGN_IN, Reply, Request

if TYPE_CHECKING:
    from mill.bench.rig.strangers.behaviour import Behaviour
    from mill.bench.rig.strangers.ledger import Ledger, Record

# A parameter that an API does not know is ignored, and everything is listed.
_PARAMETERS = ("email", "email_address", "q", "query", "search")


def look_up(ledger: Ledger, b: Behaviour, request: Request) -> Reply:
    """Return what a search finds."""
    always = {
        "none": Reply(405, {"error": "method not allowed"}, {"Allow": "POST"}),
        "always_404": Reply(404, {"error": "not found"}),
        "always_204": Reply(204),
        "html": Reply(200, SIGN_IN),
    }
    if reply := always.get(b.lookup):
        return reply
    dice = random.Random(f"{b.seed} look-up {request.number}")  # noqa: S311 - to repeat a run
    if dice.random() < b.lookup_errors:
        return Reply(503, GATEWAY)
    found = [_shown(record, b) for record in _matches(ledger, b, request)]
    if b.lookup == "object":
        return Reply(200, found[0]) if found else Reply(404, {"error": "customer not found"})
    if b.lookup == "none_204" and not found:
        return Reply(204)
    page = found[: b.lookup_page]
    bodies: Mapping[str, Any] = {
        "users": {"users": page, "count": len(page)},
        "items": {"data": {"items": page, "total": len(found)}},
        "list": page,
    }
    return Reply(200, bodies.get(b.lookup, {"data": page, "has_more": len(found) > len(page)}))


def _matches(ledger: Ledger, b: Behaviour, request: Request) -> list[Record]:
    visible = [record for record in ledger.records.values() if record.since <= request.at - b.lookup_lag]
    wanted = next((request.query[name] for name in _PARAMETERS if name in request.query), None)
    if wanted is None or b.lookup_matches == "everything":
        return visible
    fold = str if b.lookup_case == "sensitive" else str.casefold
    if b.lookup_matches == "containing":
        return [record for record in visible if fold(wanted) in fold(record.email)]
    return [record for record in visible if fold(record.email) == fold(wanted)]


def _shown(record: Record, b: Behaviour) -> dict[str, Any]:
    shown_id = int(record.id) if b.id_form == "number" else record.id
    if b.lookup_shows == "id":
        return {"id": shown_id, "href": f"/customers/{record.id}"}
    values = {name: value for name, value in record.values.items() if name != b.email_field}
    return {"id": shown_id, **values, b.lookup_email_field: record.email}
