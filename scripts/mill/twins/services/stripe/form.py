"""Parameters in bracket notation: `items[0][price]=p` and `expand[]=customer` as nested objects and lists.

https://docs.stripe.com/api/introduction: forms go in, JSON comes out.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from mill.twins.services.stripe.errors import InvalidParams

Tree = dict[str, Any]
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_MOST_STEPS = 10


def read(encoded: str) -> Tree:
    """Return the parameters of a body or a query as a tree of texts. Raises InvalidParams."""
    tree: Tree = {}
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded), errors="strict")
    except ValueError as problem:
        raise InvalidParams(f"Invalid request (the form cannot be read: {problem}).") from problem
    for name, value in pairs:
        _put(tree, _steps(name), value, name)
    return {name: _as_list(value) for name, value in tree.items()}


def _steps(name: str) -> list[str]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise InvalidParams(f"Invalid parameter name: {name}", name)
    steps = [found[1], *_STEP.findall(found[2])]
    if len(steps) > _MOST_STEPS:
        raise InvalidParams(f"Invalid parameter name: {name} is nested too deeply", name)
    return steps


def _put(tree: Tree, steps: list[str], value: str, name: str) -> None:
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        at = _next_index(tree) if step == "" else step
        if following is None:
            if isinstance(tree.get(at), dict):
                raise InvalidParams(f"Invalid parameter: {name} is both a value and an object", name)
            tree[at] = value
            return
        tree = tree.setdefault(at, {})
        if not isinstance(tree, dict):
            raise InvalidParams(f"Invalid parameter: {name} is both a value and an object", name)


def _next_index(tree: Tree) -> str:
    return str(len(tree))


def _as_list(value: Any) -> Any:
    """Turn an object whose names are all numbers into a list: an index is an order, no more."""
    if not isinstance(value, dict):
        return value
    inner = {name: _as_list(one) for name, one in value.items()}
    if inner and all(name.isascii() and name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
