"""A new target: the files it consists of, and the two places that name it.

The templates are working code for an API called Acme CRM; other words take the place of its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from mill.errors import MillError

KINDS = "f/customers/targets/kinds.py"
FORM = "customer_api.resource-type.yaml"
# A module, a twin and a run file have this name; its length leaves the lines of the templates as they are.
_NAME = re.compile(r"[a-z][a-z0-9]{1,19}")
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .&+-]{0,29}")
_WORDS = re.compile(r"Acme CRM|Acme|acme|HAS_KEYS")
# Where each template goes.
_FILES = {
    "target.py": "f/customers/targets/acme.py",
    "twin.py": "scripts/mill/twins/services/acme.py",
    "resource.yaml": "resources/mock/f/customers/acme_twin.resource.yaml",
    "run_file.yaml": "flows/acme.yaml",
    "target_test.py": "tests/f/customers/test_acme.py",
    "twin_test.py": "tests/mill/twins/services/test_acme.py",
}
# In the code, the last kind of the table; in the form, the last of the choices and of their labels.
_LAST_KIND = re.compile(r"(?<=^KINDS = \{\n)(?:    .+\n)+", re.MULTILINE)
_LAST_CHOICE = re.compile(r"(?<=^      enum:\n)(?:        - \w+\n)+", re.MULTILINE)
_LAST_LABEL = re.compile(r"(?<=^      enumLabels:\n)(?:        \w+: .+\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NewTarget:
    """What is asked for: a name, what people read of it, and whether the API obeys idempotency keys."""

    name: str
    title: str
    has_keys: bool = False

    def files(self, root: Path) -> dict[Path, str]:
        """Return the files to write, by path: the new ones, and those that name every kind.

        Raises MillError if the name or the title cannot be used, if it is taken, or if this repository has
        no such place.
        """
        self._check()
        words = {
            "Acme CRM": self.title,
            "Acme": self.name.capitalize(),
            "acme": self.name,
            "HAS_KEYS": str(self.has_keys),
        }
        made = {root / _said(path, words): _said(_template(name), words) for name, path in _FILES.items()}
        for file in made:
            if file.exists():
                raise MillError(f"{file.relative_to(root)} is there already: choose another name.")
        return {**made, **self._registered(root)}

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise MillError(
                f"{self.name!r} cannot be the name of a target: it is one word of 2 to 20 lower-case letters "
                "and digits, such as pipedrive."
            )
        if not _TITLE.fullmatch(self.title):
            raise MillError(
                f"{self.title!r} cannot be a title: at most 30 letters, digits, spaces and .&+- of them."
            )

    def _registered(self, root: Path) -> dict[Path, str]:
        code, form = (_text(root / name) for name in (KINDS, FORM))
        if f'    "{self.name}": ' in code:
            raise MillError(f"{KINDS} names a kind {self.name} already.")
        title = self.title if re.fullmatch(r"[A-Za-z][\w .&+-]*", self.title) else f"'{self.title}'"
        code = _appended(code, _LAST_KIND, f'    "{self.name}": "{self.title}",\n', KINDS)
        form = _appended(form, _LAST_CHOICE, f"        - {self.name}\n", FORM)
        form = _appended(form, _LAST_LABEL, f"        {self.name}: {title}\n", FORM)
        return {root / KINDS: code, root / FORM: form}


def _template(name: str) -> str:
    return resources.files(__package__).joinpath("templates", f"{name}.template").read_text("utf-8")


def _said(text: str, words: Mapping[str, str]) -> str:
    return _WORDS.sub(lambda found: words[found[0]], text)


def _text(file: Path) -> str:
    if not file.is_file():
        raise MillError(f"There is no {file.name} here: `mill new target` adds to a copy of Millwright.")
    return file.read_text("utf-8")


def _appended(text: str, last: re.Pattern[str], line: str, name: str) -> str:
    """Return the text with a line behind the first place that matches."""
    found = last.search(text)
    if found is None:
        raise MillError(
            f"{name} does not look as it should: add {line.strip()!r} by hand where it lists kinds."
        )
    return text[: found.end()] + line + text[found.end() :]
