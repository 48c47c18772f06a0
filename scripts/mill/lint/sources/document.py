"""A YAML file that knows where each of its values stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from mill.lint.sources.finding import Place, relative
from mill.repository.yaml_file import compose_yaml

Keys = tuple[str | int, ...]


class Document:
    """Data as `read_yaml` reads it, with the place of each key."""

    def __init__(self, file: Path, root: Path) -> None:
        text = file.read_text(encoding="utf-8-sig")
        self.name = relative(file, root)
        self.data: Any
        self._node: Node | None
        self.data, self._node = compose_yaml(text, self.name)

    def place(self, keys: Keys = ()) -> Place:
        """Return where the value under `keys` is named; of a missing one, where its nearest parent is."""
        node, mark = self._node, self._node.start_mark if self._node is not None else None
        for key in keys:
            step = _child(node, key)
            if step is None:
                break
            node, mark = step
        return Place(self.name) if mark is None else Place(self.name, mark.line + 1, mark.column + 1)


def mapping(value: Any) -> dict[str, Any]:
    """Return the value where it is a mapping; else an empty one: that it is none is `wmill lint`'s to say."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _child(node: Node | None, key: str | int) -> tuple[Node, Any] | None:
    """Return the node under a key, and the mark of the key itself."""
    if isinstance(node, MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return value, name.start_mark
    elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key].start_mark
    return None
