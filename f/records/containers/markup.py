"""The XML parts of a workbook, read as a stream: handlers see elements, and nothing is kept as a tree.

Names lose the namespace of their root element, which differs between Excel's two dialects and between
writers' prefixes: `<x:row>` and `<row>` are both "row".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.parsers import expat

from f.records.containers.limits import LIMITS, Limits, damaged, too_large

Attributes = Mapping[str, str]
_DEEPEST = 64
_MOST_NAMES = 1000
_RELATIONSHIP_ID = "relationships}id"


class Handler:
    """What an XML part is read with. `parts` gets all characters; an element's end decides which it wants."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin an element."""

    def end(self, name: str) -> None:
        """End an element."""

    def taken(self) -> str:
        """Return the characters since the last call, or since `parts` was cleared."""
        parts = self.parts
        text = parts[0] if len(parts) == 1 else "".join(parts)
        parts.clear()
        return text


def parse(pieces: Iterable[bytes], handler: Handler, what: str, limits: Limits = LIMITS) -> Iterator[None]:
    """Read a part, and pause after each piece, so that what the handler has found can be handed on.

    Raises FixInput (damaged_file, unpacks_too_large) for what is no XML, has a DTD, or tags without bound.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.CharacterDataHandler = handler.parts.append
    names = _Names(handler, what)
    parser.StartElementHandler, parser.EndElementHandler = names.start, names.end
    parser.StartDoctypeDeclHandler = names.refuse_doctype
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            if sum(map(len, handler.parts)) > limits.field_chars:
                raise too_large(what, "has a text of many megabytes")
            fed += len(piece)
            if fed - max(parser.CurrentByteIndex, 0) > limits.markup_bytes:
                raise too_large(what, "has a tag of many megabytes")
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise damaged(what, "its XML cannot be read") from error
    yield


class _Names:
    """Hands elements on without the root's namespace, and counts how deep they lie in each other."""

    def __init__(self, handler: Handler, what: str) -> None:
        self._begin, self._finish, self._what = handler.start, handler.end, what
        self._known: dict[str, str] = {}
        self._root = ""
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise damaged(self._what, "its elements are nested without end")
        known = self._known.get(name)
        self._begin(known if known is not None else self._short(name), attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        known = self._known.get(name)
        self._finish(known if known is not None else self._short(name))

    def _short(self, name: str) -> str:
        space, _, last = name.rpartition("}")
        if not self._known:
            self._root = space
        short = last if space == self._root else name
        if len(self._known) < _MOST_NAMES:
            self._known[name] = short
        return short

    def refuse_doctype(self, *_: object) -> None:
        raise damaged(self._what, "it declares a document type, which no workbook has")


def relationship_id(attributes: Attributes) -> str:
    """Return the value of `r:id`, in whichever namespace of the two dialects."""
    return next((value for name, value in attributes.items() if name.endswith(_RELATIONSHIP_ID)), "")
