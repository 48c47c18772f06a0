"""JSON Merge Patch (RFC 7396): what is to be different in a body before handlers get it again."""

from __future__ import annotations

from typing import Any


def merged(target: Any, patch: Any) -> Any:
    """Return the target as the patch wants it: null takes a member away, objects go deeper, the rest is put.

    Neither of the two is changed.
    """
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
