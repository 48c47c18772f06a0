"""A draft's file, read and checked as an import does it, and kept so that its rows can be paged."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from contextlib import suppress
from itertools import count, islice
from typing import TYPE_CHECKING, Any, cast

import orjson

from f.connect.errors import ConnectError
from f.customers.validation.countries import default_country_of
from f.customers.validation.customer_type import CUSTOMERS
from f.desk.drafts.digest import READING, check_digest_of
from f.desk.drafts.draft import folder_of
from f.desk.drafts.run_records import new_run, succeeded, with_run
from f.desk.reading.draft_file import how_to_read, source_of
from f.desk.reading.row_index import BLOCK_ROWS, EXCLUDED, PARSED, index_path, read_index
from f.records.reading.checked_file import check_file
from f.records.reading.column_words import bare_titles
from f.records.reading.corrections import read_corrections
from f.records.reading.judging import judge_rows, stored_row
from f.records.rows.chunk_sizes import ChunkSizes
from f.records.rows.row_spool import ChunkWriter, RowSpool
from f.records.rows.row_store import read_rows
from f.records.rows.rows_file import held_rows
from f.windmill.small_objects import delete_all, list_below, write_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from f.desk.drafts.draft import Checked, Draft, Drafts, Run
    from f.desk.reading.row_index import Block, RowIndex
    from f.records.reading.opening import Source
    from f.records.reading.parsed import Parsed
    from f.records.rows.row_store import StoredRows
    from f.records.rows.rows_file import HeldRows

_JUDGED_TOGETHER = 500
_INLINE_BYTES = 200_000  # of rows inside the index, which every page has to read


def check(drafts: Drafts, id: str) -> Draft:
    """Check the whole file of a draft, keep what was found, and return the draft with it.

    What people change meanwhile is not part of it: the check is then outdated when it is there.
    """
    draft = drafts.get(id)
    source = source_of(draft)
    job = os.environ.get("WM_JOB_ID") or secrets.token_hex(8)
    digest = check_digest_of(draft)
    run = new_run(job, digest)
    drafts.note(id, lambda now: with_run(now, "check", run))
    folder = folder_of(draft, f"check-{digest[:12]}-{job[-8:]}")
    try:
        return _keep(drafts, id, run, folder, *_read(draft, source, folder))
    except ConnectError:
        # Nobody looks for it any more, and if the draft was deleted meanwhile, nobody could delete it.
        with suppress(ConnectError):
            delete_all(list_below(f"{folder}/"))
        raise


def _keep(drafts: Drafts, id: str, run: Run, folder: str, parsed: Parsed, index: RowIndex) -> Draft:
    """Keep what was found in place of what an earlier check has found, and that the check has ended."""
    path = f"{folder}/{PARSED}"
    index["objects"] = [*_objects(parsed, index), path, index_path(path)]
    write_small(path, orjson.dumps(parsed))
    write_small(index_path(path), orjson.dumps(index))
    checked: Checked = {
        "digest": run["digest"],
        "s3": path,
        "counts": {**parsed["counts"], "excluded": _excluded(parsed)},
        "reasons": parsed["reasons"],
        "header": index["header"],
        "repairs": parsed["repairs"]["count"] if "repairs" in parsed else 0,
    }

    def found(now: Draft) -> Draft:
        is_last = now["runs"]["check"]["job"] == run["job"]
        return {**(with_run(now, "check", succeeded(run)) if is_last else now), "checked": checked}

    before = drafts.get(id)["checked"]
    after = drafts.note(id, found)
    if before is not None:
        with suppress(ConnectError):  # what is left is deleted with the draft
            delete_all(read_index(before["s3"])["objects"])
    return after


def _read(draft: Draft, source: Source, folder: str) -> tuple[Parsed, RowIndex]:
    settings, rows = draft["settings"], count()
    options = {"default_country": default_country_of(settings["default_country"])}
    corrections = {"s3": draft["corrections_file"]} if draft["corrections_file"] else None

    with held_rows() as held:

        def notice(is_valid: bool, record: Mapping[str, Any]) -> None:
            row = next(rows)
            if not is_valid:
                held.add({**record, "row": row})

        parsed = check_file(
            source,
            CUSTOMERS,
            how_to_read(settings),
            mapping=settings["mapping"],
            options=options,
            corrections=read_corrections(corrections),
            sizes=ChunkSizes(BLOCK_ROWS),
            folder=folder,
            notice=notice,
        )
        return parsed, _indexed(draft, parsed, held, options, folder)


def _indexed(
    draft: Draft, parsed: Parsed, held: HeldRows, options: Mapping[str, Any], folder: str
) -> RowIndex:
    settings: dict[str, Any] = dict(draft["settings"])
    originals = parsed["corrected"]["originals"] if "corrected" in parsed else []
    return {
        "reading": {name: settings[name] for name in READING},
        "header": bare_titles(parsed["header"], CUSTOMERS),
        "titles": parsed["header"],
        "encoding": parsed["table"]["encoding"],
        "texts": {code: [text.message, text.hint] for code, text in CUSTOMERS.texts().items()},
        "rows": parsed["counts"]["rows"],
        "chunks": [
            _block(chunk["rows"], {"first": chunk["first_line"], "last": chunk["last_line"]})
            for chunk in parsed["chunks"]
        ],
        "attention": _attention(draft, parsed, held, options, folder),
        "originals": list(map(_bounded, originals)),
        "repairs": parsed.get("repairs"),
        "objects": [],
    }


def _attention(
    draft: Draft, parsed: Parsed, held: HeldRows, options: Mapping[str, Any], folder: str
) -> list[Block]:
    """Keep every row that is not sent with all that is wrong with it, and return where they lie."""
    spool = RowSpool(parsed["import_id"], _INLINE_BYTES, folder=folder)
    kept: list[tuple[StoredRows, dict[str, Any]]] = []
    facts: list[tuple[int, str]] = []

    def write(first: int, last: int, lines: list[bytes]) -> None:
        rows = spool.put(f"attention/{len(kept):05}.jsonl", lines)
        codes = dict(Counter(code for _, code in facts))
        span = {"first": first, "last": last, "first_row": facts[0][0], "last_row": facts[-1][0]}
        kept.append((rows, {**span, "codes": codes}))
        facts.clear()

    blocks = ChunkWriter(ChunkSizes(BLOCK_ROWS), write)
    records = held.records()
    while together := list(islice(records, _JUDGED_TOGETHER)):
        for record in _with_problems(together, draft, parsed, options):
            facts.append((record["row"], record["code"]))
            blocks.add(record)
    blocks.close()
    spool.flush()  # only now it is known where they lie
    return [_block(rows, known) for rows, known in kept]


def _with_problems(
    records: list[dict[str, Any]], draft: Draft, parsed: Parsed, options: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    judged = judge_rows(
        list(map(stored_row, records)),
        CUSTOMERS,
        header=parsed["header"],
        mapping=draft["settings"]["mapping"],
        options=options,
        encoding=parsed["table"]["encoding"],
    )
    for record, verdict in zip(records, judged, strict=True):
        problems = [
            [problem["code"], problem["column"], problem["detail"], problem["suggestion"]]
            for problem in verdict["problems"]
            if problem["outcome"] != "warning"
        ]
        # What only the whole file knows, such as that the row stands in it twice, comes first.
        if record["code"] not in {code for code, *_ in problems}:
            column = record["column"]
            number = parsed["header"].index(column) + 1 if column in parsed["header"] else 0
            problems.insert(0, [record["code"], number, record["detail"], None])
        yield {
            "line": record["line"],
            "row": record["row"],
            "cells": record["cells"],
            "code": record["code"],
            "state": EXCLUDED if record["code"] == EXCLUDED else record["outcome"],
            "problems": problems,
        }


def _block(rows: StoredRows, known: dict[str, Any]) -> Block:
    return cast("Block", {**rows, **known})


def _bounded(rows: StoredRows) -> Block:
    """Originals with the lines that they span."""
    lines = [record["line"] for record in read_rows(rows)]
    return _block(rows, {"first": lines[0], "last": lines[-1]})


def _excluded(parsed: Parsed) -> int:
    return parsed["corrected"]["excluded"] if "corrected" in parsed else 0


def _objects(parsed: Parsed, index: RowIndex) -> list[str]:
    """Return where the rows lie that are not inside another object."""
    rows = [chunk["rows"] for chunk in parsed["chunks"]] + parsed["refused"]
    rows += [parsed["repairs"]] if "repairs" in parsed else []
    kept = [*rows, *index["attention"], *index["originals"]]
    return [one["s3"] for one in kept if "s3" in one]
