"""`mill metadata` against the real Windmill CLI; packages come from an index on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.errors import MillError
from mill.metadata.regenerate import regenerate
from mill.repository.wmill_cli import WmillCli
from mill.repository.yaml_file import read_mapping
from tests.mill.commands import mill
from tests.mill.locks.package_index import serve_packages
from tests.mill.trees import write_tree

PACKAGES = {("alpha", "1.0"): ["beta"], ("beta", "1.0"): [], ("wmill", "1.0"): []}

TREE = {
    "f/lib/net.py": """
        import alpha
    """,
    "f/a/send_order.py": """
        from typing import Literal

        import wmill
        from f.lib.net import alpha


        def main(order_id: str, mode: Literal["fast", "slow"] = "fast", options: dict = {}) -> dict:
            return {}
    """,
    "f/a/ship__flow/flow.yaml": """
        summary: Ship
        value:
          modules:
            - id: pack
              value:
                type: rawscript
                content: '!inline pack.py'
                input_transforms: {}
                language: python3
            - id: choose
              value:
                type: branchone
                default:
                  - id: send
                    value:
                      type: script
                      input_transforms:
                        order_id:
                          type: static
                          value: '1'
                      path: f/a/send_order
                branches: []
        schema:
          type: object
          properties: {}
    """,
    "f/a/ship__flow/pack.py": """
        import beta


        def main():
            return 1
    """,
}


@pytest.fixture(autouse=True, scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with serve_packages(PACKAGES) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_DEFAULT_INDEX", url)
        patch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("uv")))
        patch.setenv("UV_NO_CONFIG", "1")
        yield


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A workspace that has no metadata yet."""
    return write_tree(tmp_path, TREE)


@pytest.fixture(scope="module")
def generated(index: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_tree(tmp_path_factory.mktemp("generated"), TREE)
    bring_up_to_date(root)
    return root


@pytest.fixture
def current(generated: Path, tmp_path: Path) -> Path:
    """A workspace whose metadata is up to date."""
    shutil.copytree(generated, tmp_path, dirs_exist_ok=True)
    return tmp_path


def bring_up_to_date(root: Path, *paths: str) -> list[str]:
    """Apply a regeneration; the files it changed."""
    changes = regenerate(root, paths)
    for change in changes:
        change.apply(root)
    return [str(change.path) for change in changes]


def inputs(root: Path) -> dict[str, Any]:
    schema = read_mapping(root / "f/a/send_order.script.yaml")["schema"]
    properties: dict[str, Any] = schema["properties"]
    return properties


def test_forms_locks_and_hashes_are_written_once(tree: Path) -> None:
    changed = bring_up_to_date(tree)

    assert changed == [
        *("f/a/send_order.script.lock", "f/a/send_order.script.yaml", "f/a/ship__flow/flow.yaml"),
        *("f/a/ship__flow/pack.lock", "f/lib/net.script.lock", "f/lib/net.script.yaml", "wmill-lock.yaml"),
    ]
    assert (
        tree / "f/a/send_order.script.lock"
    ).read_text() == "# py: 3.12\nalpha==1.0\nbeta==1.0\nwmill==1.0"
    assert (tree / "f/lib/net.script.lock").read_text() == "# py: 3.12\nalpha==1.0\nbeta==1.0"
    assert (tree / "f/a/ship__flow/pack.lock").read_text() == "# py: 3.12\nbeta==1.0"
    assert inputs(tree)["mode"]["enum"] == ["fast", "slow"]
    assert bring_up_to_date(tree) == []
    assert WmillCli(tree).run("lint", "--locks-required", "--fail-on-warn").exit_code == 0


def test_what_people_wrote_about_an_input_is_kept(current: Path) -> None:
    form = current / "f/a/send_order.script.yaml"
    text = form.read_text().replace("summary: ''", "summary: Send an order")
    text = text.replace("    order_id:\n      type: string\n      description: ''", ORDER_ID)
    form.write_text(text)

    bring_up_to_date(current)

    assert inputs(current)["order_id"] == {
        "type": "string",
        "title": "Order",
        "description": "Such as 4711.",
        "pattern": "^[0-9]+$",
        "default": None,
        "originalType": "string",
    }
    assert read_mapping(form)["summary"] == "Send an order"


ORDER_ID = """\
    order_id:
      type: string
      title: Order
      description: Such as 4711.
      pattern: ^[0-9]+$"""


def test_properties_of_a_plain_dict_are_lost(current: Path) -> None:
    form = current / "f/a/send_order.script.yaml"
    form.write_text(form.read_text().replace("properties: {}", "properties: {speed: {type: string}}"))

    bring_up_to_date(current)

    assert inputs(current)["options"]["properties"] == {}


def test_check_prints_the_difference_and_changes_nothing(current: Path) -> None:
    script = current / "f/a/send_order.py"
    script.write_text(script.read_text().replace('= "fast"', '= "slow"'))
    before = (current / "f/a/send_order.script.yaml").read_text()

    done = mill("metadata", "--check", cwd=current / "f" / "a")

    assert done.returncode == 1
    assert "--- f/a/send_order.script.yaml (as it is)" in done.stdout
    assert "-      default: fast\n+      default: slow\n" in done.stdout
    assert "run `mill metadata`" in done.stderr
    assert (current / "f/a/send_order.script.yaml").read_text() == before


def test_check_is_quiet_where_all_is_current(current: Path) -> None:

    done = mill("metadata", "--check", cwd=current)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Metadata is up to date.\n")


def test_a_form_edited_against_the_code_is_found_although_its_hash_is_fresh(current: Path) -> None:
    form = current / "f/a/send_order.script.yaml"
    form.write_text(form.read_text().replace("default: fast", "default: slow"))
    assert WmillCli(current).run("generate-metadata", "rehash").exit_code == 0

    changes = regenerate(current)

    assert {str(change.path) for change in changes} == {"f/a/send_order.script.yaml", "wmill-lock.yaml"}


def test_hashes_of_deleted_scripts_go(current: Path) -> None:
    for file in (current / "f/a").glob("send_order.*"):
        file.unlink()

    assert bring_up_to_date(current) == ["wmill-lock.yaml"]
    assert "send_order" not in (current / "wmill-lock.yaml").read_text()


def test_paths_limit_what_is_regenerated(tree: Path) -> None:
    changed = bring_up_to_date(tree, "f/lib")

    assert changed == ["f/lib/net.script.lock", "f/lib/net.script.yaml", "wmill-lock.yaml"]
    assert list(read_mapping(tree / "wmill-lock.yaml")["locks"]) == ["f/lib/net"]


@pytest.mark.parametrize("path", ["f/a/ship__flow/pack.py", "f/a/ship__flow"])
def test_a_flow_is_regenerated_by_its_folder_or_a_file_in_it(tree: Path, path: str) -> None:
    changed = bring_up_to_date(tree, path)

    assert changed == ["f/a/ship__flow/flow.yaml", "f/a/ship__flow/pack.lock", "wmill-lock.yaml"]


@pytest.mark.parametrize(
    ("path", "said"),
    [("f/nothing", "There is no f/nothing in the workspace"), ("..", "is not inside the workspace")],
)
def test_a_path_that_names_nothing_is_refused(tree: Path, path: str, said: str) -> None:
    with pytest.raises(MillError, match=said):
        regenerate(tree, [path])


def test_a_script_that_cannot_be_locked_leaves_everything_as_it_was(tree: Path) -> None:
    (tree / "f/lib/net.py").write_text("import jwt\n")

    done = mill("metadata", cwd=tree)

    assert done.returncode == 1
    assert done.stderr == (
        "mill: f/lib/net.py:1: Windmill would install a package called jwt for this import; "
        "write the right one behind it: `import jwt  # pin: PyJWT`.\n"
    )
    assert not (tree / "f/a/send_order.script.yaml").exists()


def test_packages_missing_from_requirements_lock_are_named_once(tree: Path) -> None:
    (tree / "requirements.lock").write_text("beta==1.0\nwmill==1.0\n")

    with pytest.raises(MillError) as caught:
        regenerate(tree)

    assert str(caught.value).startswith(
        "requirements.lock does not hold alpha, needed by f/a/send_order.py and 1 more."
    )


def test_other_languages_are_left_to_a_windmill_instance(tree: Path) -> None:
    (tree / "f/a/greet.bun.ts").write_text("export async function main() {}\n")

    with pytest.raises(MillError, match=r"f/a/greet is bun: mill locks Python only"):
        regenerate(tree)


def test_a_flow_that_only_is_written_otherwise_is_up_to_date(current: Path) -> None:
    file = current / "f/a/ship__flow/flow.yaml"
    file.write_text(f"# Kept by hand.\n{file.read_text()}".replace("'", '"'), encoding="utf-8")

    assert regenerate(current) == []
