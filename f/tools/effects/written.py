"""What every tool that writes answers."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

WriteStatus = Literal["done", "already_done", "confirmed", "running", "unknown", "refused"]


class Written(TypedDict):
    """What became of a write.

    `done`: this call did it; `already_done`: an earlier one did, and `result` is that one's; `confirmed`:
    its answer was lost, and it was found to have happened; `running`: it is under way; `unknown`: its answer
    was lost and nobody can tell; `refused`: nothing was done, and calling it again just so does nothing
    either. `result` has ids and counts, never a text or an address.
    """

    status: WriteStatus
    once_key: str
    result: dict[str, Any] | None
    message: str
