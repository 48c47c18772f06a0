"""Where variables and resources come from, and what survives."""

from __future__ import annotations

import os

import pytest

from mill.api.storage.values import Resource, Variable
from mill.errors import MillError
from tests.mill.api.stage import Stage


def test_the_environment_wins_over_the_env_file_over_what_jobs_set_over_the_template(stage: Stage) -> None:
    path, name = "f/crm/api-token", "MILL_VAR_F_CRM_API_TOKEN"
    stage.template("variable", path, "template")
    url = f"/api/w/local/variables/update/{path}"
    with stage.serve() as api:
        assert api.get_variable(path) == "template"
        assert stage.post(url, {"value": "set"}, token=True).status == 200
        assert api.get_variable(path) == "set"
    stage.write(".env", f"# mine\nexport {name}='from file'\nOTHER=1\n")
    with stage.serve() as api:
        assert api.get_variable(path) == "from file"
    with stage.serve(environment={name: "from environment"}) as api:
        assert api.get_variable(path) == "from environment"
        refused = stage.post(url, {"value": "x"}, token=True)
    assert (refused.status, refused.text) == (
        409,
        f"Variable {path} is set by {name}: unset that to let jobs change it.",
    )


def test_what_jobs_set_survives_the_session_and_is_private(stage: Stage) -> None:
    fields = {"path": "f/a/state", "value": {"cursor": [1, None, "é"]}, "resource_type": "state"}
    with stage.serve():
        assert stage.post("/api/w/local/resources/create", fields, token=True).status == 201
        assert stage.post("/api/w/local/resources/create", fields, token=True).status == 400
    with stage.serve() as api:
        assert api.get_resource("f/a/state") == fields["value"]
    assert (stage.state / "mill.sqlite").stat().st_mode & 0o077 == 0


def test_a_template_that_changes_is_read_again(stage: Stage) -> None:
    stage.template("resource", "f/a/r", {"n": 1})
    with stage.serve() as api:
        assert api.get_resource("f/a/r") == {"n": 1}
        file = stage.template("resource", "f/a/r", {"n": 2})
        os.utime(file, ns=(1, 1))
        assert api.get_resource("f/a/r") == {"n": 2}


@pytest.mark.parametrize(
    ("kind", "path", "value", "words"),
    [
        ("resource", "f/a/circle", {"self": "$res:f/a/circle"}, "refers to itself"),
        ("resource", "f/a/r", {"t": "$var:f/a/none"}, "There is no variable f/a/none."),
        ("resource", "f/a/r", {"t": ["$res:f/a/nine"]}, "There is no resource f/a/nine."),
        ("variable", "f/a/number", 7, "is not text"),
    ],
)
def test_a_value_that_cannot_be_given_is_explained(
    stage: Stage, kind: str, path: str, value: object, words: str
) -> None:
    stage.template(kind, path, value)
    with stage.serve() as api, pytest.raises(MillError) as caught:
        (api.get_resource if kind == "resource" else api.get_variable)(path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "path", ["f/a/../../../secret", "../../secret", "f/" + "x" * 5000, "f/a\0b", "f/../../../outside"]
)
def test_a_path_never_leads_out_of_the_templates(stage: Stage, path: str) -> None:
    stage.write("secret.resource.yaml", {"value": "outside"})
    with stage.serve() as api, pytest.raises(MillError, match="There is no resource"):
        api.get_resource(path)


def test_a_broken_template_is_named_with_line_and_column(stage: Stage) -> None:
    stage.write("resources/mock/f/a/r.resource.yaml", "value: [1\n")
    with stage.serve() as api, pytest.raises(MillError, match=r"r\.resource\.yaml:\d+:\d+: "):
        api.get_resource("f/a/r")


def test_no_value_shows_in_a_repr() -> None:
    assert "hidden" not in repr([Variable("f/a/v", "hidden"), Resource("f/a/r", {"key": "hidden"})])
