"""What the workspace knows of a service it calls: how its resource becomes a client, and a call to try it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.by_hand.check import Checkable, client_for, not_tried
from f.connect.calls.reply_reader import named

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.errors import ConnectError

__all__ = ["Service", "client_for", "not_tried", "refused"]

_NO_API = frozenset({404, 405})
_REFUSED = re.compile(r" refused (the|this) (message|e-mail)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Checkable):
    """One kind of service, known by the type of the resources that hold its credentials.

    `purpose`: where its jobs keep limits, breakers and counts if there is no shared database, as
    `open_store` takes it.
    """

    resource_type: str
    purpose: str


def refused(error: ConnectError, response: Response) -> ConnectError:
    """Return a service's refusal of a message as that of a check; raise if its address is wrong."""
    if response.status in _NO_API:
        response.raise_for_status()
    about_check = type(error)(_REFUSED.sub(" refused the check", str(error)), code=error.code)
    return named(about_check, response)
