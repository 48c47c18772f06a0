"""A customer that no target can have: what a look-up answers for it is how absence looks there."""

from __future__ import annotations

import secrets

from f.records.rows.row import Row


def never_made(row: Row) -> Row:
    """Return a row like this one with an address and an id that nobody has."""
    nobody = f"never-made-{secrets.token_hex(8)}"
    record = {**row.record, "email": f"{nobody}@example.com", "external_id": nobody}
    return Row(row.line, [], record["email"], record)
