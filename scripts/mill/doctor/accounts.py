"""The accounts at services that the templates for real use ask for: what of their credentials is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mill.doctor.finding import Finding, Step
from mill.errors import MillError
from mill.names.aliases import given, names_of
from mill.names.sources import SOURCES, how_to_get, vendor_of
from mill.repository.workspace import Item, Workspace, hint

GROUP = "Services"
_VARIABLE = re.compile(r"\$var:([\w/.-]+)")


@dataclass(frozen=True, slots=True)
class Account:
    """All that is somebody's: the variables whose value they give, and the resources that these are for."""

    vendor: str
    variables: tuple[str, ...]
    resources: tuple[Item, ...]

    def own(self, item: Item) -> list[str]:
        """Return the variables of a resource that this vendor gives."""
        return [path for path in variables_of(item) if path in self.variables]

    def is_called(self, name: str) -> bool:
        """Return whether a person means this one: by its name, its folder, or a path of it."""
        name = name.strip("/").casefold()
        paths = [*self.variables, *(item.path for item in self.resources)]
        named = name in {self.vendor.casefold(), self.vendor.casefold().replace(" ", "_")}
        return named or any(f"{path}/".startswith((f"{name}/", f"f/{name}/")) for path in paths)


def variables_of(item: Item) -> list[str]:
    """Return the variables that a resource refers to."""
    return list(dict.fromkeys(_VARIABLE.findall(item.file.read_text("utf-8"))))


def accounts_of(workspace: Workspace) -> list[Account]:
    """Return the accounts that resources/live asks for, by name."""
    folder = workspace.root / "resources" / "live"
    asked = [item.path for item in workspace.variables(folder) if not item.value().get("value")]
    resources = workspace.resources(folder)
    vendors = sorted({vendor_of(path) for path in asked}, key=str.casefold)
    found = []
    for vendor in vendors:
        own = tuple(path for path in asked if vendor_of(path) == vendor)
        its = tuple(item for item in resources if set(variables_of(item)) & set(own))
        found.append(Account(vendor, own, its))
    grouped = {item.path for account in found for item in account.resources}
    rest: dict[str, list[Item]] = {}  # what needs no credential, by its own name
    for item in resources:
        if item.path not in grouped:
            rest.setdefault(item.path.rpartition("/")[2].capitalize(), []).append(item)
    return [*found, *(Account(name, (), tuple(items)) for name, items in rest.items())]


def chosen(accounts: Sequence[Account], name: str) -> list[Account]:
    """Return the accounts that a name means; MillError with the nearest ones if there is none."""
    found = [one for one in accounts if one.is_called(name)]
    if not found:
        known = [one.vendor for one in accounts]
        close = hint(name, known) or f" There are: {', '.join(known)}."
        raise MillError(f"No service is called {name}.{close}")
    return found


def examine(accounts: Sequence[Account], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a line for each account that somebody has begun to set up here, and one for the others."""
    untouched = []
    for account in accounts:
        lines = list(_here(account, environment))
        yield from lines
        if not lines:
            untouched.append(account.vendor)
    if untouched:
        text = (
            f"no credential here, and none needed: runs on this machine speak to twins ({_some(untouched)})"
        )
        yield Finding(GROUP, f"{len(untouched)} services", "unused", text)


def _here(account: Account, environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        got = {path: one.name for path in account.variables if (one := given(path, environment))}
    except MillError as error:
        yield Finding(GROUP, account.vendor, "missing", str(error), "Leave one of the names out.")
        return
    for item in account.resources:
        own = account.own(item)
        if not set(own) & got.keys():
            continue
        lacking = [path for path in variables_of(item) if given(path, environment) is None]
        if lacking:
            text = f"{item.path} still needs {' and '.join(_short(path) for path in lacking)}"
            yield Finding(GROUP, account.vendor, "warning", text, how_to_get(lacking[0]), _short(lacking[0]))
        else:
            text = f"{item.path} can be pushed, from {' and '.join(sorted({got[path] for path in own}))}"
            yield Finding(GROUP, account.vendor, "ok", text)


def describe(accounts: Sequence[Account], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a line for each credential of some accounts: whether it is here, under which names it may be."""
    for account in accounts:
        for path in account.variables:
            found = given(path, environment)
            names = " or ".join(reversed(names_of(path)))
            text = f"given as {found.name}" if found else f"not here: {names}"
            yield Finding(GROUP, path, "ok" if found else "unused", text)
        if not account.variables:
            yield Finding(GROUP, account.vendor, "ok", "needs no credential")


def how_to_set_up(
    accounts: Sequence[Account], environment: Mapping[str, str], there: set[str] | None = None
) -> Iterator[Step]:
    """Yield the steps from nothing to an account that works, but for what is here or `there` already."""
    for account in accounts:
        open_paths = [
            path
            for path in account.variables
            if path not in (there or set()) and given(path, environment) is None
        ]
        for path in open_paths:
            yield Step(how_to_get(path), f"{_short(path)}, for the variable {path}")
        items = [
            item for item in account.resources if there is None or set(open_paths) & set(account.own(item))
        ]
        if items:
            words = [item.path for item in items] + [path for item in items for path in variables_of(item)]
            yield Step(f"mill resources push {' '.join(dict.fromkeys(words))}", "the workspace gets them")
        yield Step(f"mill doctor {word(account)} --workspace", "and this says whether all of it is there")


def word(account: Account) -> str:
    """Return an account's name as it is written in a command."""
    return account.vendor.casefold().replace(" ", "_")


def _short(path: str) -> str:
    """Return the name that most people know a credential by."""
    names = names_of(path)
    return names[1] if len(names) > 1 else path if path in SOURCES else names[0]


def _some(names: Sequence[str], most: int = 4) -> str:
    return f"{', '.join(names[:most])}{', ...' if len(names) > most else ''}"
