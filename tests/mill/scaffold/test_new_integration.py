"""`mill new integration`: what it writes works as it is, and what it cannot use it refuses in a sentence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.scaffold.integration import HOUSE, REGISTRY, SOURCES, NewIntegration, put_in_order
from mill.scaffold.sign_in import SIGN_INS
from tests.mill.commands import mill
from tests.mill.scaffold.copies import SERVICE, TITLE, URL, clone, run
from tests.mill.trees import REPOSITORY


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def tree(copy: Path) -> Iterator[Path]:
    """The copy that the tests of this module share, without what another has written there."""
    yield copy
    for file in NewIntegration("other", TITLE, URL).files(copy):
        original = REPOSITORY / file.relative_to(copy)
        if original.exists():
            shutil.copyfile(original, file)
            forget(file)
    for made in sorted(copy.rglob(f"*{SERVICE}*"), reverse=True):
        for file in made.rglob("*.py") if made.is_dir() else [made]:
            forget(file)
        shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)


def forget(file: Path) -> None:
    """Remove the bytecode, which Python would take for that of another code of the same length and second."""
    compiled = Path(cache_from_source(str(file)))
    for one in compiled.parent.glob(f"{file.stem}.*.pyc"):
        one.unlink()


@pytest.mark.parametrize("auth", SIGN_INS)
def test_each_way_to_sign_in_makes_code_that_is_in_order_and_works(tree: Path, auth: str) -> None:
    made = NewIntegration(SERVICE, TITLE, URL, auth).files(tree)
    for file, text in made.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    assert put_in_order(tree, made)
    python = [str(file) for file in made if file.suffix == ".py"]
    run(tree, "ruff", "format", "--check", *python)
    run(tree, "ruff", "check", *python)
    tests = f"tests/f/{SERVICE}", f"tests/mill/twins/services/test_{SERVICE}.py"
    run(tree, "pytest", "-p", "no:cacheprovider", *tests)


@pytest.mark.parametrize("name", ["a", "Acme", "my_api", "api-1", "1api", "x" * 21, "../x", "json", "class"])
def test_a_name_that_no_module_can_have_is_refused(name: str) -> None:
    with pytest.raises(MillError, match="cannot be the name of an integration"):
        NewIntegration(name, "Acme").files(REPOSITORY)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": '"x'}, "cannot be a title"),
        ({"auth": "magic"}, "--auth is one of api_key, bearer_token, basic, oauth2, none"),
        ({"base_url": "api.example.com"}, "is no root of an API"),
        ({"base_url": "http://api.example.com"}, "is no root of an API"),
        ({"base_url": 'https://a"b.example.com'}, "is no root of an API"),
        ({"base_url": "https://api.example.com?key=1"}, "is no root of an API"),
        ({"resource_type": "No Type"}, "cannot be a resource type"),
        ({"resource_type": "slack"}, "has a service for resources of the type slack already"),
        ({"name": "vessels"}, r"f/vessels is there already: choose another name"),
        ({"name": "github"}, r"services/providers/github\.py is there already"),
    ],
)
def test_what_cannot_be_used_or_is_taken_is_said(changes: dict[str, str], said: str) -> None:
    asked = {"name": "acme", "title": "Acme", **changes}
    with pytest.raises(MillError, match=said):
        NewIntegration(**asked).files(REPOSITORY)


def test_a_type_of_the_hub_is_used_and_not_made_anew() -> None:
    files = NewIntegration("acme", "Acme", resource_type="hub_acme").files(REPOSITORY)
    assert not [file for file in files if file.name.endswith(".resource-type.yaml")]
    assert '    "hub_acme": "acme",\n}' in files[REPOSITORY / REGISTRY]
    assert "class hub_acme(TypedDict" in files[REPOSITORY / "f/acme/api/client.py"]
    live = files[REPOSITORY / "resources/live/f/acme/acme.resource.yaml"]
    assert "resource_type: hub_acme\n" in live


def test_it_stands_on_the_floor_of_the_services_and_its_secret_in_the_table_of_names() -> None:
    files = NewIntegration("acme", "Acme").files(REPOSITORY)
    assert '"graphql", "acme"],' in files[REPOSITORY / HOUSE]
    assert '"f.acme" = [["api"], ["."]]' in files[REPOSITORY / HOUSE]
    assert '    "f/acme/token": Source(' in files[REPOSITORY / SOURCES]


def test_another_repository_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "wmill.yaml").write_text("includes:\n  - f/**\n", "utf-8")
    done = mill("new", "integration", "acme", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "mill: There is no registry.py here: `mill new integration` adds to a copy of Millwright.\n"
    )
