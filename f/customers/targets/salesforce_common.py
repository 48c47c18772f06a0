"""What the collections and the bulk jobs of Salesforce have in common. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from f.connect.errors import FixSettings
from f.records.rows.outcome import RowOutcome
from f.records.target.replies import explanation
from f.records.target.target import Target

_EXISTS = frozenset({"DUPLICATES_DETECTED", "DUPLICATE_VALUE"})
_LOCKED = frozenset({"UNABLE_TO_LOCK_ROW"})
_RECORD_ID = re.compile(r"\b003\w{12}(?:\w{3})?\b")
_ENDPOINT = re.compile(r"(?P<root>.*/services/data/v\d+\.\d)/sobjects/(?P<object>\w+)/?")


def places(target: Target) -> tuple[str, str]:
    """The root of the REST API and the object's name, out of the resource's endpoint."""
    parts = _ENDPOINT.fullmatch(target.endpoint)
    if parts is None:
        raise FixSettings(
            f"The resource's endpoint {target.endpoint!r} is not a Salesforce object. Give one like "
            "/services/data/v64.0/sobjects/Contact.",
            code="bad_settings",
        )
    return parts["root"], parts["object"]


def upsert_key(target: Target) -> str:
    """The field that tells an existing record: the external id, or the e-mail, which is an idLookup field."""
    return str(target.options.get("external_id_field") or "Email")


def failure_of(codes: set[str], errors: Sequence[Mapping[str, Any]], id: str | None) -> RowOutcome | None:
    """What a record's error codes mean; None: the record is refused on its merits."""
    if codes & _LOCKED:
        return RowOutcome.because("row_locked", explanation(errors))
    if codes & _EXISTS:
        named = {found for error in errors for found in _RECORD_ID.findall(str(error.get("message", "")))}
        return RowOutcome.because(
            "already_exists", explanation(errors), id=id or (named.pop() if len(named) == 1 else None)
        )
    return None
