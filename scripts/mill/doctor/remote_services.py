"""The services that a workspace has resources for: whether each has all it refers to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mill.doctor.accounts import GROUP, Account, variables_of
from mill.doctor.finding import Finding
from mill.names.sources import how_to_get
from mill.repository.workspace import Item

_PLACEHOLDER = re.compile(r"\bexample\.(?:com|org)\b|^C0{6,}$")
_REFERENCE = re.compile(r"\$var:([\w/.-]+)")
_MOST = 4
# Fields of the hub's resource types without which a resource is of no use.
_NEEDED = {"s3": ("bucket", "region"), "graphql": ("base_url",)}

Listing = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the workspace has: variables and resources by path, types by name."""

    variables: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Mapping[str, Any]]
    types: frozenset[str]


def examine_services(accounts: Sequence[Account], seen: Seen) -> Iterator[Finding]:
    """Yield a line for each service of which the workspace has something, and one for the others."""
    untouched = []
    for account in accounts:
        lines = list(examine_account(account, seen))
        yield from lines
        if not lines and account.variables:
            untouched.append(account)
    if untouched:
        names = ", ".join(account.vendor for account in untouched)
        text = f"not set up, which is right for what you do not use: {names}"
        yield Finding(GROUP, f"{len(untouched)} services", "unused", text)


def examine_account(account: Account, seen: Seen, *, in_full: bool = False) -> Iterator[Finding]:
    """Yield a line for each resource that is there; `in_full` also for those that are not."""
    for item in account.resources:
        own = set(account.own(item)) & seen.variables.keys()
        if item.path not in seen.resources:
            if own:
                text = f"{item.path} is not there, though its variable is"
                yield Finding(
                    GROUP, account.vendor, "missing", text, f"mill resources push {item.path}", item.path
                )
            elif in_full:
                yield Finding(GROUP, account.vendor, "unused", f"{item.path} is not there")
            continue
        faults = list(_faults(item, seen))
        for text, remedy in faults:
            yield Finding(GROUP, account.vendor, "missing", text, remedy, item.path)
        if not faults:
            yield Finding(GROUP, account.vendor, "ok", f"{item.path} is there, with all it refers to")


def _faults(item: Item, seen: Seen) -> Iterator[tuple[str, str]]:
    """Yield what a resource of the workspace lacks, and what mends it."""
    value = seen.resources[item.path].get("value") or {}
    referred = _REFERENCE.findall(json.dumps(value)) if value else variables_of(item)
    for path in referred:
        variable = seen.variables.get(path)
        if variable is None:
            text = f"{item.path} refers to the variable {path}, which is not there"
            yield text, f"{how_to_get(path)} Then: mill resources push {path}"
        elif not variable.get("is_secret") and not variable.get("value"):
            yield f"the variable {path} is empty", f"{how_to_get(path)} Put it into the variable {path}."
    open_fields = [*_empty(item, value), *_placeholders(value)]
    if open_fields:
        text = f"{item.path} is not filled in: {', '.join(open_fields)}"
        yield text, f"In Windmill, Resources > {item.path}: fill in {', '.join(open_fields)}."


def _empty(item: Item, value: Mapping[str, Any]) -> Iterator[str]:
    needed: Sequence[str] = _NEEDED.get(str(item.value().get("resource_type")), ())
    if isinstance(value, dict) and value:
        yield from (name for name in needed if not value.get(name))


def _placeholders(value: Any, at: str = "") -> Iterator[str]:
    """Yield the fields that still hold what only a template says."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _placeholders(inner, f"{at}.{name}" if at else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = inner.get("name") if isinstance(inner, dict) else None
            yield from _placeholders(inner, f"{at}.{name or number}")
    elif isinstance(value, str) and _PLACEHOLDER.search(value):
        yield at


def by_path(listing: Listing) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a listing by their paths."""
    return {str(one.get("path")): one for one in listing}


def some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    return f"{', '.join(names[:_MOST])}{f' and {len(names) - _MOST} more' if len(names) > _MOST else ''}"
