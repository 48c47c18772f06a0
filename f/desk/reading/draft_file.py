"""The file of a draft, and how it is to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput
from f.desk.drafts.draft import refuse_cleared
from f.records.reading.opening import HowToRead, Source
from f.windmill.small_objects import sizes_of, stream_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.desk.drafts.draft import Draft, SourceFile


def how_to_read(settings: Mapping[str, Any]) -> HowToRead:
    """Return what a draft says of how its file is to be read."""
    return HowToRead(
        settings["encoding"],
        settings["delimiter"],
        settings["has_header"],
        settings["header_row"],
        settings["sheet"],
    )


def source_of(draft: Draft) -> Source:
    """Return a draft's file; FixInput if it has not arrived yet."""
    file = file_of(draft)
    return Source(file["s3"].rpartition("/")[2], stream_object(file["s3"]), sizes_of([file["s3"]])[0])


def file_of(draft: Draft) -> SourceFile:
    """Return where a draft's file lies; FixInput if it has not arrived yet."""
    refuse_cleared(draft)
    file = draft["file"]
    if file is None:
        raise FixInput(
            "The file of this import has not arrived whole: choose it again, and the rest of it is sent.",
            code="no_file_yet",
        )
    return file
