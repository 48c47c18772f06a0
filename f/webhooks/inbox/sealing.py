"""Bodies at rest: sealed under the source's storage key, each in its own place.

They are packed before: what is sealed is a third longer, and what is JSON a fifth as long when packed.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from f.connect.errors import FixSettings
from f.connect.sign_in.seal import Seal


def seal_body(body: Any, event: str, storage_key: str, part: str = "body") -> str:
    """Return a body as text for the store. It opens for this event and part alone."""
    packed = zlib.compress(json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode())
    text = base64.b85encode(packed).decode()
    return Seal(f"webhook event {event}", storage_key, takes_plain=False).close(text, part)


def open_body(sealed: str, event: str, storage_key: str, part: str = "body") -> Any:
    """Return a body; FixSettings if this key does not open it."""
    text = Seal(f"webhook event {event}", storage_key, takes_plain=False).open(sealed, part)
    if not text:
        raise FixSettings(
            "The event's body was sealed under another storage key. Put the key of then into the source's "
            "resource, or purge what was kept under it.",
            code="sealed_otherwise",
        )
    return json.loads(zlib.decompress(base64.b85decode(text)))
