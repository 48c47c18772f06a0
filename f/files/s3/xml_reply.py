"""What S3 answers in XML, as plain nodes.

A reply is data from outside: one with a document type is refused as a whole, so that no entity is ever
expanded and nothing is fetched; one that is nested deeper than S3's own is as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

_DEEPEST = 20


@dataclass(slots=True)
class Node:
    """One element, its name without a namespace."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        """Yield the children of this name."""
        return (child for child in self.children if child.name == name)

    def value(self, name: str) -> str:
        """Return the text of the first child of this name; empty if there is none."""
        return next((child.text for child in self.all(name)), "")


class _Unfit(Exception):
    """It is XML, and not what S3 would send."""


def read_xml(body: bytes) -> Node | None:
    """Return the root of an XML document; None if it is none, or one that S3 does not send."""
    root = Node("")
    path = [root]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(path) > _DEEPEST:
            raise _Unfit
        node = Node(name.rpartition(":")[2])
        path[-1].children.append(node)
        path.append(node)

    def end(_name: str) -> None:
        node = path.pop()
        if node.children:
            node.text = ""  # the blanks between elements

    def text(data: str) -> None:
        path[-1].text += data

    def refuse(*_declaration: object) -> None:
        raise _Unfit

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(
            body.lstrip(), True
        )  # blanks keep the connection open while S3 works, also before the XML
    except (expat.ExpatError, _Unfit, ValueError, LookupError):
        return None
    return root.children[0] if root.children else None
