"""A file on its way from a browser into the workspace's storage: whole, or part by part."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, TypedDict

from f.connect.errors import FixInput
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.draft import folder_of
from f.windmill.small_objects import delete_all, read_small, sizes_of, write_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from f.desk.drafts.draft import Draft

# What a job is given is kept in Windmill's database, and no more than 2 MB of JSON are taken.
PART_BYTES = 1_000_000
MAX_BYTES = 2_000_000_000
MOST_PARTS = -(-MAX_BYTES // PART_BYTES)
_LONGEST_NAME = 120  # bytes: file systems count those
_SIGNS = " ._-()+,&'"


class Started(TypedDict):
    """A draft, and what of a file it takes: parts of so many bytes, and so many in all."""

    draft: Draft
    part_bytes: int
    max_bytes: int


def started(draft: Draft) -> Started:
    """Return a draft with what its upload has to keep to."""
    return {"draft": draft, "part_bytes": PART_BYTES, "max_bytes": MAX_BYTES}


def decoded(data: str) -> bytes:
    """Return bytes of a file that came in base64; FixInput if they did not, or are too many for a part."""
    check_arguments({"data": data})
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FixInput(
            "The file's bytes did not arrive as base64: reload the page, and choose the file again.",
            code="not_base64",
        ) from error
    if len(content) > PART_BYTES:
        raise FixInput(
            f"A part of a file has {PART_BYTES:,} bytes at most, and this one has {len(content):,}: send the "
            "file in smaller parts.",
            code="part_too_large",
        )
    return content


def check_size(size: int) -> None:
    """Refuse a file that is empty or larger than the desk takes."""
    if size <= 0:
        raise FixInput(
            "The file is empty: choose one with a header and rows.",
            code="empty_file",
        )
    if size > MAX_BYTES:
        raise FixInput(
            f"The file has {size / 1e9:.1f} GB, and the desk takes {MAX_BYTES / 1e9:.0f} GB: divide it, or "
            "import only the columns that are needed.",
            code="file_too_large",
        )


def source_path(draft: Draft, name: str) -> str:
    """Return where the file of a draft lies; it is called there as the person's own file is."""
    return folder_of(draft, f"file/{clean_name(name)}")


def clean_name(name: str) -> str:
    """Return a file's name without its folders, and without signs that a path cannot have."""
    base = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign if sign.isalnum() or sign in _SIGNS else "_" for sign in base).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    return f"{_shortened(stem)}{dot}{ending[:10]}" if stem else _shortened(kept) or "file"


def _shortened(text: str) -> str:
    return text.encode()[:_LONGEST_NAME].decode(errors="ignore")


def keep_part(draft: Draft, index: int, content: bytes) -> None:
    """Keep a part of a draft's file until all are there; the same part again takes its place."""
    check_arguments({}, {"index": index})
    if draft["file"] is not None:
        raise FixInput(
            "The file of this import has arrived already: begin a new import for another one.",
            code="file_is_there",
        )
    if not 0 <= index < MOST_PARTS:
        raise FixInput(
            f"There is no part {index} of a file: parts are counted from 0 to {MOST_PARTS - 1}.",
            code="unknown_part",
        )
    write_small(_part(draft, index), content)


class Parts:
    """The parts of a file, all of them there: to be read in their order as one."""

    def __init__(self, draft: Draft, count: int) -> None:
        check_arguments({}, {"parts": count})
        if not 0 < count <= MOST_PARTS:
            raise FixInput(
                f"A file cannot arrive in {count} parts: there are 1 to {MOST_PARTS}.", code="unknown_part"
            )
        self._paths = [_part(draft, index) for index in range(count)]
        self._sizes = _sizes(self._paths)
        self.size = sum(self._sizes)

    def check(self, size: int) -> None:
        """Refuse parts that together are not the file that was sent."""
        check_size(self.size)
        if self.size != size:
            raise FixInput(
                f"Of the file's {size:,} bytes {self.size:,} have arrived: it was changed while it was sent, "
                "or sent from two windows. Choose it again.",
                code="incomplete_upload",
            )

    def __iter__(self) -> Iterator[bytes]:
        for path, size in zip(self._paths, self._sizes, strict=True):
            content = read_small(path)
            if len(content) != size:
                raise FixInput(
                    "A part of the file was sent anew while the parts were joined: choose the file again.",
                    code="incomplete_upload",
                )
            yield content

    def delete(self) -> None:
        """Delete them."""
        delete_all(self._paths)


def part_paths(draft: Draft) -> list[str]:
    """Return where the parts of a draft's file may lie that has not arrived whole."""
    return [_part(draft, index) for index in range(-(-draft["upload_bytes"] // PART_BYTES))]


def _part(draft: Draft, index: int) -> str:
    return folder_of(draft, f"parts/{index:05}")


def _sizes(paths: Sequence[str]) -> list[int]:
    sizes = sizes_of(paths)
    missing = [index + 1 for index, size in enumerate(sizes) if size is None]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise FixInput(
            f"Part {missing[0]} of {len(paths)} of the file did not arrive{more}: send it again.",
            code="missing_part",
        )
    return [size for size in sizes if size is not None]
