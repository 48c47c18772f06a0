"""Read what a JSON Web Token says, without verifying it.

Returns its header and claims, marked as unverified: anybody can have written them, so decide nothing by
them. Also whether it is still good for so many seconds, by its own word. Needs no key and calls nobody.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.identity.tokens.results import ReadToken


def main(token: str, margin_seconds: float = 60) -> ReadToken:
    from f.identity.tokens.compact import read_unverified
    from f.identity.tokens.results import unverified

    return unverified(read_unverified(token.strip()), margin_seconds, time.time())
