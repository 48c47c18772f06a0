"""An import at the desk from its plan to its report: each begun once, and followed to its end."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from f.desk.drafts.digest import digest_of
from f.desk.drafts.draft import Draft
from f.windmill.named_jobs import job_named
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.f.desk.importing.conftest import ROOT, Desk, Refused, csv_of
from tests.mill.twins.stage import TwinClient

pytestmark = pytest.mark.timeout(300)


def test_what_was_seen_is_applied_once_followed_and_verified(desk: Desk, twin: TwinClient) -> None:
    twin.put_settings()
    assert (
        twin.post("/customers", {"name": "Ben Byron", "email": "ben@example.com", "city": "Rome"}).status
        < 300
    )
    text = "name,email,city\nAda,ada@example.com,Oslo\nBen Byron,ben@example.com,Bonn\nbad,bad,\n"
    target = desk.target(twin)
    draft_id = desk.begun(text, target=target, on_duplicate="update", max_bad_share=0.5)
    before = desk.status(draft_id)
    assert (before["kind"], before["state"], before["rows_total"]) == ("check", "succeeded", 3)
    plan_hash = desk.planned(draft_id)
    status = desk.status(draft_id)
    assert status["outcomes"] == {"would_create": 1, "would_update": 1, "invalid": 1}
    assert status["result"]["plan"]["fields"] == {"city": 1}
    assert status["result"]["files"] == {"rejects": True, "report": True, "plan": True, "missing": False}
    assert twin.ledger("created") == [("created", "ben@example.com")]
    rows = desk.call("list_plan", draft=draft_id)
    assert (rows["total"], [row["action"] for row in rows["rows"]]) == (2, ["create", "update"])
    assert rows["rows"][1]["changes"] == [{"field": "city", "before": "Rome", "after": "Bonn"}]
    assert desk.call("list_plan", draft=draft_id, action="update", offset=1) == {"total": 1, "rows": []}

    first = desk.call("apply_draft", draft=draft_id, hash=plan_hash)
    again = desk.call("apply_draft", draft=draft_id, hash=plan_hash)
    assert (first["started"], again["started"], again["at"]) == (True, False, first["at"])
    done = desk.ended(draft_id)
    assert (done["kind"], done["state"], done["message"]) == ("apply", "succeeded", "")
    assert done["outcomes"] == {"created": 1, "updated": 1, "invalid": 1}
    assert done["draft"]["import_id"][-8:] == first["draft"]["runs"]["apply"]["job"][-8:]
    assert desk.call("apply_draft", draft=draft_id, hash=plan_hash)["started"] is False
    assert len(twin.ledger("created")) == 2

    desk.call("verify_draft", draft=draft_id)
    verified = desk.ended(draft_id)
    assert (verified["kind"], verified["state"]) == ("verify", "succeeded")
    assert verified["result"]["certificate"]["identical"] == 2
    assert verified["result"]["counts"]["created"] == 1
    listed = desk.call("list_drafts")["drafts"][0]
    assert (listed["id"], listed["stage"], listed["rows"]) == (draft_id, "done", 3)
    rejects = desk.call("get_file", draft=draft_id, what="rejects")
    assert (rejects["filename"], rejects["next"]) == ("customers-rejects.csv", None)
    assert b"bad,bad,,4,invalid" in base64.b64decode(rejects["data"])


def test_two_people_who_apply_at_once_start_one_import(desk: Desk, twin: TwinClient) -> None:
    draft_id = desk.begun(csv_of("Ada", "Ben"), target=desk.target(twin))
    plan_hash = desk.planned(draft_id)
    answers: list[Any] = []

    def person() -> None:
        answers.append(desk.call("apply_draft", draft=draft_id, hash=plan_hash))

    people = [threading.Thread(target=person) for _ in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert [answer["started"] for answer in answers].count(True) == 1
    assert len({(answer["at"], answer["draft"]["runs"]["apply"]["job"]) for answer in answers}) == 1
    assert desk.ended(draft_id)["outcomes"] == {"created": 2}
    assert len(twin.ledger("created")) == 2


def test_a_plan_that_was_asked_for_twice_is_made_once(desk: Desk, twin: TwinClient) -> None:
    twin.put_faults(latency_ms=200)
    draft_id = desk.begun(csv_of("Ada", "Ben"), target=desk.target(twin))
    jobs = [desk.call("plan_draft", draft=draft_id)["runs"]["plan"]["job"] for _ in range(2)]
    assert jobs[0] == jobs[1]
    assert desk.ended(draft_id)["state"] == "succeeded"
    twin.put_faults()
    assert desk.call("plan_draft", draft=draft_id)["runs"]["plan"]["job"] != jobs[0]
    assert (
        desk.call("cancel_draft", draft=draft_id)["message"]
        == "The plan was cancelled. Nothing was sent by it."
    )


def test_nothing_is_applied_but_what_was_seen(desk: Desk) -> None:
    draft_id = desk.begun(csv_of("Ada", "Ben"))
    unseen = "0123456789ab-0123456789ab-0123456789ab"

    def refusal(plan_hash: str) -> tuple[str | None, str]:
        with pytest.raises(Refused) as refused:
            desk.call("apply_draft", draft=draft_id, hash=plan_hash)
        return refused.value.code, str(refused.value)

    assert refusal("yes")[0] == "bad_plan_hash"
    assert refusal(unseen)[0] == "no_plan"
    plan_hash = desk.planned(draft_id)
    code, sentence = refusal(unseen)
    assert code == "plan_outdated"
    assert sentence.startswith("This is not the plan that you saw: another was made since. Nothing was sent.")
    desk.choose(draft_id, max_bad_share=0.5, default_country="DE")
    code, sentence = refusal(plan_hash)
    assert code == "plan_outdated"
    assert (
        "the country of phone numbers and the share of bad rows that is allowed. Nothing was sent" in sentence
    )
    desk.choose(draft_id, max_bad_share=0.2, default_country="")
    version = desk.status(draft_id)["draft"]["version"]
    change = {"line": 3, "column": 1, "value": "Bob Byron"}
    desk.call("correct_rows", draft=draft_id, version=version, cells=[change])
    assert "chosen: the corrections of the rows. Nothing was sent" in refusal(plan_hash)[1]
    with pytest.raises(Refused, match="changed after the file was checked") as refused:
        desk.call("plan_draft", draft=draft_id)
    assert refused.value.code == "not_checked"
    for script, code in (("verify_draft", "not_applied"), ("cancel_draft", "nothing_runs")):
        with pytest.raises(Refused) as refused:
            desk.call(script, draft=draft_id)
        assert refused.value.code == code
    with desk.drafts() as drafts:
        assert "apply" not in drafts.get(draft_id)["runs"]


def test_corrected_rows_are_imported_as_they_were_corrected(desk: Desk, twin: TwinClient) -> None:
    draft_id = desk.begun(csv_of("Ada") + "Ben,ben\n", target=desk.target(twin), max_bad_share=0.0)
    version = desk.status(draft_id)["draft"]["version"]
    mended = {"line": 3, "column": 2, "value": "ben@example.com"}
    desk.call("correct_rows", draft=draft_id, version=version, cells=[mended])
    desk.choose(draft_id)
    assert desk.imported(draft_id)["outcomes"] == {"created": 2}
    assert ("created", "ben@example.com") in twin.ledger("created")


def test_a_target_that_changed_since_the_plan_gets_nothing(desk: Desk, twin: TwinClient) -> None:
    draft_id = desk.begun(csv_of("Ada", "Ben"), target=desk.target(twin))
    plan_hash = desk.planned(draft_id)
    assert twin.post("/customers", {"name": "Ada", "email": "ada@example.com"}).status < 300
    desk.call("apply_draft", draft=draft_id, hash=plan_hash)
    status = desk.ended(draft_id)
    assert (status["state"], status["code"]) == ("failed", "plan_outdated")
    assert "The target has changed since the plan was made" in status["message"]
    assert len(twin.ledger("created")) == 1
    assert desk.imported(draft_id)["outcomes"] == {"created": 1, "duplicate": 1}
    listed = desk.call("list_runs", draft=draft_id)
    assert (listed["total"], [(run["kind"], run["state"], run["code"]) for run in listed["runs"]]) == (
        4,
        [
            ("apply", "succeeded", ""),
            ("plan", "succeeded", ""),
            ("apply", "failed", "plan_outdated"),
            ("plan", "succeeded", ""),
        ],
    )
    assert listed["runs"][0]["counts"] == {"rows": 2, "created": 1, "duplicate": 1}
    first = listed["runs"][-1]
    assert (first["counts"]["would_create"], "report" in first["files"]) == (2, True)
    report = desk.call("get_file", draft=draft_id, what="report", run=first["job"])
    assert report["filename"].endswith("-report.html")
    assert report["data"] != desk.call("get_file", draft=draft_id, what="report")["data"]
    assert [run["kind"] for run in desk.call("list_runs", draft=draft_id, limit=1)["runs"]] == ["apply"]
    with pytest.raises(Refused) as refused:
        desk.call("get_file", draft=draft_id, what="report", run="another")
    assert refused.value.code == "no_such_file"
    with desk.drafts() as drafts:
        runs = [run for _, run in drafts.runs_of(drafts.get(draft_id)) if "ended" in run]
    objects = desk.session.state / "objects" / "_default_"
    folders = [objects / "imports" / run["ended"]["import_id"] for run in runs if run["ended"]["import_id"]]
    assert len(folders) > 1
    assert all(map(Path.exists, folders))
    desk.call("drop_draft", draft=draft_id)
    assert [path for folder in folders for path in folder.glob("*") if path.is_file()] == []


def test_a_plan_that_could_not_be_applied_has_failed(desk: Desk, twin: TwinClient) -> None:
    twin.put_settings(token="token")
    draft_id = desk.begun(csv_of("Ada"), target=desk.target(twin, token="another"))
    desk.call("plan_draft", draft=draft_id)
    status = desk.ended(draft_id)
    assert (status["state"], status["code"]) == ("failed", "http_401")
    assert status["message"].startswith("An import would stop here: ")
    assert (status["result"]["counts"]["not_known"], status["draft"]["plan_hash"]) == (1, "")


def test_a_cancelled_import_says_what_was_sent_and_goes_on(desk: Desk, twin: TwinClient) -> None:
    names = [f"Ada{number}" for number in range(60)]
    draft_id = desk.begun(csv_of(*names), target=desk.target(twin, batch_size=5, max_concurrent_requests=1))
    plan_hash = desk.planned(draft_id)
    _slow_down(twin)
    desk.call("apply_draft", draft=draft_id, hash=plan_hash)
    running = desk.until(draft_id, lambda status: status["rows_done"] > 0)
    assert (running["state"], running["rows_total"]) == ("running", 60)
    assert 0 < running["percent"] < 100
    assert running["draft"]["import_id"]
    with pytest.raises(Refused, match="is running"):
        desk.call("plan_draft", draft=draft_id)
    status = desk.call("cancel_draft", draft=draft_id)
    twin.put_faults()
    assert (status["kind"], status["state"], status["code"]) == ("apply", "canceled", "canceled")
    assert "had been applied" in status["message"]
    assert 0 < status["outcomes"]["created"] < 60
    assert desk.call("list_drafts")["drafts"][0]["stage"] == "canceled"
    with pytest.raises(Refused, match="Nothing runs here"):
        desk.call("cancel_draft", draft=draft_id)
    assert desk.imported(draft_id)["state"] == "succeeded"
    assert sorted(twin.ledger("created")) == sorted(
        ("created", f"{name.lower()}@example.com") for name in names
    )


def test_an_import_waits_for_a_person_where_that_is_wanted(desk: Desk, twin: TwinClient) -> None:
    draft_id = desk.begun(csv_of("Ada"), target=desk.target(twin))
    plan_hash = desk.planned(draft_id)
    for answer, sent in (("cancel", 0), ("resume", 1)):
        assert desk.call("apply_draft", draft=draft_id, hash=plan_hash, approval=True)["started"] is True
        status = desk.until(draft_id, lambda status: status["state"] == "waiting")
        assert "waits for a person" in status["message"]
        assert desk.call("list_drafts")["drafts"][0]["stage"] == "waiting"
        page = status["approval"]["page"]
        assert "Approve" in requests.get(page, timeout=10).text
        assert twin.ledger("created") == []
        decided = page.replace("/approve/local/", f"/api/w/local/jobs_u/{answer}/")
        assert requests.post(decided, timeout=10).status_code == 201
        status = desk.ended(draft_id)
        assert (status["code"], status["outcomes"].get("created", 0)) == (
            "" if sent else "approval_refused",
            sent,
        )


def test_bad_rows_that_a_person_allows_stop_neither_plan_nor_approval(desk: Desk, twin: TwinClient) -> None:
    draft_id = desk.begun(csv_of("Ada", "Ben") + "bad,bad\nworse,worse\n", target=desk.target(twin))
    version = desk.status(draft_id)["draft"]["version"]
    desk.call("correct_rows", draft=draft_id, version=version, exclude=[3])
    desk.choose(draft_id)
    desk.call("plan_draft", draft=draft_id)
    status = desk.ended(draft_id)
    assert (status["code"], status["draft"]["plan_hash"]) == ("too_many_bad_rows", "")
    allowed = status["result"]["bad_rows"]
    assert allowed == {"bad": 2, "rows": 3, "share": 0.67}
    changes = {"max_bad_share": allowed["share"]}
    desk.call("look_at", draft=draft_id, version=status["draft"]["version"], changes=changes)
    plan_hash = desk.planned(draft_id)
    assert desk.status(draft_id)["result"]["bad_rows"] is None
    desk.call("apply_draft", draft=draft_id, hash=plan_hash, approval=True)
    page = desk.until(draft_id, lambda status: status["state"] == "waiting")["approval"]["page"]
    asked = requests.get(page, timeout=10).text
    assert (
        "2 cannot (66.7%). 1 more were taken out by a person. Up to 67% are allowed for this import" in asked
    )
    requests.post(page.replace("/approve/local/", "/api/w/local/jobs_u/resume/"), timeout=10)
    assert desk.ended(draft_id)["outcomes"] == {"created": 1, "invalid": 3}


def test_an_import_that_was_recorded_and_never_started_is_started_by_whoever_asks(
    desk: Desk, twin: TwinClient
) -> None:
    draft_id = desk.begun(csv_of("Ada"), target=desk.target(twin))
    plan_hash = desk.planned(draft_id)
    job = job_named("desk", draft_id, "apply", plan_hash, 1)

    def recorded(draft: Draft) -> Draft:
        run = {
            **draft["runs"]["plan"],
            "job": job,
            "by": "grace",
            "hash": plan_hash,
            "digest": digest_of(draft),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        run.pop("ended", None)
        return {**draft, "runs": {**draft["runs"], "apply": run}}  # type: ignore[dict-item]  # as Run

    desk.note(draft_id, recorded)
    applied = desk.call("apply_draft", draft=draft_id, hash=plan_hash)
    assert (applied["started"], applied["by"]) == (False, "grace")
    assert desk.until(draft_id, lambda status: status["state"] == "succeeded")["outcomes"] == {"created": 1}


def test_a_plan_that_gave_way_to_another_is_told_of(desk: Desk) -> None:
    draft_id = desk.begun(csv_of("Ada"))
    with desk.drafts() as drafts:
        run = {"job": "j1", "by": "grace", "at": "2026-11-29T10:00:00+00:00", "digest": "d"}
        drafts.keep_run(cast("Draft", {"id": draft_id, "runs": {"plan": run}}), "plan")
    desk.planned(draft_id)
    now, before = desk.call("list_runs", draft=draft_id)["runs"]
    assert (now["state"], before["state"], before["job"]) == ("succeeded", "canceled", "j1")
    assert before["message"] == "Another plan was asked for before this one was there."


def _is_refused_where_rows_are_needed(desk: Desk, cleared: str) -> None:
    plan_hash = "0123456789ab-0123456789ab-0123456789ab"
    for script, arguments in (
        ("look_at", {}),
        ("list_rows", {}),
        ("plan_draft", {}),
        ("list_plan", {}),
        ("apply_draft", {"hash": plan_hash}),
        ("verify_draft", {}),
        ("get_file", {"what": "rejects"}),
    ):
        with pytest.raises(Refused, match="its report is kept") as refused:
            desk.call(script, draft=cleared, **arguments)
        assert refused.value.code == "rows_deleted"
    with pytest.raises(Refused, match="its report is kept"):
        desk.call("start_draft", name="a.csv", rejects_of=cleared)


def test_of_old_imports_the_reports_are_kept_and_nothing_of_those_never_applied(
    desk: Desk, twin: TwinClient
) -> None:
    target = desk.target(twin)
    applied = desk.begun(csv_of("Ada") + "bad,bad\n", target=target, max_bad_share=1)
    never = desk.begun(csv_of("Ben"), target=target)
    import_id = desk.imported(applied)["draft"]["import_id"]
    objects = desk.session.state / "objects" / "_default_"

    def pruned() -> dict[str, int]:
        with desk.drafts() as drafts:
            for old in (applied, never):
                drafts.store.execute("UPDATE desk_draft SET updated_at = 0 WHERE id = :id", {"id": old})
        result: dict[str, int] = desk.call("prune_drafts", days=1)
        return result

    with desk.drafts() as drafts:
        result = objects / drafts.get(applied)["runs"]["apply"]["ended"]["result"]
    before = result.read_text()
    waiting = json.loads(before)
    waiting["summary"]["parked"] = {"rows": 3, "resume_at": "2999-01-01T00:00:00+00:00"}
    result.write_text(json.dumps(waiting))
    assert {**pruned(), "objects": 0} == {"dropped": 1, "cleared": 0, "left": 1, "objects": 0}
    result.write_text(before)
    done = pruned()
    assert (done["dropped"], done["cleared"], done["left"], done["objects"] > 3) == (0, 1, 0, True)
    assert pruned() == {"dropped": 0, "cleared": 0, "left": 0, "objects": 0}

    kept = [
        path for path in objects.rglob("*") if path.is_file() and {applied, import_id, never} & {*path.parts}
    ]
    names = sorted(path.name for path in kept if import_id in path.parts)
    assert (names, {path.parent.name for path in kept if applied in path.parts}) == (
        ["report.html", "summary.json"],
        {"results"},
    )
    status = desk.status(applied)
    assert (status["state"], status["outcomes"]) == ("succeeded", {"created": 1, "invalid": 1})
    assert status["result"]["files"] == {"rejects": False, "report": True, "plan": False, "missing": False}
    assert desk.call("get_file", draft=applied, what="report")["size"] > 1000
    assert [run["files"] for run in desk.call("list_runs", draft=applied)["runs"]] == [["report"], ["report"]]
    listed = {one["id"]: one for one in desk.call("list_drafts")["drafts"]}
    assert (listed[applied]["stage"], listed[applied]["cleared"], never in listed) == ("done", True, False)
    _is_refused_where_rows_are_needed(desk, applied)
    desk.call("drop_draft", draft=applied)
    assert [path for path in kept if path.exists()] == []


def test_what_an_import_left_outlasts_what_is_known_of_its_jobs(twin: TwinClient, tmp_path: Path) -> None:
    workspace = Workspace.find(ROOT)
    with Session(workspace, tmp_path) as session:
        desk = Desk(session)
        draft_id = desk.begun(
            "name,email\nAda,ada@example.com\nbad,bad\n", target=desk.target(twin), max_bad_share=1
        )
        desk.call("apply_draft", draft=draft_id, hash=desk.planned(draft_id))
        import_id = desk.ended(draft_id)["draft"]["import_id"]
    with Session(workspace, tmp_path) as session:
        desk = Desk(session)
        begun = desk.call("start_draft", name="rejects.csv", size=0, rejects_of=draft_id)["draft"]
        assert (begun["continues"], begun["settings"]["mapping"]) == (draft_id, {})
        assert desk.call("check_draft", draft=begun["id"])["checked"]["counts"]["invalid"] == 1
        left = session.state / "objects" / "_default_" / "imports" / import_id
        assert any(left.iterdir())
        desk.call("drop_draft", draft=draft_id)
        assert not left.exists() or not any(left.iterdir())


def test_an_import_whose_machine_died_is_told_and_gone_on_with(twin: TwinClient, tmp_path: Path) -> None:
    workspace = Workspace.find(ROOT)
    with Session(workspace, tmp_path) as session:
        desk = Desk(session)
        target = desk.target(twin, batch_size=5, max_concurrent_requests=1)
        draft_id = desk.begun(csv_of(*(f"Ada{number}" for number in range(40))), target=target)
        plan_hash = desk.planned(draft_id)
        _slow_down(twin)
        desk.call("apply_draft", draft=draft_id, hash=plan_hash)
        desk.until(draft_id, lambda status: status["rows_done"] > 0)
    twin.put_faults()
    with Session(workspace, tmp_path) as session:
        desk = Desk(session)

        def long_ago(draft: Draft) -> Draft:
            runs = {kind: {**run, "at": _earlier(run["at"])} for kind, run in draft["runs"].items()}
            return {**draft, "runs": runs}  # type: ignore[typeddict-item]  # the same kinds

        desk.note(draft_id, long_ago)
        status = desk.status(draft_id)
        assert (status["kind"], status["state"], status["code"]) == ("apply", "failed", "job_lost"), status
        assert "had been applied" in status["message"]
        assert desk.imported(draft_id)["state"] == "succeeded"
    assert len(twin.ledger("created")) == len(set(twin.ledger("created"))) == 40


def _slow_down(twin: TwinClient) -> None:
    """Let it take its time over each new customer; a look-up, as of the plan, is answered at once."""
    twin.put_faults(script=[{"operation": "create", "fault": "slow", "times": 100}], slow_seconds=0.2)


def _earlier(at: str) -> str:
    return (datetime.fromisoformat(at) - timedelta(minutes=5)).isoformat(timespec="milliseconds")


def test_a_large_file_comes_in_pieces(desk: Desk) -> None:
    text = csv_of(*(f"Ada{number}" for number in range(40_000)))[:999_000]
    draft_id = desk.begun("name,email\nAda,ada@example.com\n", name="a.csv")
    with desk.drafts():
        from f.windmill.small_objects import write_small  # noqa: PLC0415 - with the desk's server

        write_small("desk/large.csv", text.encode() * 2)
    desk.note(draft_id, lambda draft: {**draft, "file": {"s3": "desk/large.csv", "name": "a.csv", "size": 1}})
    pieces: list[bytes] = []
    offset: int | None = 0
    while offset is not None:
        piece = desk.call("get_file", draft=draft_id, what="source", offset=offset)
        pieces.append(base64.b64decode(piece["data"]))
        offset = piece["next"]
    assert [len(piece) for piece in pieces] == [1_000_000, 998_000]
    assert b"".join(pieces) == text.encode() * 2
    assert desk.call("get_file", draft=draft_id, what="source", offset=5_000_000)["data"] == ""
    with pytest.raises(Refused, match="There is no report yet"):
        desk.call("get_file", draft=draft_id, what="report")
