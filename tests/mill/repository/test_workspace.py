from __future__ import annotations

from pathlib import Path

import pytest

from mill.errors import MillError
from mill.repository.workspace import Workspace, clean_path, nearest
from mill.repository.yaml_file import parse_yaml, read_mapping, read_yaml


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    files = {
        "wmill.yaml": "",
        "f/crm/fetch_orders.py": "def main():\n    return 1\n",
        "f/crm/fetch_orders.script.yaml": "summary: Fetch\ntimeout: 5\n",
        "f/crm/client.py": "x = 1\n",
        "f/crm/hello.ts": "",
        "f/crm/hello.script.yaml": "summary: x\n",
        "f/crm/import_all.flow/flow.yaml": "value: {modules: []}\n",
        "f/crm/import_all.flow/step.py": "def main(): ...\n",
        "u/ann/notify__flow/flow.yaml": "value: {modules: []}\n",
        "f/crm/api.resource.yaml": "value: {url: x}\nresource_type: crm\n",
        "f/crm/word.variable.yaml": "value: hello\n",
        "f/crm/nightly.schedule.yaml": "schedule: 0 0 * * *\n",
        "f/crm/hook.http_trigger.yaml": "route_path: hook\n",
        "f/crm/stream.kafka_trigger.yaml": "topics: []\n",
        "resources/mock/f/crm/other.resource.yaml": "value: {}\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return Workspace(tmp_path)


def test_the_workspace_is_the_nearest_wmill_yaml_upward(workspace: Workspace) -> None:
    assert Workspace.find(workspace.root / "f" / "crm").root == workspace.root


def test_outside_a_workspace_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MillError, match=r"No wmill\.yaml in .* Go into a Windmill repository"):
        Workspace.find(tmp_path)


def test_flows_are_found_in_both_ways_of_naming(workspace: Workspace) -> None:
    assert workspace.flows() == ["f/crm/import_all", "u/ann/notify"]
    assert workspace.flow("f/crm/import_all").folder.name == "import_all.flow"
    assert workspace.flow("u/ann/notify").folder.name == "notify__flow"


def test_only_what_is_synced_is_listed(workspace: Workspace) -> None:
    settings = "includes: ['f/**']\nexcludes: ['**/import_*/**', '**/*.kafka_trigger.yaml']\n"
    (workspace.root / "wmill.yaml").write_text(settings, "utf-8")
    assert workspace.flows() == []
    assert [item.path for item in workspace.triggers()] == ["f/crm/hook"]
    assert workspace.flow("u/ann/notify").path == "u/ann/notify"  # by name it can be run all the same


@pytest.mark.parametrize("part", ["f/crm/grid.app", "f/crm/grid__app", "f/crm/site__raw_app", "f/crm/x__mod"])
def test_the_parts_of_an_app_are_no_scripts(workspace: Workspace, part: str) -> None:
    folder = workspace.root / part
    folder.mkdir()
    (folder / "load.inline_script.py").write_text("def main():\n    return 1\n", "utf-8")
    assert workspace.scripts() == ["f/crm/fetch_orders"]


def test_scripts_have_metadata_or_a_main(workspace: Workspace) -> None:
    assert workspace.scripts() == ["f/crm/fetch_orders"]
    assert workspace.script("f/crm/fetch_orders").metadata() == {"summary": "Fetch", "timeout": 5}
    assert workspace.script("f/crm/client").metadata() == {}


def test_a_script_in_another_language_is_known_for_what_it_is(workspace: Workspace) -> None:
    script = workspace.script("f/crm/hello")
    assert script.file.name == "hello.ts"
    assert not script.is_python


def test_files_are_listed_by_kind_and_path(workspace: Workspace) -> None:
    assert [item.path for item in workspace.resources()] == ["f/crm/api"]
    assert workspace.resources()[0].value() == {"value": {"url": "x"}, "resource_type": "crm"}
    assert [item.path for item in workspace.resources(workspace.root / "resources" / "mock")] == [
        "f/crm/other"
    ]
    assert [item.path for item in workspace.variables()] == ["f/crm/word"]
    assert [item.path for item in workspace.schedules()] == ["f/crm/nightly"]
    assert {(item.kind, item.path) for item in workspace.triggers()} == {
        ("http_trigger", "f/crm/hook"),
        ("kafka_trigger", "f/crm/stream"),
    }


@pytest.mark.parametrize(
    ("kind", "path", "sentence"),
    [
        (
            "script",
            "f/crm/fetch_order",
            "There is no script f/crm/fetch_order. Did you mean f/crm/fetch_orders?",
        ),
        ("script", "f/wrong/fetch_orders", "Did you mean f/crm/fetch_orders?"),
        ("script", "f/crm/helo", "There is no script f/crm/helo. Did you mean f/crm/hello?"),
        ("script", "f/x/zzz", "There is no script f/x/zzz. The workspace has 2 scripts."),
        ("flow", "f/crm/import_al", "There is no flow f/crm/import_al. Did you mean f/crm/import_all?"),
        ("flow", "crm/import_all", "'crm/import_all' is not a Windmill path: it begins with f/ or u/"),
        ("script", "f/../x", "is not a Windmill path"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest(
    workspace: Workspace, kind: str, path: str, sentence: str
) -> None:
    with pytest.raises(MillError) as caught:
        getattr(workspace, kind)(path)
    assert sentence in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "spelled", ["f/a/b", "/f/a/b/", "f/a/b.py", "f/a/b.flow/flow.yaml", "f/a/b__flow/", "f/a/b.script.yaml"]
)
def test_a_path_may_be_spelled_as_the_shell_completes_it(spelled: str) -> None:
    assert clean_path(spelled) == "f/a/b"


def test_the_nearest_names_are_few_and_best_first() -> None:
    assert nearest("f/a/send", ["f/a/sent", "f/b/send", "f/c/other"]) == ["f/b/send", "f/a/sent"]


def test_yaml_is_read_as_version_1_2() -> None:
    text = "a: on\nb: no\nc: 2024-01-02\nd: 1_000\ne: 010\nf: true\ng: null\nh: !inline x.py\n"
    assert parse_yaml(text, "x") == {
        "a": "on",
        "b": "no",
        "c": "2024-01-02",
        "d": "1_000",
        "e": 10,
        "f": True,
        "g": None,
        "h": "!inline x.py",
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: expected a single document in the stream, but found another"),
        ("a: [1\nb: 2\n", "x.yaml:2:2: "),
        ("a: 1\na: 2\n", "x.yaml:2:1: "),
        ("\tx: 1\n", "x.yaml:1:1: "),
    ],
)
def test_broken_yaml_is_placed_by_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(MillError) as caught:
        read_yaml(file)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(MillError, match="cannot be read"):
        read_yaml(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(MillError, match="is not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")


def test_a_mapping_is_asked_for_and_an_empty_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("", "utf-8")
    assert read_mapping(tmp_path / "empty.yaml") == {}
    (tmp_path / "list.yaml").write_text("- 1\n", "utf-8")
    with pytest.raises(MillError, match=r"list\.yaml:1:1: holds list, a mapping is needed"):
        read_mapping(tmp_path / "list.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [1, *a]", "has no end"),
        ("&a {b: {c: [*a]}}", "has no end"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
    ],
)
def test_a_document_without_end_is_refused(text: str, said: str) -> None:
    with pytest.raises(MillError, match=said):
        parse_yaml(text, "a.yaml")


def test_what_is_repeated_by_an_alias_has_an_end() -> None:
    assert parse_yaml("a: &a [1]\nb: [*a, *a, {c: *a}]", "a.yaml") == {"a": [1], "b": [[1], [1], {"c": [1]}]}
