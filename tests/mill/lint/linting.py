"""Workspaces in which a linter test has one thing to find."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from mill.lint.run import our_checks
from mill.lint.sources.finding import Finding
from mill.repository.workspace import Workspace
from tests.mill.trees import write_tree

FOLDER = {"f/a/folder.meta.yaml": "summary: A\ndisplay_name: A\nowners: []\nextra_perms: {}\n"}
FORM = """
    summary: A script
    description: Does it.
    lock: '!inline f/a/script.script.lock'
    schema:
      type: object
      properties: {}
"""


def find(root: Path, files: Mapping[str, str]) -> list[Finding]:
    """Our findings in a workspace that has nothing else to find."""
    return sorted(our_checks(Workspace(write_tree(root, {**FOLDER, **files}))))


def codes(root: Path, files: Mapping[str, str]) -> list[str]:
    return [finding.code for finding in find(root, files)]


def script(code: str, **others: str) -> dict[str, str]:
    """A script with a good form."""
    return {"f/a/script.py": code, "f/a/script.script.yaml": FORM, **others}


def flow(
    modules: str, *, settings: str = "", inputs: str = "file: {type: string, description: A file.}"
) -> str:
    """A flow.yaml; `modules` are written as they stand below `modules:`."""
    text = textwrap.indent(textwrap.dedent(modules).strip("\n"), "    ")
    extra = textwrap.indent(textwrap.dedent(settings).strip("\n"), "  ")
    form = f"schema:\n  type: object\n  properties:\n    {inputs}\n"
    return f"summary: A flow\ndescription: Does it.\nvalue:\n  modules:\n{text}\n{extra}\n{form}"


def flow_codes(root: Path, modules: str, *, settings: str = "") -> list[str]:
    return codes(root, {"f/a/work__flow/flow.yaml": flow(modules, settings=settings)})
