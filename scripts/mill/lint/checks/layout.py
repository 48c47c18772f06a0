"""WM7: files that must not be where they are, and secrets that must not be anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mill.engine.definition.arguments import REFERENCES
from mill.lint.sources.document import Document, Keys, mapping
from mill.lint.sources.finding import Finding, Place, relative
from mill.repository.workspace import AREAS, Workspace, is_part

_MODULE_NAME = re.compile(r"[a-z_][a-z0-9_]*")

# Names under which `wmill sync` (1.819) expects files of the workspace itself, in whatever folder.
_TAKEN_NAMES = {"settings", "encryption_key"}

# Credentials with a shape of their own.
_SECRET = re.compile(
    r"""(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,} | whsec_[A-Za-z0-9+/=]{16,} | xox[abeprs]-[A-Za-z0-9-]{16,}
      | (?:AKIA|ASIA)[A-Z0-9]{16} | gh[oprsu]_[A-Za-z0-9]{30,} | github_pat_\w{30,} | glpat-[\w-]{18,}
      | SG\.[\w-]{16,}\.[\w-]{16,} | AIza[\w-]{35} | sk-[A-Za-z0-9_-]{32,} | AC[0-9a-f]{32}(?![0-9a-f])
      | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,} | -----BEGIN[A-Z ]*\ PRIVATE\ KEY-----
      | [a-z]+://[^\s/:@]+:[^\s/:@$]{3,}@""",
    re.VERBOSE,
)
_SECRET_KEY = re.compile(
    r"(?i)(^|_)(password|passwd|secret|token|api_key|apikey|private_key|secret_key|signing_key)$"
)
_NOT_A_VALUE = re.compile(r"\$(var|res|jsonvar):|!inline|<.*>|$")


def check_layout(workspace: Workspace) -> Iterator[Finding]:
    """Yield findings for names and places."""
    root = workspace.root
    files = (file for area in AREAS for file in sorted((root / area).rglob("*")) if file.is_file())
    folders: set[str] = set()
    for file in workspace.synced(files):
        yield from _file(file, root)
        area, *names = file.relative_to(root).parts[:-1]
        if area == "f" and names:
            folders.add(names[0])
    for name in sorted(folders):
        meta = root / "f" / name / "folder.meta.yaml"
        if not meta.is_file():
            yield Place(relative(meta, root)).find(
                "WM704",
                f"The folder f/{name} has no folder.meta.yaml.",
                "Run `wmill folder add-missing`.",
            )


def _file(file: Path, root: Path) -> Iterator[Finding]:
    place = Place(relative(file, root))
    if file.name == "__init__.py":
        yield place.find(
            "WM702", "Windmill would deploy this as a script.", "Delete it: imports work without."
        )
    elif file.suffix == ".py" and not is_part(file.relative_to(root)):
        if file.stem in _TAKEN_NAMES:
            yield place.find(
                "WM705",
                f"`wmill sync` takes {file.stem}.script.yaml for the {file.stem} of the whole workspace: "
                "changes of this form and lock are not deployed, and a pull empties the lock.",
                "Give the script another name.",
            )
        for part in (*file.parent.relative_to(root).parts, file.stem):
            if not _MODULE_NAME.fullmatch(part):
                yield place.find(
                    "WM701",
                    f"{part} cannot be imported by other scripts.",
                    "Use lowercase letters, digits and _.",
                )


def check_pushed(document: Document, kind: str, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a resource or variable in a folder that is pushed; `settings` are those of wmill.yaml."""
    data = mapping(document.data)
    skips = {"resource": "skipResources", "variable": "skipVariables"}[kind]
    if settings.get(skips):
        yield document.place().find(
            "WM703",
            f"No push sends this file: wmill.yaml says {skips}.",
            "Keep it elsewhere, as in resources/live, and create it with `mill resources push`.",
        )
    elif kind == "resource" and any(_open_secrets(data.get("value"))):
        yield document.place(("value",)).find(
            "WM703",
            "A push of this file overwrites the credential in the workspace with what stands here.",
            "Keep the credential in a variable: `$var:f/folder/name`.",
        )


def _open_secrets(value: Any) -> Iterator[str]:
    """Yield the names of credentials whose value is not a reference to a variable or resource."""
    if isinstance(value, dict):
        for key, item in value.items():
            is_reference = isinstance(item, str) and item.startswith(REFERENCES)
            if isinstance(item, str) and _SECRET_KEY.search(str(key)) and not is_reference:
                yield str(key)
            yield from _open_secrets(item)


def check_secrets(document: Document) -> Iterator[Finding]:
    """Yield values that look like credentials, at any depth."""
    data = document.data
    if isinstance(data, dict) and data.get("is_secret") and data.get("value"):
        yield document.place(("value",)).find(
            "WM801",
            "The value of a secret variable stands in this file.",
            "Remove it; the workspace keeps the value.",
        )
    yield from _secrets(document, data, ())


def _secrets(document: Document, value: Any, keys: Keys) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(document, item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(document, item, (*keys, index))
    elif isinstance(value, str) and (_SECRET.search(value) or _named_secret(keys, value)):
        yield document.place(keys).find(
            "WM801",
            f"{keys[-1]} holds what looks like a credential.",
            "Keep it in a variable: `$var:f/folder/name`.",
        )


def _named_secret(keys: Keys, value: str) -> bool:
    """Return whether it is plain text under a name like `password`, not in a schema or transform."""
    if {"schema", "properties", "input_transforms"} & set(keys) or not keys:
        return False
    named = isinstance(keys[-1], str) and _SECRET_KEY.search(keys[-1])
    return bool(named) and not _NOT_A_VALUE.match(value)
