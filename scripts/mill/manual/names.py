"""docs/names.md and .env.example: every resource, variable and environment name, from templates and code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mill.api.storage.values import environment_name
from mill.manual.tables import table, written_by
from mill.names.aliases import ALIASES, fields_of, names_of
from mill.names.environment import GROUPS, JOB_NAMES, NAMES, PATTERNS, VARIABLES, Group
from mill.names.sources import how_to_get, vendor_of
from mill.repository.workspace import Item, Workspace

COMMAND = "mill docs names"
_OPENING = """\
Every name that a set-up has: resources, variables, environment. Credentials have three homes: in a Windmill
workspace they are variables, which resources refer to; for `mill resources push` they come from the
environment or from `.env`; for runs on this machine nothing is needed, as `resources/mock` has what the
twins take. `mill doctor` says what of this is missing, and where to get it.

`.env` lies beside `wmill.yaml` and is never committed; [.env.example](../.env.example) has these names
without values. The environment goes before `.env`. Two names of one thing with different values are
refused, as nobody can know which was meant.
"""
_ENV_OPENING = """\
# Names that `mill` reads from a file called .env beside wmill.yaml. Written by `mill docs names`.
#
# Copy it to .env, take the # away in front of what you have, and put the value behind the =.
# Nothing here is needed to run anything on this machine. `mill resources push` puts the credentials
# into a Windmill workspace, `mill doctor` says what is missing, docs/names.md explains each name.
# Never commit .env.
"""


@dataclass(frozen=True, slots=True)
class Templates:
    """What resources/mock and resources/live hold, by path."""

    mock: Mapping[str, Item]
    live: Mapping[str, Item]

    @classmethod
    def of(cls, workspace: Workspace, kind: str) -> Templates:
        """Return the templates of a kind: resource or variable."""
        mock, live = (
            {item.path: item for item in workspace.items(kind, workspace.root / "resources" / name)}
            for name in ("mock", "live")
        )
        return cls(mock, live)

    def paths(self) -> list[str]:
        """Return all paths, sorted."""
        return sorted({**self.mock, **self.live})

    def value(self, path: str) -> dict[str, object]:
        """Return the content of the template for a real account, else of the one for practice."""
        return (self.live.get(path) or self.mock[path]).value()


def files(workspace: Workspace) -> dict[Path, str]:
    """Return the page and the example, by file."""
    resources, variables = (Templates.of(workspace, kind) for kind in ("resource", "variable"))
    return {
        workspace.root / "docs" / "names.md": "\n".join(_page(resources, variables)),
        workspace.root / ".env.example": "\n".join(_example(variables)),
    }


def _page(resources: Templates, variables: Templates) -> Iterator[str]:
    yield "# Names\n"
    yield written_by(COMMAND)
    yield _OPENING
    yield "## Credentials\n"
    yield "By who gives them. `mill resources push` takes the first of the names that is there.\n"
    yield from table(
        ("From", "Variable", "In the environment", "What it is, and where to get it"),
        (
            (
                vendor_of(path),
                f"`{path}`",
                _coded(names_of(path)),
                f"{variables.value(path)['description']} {how_to_get(path)}",
            )
            for path in _by_vendor(_asked(variables))
        ),
    )
    yield "## Resources\n"
    yield (
        "Those of `resources/live` are for real accounts, those of `resources/mock` for practice; where both "
        "have a path, scripts and schedules need no change between the two.\n"
    )
    yield from table(
        ("Path", "Type", "For", "What it is", "Fields that the environment can give"),
        (_resource_row(path, resources) for path in resources.paths()),
    )
    yield from _other_variables(variables)
    yield from _environment()


def _resource_row(path: str, resources: Templates) -> tuple[str, ...]:
    value = resources.value(path)
    homes = [name for name, there in (("live", resources.live), ("mock", resources.mock)) if path in there]
    given = [f"`{target.partition('#')[2]}`: {_coded(names_of(target))}" for target in fields_of(path)]
    return (
        f"`{path}`",
        f"`{value['resource_type']}`",
        " and ".join(homes),
        str(value.get("description", "")),
        "; ".join(given),
    )


def _other_variables(variables: Templates) -> Iterator[str]:
    yield "## Other variables\n"
    yield (
        "No credential of yours: what the templates for practice hold, and what scripts read if a workspace "
        "has it. The last column says how to set one for a run of `mill`.\n"
    )
    asked = set(_asked(variables))
    rows = {
        path: str(variables.value(path).get("description", ""))
        for path in variables.paths()
        if path not in asked
    }
    rows |= {path: f"{text} Optional." for path, text in VARIABLES.items()}
    yield from table(
        ("Variable", "What it is", "In the environment"),
        ((f"`{path}`", rows[path], f"`{environment_name(path)}`") for path in sorted(rows)),
    )


def _environment() -> Iterator[str]:
    yield "## Environment\n"
    yield "Every other name that a script or `mill` reads.\n"
    for group, title in GROUPS.items():
        yield f"### {title}\n"
        head = ("Name", "What it is for") if group != "mill" else ("Name", "What it is for", ".env too")
        yield from table(head, _environment_rows(group))


def _environment_rows(group: Group) -> Iterator[Sequence[str]]:
    shown = {**NAMES, **{one.shown: one.name for one in PATTERNS}}
    for name, about in sorted(shown.items()):
        if about.group == group:
            row = (_coded(name.split(", ")), about.text)
            yield row if group != "mill" else (*row, "yes" if about.in_env_file else "no")
    if group == "jobs":
        for name, text in JOB_NAMES.items():
            yield f"`{name}`", text


def _example(variables: Templates) -> Iterator[str]:
    yield _ENV_OPENING
    groups: dict[str, list[str]] = defaultdict(list)
    for path in _by_vendor(_asked(variables)):
        groups[vendor_of(path)].append(path)
    written: set[str] = set()
    for vendor, paths in groups.items():
        yield f"# {vendor}"
        for target in _targets(paths):
            names = names_of(target)
            name = next((one for one in names if one in ALIASES), names[0])
            if name not in written:
                written.add(name)
                yield f"#   {_about(target, variables)}"
                yield f"#{name}="
        yield ""
    yield "# mill itself"
    for name, about in sorted(NAMES.items()):
        if about.group == "mill" and about.in_env_file:
            yield f"#   {about.text}"
            yield f"#{name}="
    yield f"#   {PATTERNS[1].name.text}"
    yield "#MILL_DATA_TABLE_MAIN="
    yield ""


def _targets(paths: Sequence[str]) -> Iterator[str]:
    """Yield variables, and with them the fields of the resources that lie beside them."""
    yield from paths
    vendors = {vendor_of(path) for path in paths}
    for target in sorted({target for targets in ALIASES.values() for target in targets if "#" in target}):
        if _vendor_of_field(target) in vendors:
            yield target


def _vendor_of_field(target: str) -> str:
    name = names_of(target)[0]
    beside = {"AWS": "S3", "S3": "S3", "CRM": "CRM", "JWT": "JSON Web Tokens", "GRAPHQL": "GraphQL API"}
    first = name.split("_")[0]
    return beside.get(first, first.capitalize())


def _about(target: str, variables: Templates) -> str:
    path, _, field = target.partition("#")
    return f"{field} of the resource {path}." if field else str(variables.value(path)["description"])


def _asked(variables: Templates) -> list[str]:
    """Return the variables of real accounts whose value somebody has to give."""
    return [path for path, item in variables.live.items() if not item.value().get("value")]


def _by_vendor(paths: Sequence[str]) -> list[str]:
    return sorted(paths, key=lambda path: (vendor_of(path).casefold(), path))


def _coded(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
