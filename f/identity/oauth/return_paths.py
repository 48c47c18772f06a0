"""Where a browser goes after a sign-in: a path of this site, or an address that the app's resource allows.

An address that a stranger may choose is an open redirect: a link to us that ends at somebody who looks
like us. Browsers read a backslash as a slash, drop tabs and line ends inside an address, and decode what we
did not: so what is not plainly a path is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from f.connect.errors import FixInput

_LONGEST = 1000
# RFC 3986: what may stand in a path, a query and a fragment, as it is or as %xx.
_PLAIN = re.compile(r"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*")
_DECODED = re.compile(r"[\x00-\x20\x7f-\x9f\\]|//|(?:^|/)\.{1,2}(?:/|$)")
_ROUNDS = 3  # of decoding: one for each proxy on the way that decodes what it should not


def checked_return(return_to: str, allowed: Sequence[str]) -> str:
    """Return where to go, "" for nowhere; FixInput unless it is a path of this site or is allowed.

    An allowed path that ends with / allows all below it. Without allowed paths every path of this site is.
    """
    if not return_to:
        return ""
    whole = [one for one in allowed if not one.startswith("/")]
    if return_to in whole:
        return return_to
    paths = [one for one in allowed if one.startswith("/")]
    if not is_local_path(return_to) or (paths and not any(_is_below(return_to, one) for one in paths)):
        raise FixInput(
            "return_to must be a path of this site, such as /apps/orders, and one that return_paths of the "
            "OAuth app allows. Nothing was started.",
            code="bad_return",
        )
    return return_to


def is_local_path(text: str) -> bool:
    """Return whether a browser, however it reads this, stays on this site."""
    if len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        return False
    path = re.split("[?#]", text, maxsplit=1)[0]
    for _ in range(_ROUNDS):
        if _DECODED.search(path):
            return False
        path = unquote(path, errors="replace")
    parts = urlsplit(text)
    return not parts.scheme and not parts.netloc and "%" not in path


def _is_below(path: str, allowed: str) -> bool:
    plain = re.split("[?#]", path, maxsplit=1)[0]
    return plain.startswith(allowed) if allowed.endswith("/") else plain == allowed
