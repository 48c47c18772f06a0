"""The beginning of an import: a draft, with its file if that is at hand."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# attrs==26.1.0
# cffi==2.1.1
# cryptography==50.0.2
# frozenlist==1.8.0
# multidict==7.2.1
# orjson==3.13.0
# propcache==0.5.4
# pycparser==3.12
# yarl==1.25.1

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from f.connect.errors import FixInput
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.digest import LAYOUT
from f.desk.drafts.draft import new_settings, refuse_cleared
from f.desk.drafts.drafts_store import person
from f.desk.drafts.run_records import kept_result
from f.desk.reading.uploads import MAX_BYTES, check_size, decoded, source_path
from f.windmill.small_objects import sizes_of, stream_object, write_small

if TYPE_CHECKING:
    from collections.abc import Iterable

    from f.desk.drafts.draft import Draft, Drafts, Run, Settings, SourceFile

_LONGEST_NAME = 200


def begin(
    drafts: Drafts,
    name: str,
    size: int,
    *,
    data: str | None,
    file: Mapping[str, Any] | None,
    url: str,
    rejects_of: str,
) -> Draft:
    """Return a new draft: with the file that was given, or waiting for `size` bytes of it.

    Nothing is left of a draft whose file cannot be had.
    """
    check_arguments({"name": name, "url": url}, {"size": size})
    given = [value for value in (data, file, url, rejects_of) if value]
    if len(given) > 1:
        raise FixInput("Give one file: as data, file, url or rejects_of.", code="one_source_expected")
    first = drafts.get(rejects_of) if rejects_of else None
    content = decoded(data) if data is not None else None
    if content is not None:
        check_size(len(content))
    elif not given:
        check_size(size)
    settings = _of_rejects(first["settings"]) if first else new_settings()
    draft = drafts.make(name[:_LONGEST_NAME] or "file", person(), settings)
    if not given:
        return drafts.note(draft["id"], lambda draft: {**draft, "upload_bytes": size})
    try:
        if content is not None:
            found = _written(draft, content)
        elif first is not None:
            found = _rejects(draft, first)
        elif url:
            found = _downloaded(draft, url)
        else:
            found = _there(draft, file or {})
    except BaseException:
        drafts.drop(draft["id"])
        raise

    def with_file(draft: Draft) -> Draft:
        return {**draft, "file": found, "continues": rejects_of} if first else {**draft, "file": found}

    return drafts.note(draft["id"], with_file)


def _of_rejects(first: Settings) -> Settings:
    """A file of rejects has its header on top and is UTF-8, whatever the first file was like."""
    anew: dict[str, Any] = dict(new_settings())
    return cast("Settings", {**first, **{name: anew[name] for name in (*LAYOUT, "mapping")}})


def _written(draft: Draft, content: bytes) -> SourceFile:
    path = source_path(draft, draft["name"])
    write_small(path, content)
    return {"s3": path, "name": draft["name"], "size": len(content)}


def _there(draft: Draft, file: Mapping[str, Any]) -> SourceFile:
    """An object of the default storage is read where it lies; one of another is copied from there."""
    path = file.get("s3") if isinstance(file, Mapping) else None
    if not isinstance(path, str) or not path:
        raise FixInput('The file names no object: give {"s3": its path}.', code="one_source_expected")
    if file.get("storage"):
        from f.windmill.objects import object_at, read_object  # seldom, and a client to import

        return _copied(draft, read_object(object_at(path, str(file["storage"]))))
    size = sizes_of([path])[0]
    if size is None:
        for _ in stream_object(path):  # says why it cannot be read
            break
    if size is not None:
        check_size(size)
    return {"s3": path, "name": draft["name"], "size": size or 0}


def _downloaded(draft: Draft, url: str) -> SourceFile:
    from f.records.reading.source import open_source  # loads a client that others do not need

    return _copied(draft, open_source(None, None, None, url, max_url_bytes=MAX_BYTES).chunks)


def _rejects(draft: Draft, first: Draft) -> SourceFile:
    """The file of rejects that an import has left, as far as it is known to have ended."""
    refuse_cleared(first)
    rejects = _rejects_of(first["runs"].get("apply"))
    if not isinstance(rejects, dict):
        raise FixInput(
            "That import has no file of rejected rows: it was not applied, has not ended, or brought in "
            "every row.",
            code="no_rejects",
        )
    if isinstance(rejects.get("s3"), str):
        return _copied(draft, stream_object(rejects["s3"]))
    return _written(draft, str(rejects.get("content") or "").encode())


def _rejects_of(run: Run | None) -> Any:
    """What was written down of the import's end; else what its job says, which is forgotten in time."""
    if run is None or "ended" in run:
        return kept_result(run)["files"].get("rejects")
    from f.windmill.named_jobs import state_of  # needed by few

    result = state_of(run["job"], is_young=False).result
    return result.get("rejects") if isinstance(result, dict) else None


def _copied(draft: Draft, chunks: Iterable[bytes]) -> SourceFile:
    """Into the draft's own folder: what lies elsewhere may be gone when it is needed."""
    from f.windmill.objects import write_object  # streams, by a client that takes time to load

    path = source_path(draft, draft["name"])
    with tempfile.TemporaryFile(prefix="desk-") as file:
        size = _spooled(file, chunks)
        check_size(size)
        write_object(path, file, length=size)
    return {"s3": path, "name": draft["name"], "size": size}


def _spooled(file: IO[bytes], chunks: Iterable[bytes]) -> int:
    for chunk in chunks:
        file.write(chunk)
        check_size(file.tell())
    size = file.tell()
    file.seek(0)
    return size
