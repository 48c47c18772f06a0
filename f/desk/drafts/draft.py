"""Drafts: imports that people prepare at the import desk, from the file that arrives to the report.

A draft is a row of the store: what was chosen, and what is known of the file. What is large lies in the
workspace's object storage below `desk/<id>/`. Whoever changes a draft names the version that they saw, so
that of two people who change it at once the second is told. What jobs note on it changes no version.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, cast

from f.connect.errors import FixInput, TryLater
from f.desk.drafts.arguments import check_arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.records.rows.tally import Reason
    from f.store.store import Store

PURPOSE = "desk"  # of the store: see open_store
_TABLE = """CREATE TABLE IF NOT EXISTS desk_draft (
    id TEXT PRIMARY KEY, version BIGINT NOT NULL, revision BIGINT NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL, body TEXT NOT NULL)"""
_MAKE = """INSERT INTO desk_draft (id, version, revision, updated_at, body)
    VALUES (:id, 1, 1, :now, :body)"""
_READ = "SELECT version, revision, body FROM desk_draft WHERE id = :id"
_SAVE = """UPDATE desk_draft SET version = version + :by_person, revision = revision + 1, updated_at = :now,
    body = :body WHERE id = :id AND revision = :revision RETURNING version, revision"""
_LIST = "SELECT version, revision, body FROM desk_draft WHERE id < :before ORDER BY id DESC LIMIT :most"
_OLD = """SELECT id FROM desk_draft WHERE updated_at < :before AND body NOT LIKE :cleared
    ORDER BY id LIMIT :most"""
# As json.dumps writes it; in a text of the draft its quotes would have backslashes.
_CLEARED = '%"cleared_at": "%'
_DROP = "DELETE FROM desk_draft WHERE id = :id"
_RUNS = """CREATE TABLE IF NOT EXISTS desk_run (
    draft TEXT NOT NULL, job TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (draft, job))"""
_KEEP_RUN = """INSERT INTO desk_run (draft, job, kind, body) VALUES (:draft, :job, :kind, :body)
    ON CONFLICT (draft, job) DO UPDATE SET body = :body"""
_READ_RUNS = "SELECT kind, body FROM desk_run WHERE draft = :draft"
_DROP_RUNS = "DELETE FROM desk_run WHERE draft = :draft"

_NOTE_TRIES = 20
# What jobs note of a draft, and no person changes.
_BY_JOBS = (
    "revision",
    "upload_bytes",
    "file",
    "checked",
    "plan_hash",
    "plan_digest",
    "runs",
    "import_id",
    "cleared_at",
)

OnDuplicate = Literal["skip", "update", "fail"]
RunKind = Literal["check", "plan", "apply", "verify"]


class Settings(TypedDict):
    """What a person chose. Empty text and None: found out from the file.

    `mapping`: column of the file to our field, "" leaves the column out; as the flow f/customers/import_csv
    takes it. `target`: path of a resource of type customer_api.
    """

    encoding: str
    delimiter: str
    has_header: bool | None
    header_row: int | None
    sheet: str
    mapping: dict[str, str]
    default_country: str
    target: str
    on_duplicate: OnDuplicate
    max_bad_share: float


class SourceFile(TypedDict):
    """The file as it lies in the workspace's storage. `size`: bytes of the file that the person chose."""

    s3: str
    name: str
    size: int


class Ended(TypedDict):
    """How a run ended, and when (ISO 8601). `code` is that of the error, `message` a sentence for a person.

    `counts` are those of the import's summary, or of a dry run's; `result` is the object with all that there
    is to say of it, empty if there is nothing. `import_id` leads to the files of an import or of a dry run,
    `files` names those that can be downloaded.
    """

    state: Literal["succeeded", "failed", "canceled"]
    message: str
    code: str
    at: str
    seconds: float
    counts: dict[str, int]
    result: str
    import_id: str
    files: NotRequired[list[str]]


class Run(TypedDict):
    """A job that was started for a draft: which, by whom, when, and for what of the draft.

    `digest` is of the settings and corrections that it ran with: another one now means that it is outdated.
    `number` counts the runs of a kind, `hash` is the plan that is applied, `asks_first` whether a person is
    to approve it, `settings` and `corrections_file` are what a plan was made of. `ended` is there once
    somebody has asked about a run that has ended.
    """

    job: str
    by: str
    at: str
    digest: str
    number: NotRequired[int]
    hash: NotRequired[str]
    asks_first: NotRequired[bool]
    settings: NotRequired[Settings]
    corrections_file: NotRequired[str]
    ended: NotRequired[Ended]


class Checked(TypedDict):
    """What reading the whole file found. `s3` has all of it: the Parsed that the import's steps hand on."""

    digest: str
    s3: str
    counts: dict[str, int]
    reasons: list[Reason]
    header: list[str]
    repairs: int


class LeftOut(TypedDict):
    """Rows that a person took out in one step, as they had the same reason.

    `id` names the step, `s3` has the lines that it took out, `message` is what the reason is called.
    """

    id: str
    reason: str
    message: str
    rows: int
    s3: str


class Draft(TypedDict):
    """An import in the making. `version` counts what people changed, `revision` what anybody did.

    `upload_bytes` is the size of a file that still arrives in parts. `corrections` counts what a person
    changed of the file's rows, by kind, and `corrections_file` is the object that has them, empty if there
    are none: its name changes with them; `left_out` has the steps that took rows out by their reason.
    `mapping_from` says which import the mapping was taken over from, `mapping_offered` for which header one
    was looked up. `plan_hash` is that of the last plan that ended, and `plan_digest` what it was made of.
    `runs` has the last job of each kind; `import_id` names the import once it was applied. `cleared_at` (ISO
    8601) is there once file and rows were deleted, and the reports kept.
    """

    id: str
    version: int
    revision: int
    created_at: str
    created_by: str
    name: str
    upload_bytes: int
    file: SourceFile | None
    settings: Settings
    corrections: dict[str, int]
    corrections_file: str
    mapping_offered: str
    mapping_from: str
    checked: Checked | None
    plan_hash: str
    plan_digest: str
    runs: dict[RunKind, Run]
    import_id: str
    continues: NotRequired[str]
    left_out: NotRequired[list[LeftOut]]
    cleared_at: NotRequired[str]


def new_settings(target: str = "f/customers/mock_api") -> Settings:
    """Return what is chosen where nobody has chosen."""
    return {
        "encoding": "",
        "delimiter": "",
        "has_header": None,
        "header_row": None,
        "sheet": "",
        "mapping": {},
        "default_country": "",
        "target": target,
        "on_duplicate": "skip",
        "max_bad_share": 0.2,
    }


class Drafts:
    """The drafts of a workspace, in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        store.create(_TABLE)
        store.create(_RUNS)

    def make(self, name: str, by: str, settings: Settings) -> Draft:
        """Keep a new draft and return it. Ids sort by time."""
        now = self.store.now()
        began = datetime.fromtimestamp(now, UTC)
        draft: Draft = {
            "id": f"{began:%Y%m%d-%H%M%S}-{began.microsecond:05x}{secrets.token_hex(2)}",
            "version": 1,
            "revision": 1,
            "created_at": began.isoformat(timespec="seconds"),
            "created_by": by,
            "name": name,
            "upload_bytes": 0,
            "file": None,
            "settings": settings,
            "corrections": {},
            "corrections_file": "",
            "mapping_offered": "",
            "mapping_from": "",
            "checked": None,
            "plan_hash": "",
            "plan_digest": "",
            "runs": {},
            "import_id": "",
        }
        self.store.execute(_MAKE, {"id": draft["id"], "now": now, "body": _body(draft)})
        return draft

    def get(self, id: str) -> Draft:
        """Return a draft; FixInput if there is none."""
        check_arguments({"draft": id})
        rows = self.store.execute(_READ, {"id": id})
        if not rows:
            raise FixInput(
                f"There is no import {id[:60]} at the desk: it was deleted, or the link is cut short. Choose "
                "one from the list, or begin anew.",
                code="no_draft",
            )
        return _draft(*rows[0])

    def expect(self, id: str, version: int) -> Draft:
        """Return a draft in the version that a person saw; FixInput if it has another one by now."""
        draft = self.get(id)
        if draft["version"] != version:
            raise _overtaken()
        return draft

    def save(self, draft: Draft) -> Draft:
        """Keep what a person changed and return the draft; FixInput if another person was faster.

        What jobs have noted since the person saw it stays.
        """
        for _ in range(_NOTE_TRIES):
            rows = self._write(draft, by_person=1)
            if rows:
                return rows[0]
            now = self.expect(draft["id"], draft["version"])
            draft = cast("Draft", {**draft, **{name: now[name] for name in _BY_JOBS if name in now}})  # type: ignore[literal-required]  # the names are those of Draft
        raise _overtaken()

    def note(self, id: str, change: Callable[[Draft], Draft]) -> Draft:
        """Keep what a job found out of a draft, whatever people change meanwhile, and return it.

        `change` returns the draft it is given as it is to be; it may be called again.
        """
        for _ in range(_NOTE_TRIES):
            rows = self._write(change(self.get(id)), by_person=0)
            if rows:
                return rows[0]
        raise TryLater(
            "This import is being changed all the time. Try again in a moment.", code="draft_changed"
        )

    def listed(self, before: str = "", most: int = 50) -> list[Draft]:
        """Return drafts, the newest first; `before`: those older than the draft of this id."""
        rows = self.store.execute(_LIST, {"before": before or "~", "most": most})
        return [_draft(*row) for row in rows]

    def untouched_since(self, before: float, most: int) -> list[str]:
        """Return the ids of drafts that nobody changed since a time (seconds since the epoch).

        Those of which only the reports are left are not among them.
        """
        values = {"before": before, "cleared": _CLEARED, "most": most}
        return [str(old) for (old,) in self.store.execute(_OLD, values)]

    def drop(self, id: str) -> None:
        """Forget a draft and its runs; what lies in the storage is not touched."""
        self.store.together([(_DROP_RUNS, {"draft": id}), (_DROP, {"id": id})])

    def keep_run(self, draft: Draft, kind: RunKind) -> None:
        """Keep the record of a draft's last run of this kind, if there is one: another takes its place."""
        if run := draft["runs"].get(kind):
            # What a plan was made of is needed as long as it can be applied, and may be much.
            kept = {
                name: value for name, value in run.items() if name not in {"settings", "corrections_file"}
            }
            body = json.dumps(kept, ensure_ascii=False)
            self.store.execute(
                _KEEP_RUN, {"draft": draft["id"], "job": run["job"], "kind": kind, "body": body}
            )

    def runs_of(self, draft: Draft) -> list[tuple[RunKind, Run]]:
        """Return all runs of a draft, the one that was started last first."""
        kept = self.store.execute(_READ_RUNS, {"draft": draft["id"]})
        found = {run["job"]: (kind, run) for kind, run in ((kind, json.loads(body)) for kind, body in kept)}
        found.update({run["job"]: (kind, run) for kind, run in draft["runs"].items()})
        return sorted(found.values(), key=lambda one: one[1]["at"], reverse=True)

    def _write(self, draft: Draft, *, by_person: int) -> list[Draft]:
        values = {
            "id": draft["id"],
            "revision": draft["revision"],
            "by_person": by_person,
            "now": self.store.now(),
            "body": _body(draft),
        }
        rows = self.store.execute(_SAVE, values)
        return [
            cast("Draft", {**draft, "version": int(version), "revision": int(revision)})
            for version, revision in rows
        ]


def refuse_cleared(draft: Draft) -> None:
    """Raise FixInput if the file and the rows of a draft were deleted, as it was old."""
    if at := draft.get("cleared_at"):
        day = datetime.fromisoformat(at)
        raise FixInput(
            f"The file of this import and its rows were deleted on {day:%-d %B %Y}, as nobody had touched it "
            "for long; its report is kept. Begin a new import to bring the file in again.",
            code="rows_deleted",
        )


def folder_of(draft: Draft, name: str) -> str:
    """Return where a file of a draft lies in the workspace's storage."""
    return f"desk/{draft['id']}/{name}"


def _draft(version: Any, revision: Any, body: str) -> Draft:
    return cast("Draft", {**json.loads(body), "version": int(version), "revision": int(revision)})


def _body(draft: Draft) -> str:
    kept = {name: value for name, value in draft.items() if name not in {"version", "revision"}}
    return json.dumps(kept, ensure_ascii=False)


def _overtaken() -> FixInput:
    return FixInput(
        "This import was changed in another window or by somebody else since you saw it. Look at it as it is "
        "now, and do it again if it is still right.",
        code="draft_changed",
    )
