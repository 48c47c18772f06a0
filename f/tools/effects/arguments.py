"""Whether two calls have the same arguments, told without keeping them.

Each argument is kept as a hash keyed by the once_key, which is itself not kept: who reads the ledger cannot
try numbers and addresses until one fits, unless the key can be guessed as well.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping

_HASH_BYTES = 12


def fingerprints(once_key: str, arguments: Mapping[str, object]) -> dict[str, str]:
    """Return a hash of each argument by its name. Blanks around a text do not count."""
    secret = hashlib.blake2b(once_key.encode("utf-8", "surrogatepass"), person=b"millwright once").digest()
    return {name: _hash(secret, name, value) for name, value in sorted(arguments.items())}


def differing(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names of the arguments that are not the same."""
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def _hash(secret: bytes, name: str, value: object) -> str:
    plain = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value
    text = json.dumps([name, plain], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), key=secret, digest_size=_HASH_BYTES).hexdigest()
