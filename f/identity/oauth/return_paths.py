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
_DECODED = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|//|(?:^|/)\.{1,2}(?:/|$)")
_ROUNDS = 4  # of decoding, by proxies on the way; what has more to decode is refused


def checked_return(return_to: str, allowed: Sequence[str], *, by_visitor: bool = False) -> str:
    """Return where to go, "" for nowhere; FixInput unless it is a path of this site or is allowed.

    An allowed path that ends with / allows all below it. Without allowed paths every path of this site is
    allowed, but not to a visitor: of what he sends, Windmill has replaced a text such as $var:f/a/b by what
    it names, and a secret that happens to begin with / would go into his browser.
    """
    if not return_to:
        return ""
    whole = [one for one in allowed if not one.startswith("/")]
    if return_to in whole:
        return return_to
    paths = [one for one in allowed if one.startswith("/")]
    must_match = bool(paths) or by_visitor
    if not is_local_path(return_to) or (must_match and not any(_is_below(return_to, one) for one in paths)):
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
        decoded = unquote(path, errors="replace")
        if decoded == path:
            break
        path = decoded
    parts = urlsplit(text)
    return not parts.scheme and not parts.netloc and "%" not in path


def _is_below(path: str, allowed: str) -> bool:
    plain = re.split("[?#]", path, maxsplit=1)[0]
    return plain.startswith(allowed) if allowed.endswith("/") else plain == allowed
