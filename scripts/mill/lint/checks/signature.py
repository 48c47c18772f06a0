"""WM1: main()'s signature, of which Windmill makes the form and the arguments."""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
from collections.abc import Iterator

from mill.lint.sources.finding import Finding
from mill.lint.sources.form_types import plain, shape
from mill.lint.sources.hub_types import HUB_TYPES
from mill.lint.sources.python_source import Function, Source
from mill.locks.imports import MAIN

_PLAIN = {"str", "int", "float", "bool", "bytes", "dict", "list", "datetime", "date", "S3Object", "None"}
_SEEN_DEFAULTS = (ast.Constant, ast.List, ast.Dict, ast.Call, ast.Attribute)
_ENUMS = {"Enum", "StrEnum", "IntEnum"}
_MODELS = {"BaseModel", "BaseSettings"}
_RESOURCE_TYPE_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NEAR = 0.85  # how alike a name and a known type must be to be taken for a slip; 1 is equal
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def check_signature(
    source: Source, resource_types: frozenset[str], *, has_form: bool = True
) -> Iterator[Finding]:
    """Yield findings for a script that has a main; `resource_types` are those the repository defines.

    `has_form`: people fill in its inputs; those of a flow's inline step are expressions.
    """
    main = source.main
    if main is None:
        return
    yield from _shape(source, main)
    yield from _brackets(source, main)
    yield from _defaults(source, main)
    for argument, default in with_defaults(main):
        yield from _annotation(source, argument, resource_types)
        if has_form:
            yield from _form(source, argument, default)
    preprocessor = source.function("preprocessor")
    if preprocessor is not None:
        names = [argument.arg for argument in preprocessor.args.args]
        if names != ["event"]:
            yield source.at(preprocessor).find(
                "WM603",
                f"The preprocessor takes ({', '.join(names)}); Windmill hands the request over as `event`.",
                "Write `def preprocessor(event: dict)`.",
            )


def _shape(source: Source, main: Function) -> Iterator[Finding]:
    here = source.at(main)
    if MAIN.search(source.code) is None:
        yield here.find(
            "WM110", "Windmill does not find this main.", "Write exactly `def main(`, in column 1."
        )
    if isinstance(main, ast.AsyncFunctionDef):
        yield here.find(
            "WM104",
            "Windmill does not await an async main: the result would be the text of a coroutine.",
            "Write `def main` and call asyncio.run inside it.",
        )
    if main.args.posonlyargs:
        yield source.at(main.args.posonlyargs[0]).find(
            "WM103", "Positional-only parameters break the defaults Windmill reads.", "Remove the `/`."
        )
    for argument in main.args.kwonlyargs:
        yield source.at(argument).find(
            "WM102",
            f"Windmill never passes the keyword-only parameter {argument.arg}.",
            "Remove the `*` before it.",
        )


def _defaults(source: Source, main: Function) -> Iterator[Finding]:
    for argument, default in with_defaults(main):
        if default is not None and not isinstance(default, _SEEN_DEFAULTS):
            yield source.at(default).find(
                "WM101",
                f"Windmill does not see the default {ast.unparse(default)} of {argument.arg}: "
                "left out, it arrives as None.",
                "Write a literal, or take None and set the value in the body.",
            )


def with_defaults(main: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """Return the parameters Windmill passes, each with its default."""
    arguments = [*main.args.posonlyargs, *main.args.args]
    defaults: list[ast.expr | None] = [None] * (len(arguments) - len(main.args.defaults))
    return list(zip(arguments, [*defaults, *main.args.defaults], strict=True))


def _brackets(source: Source, main: Function) -> Iterator[Finding]:
    """Windmill finds the end of the signature by counting brackets, those in comments and strings too."""
    last = (main.returns or main.body[0]).lineno
    signature = "\n".join(source.code.splitlines()[main.lineno - 1 : last])
    for token in _tokens(signature):
        if token.type in {tokenize.COMMENT, tokenize.STRING} and not _balanced(token.string):
            yield source.place.at(main.lineno + token.start[0] - 1, token.start[1] + 1).find(
                "WM105",
                f"Windmill counts the unpaired bracket in {token.string} and misreads the signature.",
                "Pair it or move the text out of the signature.",
            )
    enums = [argument for argument in main.args.args if _base_kind(source, argument.annotation) == "enum"]
    if enums and re.search(r"^\)", signature, re.MULTILINE):
        yield source.at(main).find(
            "WM106",
            f"With the closing bracket of main in column 1 Windmill loses the Enum of {enums[0].arg}.",
            "Use Literal, or close the bracket at the end of the last parameter's line.",
        )


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, IndentationError):
        return  # the text ends inside the body; the signature lies before that


def _balanced(text: str) -> bool:
    open_brackets: list[str] = []
    for character in text:
        if character in _BRACKETS.values():
            open_brackets.append(character)
        elif character in _BRACKETS and (not open_brackets or open_brackets.pop() != _BRACKETS[character]):
            return False
    return not open_brackets


def _annotation(source: Source, argument: ast.arg, resource_types: frozenset[str]) -> Iterator[Finding]:
    annotation = _without_none(argument.annotation)
    here = source.at(argument)
    kind = _base_kind(source, annotation)
    if kind in {"enum", "model"}:
        arrives = "a str" if kind == "enum" else "a dict"
        yield here.find(
            "WM107",
            f"{argument.arg}: {ast.unparse(annotation) if annotation else ''} arrives as {arrives}.",
            "Use Literal." if kind == "enum" else "Take a dict or TypedDict and build the model inside main.",
        )
    elif isinstance(annotation, ast.Name) and not _is_resource_type(source, annotation.id, resource_types):
        known = difflib.get_close_matches(annotation.id, HUB_TYPES | resource_types, 1, _NEAR)
        yield here.find(
            "WM109",
            f"For {argument.arg} the form asks for a resource of type {annotation.id}, which is not in this "
            f"repository ({annotation.id}.resource-type.yaml) and none of the hub's that mill knows.",
            f"{f'Did you mean {known[0]}? ' if known else ''}"
            "Name a TypedDict like its resource type; write other types out (str, dict, list, Literal[...]).",
        )
    elif isinstance(annotation, ast.Subscript):
        yield from _generic(source, argument, annotation)


def _form(source: Source, argument: ast.arg, default: ast.expr | None) -> Iterator[Finding]:
    """Yield where the form knows less than the annotation says.

    A bare `list` is a list of strings on purpose.
    """
    annotation = argument.annotation
    if annotation is None or (default is not None and not isinstance(default, _SEEN_DEFAULTS)):
        return  # of a default it does not see, WM101 says so
    form = shape(annotation, default)
    better = plain(annotation) or "one plain type, such as str, dict, list[str] or list[dict]"
    remedy = f"Write {better}{', or list[dict] for records' if better.startswith('list[str]') else ''}."
    here, text = source.at(argument), ast.unparse(annotation)
    if form == "nothing":
        yield here.find("WM111", f"Windmill reads no type from {argument.arg}: {text} (`type: ''`).", remedy)
    elif form == "strings" and better not in {"list[str]", "list[str] | None"}:
        yield here.find("WM108", f"The form offers a list of strings for {argument.arg}: {text}.", remedy)


def _is_resource_type(source: Source, name: str, resource_types: frozenset[str]) -> bool:
    """Return whether a name means what the form makes of it: a plain type, or a resource type that may exist.

    A workspace can have types that neither the repository nor mill's list of the hub's holds. A class or
    alias in the spelling of resource types is taken for one of those, unless it nearly is one we know.
    """
    known = HUB_TYPES | resource_types
    if name in _PLAIN | known:
        return True
    is_spelled_so = _RESOURCE_TYPE_NAME.fullmatch(name) is not None and source.definition(name) is not None
    return is_spelled_so and not difflib.get_close_matches(name, known, 1, _NEAR)


def _generic(source: Source, argument: ast.arg, annotation: ast.Subscript) -> Iterator[Finding]:
    here, text = source.at(argument), ast.unparse(annotation)
    outer = ast.unparse(annotation.value)
    inner = annotation.slice
    if outer in {"list", "List"} and ast.unparse(inner) == "bool":
        yield here.find("WM108", f"The form offers a list of objects for {argument.arg}.", "Write list[str].")
    elif outer == "Literal":
        choices = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        strings = [choice for choice in choices if _is_string(choice)]
        if len(strings) < len(choices) or len(choices) == 1:
            yield here.find(
                "WM108",
                f"The form offers any text for {argument.arg}: {text} is not a choice to Windmill.",
                "Give Literal at least two strings.",
            )


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _without_none(annotation: ast.expr | None) -> ast.expr | None:
    """Return the X of `X | None` and `Optional[X]`."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = [annotation.left, annotation.right]
        others = [side for side in sides if ast.unparse(side) != "None"]
        return others[0] if len(others) == 1 else None
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in {
        "Optional",
        "typing.Optional",
    }:
        return annotation.slice
    return annotation


def _base_kind(source: Source, annotation: ast.expr | None) -> str | None:
    """Return what the class named by an annotation is: "enum", "model" or None for anything else."""
    annotation = _without_none(annotation)
    if not isinstance(annotation, ast.Name):
        return None
    definition = source.definition(annotation.id)
    if not isinstance(definition, ast.ClassDef):
        return None
    bases = {ast.unparse(base).rpartition(".")[2] for base in definition.bases}
    decorators = {
        ast.unparse(item).partition("(")[0].rpartition(".")[2] for item in definition.decorator_list
    }
    if bases & _ENUMS:
        return "enum"
    return "model" if bases & _MODELS or "dataclass" in decorators else None
