"""The drafts of this workspace: the store that has them, and who asks."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from f.desk.drafts.draft import PURPOSE, Drafts
from f.store.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "somebody"  # in a job that was started without Windmill


@contextmanager
def open_drafts() -> Iterator[Drafts]:
    """Open the drafts: in the workspace's data table, or in this machine's file."""
    # A person is told that it is kept: so it has to outlive a power cut.
    with open_store(None, PURPOSE, durable=True) as store:
        yield Drafts(store)


def person() -> str:
    """Return who this job runs for, as other people know them."""
    return os.environ.get("WM_USERNAME") or os.environ.get("WM_EMAIL") or NOBODY
