"""Door by field: an import means the same, whichever way it is started, and nothing that is given is dropped.

The doors: a JSON body or a raw body with a query, at the webhook and at the HTTP route; the real `wmill flow
run`; a run file; and the form, which hands arguments over as they are. Each field is followed to the flow's
inputs; those that decide what is sent, and where, are followed to a customer API on loopback.
"""

from __future__ import annotations

import base64
import json
import runpy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from f.connect.errors import FixInput
from f.customers.inputs.import_inputs import IMPORT_CSV, IMPORT_INBOX
from f.customers.inputs.posted_import import inputs_of
from f.records.report.continuation import arguments_for
from f.windmill.flow_inputs import Schema, check_inputs
from f.windmill.posted import read_event
from mill.api.server import LocalApi
from mill.commands.run import read_case
from mill.engine.jobs.approvals import Request as Question
from mill.ports import Completed, Resume, Target
from mill.repository.wmill_cli import Remote, WmillCli
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping
from mill.session import Session
from mill.terminal.inputs import check_inputs as check_case
from tests.loopback import Asked, Reply, serve
from tests.mill.api.stage import Stage

ROOT = Path(__file__).parents[3]
PATH = "f/customers/import_csv"
FLOW = Target("flow", PATH)
WEBHOOK = f"/api/w/local/jobs/run/f/{PATH}"
ROUTE = "/api/r/local/customers/import"
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
ROWS = "name,email\nAda,ada@example.com\n"
SOURCES = ("csv", "text", "file", "url")

# A value of each field, other than its default.
VALUES: dict[str, Any] = {
    "csv": base64.b64encode(ROWS.encode()).decode(),
    "text": ROWS,
    "file": {"s3": "inbox/customers.csv"},
    "url": "https://example.com/customers.csv?a=1&b=2",
    "sheet": "Contacts 2026",
    "api": "$res:f/customers/crm",
    "on_duplicate": "update",
    "dry_run": True,
    "ask_first": True,
    "apply_plan": "123456789012",  # digits, and yet text
    "default_country": "NO",
    "mapping": {"Contact": "name", "Internal": ""},
    "max_bad_share": 0.5,
    "on_too_many_bad": "ask",
    "batch_size": 7,
    "delay_between_batches": 0.5,
    "concurrency": 3,
    "parallel_jobs": 2,
    "chunk_rows": 50,
    "encoding": "cp1252",
    "delimiter": ";",
    "has_header": False,
    "header_row": 4,
    "corrections": {"cells": [[2, 1, "Ada L"]], "excluded": [3]},
    "park_after": 0,
    "journal": "$res:f/customers/import_journal",
    "resend_unknown": True,
    "verify": "sample",
    "resend_missing": True,
    "slack_webhook_url": "https://hooks.example.com/a",
    "webhook_url": "https://example.com/hook",
    "continues": "20261128-090000-1a2b3c4d",
}

# What no door takes for the field. Any text is text, so text fields have no such value in a query.
UNUSABLE: dict[str, Any] = {
    "file": {"name": "a.csv"},
    "on_duplicate": "overwrite",
    "dry_run": "maybe",
    "ask_first": "",
    "mapping": [1],
    "corrections": [1],
    "max_bad_share": 20,
    "on_too_many_bad": "stop",
    "batch_size": 2.5,
    "delay_between_batches": -1,
    "concurrency": "many",
    "parallel_jobs": 0,
    "chunk_rows": 100_001,
    "has_header": "2",
    "header_row": 0,
    "park_after": -5,
    "resend_unknown": "on",
    "verify": "some",
    "resend_missing": 7,
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The API without the engine: it notes the event that a preprocessor would get."""
    stage = Stage(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("state"))
    stage.jobs.functions[PATH] = lambda _: None
    route = {"script_path": PATH, "route_path": "customers/import", "is_flow": True, "raw_string": True}
    route |= {"workspaced_route": True}
    stage.trigger(PATH, **route, request_type="async")
    with stage.serve():
        yield stage
    stage.jobs.close()


def text_of(value: Any) -> str:
    """A value as it stands in a query."""
    return value if isinstance(value, str) else json.dumps(value)


def sent(door: str, given: Mapping[str, Any]) -> tuple[str, bytes, dict[str, str]]:
    """The request that carries these inputs through a door: path, body, headers.

    With a query, the pasted text is the body.
    """
    path = WEBHOOK if door.startswith("webhook") else ROUTE
    if door.endswith("json"):
        return path, json.dumps(given).encode(), JSON
    query = {name: text_of(value) for name, value in given.items() if name != "text"}
    windmills = {"raw": "true", "include_query": "nothing"} if path == WEBHOOK else {}
    return f"{path}?{urlencode(windmills | query)}", str(given.get("text", "")).encode(), CSV


def event_at(stage: Stage, door: str, given: Mapping[str, Any]) -> dict[str, Any]:
    path, body, headers = sent(door, given)
    stage.jobs.events.clear()
    reply = stage.send("POST", path, body, headers, token=True)
    assert reply.status == 201, reply.text
    (event,) = stage.jobs.events
    assert event is not None
    return dict(event)


def inputs_at(stage: Stage, door: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The flow's inputs, once its preprocessor and the check of its first step have had them."""
    inputs = dict(given) if door == "form" else inputs_of(read_event(event_at(stage, door, given)))
    check_inputs(json.dumps(inputs), IMPORT_CSV)
    return inputs


REQUESTS = ("webhook json", "webhook query", "route json", "route query")


@pytest.mark.parametrize("door", [*REQUESTS, "form"])
def test_every_field_arrives_with_its_value(stage: Stage, door: str) -> None:
    arrived = {}
    for name, value in VALUES.items():
        given = {name: value} if name in SOURCES else {"text": ROWS, name: value}
        arrived[name] = inputs_at(stage, door, given)
        assert arrived[name] == given
    assert arrived.keys() == IMPORT_CSV.keys()


@pytest.mark.parametrize("door", [*REQUESTS, "form"])
@pytest.mark.parametrize("field", UNUSABLE)
def test_a_value_that_cannot_be_used_is_refused_by_name(stage: Stage, door: str, field: str) -> None:
    with pytest.raises(FixInput, match=rf"^The input {field} must "):
        inputs_at(stage, door, {"text": ROWS, field: UNUSABLE[field]})


@pytest.mark.parametrize("door", [*REQUESTS, "form"])
@pytest.mark.parametrize(
    ("field", "said"),
    [("dryrun", "Did you mean dry_run?"), ("Api", "Did you mean api?"), ("zzz", "There are csv, text, file")],
)
def test_an_unknown_field_is_refused_with_the_nearest_name(
    stage: Stage, door: str, field: str, said: str
) -> None:
    with pytest.raises(FixInput, match=rf"^There is no input {field}\. ") as refused:
        inputs_at(stage, door, {"text": ROWS, field: True})
    assert said in str(refused.value)


@pytest.mark.parametrize("door", ["webhook json", "route json", "form"])
@pytest.mark.parametrize(
    "field", [name for name, declared in IMPORT_CSV.items() if declared["type"] == "string"]
)
def test_text_has_to_be_text(stage: Stage, door: str, field: str) -> None:
    with pytest.raises(FixInput, match=rf"^The input {field} must be text"):
        inputs_at(stage, door, {"text": ROWS, field: 5})


@pytest.mark.parametrize("door", REQUESTS)
@pytest.mark.parametrize(
    ("api", "resource"),
    [
        ("f/customers/crm", "$res:f/customers/crm"),
        ("$res:f/customers/crm", "$res:f/customers/crm"),
        ({"kind": "generic"}, {"kind": "generic"}),
    ],
)
def test_the_target_is_named_or_given_whole(stage: Stage, door: str, api: Any, resource: Any) -> None:
    assert inputs_at(stage, door, {"text": ROWS, "api": api})["api"] == resource


@pytest.mark.parametrize("door", REQUESTS)
@pytest.mark.parametrize(
    "given",
    [
        {"api": "f/sales/crm"},
        {"api": "$res:f/sales/crm"},
        {"api": "$var:f/customers/crm_token"},
        {"api": "crm"},
        {"api": "f/customers/../sales/crm"},
        {"api": {"authentication": {"token": "$var:f/customers/crm_token"}}},
        {"api": {"settings": {"x": ["$res:f/customers/crm"]}}},
        {"journal": "u/someone/database"},
        {"text": "$var:f/customers/crm_token"},
        {"url": "$res:f/customers/crm"},
        {"mapping": {"Contact": "$jsonvar:f/customers/a"}},
        {"file": {"s3": "$var:f/customers/crm_token"}},
        {"webhook_url": "$var:f/customers/hook"},
        {"dry_run": "$var:f/customers/yes"},
        {"none": "$encrypted:x"},
    ],
    ids=str,
)
def test_a_request_reads_no_other_resource_and_no_variable(
    stage: Stage, door: str, given: dict[str, Any]
) -> None:
    with pytest.raises(FixInput) as refused:
        inputs_of(read_event(event_at(stage, door, {"text": ROWS, **given})))
    assert refused.value.code in {"reference_refused", "not_this_folder"}
    assert "crm_token" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "body", "headers", "said"),
    [
        (ROUTE, b"{}", JSON, "JSON without fields"),
        (ROUTE, b"[1]", JSON, "The body is a list in JSON"),
        (ROUTE, b'"name,email"', JSON, "The body is a single value in JSON"),
        (ROUTE, b'{"text": "a"}', CSV, "JSON sent as text"),
        (ROUTE, ROWS.encode(), {"Content-Type": "application/x-www-form-urlencoded"}, "sent as a web form"),
        (WEBHOOK, ROWS.encode(), {"Content-Type": "application/x-www-form-urlencoded"}, "whose name is none"),
        (f"{ROUTE}?dry_run=true", b'{"text": "a", "dry_run": false}', JSON, "in the body and in the query"),
        (f"{ROUTE}?text=b", b"a", CSV, "The input text is in the body and in the query"),
    ],
)
def test_a_body_that_says_nothing_or_two_things_is_refused(
    stage: Stage, path: str, body: bytes, headers: dict[str, str], said: str
) -> None:
    stage.jobs.events.clear()
    assert stage.send("POST", path, body, headers, token=True).status == 201
    (event,) = stage.jobs.events
    assert event is not None
    with pytest.raises(FixInput) as refused:
        check_inputs(json.dumps(inputs_of(read_event(event))), IMPORT_CSV)
    assert said in str(refused.value)
    assert "ada@" not in str(refused.value)


def test_a_multipart_form_is_refused() -> None:
    """`mill serve` does not read one; Windmill puts its files into the storage and names them in a list."""
    event = {"body": {"file": [{"s3": "a"}]}, "headers": {"content-type": "multipart/form-data; boundary=x"}}
    with pytest.raises(FixInput, match="multipart form"):
        read_event(event)
    with pytest.raises(FixInput, match="The input file must be an object, not a list"):
        check_inputs(json.dumps(inputs_of(read_event({**event, "headers": {}}))), IMPORT_CSV)


def test_the_same_value_twice_is_no_contradiction(stage: Stage) -> None:
    stage.jobs.events.clear()
    stage.send("POST", f"{ROUTE}?dry_run=yes", b'{"text": "a", "dry_run": true}', JSON)
    (event,) = stage.jobs.events
    assert inputs_of(read_event(event or {})) == {"text": "a", "dry_run": True}


@pytest.mark.parametrize(
    ("flow", "declared"),
    [
        ("f/customers/import_csv", IMPORT_CSV),
        ("f/customers/import_inbox", IMPORT_INBOX),
        ("f/notify/import_and_tell", None),
    ],
)
def test_the_table_of_inputs_is_the_flows_own_schema(flow: str, declared: Schema | None) -> None:
    words = ("type", "enum", "minimum", "maximum", "contentEncoding")
    form = read_mapping(ROOT / f"{flow}__flow/flow.yaml")["schema"]["properties"]
    of_form = {
        name: {word: spec[word] for word in words if word in spec}
        | ({"format": spec["format"]} if str(spec.get("format")).startswith("resource-") else {})
        for name, spec in form.items()
    }
    step = ROOT / f"{flow}__flow/check_the_inputs.py"
    assert of_form == (declared if declared is not None else runpy.run_path(str(step))["INPUTS"])


def test_the_preprocessors_lock_has_what_its_libraries_need() -> None:
    """`mill metadata` locks a flow's steps, and not its preprocessor."""
    lock = (ROOT / f"{PATH}__flow/preprocessor.lock").read_text("utf-8")
    assert lock == (ROOT / "f/windmill/posted.script.lock").read_text("utf-8")


# From door to customer API: what was asked for is what happens.


@dataclass
class House:
    """The engine with its API, and a person who refuses what waits for approval."""

    session: Session
    folder: Path

    @property
    def api(self) -> LocalApi:
        assert isinstance(self.session.platform, LocalApi)
        return self.session.platform

    def request(self, door: str, given: Mapping[str, Any]) -> Completed:
        path, body, headers = sent(door, given)
        proof = {"Authorization": f"Bearer {self.api.token}", "X-API-Key": "local-import-key"}
        with urlopen(Request(self.api.url + path, body, headers | proof, method="POST")) as reply:
            completed = self.session.engine.wait(reply.read().decode())
        assert completed is not None
        return completed

    def wmill(self, _: str, given: Mapping[str, Any]) -> Completed:
        remote = Remote(self.api.url, self.api.workspace_id, self.api.token)
        done = WmillCli(ROOT).run(
            "flow", "run", PATH, "-s", "-d", json.dumps(given), remote=remote, cwd=self.folder
        )
        result = json.loads(done.stdout)
        return Completed("error" not in result, result)

    def run_file(self, _: str, given: Mapping[str, Any]) -> Completed:
        file = self.folder / "case.yaml"
        file.write_text(json.dumps({"flow": PATH, "args": given}))
        case = read_case(file)
        args = check_case(self.session.workspace, case.target, case.args, self.session.state)
        return self.session.run(case.target, args)

    def form(self, _: str, given: Mapping[str, Any]) -> Completed:
        return self.session.run(FLOW, given)


DOORS: dict[str, Callable[[House, str, Mapping[str, Any]], Completed]] = {
    **dict.fromkeys(REQUESTS, House.request),
    "wmill flow run": House.wmill,
    "run file": House.run_file,
    "form": House.form,
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    def refuse(_: Question) -> Resume:
        return Resume(1, approved=False)

    workspace, state = Workspace.find(ROOT), tmp_path_factory.mktemp("state")
    with Session(workspace, state, approver=refuse) as session:
        yield House(session, tmp_path_factory.mktemp("folder"))


@dataclass
class Effects:
    """What became of four imports through one door, and the customers that arrived by the first three."""

    dry_run: Completed
    apply_plan: Completed
    ask_first: Completed
    sent_too_early: list[Any]
    on_duplicate: Completed
    customers: list[Any]


def answer(asked: Asked) -> Reply:
    if asked.method == "GET":
        return Reply(404)
    return Reply(409, {"id": "c0"}) if "known" in str(asked.json.get("email")) else Reply(201, {"id": "c1"})


def effects_at(house: House, door: str) -> Effects:
    """Import through a door into an API of its own."""
    with serve(answer) as target:
        inputs = {
            # No list knows the column Zzz: that it is the name, only the mapping says.
            "text": "Zzz;email\nNew;new@example.com\nKnown;known@example.com\n",
            "api": {"kind": "generic", "base_url": target.url},
            "mapping": {"Zzz": "name"},
            "delimiter": ";",
        }

        def run(**more: Any) -> Completed:
            return DOORS[door](house, door, {**inputs, **more})

        def arrived() -> list[Any]:
            return [asked.json for asked in target.asked if asked.method == "POST"]

        first = run(dry_run=True), run(apply_plan="0" * 64), run(ask_first=True)
        early = arrived()
        return Effects(*first, early, run(on_duplicate="fail"), arrived())


@pytest.fixture(scope="module")
def effects(house: House) -> dict[str, Effects]:
    """All doors at once: most of the time of an import is waiting."""
    with ThreadPoolExecutor(len(DOORS)) as threads:
        return dict(zip(DOORS, threads.map(partial(effects_at, house), DOORS), strict=True))


@pytest.mark.parametrize("door", DOORS)
def test_what_is_asked_for_happens(effects: dict[str, Effects], door: str) -> None:
    seen = effects[door]
    assert seen.dry_run.success, seen.dry_run.result
    assert seen.dry_run.result["dry_run"] is True
    assert seen.dry_run.result["plan"]["counts"]["create"] == 2
    assert seen.dry_run.result["mapping"] == {"Zzz": "name", "email": "email"}
    assert (seen.apply_plan.success, seen.apply_plan.result["error"]["step_id"]) == (False, "gate")
    assert (seen.ask_first.success, seen.ask_first.result["error"]["name"]) == (False, "SuspendedDisapproved")
    assert seen.sent_too_early == []
    counts = seen.on_duplicate.result["counts"]
    assert (counts["created"], counts["rejected"]) == (1, 1)
    assert sorted(customer["name"] for customer in seen.customers) == ["Known", "New"]


@pytest.mark.parametrize("door", ["webhook json", "route json", "wmill flow run", "form"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dry_run": "false"}, 'The input dry_run must be true or false, not the text "false".'),
        ({"dryrun": True, "slack_webhook_url": 5}, "There is no input dryrun. Did you mean dry_run?"),
        ({"mapping": {"email": 5}}, "The mapping gives the column 'email' something that is not text."),
    ],
)
def test_what_cannot_be_used_fails_the_run_with_a_sentence(
    house: House, door: str, given: dict[str, Any], said: str
) -> None:
    completed = DOORS[door](house, door, {"text": ROWS, **given})
    assert not completed.success
    assert completed.result["error"]["name"] == "FixInput"
    assert completed.result["error"]["message"].startswith(said)


def test_a_reference_is_refused_though_windmill_has_replaced_it(house: House) -> None:
    """The event that the preprocessor gets has the variable's value in it already."""
    for door in REQUESTS:
        given = {"text": ROWS, "webhook_url": "$var:f/customers/import_api_key"}
        error = DOORS[door](house, door, given).result["error"]
        assert error["message"].startswith("The input webhook_url has a value that begins with $var:")
        assert "local-import-key" not in json.dumps(error)


def test_the_mock_is_the_target_if_none_is_named(house: House) -> None:
    completed = DOORS["route query"](house, "route query", {"text": ROWS, "dry_run": True})
    assert completed.result["target"] == "generic at the script f/customers/mock_customer_api"


def test_a_run_that_goes_on_with_parked_rows_passes_by_the_preprocessor(house: House) -> None:
    first = {**VALUES, "api": "$res:f/customers/mock_api", "journal": None, "on_duplicate": "skip"}
    settled = {"dry_run": False, "verify": "none", "delimiter": "", "has_header": None, "webhook_url": ""}
    kept = {**first, **settled, "slack_webhook_url": "", "mapping": {}, "resend_missing": False}
    given = arguments_for(json.dumps(kept), {"filename": "rest.csv", "content": ROWS}, "an-import")
    reply = urlopen(
        Request(
            f"{house.api.url}{WEBHOOK}?skip_preprocessor=true",
            json.dumps(given).encode(),
            {**JSON, "Authorization": f"Bearer {house.api.token}"},
        )
    )
    with reply:
        completed = house.session.engine.wait(reply.read().decode())
    assert completed is not None
    assert completed.success, completed.result
    assert completed.result["continues"] == "an-import"
    assert completed.result["counts"]["created"] + completed.result["counts"]["unchanged"] == 1


def test_the_result_is_the_summary_and_the_display_is_for_its_own_page(house: House) -> None:
    completed = DOORS["form"](house, "form", {"text": ROWS, "dry_run": True})
    assert {"import_id", "counts", "rejects", "report", "notification"} <= completed.result.keys()
    shown = house.session.run(Target("script", "f/customers/show_import"), {"summary": completed.result})
    assert shown.result.keys() == {"render_all"}


@pytest.mark.parametrize("flow", Workspace.find(ROOT).flows())
def test_no_flow_reads_a_display_or_ends_with_one(flow: str) -> None:
    file = Workspace.find(ROOT).flow(flow).file
    steps = read_mapping(file)["value"]["modules"]
    shows = [step["id"] for step in steps if str(step["value"].get("path")).startswith("f/customers/show_")]
    assert not any(f"results.{step}" in file.read_text("utf-8") for step in shows)
    assert steps[-1]["id"] not in shows


@pytest.mark.parametrize(
    ("flow", "given", "said"),
    [
        ("f/customers/import_inbox", {"dry_run": True}, "There is no input dry_run."),
        ("f/customers/import_inbox", {"max_files": "5"}, "The input max_files must be a whole number"),
        (
            "f/notify/import_and_tell",
            {"csv": VALUES["csv"], "ask_first": True},
            "There is no input ask_first.",
        ),
        (
            "f/notify/import_and_tell",
            {"csv": VALUES["csv"], "dry_run": "no"},
            "The input dry_run must be true",
        ),
    ],
)
def test_flows_that_import_refuse_what_they_would_drop(
    house: House, flow: str, given: dict[str, Any], said: str
) -> None:
    completed = house.session.run(Target("flow", flow), given)
    assert not completed.success
    assert completed.result["error"]["message"].startswith(said)
