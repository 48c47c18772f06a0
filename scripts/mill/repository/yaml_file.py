"""Reads YAML 1.2 as Windmill's CLI does, and says file, line and column when it cannot."""

from __future__ import annotations

import contextlib
import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # where ruamel itself takes it from
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode
from ruamel.yaml.resolver import VersionedResolver

from mill.errors import MillError

_NUMBER = re.compile(
    r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)

# What the parser in C, which is one of YAML 1.1, reads otherwise: tabs, line breaks of Unicode, anchors and
# tags at the edge of what they may be, a comment or an empty line behind `|`. And what nests so deep that its
# stack might end.
_FOR_PYTHON = re.compile(
    r"""[\t\x85\u2028\u2029\ufeff] | (?:^|[^\w\s'"])[ ]*[&!](?!inline[ ]) | [&!]\S*[ ]+[&!]
    | [|>].*(?:\#|\n[ ]*(?:\n|\Z)) | (?:[-?][ ]+){30} | ^[ ]{300}""",
    re.MULTILINE | re.VERBOSE,
)
_MOST_BRACKETS = 200


class _Constructor(SafeConstructor):
    """YAML 1.2's core schema: a timestamp is a string, and `!inline file` stays the text it is.

    `root` is the tree of nodes behind the document read last.
    """

    root: Node | None = None

    def construct_document(self, node: Node) -> Any:
        self.root = node
        return super().construct_document(node)


def _timestamp_as_text(constructor: _Constructor, node: ScalarNode) -> str:
    return str(constructor.construct_scalar(node))


def _inline_as_text(constructor: _Constructor, node: ScalarNode) -> str:
    return f"!inline {constructor.construct_scalar(node)}"


def _core_number(constructor: _Constructor, node: ScalarNode) -> Any:
    """Return a number of the core schema; ruamel also takes 1_000 and 0b1, which YAML 1.2 reads as text."""
    text = str(node.value)
    if not _NUMBER.fullmatch(text):
        return text
    is_integer = str(node.tag).endswith(":int")
    return constructor.construct_yaml_int(node) if is_integer else constructor.construct_yaml_float(node)


_Constructor.add_constructor("tag:yaml.org,2002:int", _core_number)
_Constructor.add_constructor("tag:yaml.org,2002:float", _core_number)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _timestamp_as_text)
_Constructor.add_constructor("!inline", _inline_as_text)


def read_yaml(file: Path) -> Any:
    """Return the document in `file`: mappings, lists, strings, numbers, booleans and None only.

    Raises MillError (exit code 2) naming the place for a file that is missing or broken.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MillError(f"{file}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise MillError(f"{file}: is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    return parse_yaml(text, str(file))


def parse_yaml(text: str, source: str) -> Any:
    """As `read_yaml`, for text already in hand; `source` names it in errors.

    The same text again is not parsed again, which takes a hundred times as long as the copy that is returned.
    """
    try:
        return copy.deepcopy(_parsed(text, source))
    except RecursionError as error:
        raise MillError(f"{source}: is nested too deeply.") from error


# What a session reads for each of its jobs: forms, flows, resources, settings. A workspace has hundreds, and
# what goes through them all in turn would find none again in a smaller store.
@functools.lru_cache(maxsize=1024)
def _parsed(text: str, source: str) -> Any:
    return compose_yaml(text, source)[0]


class _FastLoader(CParser, _Constructor, VersionedResolver):  # type: ignore[misc]  # the parser in C has no types
    """Reads, composes and constructs in one object, as the parser in C has it."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self._parser = self._composer = self
        _Constructor.__init__(self, loader=self)
        VersionedResolver.__init__(self, loader=self)


def compose_yaml(text: str, source: str) -> tuple[Any, Node | None]:
    """As `parse_yaml`, with the tree of nodes that know where they stand: both of one reading."""
    if text.count("[") + text.count("{") <= _MOST_BRACKETS and not _FOR_PYTHON.search(text):
        with contextlib.suppress(YAMLError, ValueError, TypeError, RecursionError):  # told below, in one way
            loader = _FastLoader(text)
            return loader.get_single_data(), loader.root
    return _composed_in_python(text, source)


def _composed_in_python(text: str, source: str) -> tuple[Any, Node | None]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.composer.warn_double_anchors = False  # YAML allows for it: the last one counts
    try:
        data = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise MillError(f"{source}{place}: {_problem(error)}.") from error
    except (YAMLError, ValueError) as error:
        raise MillError(f"{source}: {str(error).splitlines()[0]}") from error
    except TypeError as error:
        raise MillError(f"{source}: a key is a list or a mapping, a text is needed.") from error
    except RecursionError as error:
        raise MillError(f"{source}: is nested too deeply.") from error
    if "*" in text and _holds_itself(data):
        raise MillError(f"{source}: an alias (*) stands inside of what it repeats, so it has no end.")
    return data, yaml.constructor.root


def _holds_itself(document: Any) -> bool:
    """Walk without calling itself; what is done is not walked again, as aliases repeat it."""
    done: set[int] = set()
    above: set[int] = set()
    path: list[tuple[int, Iterator[Any]]] = []
    value = document
    while True:
        if isinstance(value, dict | list) and id(value) not in done:
            if id(value) in above:
                return True
            above.add(id(value))
            path.append((id(value), iter(value.values() if isinstance(value, dict) else value)))
        while path:
            number, rest = path[-1]
            try:
                value = next(rest)
                break
            except StopIteration:
                path.pop()
                above.discard(number)
                done.add(number)
        else:
            return False


def _problem(error: MarkedYAMLError) -> str:
    problem = (error.problem or error.context or "is not valid YAML").strip()
    if problem.startswith("but ") and error.context:  # the second half of a sentence
        return f"{error.context.strip()}, {problem}"
    return problem


def read_mapping(file: Path) -> dict[str, Any]:
    """As `read_yaml`, where the document must be a mapping (an empty file is an empty one)."""
    document = read_yaml(file)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise MillError(f"{file}:1:1: holds {type(document).__name__}, a mapping is needed.")
    return document
