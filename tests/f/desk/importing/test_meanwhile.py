"""What people and jobs do to a draft while another job is at work on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.desk.drafts.draft import Draft, Drafts
from f.desk.drafts.run_records import new_run, with_run
from f.desk.reading import checking
from f.desk.reading.leftovers import drop
from f.windmill.named_jobs import job_named
from tests.f.desk.importing.conftest import Desk, Refused, csv_of
from tests.mill.twins.stage import TwinClient

pytestmark = pytest.mark.timeout(300)


def objects_of(desk: Desk, draft_id: str) -> list[str]:
    folder = desk.session.state / "objects" / "_default_" / "desk" / draft_id
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def mend(desk: Desk, draft_id: str, **changes: Any) -> Draft:
    version = desk.status(draft_id)["draft"]["version"]
    draft: Draft = desk.call("correct_rows", draft=draft_id, version=version, **changes)["draft"]
    return draft


def test_rows_that_were_changed_since_the_import_are_not_taken_for_those_that_were_sent(
    desk: Desk, twin: TwinClient
) -> None:
    draft_id = desk.begun(csv_of("Ada", "Ben"), target=desk.target(twin))
    assert desk.imported(draft_id)["state"] == "succeeded"
    for is_checked in (False, True):
        mend(desk, draft_id, cells=[{"line": 2, "column": 1, "value": "Ada L."}])
        if is_checked:
            desk.call("check_draft", draft=draft_id)
        with pytest.raises(Refused, match="changed since this import") as refused:
            desk.call("verify_draft", draft=draft_id, rows="all")
        assert refused.value.code == "changed_since_import"
    mend(desk, draft_id, undo=[2])
    desk.call("check_draft", draft=draft_id)
    desk.call("verify_draft", draft=draft_id, rows="all")
    assert desk.ended(draft_id)["result"]["certificate"]["identical"] == 2


def test_an_import_that_is_about_to_start_is_not_deleted(desk: Desk) -> None:
    draft_id = desk.begun(csv_of("Ada"))
    run = new_run(job_named("not started yet", draft_id), "")
    desk.note(draft_id, lambda draft: with_run(draft, "apply", run))
    with pytest.raises(Refused) as refused:
        desk.call("drop_draft", draft=draft_id)
    assert refused.value.code == "import_runs"
    desk.note(draft_id, lambda draft: with_run(draft, "apply", {**run, "at": "2026-01-01T00:00:00+00:00"}))
    desk.call("drop_draft", draft=draft_id)
    assert not objects_of(desk, draft_id)


def test_a_check_leaves_no_row_of_a_draft_that_was_deleted_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_INLINE_BYTES", 0)  # each block of rows is an object
    draft_id = desk.begun("name,email\nAda,ada@example.com\nbad,bad\n")
    read = checking._read

    with desk.drafts() as drafts:

        def then_deleted(*given: Any) -> Any:
            found = read(*given)
            drop(drafts, draft_id)
            return found

        monkeypatch.setattr(checking, "_read", then_deleted)
        with pytest.raises(FixInput, match="There is no import"):
            checking.check(drafts, draft_id)
        assert objects_of(desk, draft_id) == []


def test_corrections_stay_as_long_as_a_run_may_read_them(desk: Desk) -> None:
    draft_id = desk.begun(csv_of("Ada", "Ben"))
    old = mend(desk, draft_id, exclude=[2])["corrections_file"]
    desk.note(draft_id, lambda draft: with_run(draft, "apply", new_run(job_named(draft_id), "of before")))
    mend(desk, draft_id, exclude=[3])
    assert old.rpartition("/")[2] in objects_of(desk, draft_id)


CHANGES: dict[str, tuple[Callable[[Drafts, Draft], object], bool]] = {
    "a job": (lambda drafts, draft: drafts.note(draft["id"], lambda now: {**now, "plan_hash": "new"}), True),
    "a person": (lambda drafts, draft: drafts.save({**draft, "plan_hash": "new"}), False),
}


@pytest.mark.parametrize("by", CHANGES)
def test_what_a_person_saves_is_kept_beside_what_jobs_note_and_not_over_another_person(
    desk: Desk, by: str
) -> None:
    change, is_kept = CHANGES[by]
    with desk.drafts() as drafts:
        seen = drafts.get(desk.begun(csv_of("Ada")))
        change(drafts, seen)
        wanted: Draft = {**seen, "corrections": {"cells": 1}}
        if is_kept:
            assert drafts.save(wanted)["version"] == seen["version"] + 1
        else:
            with pytest.raises(FixInput, match="another window"):
                drafts.save(wanted)
        now = drafts.get(seen["id"])
        assert (now["plan_hash"], now["corrections"] == {"cells": 1}) == ("new", is_kept)
