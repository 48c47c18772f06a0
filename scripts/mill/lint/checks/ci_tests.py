"""WM706: scripts that Windmill runs by itself after a deploy of what their first lines name.

    # test: script/f/folder/name            or several:     # test:
                                                            # flow/f/folder/**

https://www.windmill.dev/docs/advanced/ci_tests
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mill.lint.sources.finding import Finding, Place
from mill.repository.workspace import Workspace

_TEST = re.compile(r"#\s*test:\s*(\S+/\S+)?")
_TARGET = re.compile(r"#\s*((?:script|flow)/\S+)")
_PARTS = {"**": ".*", "*": "[^/]*"}


def check_ci_test(text: str, file: str, workspace: Workspace) -> Iterator[Finding]:
    """Yield a finding for each target that this workspace does not have."""
    for line, target in targets_of(text):
        kind, _, pattern = target.partition("/")
        known = workspace.scripts() if kind == "script" else workspace.flows()
        if kind not in {"script", "flow"}:
            what = f"The test names {target}, which is neither script/... nor flow/..."
        elif not any(_matches(pattern, path) for path in known):
            what = f"The test names {target}, and there is no such {kind} here."
        else:
            continue
        yield Place(file, line).find("WM706", what, "Name one that there is, such as script/f/folder/name.")


def targets_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the targets that the comments at the top of a script name, each with its line."""
    begun = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#"):
            return
        if found := _TEST.match(line):
            begun = True
            if found[1]:
                yield number, found[1]
        elif begun and (target := _TARGET.match(line)):
            yield number, target[1]


def _matches(pattern: str, path: str) -> bool:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.fullmatch("".join(_PARTS.get(part) or re.escape(part) for part in parts), path) is not None
