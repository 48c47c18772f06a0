"""Rows as tests make them: of customers, without the checks that the form and the file go through."""

from __future__ import annotations

from collections.abc import Mapping

from f.records.rows.row import Row


def customer_row(line: int, name: str, email: str, fields: Mapping[str, str] | None = None) -> Row:
    """Return a customer's row that has passed its checks."""
    return Row(line, [], email.casefold(), {"name": name, "email": email, **(fields or {})})
