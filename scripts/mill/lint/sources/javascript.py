"""Just enough of JavaScript: what is code and what is text, and whether it compiles in Windmill's engine."""

from __future__ import annotations

import re

import quickjs  # type: ignore[import-untyped]  # the package ships no types

from mill.engine.expressions import with_awaits

_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*) | (?P<block>/\*.*?\*/)
      | (?P<text>"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
      | (?P<template>`(?:\\.|[^`\\])*`)
      | (?P<regex>(?<![\w)\]\s])\s*/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[*])+/[dgimsuvy]*)""",
    re.VERBOSE | re.DOTALL,
)
_HOLE = re.compile(r"\$\{[^{}]*\}")


def mask(code: str) -> str:
    """Return the code, the inside of strings, comments and regular expressions blanked, not shorter."""
    return _TOKEN.sub(_blank, code)


def has_line_comment(code: str) -> bool:
    """Return whether a `//` comment stands in the code."""
    return any(match.lastgroup == "line" for match in _TOKEN.finditer(code))


def syntax_error(code: str, *, predicate: bool, awaits: bool = True) -> str | None:
    """Return why the engine would refuse the expression as Windmill wraps it, or None."""
    text = with_awaits(code.strip()) if awaits else code.strip()
    if predicate:
        body = f"return Boolean({text});"
    elif is_statements(text):
        body = text
    else:
        body = f"return {text};"
    try:
        quickjs.Context().eval(f"(async function() {{ {body} }})")
    except quickjs.JSException as error:
        return str(error).strip().splitlines()[0].removeprefix("SyntaxError: ")
    return None


_STATEMENT = re.compile(
    r"(?:return|const|let|var|throw|function|class|async|await)\s"
    r"|return(?:;|$)|(?:if|for|while|switch)[ (]|try[ {]"
)


def is_statements(code: str) -> bool:
    """Return whether Windmill runs the text as it is instead of putting `return` before it."""
    return _STATEMENT.match(code) is not None or ";" in mask(code)


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    if match.lastgroup == "template":
        return _keep_holes(text)
    if match.lastgroup == "text":
        return text[0] + " " * (len(text) - 2) + text[-1]
    return " " * len(text)


def _keep_holes(template: str) -> str:
    """Return a template literal with its text blanked and the code in `${...}` kept."""
    blanked = [" "] * len(template)
    for hole in _HOLE.finditer(template):
        blanked[hole.start() : hole.end()] = [" ", "(", *template[hole.start() + 2 : hole.end() - 1], ")"]
    blanked[0] = blanked[-1] = "`"
    return "".join(blanked)
