"""HubSpot's search over contacts: filter groups, pages up to 10,000, and an index that lags behind.

https://developers.hubspot.com/docs/api-reference/search/guide
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mill.twins.services.hubspot.contacts import Contacts, shown
from mill.twins.services.hubspot.errors import VALIDATION_ERROR, RowError

_STRICT = ConfigDict(extra="forbid")
_LAST = 10_000


class Filter(BaseModel):
    """One condition. The operators are the ones an import looks things up with."""

    model_config = _STRICT

    propertyName: str  # noqa: N815 - HubSpot's name
    operator: Literal["EQ", "NEQ", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"]
    value: str | None = None
    values: Annotated[list[str], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _values_of_operator(self) -> Self:
        needed = {"EQ": (True, False), "NEQ": (True, False), "IN": (False, True), "NOT_IN": (False, True)}
        if (self.value is not None, self.values is not None) != needed.get(self.operator, (False, False)):
            raise ValueError(f"{self.operator} has the wrong one of `value` and `values`")
        return self

    @property
    def wanted(self) -> list[str]:
        """The value or values, as they are compared."""
        return [value.lower() for value in self.values or ([self.value] if self.value is not None else [])]

    def holds(self, properties: Mapping[str, str | None]) -> bool:
        """Return whether a contact meets the condition."""
        value = (properties.get(self.propertyName) or "").lower()
        if self.operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
            return bool(value) == (self.operator == "HAS_PROPERTY")
        return (value in self.wanted) == (self.operator in {"EQ", "IN"})


class FilterGroup(BaseModel):
    """Conditions that must all hold."""

    model_config = _STRICT

    filters: Annotated[list[Filter], Field(min_length=1, max_length=6)]


class Sort(BaseModel):
    """What the results are ordered by."""

    model_config = _STRICT

    propertyName: str  # noqa: N815 - HubSpot's name
    direction: Literal["ASCENDING", "DESCENDING"] = "ASCENDING"


class Search(BaseModel):
    """The body of a search. Of the groups one must hold."""

    model_config = _STRICT

    filterGroups: Annotated[list[FilterGroup], Field(max_length=5)] = []  # noqa: N815 - HubSpot's name
    sorts: Annotated[list[Sort | str], Field(max_length=1)] = []  # text is a property, ascending
    properties: list[str] = []
    limit: Annotated[int, Field(ge=0, le=200)] = 10
    after: Annotated[str, Field(pattern=r"^\d{1,9}$")] | int | None = None


def search(
    contacts: Contacts, query: Search, *, lag_seconds: float, clock: Callable[[], float]
) -> dict[str, Any]:
    """Return one page. Contacts created in the last `lag_seconds` are not in the index yet."""
    start = int(query.after or 0)
    if start + query.limit > _LAST:
        raise RowError(VALIDATION_ERROR, f"Search results are limited to {_LAST}: after + limit is above.")
    newest = clock() - lag_seconds
    found = []
    for contact_id in _candidates(contacts, query):
        body = contacts.get(contact_id)
        if body is None or datetime.fromisoformat(body["createdAt"]).timestamp() > newest:
            continue
        properties = {**body["properties"], "hs_object_id": str(contact_id)}
        groups = query.filterGroups
        if not groups or any(all(one.holds(properties) for one in group.filters) for group in groups):
            found.append((contact_id, body))
    for sort in query.sorts:
        name = sort if isinstance(sort, str) else sort.propertyName
        reverse = not isinstance(sort, str) and sort.direction == "DESCENDING"
        found.sort(key=lambda one: shown(one[0], one[1], [name])["properties"][name] or "", reverse=reverse)
    results = [
        shown(contact_id, body, query.properties, default=not query.properties)
        for contact_id, body in found[start : start + query.limit]
    ]
    page: dict[str, Any] = {"total": len(found), "results": results}
    if start + query.limit < len(found):
        page["paging"] = {"next": {"after": str(start + query.limit)}}
    return page


def _candidates(contacts: Contacts, query: Search) -> list[int]:
    """By an index where one condition of each group has one; else every contact."""
    ids: set[int] = set()
    for group in query.filterGroups:
        indexed = [
            found
            for one in group.filters
            if one.operator in {"EQ", "IN"}
            and (found := contacts.having(one.propertyName, one.wanted)) is not None
        ]
        if not indexed:
            return contacts.all_ids()
        ids.update(indexed[0])
    return sorted(ids) if query.filterGroups else contacts.all_ids()
