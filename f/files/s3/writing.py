"""A write to a storage, whichever it is: carried out once, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.connect.errors import GiveUpRecord
from f.files.s3.refusals import EXISTS
from f.store.once import OneTimeWrite, Receipt, send_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.files.s3.results import IfExists
    from f.store.once import Attempt
    from f.store.store import Store


def write_once(store: Store, key: str, write: OneTimeWrite, if_exists: IfExists) -> Receipt | None:
    """Carry a write out once; None if there is an object already, and it is to be kept."""
    try:
        return send_once(store, key, write)
    except GiveUpRecord as error:
        if error.code == EXISTS and if_exists == "keep":
            return None
        raise


def delete_once(
    store: Store, key: str, send: Callable[[Attempt], str], *, there: bool
) -> Literal["deleted", "already_deleted", "not_there"]:
    """Carry a deletion out once. `there`: whether the object was seen before."""
    write = OneTimeWrite(send, repeat_safe=True, noun="deletion", key_input="request_key")
    if send_once(store, key, write).status == "already_sent":
        return "already_deleted"
    return "deleted" if there else "not_there"
