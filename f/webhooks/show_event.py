"""Show one event of a webhook: its facts, its request, the tries of each handler, and who had it repeated.

Names, addresses, secrets and the like are masked in the body and the headers; `whole` shows them as they are,
and then they stand in this job's result as well. The body lies sealed under the `storage_key` of its source,
so the resource f/webhooks/<source> is read; where it cannot be opened, `content_note` says why. Changes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.webhooks.inbox.showing import ShownEvent


def main(event: str, whole: bool = False, database: postgresql | None = None) -> ShownEvent:
    from f.store.stores import open_store
    from f.webhooks.inbox.listing import Listing
    from f.webhooks.inbox.showing import shown
    from f.webhooks.inbox.storage_keys import StorageKeys

    with open_store(database, "webhooks") as store:
        (found,) = Listing(store).named([event.strip()])
        return shown(store, found, StorageKeys(), whole=whole)
