"""What a script's lock holds, by the rules of Windmill's worker."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.locks.imports import ImportScan, Needs, Script
from mill.locks.resolve import Resolver, choose_python
from tests.mill.locks.package_index import serve_packages


def scan(
    code: str, modules: Mapping[str, str] | None = None, dependencies: Mapping[str, str] | None = None
) -> Needs:
    known = modules or {}
    script = Script("f/a/script", textwrap.dedent(code), "f/a/script.py")
    return ImportScan(known.get, dependencies or {}).run(script)


@pytest.mark.parametrize(
    ("code", "requirements"),
    [
        ("import requests", ["requests"]),
        ("import requests.adapters\nfrom requests import Session", ["requests"]),
        ("import json, os.path\nfrom __future__ import annotations", []),
        ("import email_validator", ["email-validator"]),
        (
            "import yaml\nfrom PIL import Image\nimport dateutil.parser",
            ["Pillow", "python-dateutil", "pyyaml"],
        ),
        ("import psycopg", ["psycopg[binary, pool]"]),
        ("from google.cloud.storage import Client", ["google-cloud-storage"]),
        ("import azure.mgmt.compute", ["azure-mgmt-compute"]),
        ("import zoneinfo, asyncore, distutils", []),
        ("def helper():\n    import requests", []),
        ("try:\n    import requests\nexcept ImportError:\n    pass", []),
        ("if True:\n    import requests", []),
        ("import pydantic\ndef main():\n    pass\nimport requests", ["pydantic"]),
        ("import pydantic\n@decorate\ndef main(x: int):\n    pass", ["pydantic"]),
        ("import pydantic\nasync def main():\n    pass", ["pydantic"]),
        ("import jwt  # pin: PyJWT==2.10.1", ["PyJWT==2.10.1"]),
        ("from dotenv import load_dotenv # repin: python-dotenv", ["python-dotenv"]),
        ("# requirements:\n# alpha==1\n# beta\nimport requests", ["alpha==1", "beta"]),
        ("#requirements:\nimport requests", []),
        ("# extra_requirements:\n# alpha==1\nimport requests", ["alpha==1", "requests"]),
        ("# extra_requirements:\n# requests==2\nimport requests", ["requests==2"]),
        ('# /// script\n# dependencies = ["alpha>=1"]\n# ///\nimport requests', ["alpha>=1"]),
    ],
)
def test_requirements_are_what_the_worker_finds(code: str, requirements: list[str]) -> None:
    assert scan(code).requirements == requirements


MODULES = {
    "f/lib/net": "import requests\nfrom f.lib.deep import x",
    "f/lib/deep": "from f.lib.net import y\nimport pydantic",
    "f/lib/pinned": "import requests  # pin: requests==2.0",
    "f/lib/declared": "# requirements:\n# alpha\nimport beta",
    "f/a/sibling": "import sibling_package",
}


@pytest.mark.parametrize(
    ("code", "requirements"),
    [
        ("from f.lib.net import x", ["pydantic", "requests"]),
        ("import f.lib.net", ["pydantic", "requests"]),
        ("from f.lib import net", []),
        ("from .sibling import x", ["sibling-package"]),
        ("from ..lib.deep import x", ["pydantic", "requests"]),
        ("import requests\nfrom f.lib.pinned import x", ["requests==2.0"]),
        ("import requests # repin: requests==1.0\nfrom f.lib.pinned import x", ["requests==1.0"]),
        ("import requests # pin: requests>1\nfrom f.lib.pinned import x", ["requests==2.0", "requests>1"]),
        ("from f.lib.declared import x", ["alpha"]),
        ("from f.lib.unknown import x", []),
    ],
)
def test_modules_of_the_workspace_are_followed(code: str, requirements: list[str]) -> None:
    assert scan(code, MODULES).requirements == requirements


def test_the_workspaces_own_requirements_govern_scripts_that_declare_none() -> None:
    files = {"default": "alpha==1  # why\n\n# comment\nbeta\n", "etl": "gamma"}

    assert scan("import requests", dependencies=files).requirements == ["alpha==1", "beta"]
    assert scan("# requirements: etl\nimport requests", dependencies=files).requirements == ["gamma"]
    assert scan("# extra_requirements: etl, default", dependencies=files).requirements == [
        *("alpha==1", "beta", "gamma")
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import jwt", "f/a/script.py:1: .* called jwt .*`import jwt  # pin: PyJWT`"),
        ("import os\nfrom google.protobuf import message", "f/a/script.py:2: .*# pin: protobuf"),
        ("from google.oauth2 import service_account", ".*`from google.oauth2 import .*# pin: google-auth`"),
        ("from google import genai", ".*called google .*`from google import genai  # pin: google-genai`"),
        ("import tomllib", "f/a/script.py:1: .*does not know that tomllib .* inside the function"),
        ("# é\nimport jwt  # pin: PyJWT", "f/a/script.py:2: .*not find a `# pin:` below a character"),
        ("import (", r"f/a/script.py:1:8: not valid Python"),
        ("# requirements: etl\n", "f/a/script.py:1: there are no workspace dependencies named etl"),
        (
            "# /// script\n# dependencies = [\n# ///",
            "f/a/script.py: the `# /// script` block is not valid TOML",
        ),
    ],
)
def test_a_script_the_worker_would_misread_is_refused(code: str, said: str) -> None:
    with pytest.raises(MillError, match=said):
        scan(code)


@pytest.mark.parametrize(
    ("header", "python"),
    [
        ("", "3.12"),
        ("# py: ==3.11.*\n", "3.11"),
        ("# py310\n", "3.10"),
        ("# py: >=3.11\n", "3.12"),
        ("# py: >=3.11\n# py_select_latest\n", "3.13"),
        ('# /// script\n# requires-python = "<3.12"\n# ///\n', "3.11"),
    ],
)
def test_the_python_version_is_windmills_unless_the_script_says_another(header: str, python: str) -> None:
    assert choose_python(scan(f"{header}import requests"), file="f/a/script.py") == python


def test_a_module_says_the_python_version_for_its_importers() -> None:
    needs = scan("from f.lib.old import x", {"f/lib/old": "# py311\nx = 1"})

    assert choose_python(needs, file="f/a/script.py") == "3.11"


def test_a_python_windmill_does_not_have_is_refused() -> None:
    with pytest.raises(MillError, match=r"f/a/script.py asks for Python >=3.14; Windmill has 3.10, 3.11"):
        choose_python(scan("# py: >=3.14\n"), file="f/a/script.py")


PACKAGES = {
    ("alpha", "1.0"): ["beta>=1", "windows-only ; sys_platform == 'win32'"],
    ("alpha", "2.0"): ["beta>=1"],
    ("beta", "1.0"): [],
    ("beta", "1.1"): [],
    ("gamma", "1.0"): ["beta[pool]"],
}


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with serve_packages(PACKAGES) as url:
        monkeypatch.setenv("UV_DEFAULT_INDEX", url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("uv")))
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        yield


@pytest.mark.usefixtures("index")
class TestResolution:
    def test_a_lock_is_the_python_version_and_exact_versions(self, tmp_path: Path) -> None:
        lock = Resolver(tmp_path).lock(Needs(["alpha", "gamma"]), file="f/a/script.py")

        assert lock == "# py: 3.12\nalpha==2.0\nbeta==1.1\ngamma==1.0"

    def test_a_script_without_packages_still_has_a_lock(self, tmp_path: Path) -> None:
        assert Resolver(tmp_path).lock(Needs(), file="f/a/script.py") == "# py: 3.12\n"

    def test_versions_are_those_of_requirements_lock(self, tmp_path: Path) -> None:
        pins = (
            "alpha==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\nbeta==1.0 \\\n    --hash=sha256:" + "1" * 64
        )
        (tmp_path / "requirements.lock").write_text(pins)

        lock = Resolver(tmp_path).lock(Needs(["alpha"]), file="f/a/script.py")

        assert lock == "# py: 3.12\nalpha==1.0\nbeta==1.0"

    def test_a_package_requirements_lock_does_not_hold_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "requirements.lock").write_text("beta==1.0\n")

        with pytest.raises(
            MillError, match=r"requirements.lock does not hold gamma, needed by f/a/script.py"
        ):
            Resolver(tmp_path).lock(Needs(["gamma"]), file="f/a/script.py")

    def test_a_conflict_is_explained_in_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(
            MillError, match=r"f/a/script.py: uv cannot lock alpha==1.0, alpha==2.0: Because you"
        ):
            Resolver(tmp_path).lock(Needs(["alpha==1.0", "alpha==2.0"]), file="f/a/script.py")
