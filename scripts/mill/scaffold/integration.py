"""A new integration: the files it consists of, and the places that name every service.

The templates are working code for an API called Acme API; other words take the place of its name, and what
depends on the sign-in is filled in.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from mill.errors import MillError
from mill.scaffold.sign_in import SIGN_INS, Secret, SignIn

REGISTRY = "f/operate/services/registry.py"
HOUSE = "house.toml"
SOURCES = "scripts/mill/names/sources.py"
PLAIN = "tests/f/test_plain_python.py"
_NAME = re.compile(r"[a-z][a-z0-9]{1,19}")
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .&+-]{0,29}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{1,29}")
_WORDS = re.compile(r"Acme API|acme_type|acme|https://api\.acme\.example")
_FILES = {
    "folder.meta.yaml": "f/acme/folder.meta.yaml",
    "README.md": "f/acme/README.md",
    "get_item.py": "f/acme/get_item.py",
    "get_item.script.yaml": "f/acme/get_item.script.yaml",
    "client.py": "f/acme/api/client.py",
    "service.py": "f/operate/services/providers/acme.py",
    "twin.py": "scripts/mill/twins/services/acme.py",
    "run_file.yaml": "flows/acme.yaml",
    "test_script.py": "tests/f/acme/test_get_item.py",
    "test_twin.py": "tests/mill/twins/services/test_acme.py",
}
_FORM = "acme_type.resource-type.yaml"
_REQUIRED = """

def _required(resource: Mapping[str, Any], name: str) -> str:
    value = resource.get(name)
    if not isinstance(value, str) or not value.strip():
        raise FixSettings(f"The resource for {TITLE} has no {name}.", code="bad_settings")
    return value.strip()
"""


@dataclass(frozen=True, slots=True)
class NewIntegration:
    """What is asked for. `resource_type`: its own by default; another may be one of Windmill's hub."""

    name: str
    title: str
    base_url: str = "https://api.example.com"
    auth: str = "bearer_token"
    resource_type: str = ""

    def files(self, root: Path) -> dict[Path, str]:
        """Return the files to write, by path: the new ones, and those that name every service.

        Raises MillError if a word cannot be used, if it is taken, or if this repository has no such place.
        """
        self._check()
        way = SIGN_INS[self.auth]
        made = {
            root / self._said(path): self._said(_filled(_template(name), way))
            for name, path in _FILES.items()
        }
        made |= {root / self._said(path): self._said(text) for path, text in _resources(way)}
        if self._makes_type:
            made[root / self._said(_FORM)] = self._said(_filled(_template("resource_type.yaml"), way))
        for file in [root / "f" / self.name, *made]:
            if file.exists():
                raise MillError(f"{file.relative_to(root)} is there already: choose another name.")
        return {**made, **self._registered(root, way)}

    @property
    def type_name(self) -> str:
        """The resource type."""
        return self.resource_type or self.name

    @property
    def _makes_type(self) -> bool:
        return self.type_name == self.name

    def _check(self) -> None:
        taken = keyword.iskeyword(self.name) or self.name in sys.stdlib_module_names
        if not _NAME.fullmatch(self.name) or taken:
            raise MillError(
                f"{self.name!r} cannot be the name of an integration: it is one word of 2 to 20 lower-case "
                "letters and digits, such as pipedrive, and no name of Python's own."
            )
        if not _TITLE.fullmatch(self.title):
            raise MillError(
                f"{self.title!r} cannot be a title: at most 30 letters, digits, spaces and .&+- of them."
            )
        if not _TYPE.fullmatch(self.type_name):
            raise MillError(
                f"{self.type_name!r} cannot be a resource type: lower-case letters, digits and _."
            )
        if self.auth not in SIGN_INS:
            raise MillError(f"--auth is one of {', '.join(SIGN_INS)}, and not {self.auth!r}.")
        address = urlsplit(self.base_url)
        is_plain = re.fullmatch(r"[!#-\[\]-~]{1,60}", self.base_url) and not (
            address.query or address.fragment
        )
        if address.scheme != "https" or not address.hostname or not is_plain:
            raise MillError(
                f"--base-url {self.base_url!r} is no root of an API: it is like https://api.example.com/v1, "
                "of at most 60 characters."
            )

    def _said(self, text: str) -> str:
        words = {
            "Acme API": self.title,
            "acme_type": self.type_name,
            "acme": self.name,
            "https://api.acme.example": self.base_url.rstrip("/"),
        }
        return _WORDS.sub(lambda found: words[found[0]], text)

    def _registered(self, root: Path, way: SignIn) -> dict[Path, str]:
        """Return the files that name every service, with this one in them."""
        texts = {name: _text(root / name) for name in (REGISTRY, HOUSE, SOURCES, PLAIN)}
        if f'"{self.type_name}":' in texts[REGISTRY]:
            raise MillError(f"{REGISTRY} has a service for resources of the type {self.type_name} already.")
        places = [
            (REGISTRY, r"(?m)^_MODULES = \{\n(?:    .+\n)+", '    "acme_type": "acme",\n'),
            (HOUSE, r'(?m)^"f\.vessels" = .+\n', '"f.acme" = [["api"], ["."]]\n'),
            (
                HOUSE,
                r'(?m)^"f\.vessels\.watching" = .+\n',
                '"f.acme.api" = "Acme API: requests and replies."\n',
            ),
            (PLAIN, r"(?m)^CASES: .+\n", f"{_plain_case(way)}"),
            *((SOURCES, r"(?ms)^SOURCES: .+?(?=^\})", line) for line in _sources(way)),
        ]
        for name, place, line in places:
            texts[name] = _after(texts[name], place, self._said(line), name)
        texts[HOUSE] = _in_floor(texts[HOUSE], self.name)
        return {root / name: text for name, text in texts.items()}


def put_in_order(root: Path, files: Iterable[Path]) -> bool:
    """Sort imports and wrap lines, both of which go by how long a name is and how it is spelt.

    Returns False, and does nothing, if ruff is not installed.
    """
    if importlib.util.find_spec("ruff") is None:
        return False
    python = [str(file) for file in files if file.suffix == ".py"]
    for words in (("check", "--quiet", "--select", "I", "--fix"), ("format", "--quiet")):
        command = [sys.executable, "-m", "ruff", *words, *python]
        subprocess.run(command, cwd=root, check=False, capture_output=True)  # noqa: S603 - files of ours
    return True


def _filled(text: str, way: SignIn) -> str:
    """Put what depends on the sign-in into a template."""
    imported = sorted([way.authentication_class, "Integration", "RateLimit"])
    imported += ["resolve_url"] if way.resolves else []
    parts = {
        "{IMPORTED}": ", ".join(imported),
        "{FIELDS}\n": "".join(f"    {name}: str\n" for name in way.fields),
        "{AUTHENTICATION}": way.authentication,
        "{REQUIRED}\n": _REQUIRED if way.fields else "",
        "{LIVE_VARIABLES}": _live_variables(way),
        "{TWIN_DOC}": ", and tokens for whoever asks" if way.twin_token else "",
        "{GATE_ARGUMENT}": "\n        gate=_gate," if way.gate else "",
        "{TOKEN_ROUTE}": (
            '\n            Route("POST", "/oauth/token", "token", _token),' if way.twin_token else ""
        ),
        "{GATE}\n": way.gate,
        "{FORM_REQUIRED}": "".join(f"\n    - {name}" for name in way.fields) or " []",
        "{FORM_ORDER}": "".join(f"\n    - {name}" for name in way.fields),
        "{FORM_PROPERTIES}": "".join(_form_fields(way)),
        "{TEST_CREDENTIAL}": _test_credential(way),
        "{TEST_REFUSED}": (
            '        (lambda: integration_of({}), FixSettings, "bad_settings"),\n' if way.fields else ""
        ),
        "{TWIN_HEADERS}": way.twin_headers,
        "{TWIN_GATE_TEST}\n": _TWIN_GATE_TEST if way.gate else "",
    }
    for mark, said in parts.items():
        text = text.replace(mark, said)
    if way.gate:
        text = text.replace(
            "from typing import Any\n\nfrom pydantic",
            "from collections.abc import Mapping\nfrom typing import Any\n\nfrom pydantic",
        )
    if way.twin_token:
        text = text.replace("_CODES = {", '_ISSUED = "twin-access-token"  # protects nothing\n_CODES = {')
    return text


_TWIN_GATE_TEST = """

def test_who_has_no_credential_is_not_let_in(api: TwinClient) -> None:
    assert api.send("GET", "/items", headers={"Authorization": ""}).status == 401
"""


def _form_fields(way: SignIn) -> Iterator[str]:
    for secret in way.secrets:
        hidden = "\n      password: true" if secret.is_secret else ""
        about = "Best a secret variable." if secret.is_secret else "As the account page shows it."
        yield _form_field(secret.name, secret.title, f"{about}{hidden}")
    for name in way.plain:
        title = name.replace("_", " ").capitalize()
        yield _form_field(name, title, "Where tokens come from.")


def _form_field(name: str, title: str, about: str) -> str:
    return f"\n    {name}:\n      type: string\n      title: {title}\n      description: {about}"


def _test_credential(way: SignIn) -> str:
    given = {**{secret.name: '"twin"' for secret in way.secrets}}
    given |= dict.fromkeys(way.plain, "f\"{base_url or 'https://x.example'}/oauth/token\"")
    return "".join(f'        "{name}": {value},\n' for name, value in given.items())


def _live_variables(way: SignIn) -> str:
    paths = [f"`f/acme/{secret.name}`" for secret in way.secrets]
    return f" and the variable{'s' if len(paths) > 1 else ''} {' and '.join(paths)}" if paths else ""


def _resources(way: SignIn) -> Iterator[tuple[str, str]]:
    """Yield the templates of resources and variables, for practice and for real accounts."""
    for home, about in (
        ("mock", "The Acme API of this workspace's twins."),
        ("live", "Your account at Acme API."),
    ):
        value = [f"  {secret.name}: $var:f/acme/{secret.name}" for secret in way.secrets]
        value += [f"  {name}: {text if home == 'mock' else repr('')}" for name, text in way.plain.items()]
        value += ["  base_url: /twins/acme"] if home == "mock" else []
        lines = [
            f"description: {about}",
            "resource_type: acme_type",
            "value:" if value else "value: {}",
            *value,
        ]
        yield f"resources/{home}/f/acme/acme.resource.yaml", "\n".join([*lines, ""])
        for secret in way.secrets:
            yield (
                f"resources/{home}/f/acme/{secret.name}.variable.yaml",
                _variable(secret, is_mock=home == "mock"),
            )


def _variable(secret: Secret, *, is_mock: bool) -> str:
    if is_mock:
        about = f"What the twin of Acme API takes for a {secret.title.lower()}. It protects nothing."
        return f"description: {about}\nis_secret: false\nvalue: {secret.twin}\n"
    hidden = str(secret.is_secret).lower()
    return f"description: {secret.title} of your account at Acme API.\nis_secret: {hidden}\nvalue: ''\n"


def _sources(way: SignIn) -> Iterator[str]:
    for secret in way.secrets:
        source = ("Acme API", "", "the account's own page for keys")
        lines = "".join(f'        "{one}",\n' for one in source)
        yield f'    "f/acme/{secret.name}": Source(\n{lines}    ),\n'


def _plain_case(way: SignIn) -> str:
    given = [f'"{name}": "k"' for name in way.fields if name != "token_url"]
    given += ['"token_url": f"{plain.url}/token"'] if "token_url" in way.plain else []
    value = "".join(f"                {one},\n" for one in ['"base_url": plain.url', *given])
    return (
        '    "f/acme/get_item": (\n        case(\n            "f/acme/get_item",\n            item_id="c1",\n'
        f"            account=lambda plain: {{\n{value}            }},\n        ),\n"
        '        ("id", "c1"),\n    ),\n'
    )


def _template(name: str) -> str:
    folder = resources.files(__package__).joinpath("templates", "integration")
    return folder.joinpath(f"{name}.template").read_text("utf-8")


def _text(file: Path) -> str:
    if not file.is_file():
        raise MillError(f"There is no {file.name} here: `mill new integration` adds to a copy of Millwright.")
    return file.read_text("utf-8")


def _after(text: str, place: str, line: str, name: str) -> str:
    found = re.search(place, text)
    if found is None:
        raise MillError(f"{name} does not look as it should: add {line.strip()!r} to it by hand.")
    return text[: found.end()] + line + text[found.end() :]


def _in_floor(house: str, name: str) -> str:
    """Give the folder a place on the floor of the services."""
    floor = re.search(r'(?m)^    \["payments", [^\]]*', house)
    if floor is None:
        raise MillError(f"{HOUSE} does not look as it should: give f/{name} a floor by hand.")
    return f'{house[: floor.end()]}, "{name}"{house[floor.end() :]}'
