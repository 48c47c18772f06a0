"""What a person chose, checked one by one before it is kept. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast, get_args

from f.connect.errors import FixInput
from f.customers.validation.countries import default_country_of
from f.desk.drafts.draft import OnDuplicate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.desk.drafts.draft import Settings

_LONGEST = 255
_MOST_COLUMNS = 16_384
_TEXTS = ("encoding", "delimiter", "sheet", "default_country", "target")
_MEANINGS = {
    "has_header": "true, false, or null to have it found out",
    "header_row": "a line of the file from 1 on, or null to have it found out",
    "mapping": "a field for each column, by the column's title",
    "on_duplicate": "skip, update or fail",
    "max_bad_share": "a share from 0 to 1",
}


def with_choices(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return settings with some of them changed. Raises FixInput: bad_settings, unknown_country."""
    for name, value in changes.items():
        if name not in settings:
            raise FixInput(f"There is no setting {name[:40]!r} of an import.", code="bad_settings")
        if not _fits(name, value):
            meaning = _MEANINGS.get(name, f"text of at most {_LONGEST} characters")
            raise FixInput(f"The setting {name} has to be {meaning}.", code="bad_settings")
    chosen = cast("Settings", {**settings, **changes})
    default_country_of(chosen["default_country"])
    return chosen


def _fits(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str) and len(value) <= _LONGEST
    if name == "has_header":
        return value is None or isinstance(value, bool)
    if name == "header_row":
        return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)
    if name == "on_duplicate":
        return value in get_args(OnDuplicate)
    if name == "max_bad_share":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(cast("float", value)) and 0 <= cast("float", value) <= 1
    return (
        isinstance(value, dict)
        and len(value) <= _MOST_COLUMNS
        and all(isinstance(field, str) and len(field) <= _LONGEST for field in value.values())
    )
