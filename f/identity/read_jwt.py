"""Read what a JSON Web Token says, without verifying it.

Returns its header and claims, marked as unverified: anybody can have written them, so decide nothing by
them. Also whether it is still good for so many seconds, by its own word. Needs no key and calls nobody.
"""

import time

from f.identity.tokens.compact import read_unverified
from f.identity.tokens.results import ReadToken, unverified


def main(token: str, margin_seconds: float = 60) -> ReadToken:
    return unverified(read_unverified(token.strip()), margin_seconds, time.time())
