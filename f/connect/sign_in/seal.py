"""A seal for tokens at rest: whoever can read the store and has not the credential reads nothing.

AES-256-GCM (NIST SP 800-38D) under a key made of the credential itself, so there is no further key to keep. A
text sealed under another credential, for another place or as another part of it, is as good as none: who may
write into the store cannot have a refresh token sent as an access token, or a token told as a sentence.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

_MARK = "sealed:2:"
_OLD_MARK = "sealed:1:"  # of an earlier version, which told no parts of a place apart
_NONCE_BYTES = 12


class Seal:
    """Seals and opens texts of one place, such as the key of a row."""

    def __init__(self, place: str, *credential: object, takes_plain: bool = True) -> None:
        """`takes_plain`: whether a text may be one that an earlier version kept, without a seal or part."""
        self._takes_plain = takes_plain
        self._place = place.encode()
        parts = "\x1f".join(map(str, credential)).encode("utf-8", "surrogatepass")
        self._key = hashlib.blake2b(parts, digest_size=32, person=b"millwright seal").digest()

    def close(self, text: str, part: str = "") -> str:
        """Seal a text as a part of the place, such as a column; an empty one stays empty."""
        if not text:
            return ""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # only with a token

        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, text.encode(), self._place_of(part))
        return _MARK + base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, text: str, part: str = "") -> str:
        """Return the text that was sealed as this part; "" if this credential cannot open it."""
        if text.startswith(_MARK):
            return self._opened(text.removeprefix(_MARK), self._place_of(part))
        if not self._takes_plain:
            return ""
        is_sealed = text.startswith(_OLD_MARK)
        return self._opened(text.removeprefix(_OLD_MARK), self._place) if is_sealed else text

    def _place_of(self, part: str) -> bytes:
        return self._place + b"\x1f" + part.encode()

    def _opened(self, text: str, place: bytes) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            sealed = base64.b64decode(text, validate=True)
            opened = AESGCM(self._key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except (InvalidTag, binascii.Error, ValueError):
            return ""
        return opened.decode()
