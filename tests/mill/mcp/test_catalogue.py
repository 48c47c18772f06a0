"""What an agent reads of the tools."""

from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from f.tools.effects import written
from mill.errors import MillError
from mill.mcp.catalogue import Catalogue, Selection, Traits, traits
from mill.mcp.server import described
from mill.repository.workspace import Workspace
from tests.mill.trees import REPOSITORY, write_tree

_SCHEMA = """
    summary: Send it
    description: Sends it to everybody.
    schema:
      type: object
      order: [to, slack, once_key]
      required: [to, slack]
      properties:
        once_key: {type: string, default: null}
        slack: {type: object, format: resource-slack, default: null, description: The bot.}
        to: {type: array, items: {type: string}, minItems: 1}
"""


def _tools(root: Path, files: dict[str, str], selection: Selection) -> dict[str, Any]:
    workspace = Workspace.find(write_tree(root, files))
    tools = Catalogue(workspace, selection, root / "resources/mock").tools()
    return {
        name: described(tool).model_dump(by_alias=True, exclude_none=True) for name, tool in tools.items()
    }


def test_a_form_becomes_a_closed_schema_in_the_forms_order_and_a_resource_its_path(tmp_path: Path) -> None:
    files = {
        "f/x/send.py": "def main(to: list[str], slack: dict, once_key: str = ''):\n    pass\n",
        "f/x/send.script.yaml": _SCHEMA,
        "resources/mock/f/x/bot.resource.yaml": "resource_type: slack\nvalue: {token: x}\n",
    }
    tool = _tools(tmp_path, files, Selection(("f/x",)))["send"]
    assert tool["title"] == "Send it"
    assert tool["description"] == "Send it. Sends it to everybody."
    schema = tool["inputSchema"]
    assert list(schema["properties"]) == ["to", "slack", "once_key"]
    assert schema["properties"]["slack"] == {
        "type": "string",
        "pattern": r"^\$res:[fu]/",
        "description": "The bot. The path of a resource.",
        "examples": ["$res:f/x/bot"],
    }
    assert schema["required"] == ["to", "slack"]
    assert schema["additionalProperties"] is False


def test_every_tool_of_this_repository_has_valid_schemas_a_title_and_a_description() -> None:
    workspace = Workspace.find(REPOSITORY)
    tools = Catalogue(workspace, Selection(), REPOSITORY / "resources/mock").tools()
    assert {"send_once", "effect_status", "find_customer"} <= set(tools)
    for tool in tools.values():
        Draft202012Validator.check_schema(tool.input_schema)
        if tool.output_schema is not None:
            Draft202012Validator.check_schema(tool.output_schema)
        assert tool.title
        assert tool.description.endswith(".")
        assert all(spec.get("description") for spec in tool.input_schema["properties"].values()), tool.name
    once, status = described(tools["send_once"]), described(tools["effect_status"])
    assert once.annotations is not None
    assert (once.annotations.read_only_hint, once.annotations.destructive_hint) == (False, False)
    assert once.annotations.idempotent_hint is True
    assert once.output_schema is not None
    assert once.output_schema["properties"]["status"]["enum"] == list(get_args(written.WriteStatus))
    assert status.annotations is not None
    assert status.annotations.read_only_hint is True
    assert status.output_schema is None


def test_two_scripts_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    main = "def main():\n    pass\n"
    files = {"f/x/go.py": main, "f/y/go.py": main, "f/y/stop.py": main}
    assert list(_tools(tmp_path, files, Selection(("f/x", "f/y")))) == ["f_x_go", "f_y_go", "stop"]


def test_a_script_named_twice_is_one_tool_and_a_flow_can_be_one(tmp_path: Path) -> None:
    files = {
        "f/x/go.py": "def main():\n    pass\n",
        "f/x/all__flow/flow.yaml": "summary: All of it\nvalue: {modules: []}\nschema: {type: object}\n",
    }
    tools = _tools(tmp_path, files, Selection(("f/x",), ("f/x/go",), ("f/x/all",)))
    assert list(tools) == ["all", "go"]
    assert tools["all"]["description"] == "All of it."


def test_an_edit_counts_at_the_next_look(tmp_path: Path) -> None:
    workspace = Workspace.find(write_tree(tmp_path, {"f/x/go.py": "def main():\n    pass\n"}))
    catalogue = Catalogue(workspace, Selection(("f/x",)), tmp_path / "resources/mock")
    before = catalogue.tools()
    assert catalogue.tools() is before
    write_tree(tmp_path, {"f/x/go.py": 'TOOL = {"title": "Go"}\n\n\ndef main():\n    pass\n'})
    assert catalogue.tool("go").title == "Go"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", Traits()),
        ('TOOL = {"title": "Look", "reads": True}', Traits("Look", reads=True, destroys=False, is_said=True)),
        (
            'TOOL: dict = {"title": "Remove", "destroys": True}',
            Traits("Remove", reads=False, destroys=True, is_said=True),
        ),
    ],
)
def test_what_a_script_says_of_itself_is_read_and_not_run(code: str, said: Traits) -> None:
    assert traits(f"raise SystemExit\n{code}\n", "f/x/go") == said


@pytest.mark.parametrize("code", ['TOOL = dict(title="Go")', 'TOOL = {"titel": "Go"}', 'TOOL = "Go"'])
def test_what_is_no_plain_data_is_refused(code: str) -> None:
    with pytest.raises(MillError, match="f/x/go: TOOL must be plain data with title, reads or destroys"):
        traits(code, "f/x/go")


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (Selection(("f/nothing",)), "There is no script in f/nothing. Name a folder such as f/tools."),
        (Selection(scripts=("f/x/og",)), "There is no script f/x/og. Did you mean f/x/go?"),
    ],
)
def test_what_is_not_there_is_said(selection: Selection, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(MillError) as refused:
        _tools(tmp_path, {"f/x/go.py": "def main():\n    pass\n"}, selection)
    assert str(refused.value) == sentence


def test_a_tool_whose_file_is_gone_is_not_there_though_it_was_called_before(tmp_path: Path) -> None:
    main = "def main():\n    pass\n"
    workspace = Workspace.find(write_tree(tmp_path, {"f/x/go.py": main, "f/x/stay.py": main}))
    catalogue = Catalogue(workspace, Selection(("f/x",)), tmp_path / "resources/mock")
    assert catalogue.tool("go").name == "go"
    (tmp_path / "f/x/go.py").unlink()
    with pytest.raises(MillError, match="There is no tool go"):
        catalogue.tool("go")
    assert catalogue.tool("stay").name == "stay"


def test_a_tool_that_is_new_can_be_called_before_it_was_listed(tmp_path: Path) -> None:
    main = "def main():\n    pass\n"
    workspace = Workspace.find(write_tree(tmp_path, {"f/x/go.py": main}))
    catalogue = Catalogue(workspace, Selection(("f/x",)), tmp_path / "resources/mock")
    assert list(catalogue.tools()) == ["go"]
    write_tree(tmp_path, {"f/x/come.py": main})
    assert catalogue.tool("come").name == "come"


@pytest.mark.parametrize(
    "template",
    [
        "resource_type: slack\nvalue: {token: x}\n",
        "value:\n  resource_type: other\nresource_type: slack # a bot\n",
        '{"resource_type": "slack", "value": {}}',
    ],
    ids=["usual", "comment", "json"],
)
def test_the_type_of_a_resource_is_found_however_it_is_written(template: str, tmp_path: Path) -> None:
    files = {
        "f/x/send.py": "def main(slack: dict):\n    pass\n",
        "f/x/send.script.yaml": _SCHEMA,
        "resources/mock/f/x/bot.resource.yaml": template,
    }
    schema = _tools(tmp_path, files, Selection(("f/x",)))["send"]["inputSchema"]
    assert schema["properties"]["slack"]["examples"] == ["$res:f/x/bot"]


def test_what_says_that_it_is_a_tool_is_kept_loaded_and_nothing_else(tmp_path: Path) -> None:
    main = "def main():\n    pass\n"
    files = {"f/x/go.py": f'TOOL = {{"title": "Go"}}\n\n\n{main}', "f/x/plain.py": main}
    workspace = Workspace.find(write_tree(tmp_path, files))
    catalogue = Catalogue(workspace, Selection(("f/x",)), tmp_path / "resources/mock")
    catalogue.tools()
    kept = [path for path in ("f/x/go", "f/x/plain", "f/x/other") if catalogue.is_made_as_tool(path)]
    assert kept == ["f/x/go"]
