"""Files that want more than to be imported: their texts name secrets, which Windmill puts into arguments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.f.desk.importing.conftest import Desk, Refused
from tests.mill.twins.stage import TwinClient

pytestmark = pytest.mark.timeout(300)

SECRET = "what nobody may see"
REFERENCE = "$var:f/customers/secret_of_the_workspace"


@pytest.fixture(autouse=True)
def secret(desk: Desk) -> Iterator[None]:
    """A variable of the workspace, which must be in no object when the test has ended."""
    platform = desk.session.platform
    requests.post(
        f"{platform.url}/api/w/{platform.workspace_id}/variables/create",
        json={
            "path": REFERENCE.removeprefix("$var:"),
            "value": SECRET,
            "is_secret": True,
            "description": "",
        },
        headers={"Authorization": f"Bearer {platform.token}"},
        timeout=10,
    )
    yield
    objects = [file for file in (desk.session.state / "objects").rglob("*") if file.is_file()]
    assert objects
    assert not [file for file in objects if SECRET.encode() in file.read_bytes()]


def test_a_cell_that_names_a_variable_reaches_the_target_as_it_stands(desk: Desk, twin: TwinClient) -> None:
    text = f"name,email,city\n{REFERENCE},ada@example.com,$res:f/no/such\n{REFERENCE},bad,{REFERENCE}\n"
    draft_id = desk.begun(text, target=desk.target(twin), max_bad_share=0.5)
    done = desk.imported(draft_id)
    assert (done["state"], done["outcomes"]) == ("succeeded", {"created": 1, "invalid": 1})
    (customer,) = twin.get("/customers?email=ada@example.com").json["data"]
    assert (customer["name"], customer["city"]) == (REFERENCE, "$res:f/no/such")
    desk.call("verify_draft", draft=draft_id, rows="all")
    assert desk.ended(draft_id)["result"]["certificate"]["identical"] == 1
    assert {row["cells"][0] for row in desk.call("list_rows", draft=draft_id, view="all")["rows"]} == {
        REFERENCE
    }


@pytest.mark.parametrize("end", ["", ",reject_line,reject_outcome,reject_reason,reject_message,reject_hint"])
def test_a_title_that_names_a_variable_is_refused_with_its_column(desk: Desk, end: str) -> None:
    with pytest.raises(Refused, match=r"column 3 .*\$var:") as refused:
        desk.begun(f"name,email,{REFERENCE}{end}\nAda,ada@example.com,x{',' * end.count(',')}\n")
    assert refused.value.code == "reference_in_title"
