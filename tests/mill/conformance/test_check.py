"""A check of `mill serve`, and of servers that differ from it in something."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from mill.conformance.report import Report
from mill.conformance.rules import TRUE_OF
from mill.errors import MillError
from tests.mill.conformance.stage import TOKEN, WORKSPACE, Between


def agreeing(report: Report) -> list[tuple[str, str]]:
    return [(one.rule, one.where) for one in report.findings if one.differs is None and not one.not_run]


def left_on(server: Between) -> list[str]:
    """What lies in folders of checks."""
    api, headers = f"{server.behind}/api/w/{WORKSPACE}", {"Authorization": f"Bearer {TOKEN}"}
    paths = [one["path"] for one in requests.get(f"{api}/resources/list", headers=headers, timeout=10).json()]
    names = {one.split("/")[1] for one in server.asked if "f/mill_conformance_" in one}
    folders = [
        name
        for name in names
        if requests.get(f"{api}/folders/exists/{name}", headers=headers, timeout=10).json()
    ]
    return folders + [path for path in paths if path.startswith("f/mill_conformance_")]


@pytest.mark.parametrize(
    ("only", "least"),
    [
        ("flow rules: *mock wins*", 4),
        ("flow rules: no attempts, no retry", 2),
        ("flow rules: *in a loop*", 2),
        ("expressions: *results*", 30),
        ("Python values: return {", 8),
        ("Python values: main(a: date", 14),
    ],
)
def test_mill_serve_agrees_with_the_tables(server: Between, only: str, least: int) -> None:
    report = server.check(only)
    assert report.differing == []
    assert len(agreeing(report)) >= least
    assert left_on(server) == []


def test_every_row_is_run_deployed_and_as_a_preview(server: Between) -> None:
    report = server.check("flow rules: identity hands on the previous result")
    rule = "identity hands on the previous result"
    assert agreeing(report) == [(rule, "deployed"), (rule, "preview")]


def test_the_job_ids_agree(server: Between) -> None:
    report = server.check("job ids")
    assert report.differing == []
    assert report.counts == {"agree": 5, "differ": 0, "not_run": 0}


def test_the_doors_agree(server: Between) -> None:
    report = server.check("doors")
    assert report.differing == []
    assert report.counts == {"agree": 11, "differ": 0, "not_run": 0}
    assert left_on(server) == []


def test_retries_are_counted_where_all_workers_see_it(server: Between) -> None:
    report = server.check("flow rules: retries come before continue_on_error")
    assert (report.differing, len(agreeing(report))) == ([], 2)
    deleted = [one.split("/")[-1] for one in server.writes if one.startswith("DELETE resources/")]
    assert sum(name.startswith("count_") for name in deleted) == 2  # the jobs counted in them


def test_the_import_job_is_run_dry_and_without_its_preprocessor(server: Between) -> None:
    report = server.check("main job")
    assert (report.differing, len(agreeing(report))) == ([], 1)


def test_a_workspace_without_the_import_job_is_told_so(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (200, False) if request.startswith("GET flows/exists/") else None
    )
    (finding,) = server.check("main job").not_run
    assert finding.not_run == "f/customers/import_csv is not deployed in this workspace"


def test_a_server_without_a_data_table_is_told_so(server: Between) -> None:
    def refuse(request: str, _status: int, value: Any) -> tuple[int, Any] | None:
        if "get_result_maybe" not in request or not value["completed"]:
            return None
        return 200, {**value, "result": {"status": 404, "said": "Data table 'main' not found."}}

    server.change = refuse
    report = server.check("data tables")
    assert report.differing == []
    assert {one.not_run for one in report.not_run} == {
        "no data table `main` here (Data table 'main' not found.)"
    }
    assert len(report.not_run) == 2


def test_a_data_table_that_is_no_postgres_does_not_count_as_a_difference(server: Between) -> None:
    report = server.check("data tables")
    assert agreeing(report) == [("a statement returns its rows", "run_inline")]
    assert ["no Postgres" in one.not_run for one in report.not_run] == [True]


def otherwise(request: str, _status: int, value: Any) -> tuple[int, Any] | None:
    """A server that has another word for a flow that is skipped."""
    if "get_result_maybe" in request and value.get("result") == "stopped early":
        return 200, {**value, "result": "skipped"}
    return None


def test_a_rule_that_a_server_keeps_otherwise_is_reported_alone(server: Between) -> None:
    server.change = otherwise
    report = server.check("flow rules: *skip_expr*")
    assert {(one.rule, one.where) for one in report.differing} == {
        (rule, where)
        for rule in ("skip_expr true ends the flow before it begins", "skip_expr sees WM_SCHEDULED_FOR")
        for where in ("deployed", "preview")
    }
    assert {(one.differs.expected, one.differs.got) for one in report.differing if one.differs} == {
        ('success: "stopped early"', 'success: "skipped"')
    }
    assert report.counts["agree"] >= 4
    assert left_on(server) == []


def test_a_run_that_does_not_end_is_hung_and_canceled(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (200, {"completed": False}) if "get_result_maybe" in request else None
    )
    report = server.check("flow rules: skip_expr false lets it run", seconds=1)
    assert {one.differs.got for one in report.differing if one.differs} == {"hung: no end after 1 s"}
    assert sum("queue/cancel" in one for one in server.writes) == 2
    assert left_on(server) == []


def test_a_wait_that_is_too_short_is_a_difference(server: Between) -> None:
    jobs = "jobs_u/completed/get_result_maybe"
    server.change = lambda request, _status, _value: (
        (200, {"completed": True, "success": True, "result": 1}) if jobs in request else None
    )
    report = server.check("flow rules: a sleep waits after its step")
    assert [one.differs.expected for one in report.differing if one.differs] == ["waits of 1.5 s"] * 2


def test_what_the_server_refuses_is_a_difference_with_its_words(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (400, "no flows today") if request == "POST flows/create" else None
    )
    report = server.check("flow rules: skip_expr false lets it run")
    (one,) = report.differing
    assert one.where == "deployed"
    assert one.differs is not None
    assert "flows/create was answered 400" in one.differs.got
    assert "no flows today" in one.differs.got


def test_a_script_that_only_an_admin_may_delete_is_archived(server: Between) -> None:
    def refuse(request: str, _status: int, _value: Any) -> tuple[int, Any] | None:
        if request.startswith("POST scripts/delete/"):
            return 403, "only admins"
        return (200, "archived") if request.startswith("POST scripts/archive/") else None

    server.change = refuse
    report = server.check("Python values: return None")
    assert report.differing == []
    assert sum(one.startswith("POST scripts/archive/") for one in server.writes) == 1


def test_what_cannot_be_removed_is_named(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (403, "not yours") if request.startswith("DELETE folders/") else None
    )
    with pytest.raises(MillError, match=r"delete it by hand:\n  folder f/mill_conformance_\w+: .*not yours"):
        server.check("flow rules: skip_expr false lets it run")


def test_a_folder_that_exists_is_not_touched(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (200, True) if request.startswith("GET folders/exists/") else None
    )
    with pytest.raises(MillError, match="exists already; nothing was touched"):
        server.check("expressions")
    assert server.writes == []


def test_a_token_that_may_not_create_folders_is_told_so(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (403, "operators cannot") if request == "POST folders/create" else None
    )
    with pytest.raises(MillError, match=r"Cannot create the folder .*operators cannot.*may create folders"):
        server.check("expressions")
    assert server.writes == ["POST folders/create"]


def test_a_server_that_learns_late_whose_the_folder_is_is_asked_again(
    server: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mill.conformance.folder._OURS_PAUSE", 0.01)
    refusals = [403, 403]

    def refuse(request: str) -> tuple[int, Any] | None:
        if refusals and request == "POST variables/create":
            return refusals.pop(), 'new row violates row-level security policy for table "variable"'
        return None

    server.refuse = refuse
    assert server.check("flow rules: skip_expr false lets it run").differing == []
    assert refusals == []


def test_the_report_names_both_versions(server: Between) -> None:
    server.change = lambda request, _status, _value: (
        (200, "CE v1.999.0") if request == "GET /api/version" else None
    )
    report = server.check("flow rules: skip_expr false lets it run")
    assert report.heading() == (
        f'"CE v1.999.0" at {server.url}, workspace local; the tables are true of Windmill {TRUE_OF}.'
    )
    same = Report(server.url, "local", f"CE v{TRUE_OF}-3-gabc", report.findings)
    assert "as the tables" in same.heading()
