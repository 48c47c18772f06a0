"""Each trap that Windmill accepts is found; what reads the same and works is not."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.lint.run import our_checks
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import parse_yaml
from tests.mill.commands import mill
from tests.mill.lint.linting import FOLDER, FORM, codes, find, script
from tests.mill.trees import write_tree


@pytest.mark.parametrize(
    "signature",
    [
        "def main(a: str = '', b: int = 1, c: list[str] = [], d: dict = {}, e: str = os.sep):",
        "def main(day: date = date.today()):",
        "def main(slack: slack, ours: customer_api | None = None, file: S3Object | None = None):",
        "def main(mode: Literal['a', 'b'] = 'a', when: datetime.datetime | None = None, **rest):",
        "def main(\n    a: str,  # the (whole) name\n    b: str = '[]',\n):",
        "def main(a, b: bool = False, c: Optional[str] = None) -> list[dict[str, Any]]:",
    ],
)
def test_a_signature_windmill_reads_is_not_reported(tmp_path: Path, signature: str) -> None:
    code = f"import os\nfrom wmill import S3Object\n\n\n{signature}\n    pass\n"

    assert codes(tmp_path, script(code, **{"customer_api.resource-type.yaml": "description: A CRM."})) == []


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        ("def main(a: int = -1):", "WM101"),
        ("def main(a: int = 60 * 60):", "WM101"),
        ("def main(a: list = (1, 2)):", "WM101"),
        ("def main(a: str = f'{x}'):", "WM101"),
        ("def main(a: int = DEFAULT):", "WM101"),
        ("def main(*, a: int = 1):", "WM102"),
        ("def main(a: int, /):", "WM103"),
        ("async def main(a: int):", "WM104"),
        ("def main(\n    a: int,  # at most 10)\n):", "WM105"),
        ("def main(a: str = '('):", "WM105"),
        ("def main(a: Model):", "WM107"),
        ("def main(a: Data | None = None):", "WM107"),
        ("def main(a: Elsewhere):", "WM107"),
        ("def main(a: list[bool]):", "WM108"),
        ("def main(a: Literal[1, 2]):", "WM108"),
        ("def main(a: Literal['only']):", "WM108"),
        ("def main(a: Settings):", "WM109"),
        ("def main(a: Any):", "WM109"),
        ("def main(a: Alias):", "WM109"),
        ("def main (a: int):", "WM110"),
        ("def preprocessor(request: dict):\n    pass\ndef main(a: int):", "WM603"),
    ],
)
def test_a_signature_windmill_misreads_is_reported(tmp_path: Path, signature: str, code: str) -> None:
    head = """
        from dataclasses import dataclass
        from typing import Literal, TypedDict
        from f.a.models import Elsewhere

        DEFAULT = 1
        Alias = Literal["a", "b"]

        class Model(BaseModel): ...

        @dataclass(frozen=True)
        class Data: ...

        class Settings(TypedDict): ...
    """
    models = {"f/a/models.py": "class Elsewhere(BaseModel): ...\n", "f/a/models.script.yaml": FORM}
    text = textwrap.dedent(head) + f"\n{signature}\n    pass\n"

    assert codes(tmp_path, script(text, **models)) == [code]


def test_an_enum_behind_a_closing_bracket_in_column_one_is_reported(tmp_path: Path) -> None:
    enum = "class Colour(StrEnum): ...\n"

    assert codes(tmp_path, script(f"{enum}def main(\n    a: Colour,\n):\n    pass\n")) == ["WM106", "WM107"]
    assert codes(tmp_path, script(f"{enum}def main(\n    a: Colour):\n    pass\n")) == ["WM107"]


LIBRARY = {
    "f/lib/net.py": "import requests\n",
    "f/lib/net.script.yaml": FORM,
    "f/lib/folder.meta.yaml": FOLDER["f/a/folder.meta.yaml"],
}
LOCK = {"f/a/script.script.lock": "# py: 3.12\nrequests==2.0\nurllib3==2.0"}


@pytest.mark.parametrize(
    ("code", "files", "expected"),
    [
        ("import requests", {}, []),
        ("def main():\n    import requests", {}, ["WM202"]),
        ("def main():\n    import requests", LOCK, []),
        ("import requests\ndef main():\n    import urllib3", LOCK, []),
        ("# extra_requirements:\n# pyjwt==2.15.1\ndef main():\n    import jwt", {}, []),
        ("def main():\n    import jwt", {}, ["WM202"]),
        ("def main():\n    pass\nimport requests", {}, ["WM202"]),
        ("try:\n    import requests\nexcept ImportError:\n    pass", {}, ["WM202"]),
        ("if TYPE_CHECKING:\n    import requests", {}, []),
        ("def main():\n    import json", {}, []),
        ("from f.lib.net import x", LIBRARY, []),
        ("from f.lib import net", LIBRARY, ["WM201"]),
        ("def main():\n    from f.lib.net import x", LIBRARY, ["WM202"]),
        ("def main():\n    from f.lib.net import x", {**LIBRARY, **LOCK}, []),
        ("from f.lib.nothing import x", LIBRARY, ["WM204"]),
        ("import jwt", {}, ["WM205"]),
        ("def (", {}, ["WM001"]),
    ],
)
def test_imports_the_lock_would_miss_are_reported(
    tmp_path: Path, code: str, files: dict[str, str], expected: list[str]
) -> None:
    assert codes(tmp_path, script(f"{code}\n", **files)) == expected


def test_a_form_without_words_is_reported_by_input(tmp_path: Path) -> None:
    form = "summary: ''\nschema:\n  properties:\n    good: {description: Fine.}\n    bad: {type: string}\n"

    found = find(
        tmp_path, {"f/a/script.py": "def main(good, bad):\n    pass\n", "f/a/script.script.yaml": form}
    )

    assert [(finding.code, finding.line, finding.column) for finding in found] == [
        *(("WM301", 1, 1), ("WM302", 1, 1), ("WM303", 5, 5)),
    ]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"f/a/__init__.py": ""}, "WM702"),
        ({"f/a/Upper.py": "x = 1\n", "f/a/Upper.script.yaml": FORM}, "WM701"),
        ({"f/a/with-dash.py": "x = 1\n", "f/a/with-dash.script.yaml": FORM}, "WM701"),
        ({"f/a/settings.py": "x = 1\n", "f/a/settings.script.yaml": FORM}, "WM705"),
        ({"f/a/crm.resource.yaml": "resource_type: slack\nvalue: {token: $var:f/a/token}\n"}, "WM703"),
        ({"f/b/lib.py": "x = 1\n", "f/b/lib.script.yaml": FORM}, "WM704"),
        ({"f/a/lib.py": "x = 1\n"}, "WM003"),
        ({"f/a/night.schedule.yaml": "schedule: '0 2 * * *'\nscript_path: hub/1\n"}, "WM605"),
        (
            {"f/a/night.schedule.yaml": "schedule: 0 0 2 * * *\nscript_path: f/a/nothing\nis_flow: true\n"},
            "WM604",
        ),
        ({"f/a/hook.http_trigger.yaml": "script_path: f/a/nothing\n"}, "WM604"),
        ({"f/a/night.schedule.yaml": "script_path: [\n"}, "WM002"),
        ({"resources/live/f/a/t.variable.yaml": "is_secret: true\nvalue: hunter2\n"}, "WM801"),
        ({"resources/live/f/a/t.resource.yaml": "value: {password: hunter2}\n"}, "WM801"),
        ({"resources/live/f/a/t.resource.yaml": "value: {x: https://me:hunter2@example.com}\n"}, "WM801"),
        ({"flows/case.yaml": f"args: {{key: {'AKIA' + 'Z' * 16}}}\n"}, "WM801"),
        ({"resources/live/f/a/t.resource.yaml": "value: {password: $var:f/a/p, token: ''}\n"}, None),
        ({"resources/live/f/a/t.resource.yaml": "value: {api_key: <your key>}\n"}, None),
    ],
)
def test_misplaced_files_and_secrets_are_reported(
    tmp_path: Path, files: dict[str, str], code: str | None
) -> None:
    assert set(codes(tmp_path, files)) == ({code} if code else set())


NO_LOCK = "Missing lock for python3 script. Run 'wmill generate-metadata' to generate locks."


def test_wmills_own_lint_is_part_of_it(tmp_path: Path) -> None:
    schedule = "schedule: 0 0 2 * * *\nscript_path: f/a/script\nis_flow: false\nenabled: true\n"
    write_tree(tmp_path, {**FOLDER, **script("def main():\n    pass\n"), "f/a/night.schedule.yaml": schedule})

    done = mill("lint", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "f/a/night.schedule.yaml:1:1: WM000 / missing required property 'timezone'.",
        f"f/a/script.script.yaml:1:1: WM000 warning: {NO_LOCK}",
    ]
    assert done.stderr == "Found 1 problem and 1 warning.\n"


def test_findings_as_json_can_be_limited_to_a_path(tmp_path: Path) -> None:
    lock = {"f/a/script.script.lock": "# py: 3.12\n"}
    write_tree(tmp_path, {**FOLDER, **script("def main(a=-1):\n    pass\n"), **lock, "f/a/__init__.py": ""})

    done = mill("lint", "--json", "f/a/script.py", cwd=tmp_path)

    assert json.loads(done.stdout) == [
        {
            "file": "f/a/script.py",
            "line": 1,
            "column": 12,
            "code": "WM101",
            "message": "Windmill does not see the default -1 of a: left out, it arrives as None.",
            "remedy": "Write a literal, or take None and set the value in the body.",
            "severity": "error",
        }
    ]


def test_a_clean_workspace_passes(tmp_path: Path) -> None:
    lock = {"f/a/script.script.lock": "# py: 3.12\n"}
    write_tree(tmp_path, {**FOLDER, **script("def main():\n    pass\n"), **lock})

    done = mill("lint", cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "All checks passed.\n")


ANY_FLOW = """
    {schema: {properties: {file: {}}}, value: {modules: [{id: a, retry: {retry_if: {expr: '1'}},
     value: {type: branchall, input_transforms: {x: {type: javascript, expr: '1'}},
             branches: [{modules: [{id: b}]}]}}]}}
"""


def replacements(value: Any) -> Iterator[Any]:
    """The document with each of its values in turn replaced by one of another type."""
    yield from (None, "text", 7, ["text"], {"key": "text"})
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in replacements(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in replacements(item))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f/a/work__flow/flow.yaml", ANY_FLOW),
        (
            "f/a/night.schedule.yaml",
            "{schedule: 0 0 2 * * *, cron_version: v2, script_path: f/a/x, is_flow: true}",
        ),
        ("f/a/script.script.yaml", "{summary: S, schema: {properties: {file: {description: D}}}}"),
    ],
)
def test_yaml_of_any_shape_is_linted_without_a_traceback(tmp_path: Path, name: str, text: str) -> None:
    write_tree(tmp_path, {**FOLDER, **script("def main(file):\n    pass\n"), name: ""})

    for document in replacements(parse_yaml(text, name)):
        (tmp_path / name).write_text(json.dumps(document))
        assert all(finding.code for finding in our_checks(Workspace(tmp_path)))
