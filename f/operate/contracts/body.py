"""The body of an answer as a JSON value, whatever language the service speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.calls.body_text import read_json

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.files.s3.xml_reply import Node


def body_value(response: Response) -> Any:
    """Return the body as a JSON value: of XML its elements, each as a list; of anything else a text."""
    try:
        return read_json(response.body) if response.body else None
    except (ValueError, RecursionError):
        pass
    if response.body.lstrip()[:1] == b"<":
        from f.files.s3.xml_reply import read_xml  # of services that speak XML

        root = read_xml(response.body)
        if root is not None:
            return {root.name: [_of_node(root)]}
    return response.text


def _of_node(node: Node) -> Any:
    if not node.children:
        return node.text
    found: dict[str, list[Any]] = {}
    for child in node.children:
        found.setdefault(child.name, []).append(_of_node(child))
    return found
