"""Which file a tool is to read: an object of the storage, a URL, or the rows themselves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from f.connect.errors import FixInput
from f.tools.guards.patterns import is_allowed


@dataclass(frozen=True, slots=True)
class FileChoice:
    """One of the three is given."""

    file: str = ""
    url: str = ""
    text: str = ""

    def check(self, files: tuple[str, ...]) -> None:
        """FixInput unless exactly one is given, and an object's key is one that the guards allow."""
        given = [name for name in ("file", "url", "text") if getattr(self, name).strip()]
        if len(given) != 1:
            raise FixInput(
                "Give exactly one of file (the key of an object in the storage), url or text; "
                f"{' and '.join(given) + ' were' if given else 'none was'} given.",
                code="one_source_expected",
            )
        file = self.file.strip()
        if file and {"", ".", ".."} & set(file.split("/")):
            raise FixInput(
                f"file must be the key of an object, without empty parts, '.' and '..': not {self.file!r}.",
                code="file_not_allowed",
            )
        if file and not is_allowed(file, files):
            raise FixInput(
                f"The file {self.file!r} is not one that tools may read. Allowed: {', '.join(files)}.",
                code="file_not_allowed",
            )

    def inputs(self) -> dict[str, object]:
        """Return the inputs of the import flow that say which file it is."""
        if file := self.file.strip():
            return {"file": {"s3": file}}
        return {"url": url} if (url := self.url.strip()) else {"text": self.text}

    def described(self) -> dict[str, str]:
        """Return what tells this choice from another; the rows themselves as a hash."""
        text = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest() if self.text else ""
        return {"file": self.file.strip(), "url": self.url.strip(), "text": text}
