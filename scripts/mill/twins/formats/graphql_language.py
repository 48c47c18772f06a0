"""The query language as the GraphQL twin reads it: operations with the fields they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mill.strict_values import loads

DEEPEST = 20

_TOKEN = re.compile(
    r"""(?P<ignored>(?:[ \t,\ufeff\r\n]++|\#[^\r\n]*+)++)
    |(?P<name>[_A-Za-z]\w*+)
    |(?P<number>-?[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)
    |(?P<block>\"\"\"(?:[^"\\]|\\|\"(?!\"\"))*+\"\"\")
    |(?P<text>\"(?:[^"\\\r\n]|\\.)*+\")
    |(?P<mark>\.\.\.|[!$()\[\]{}:=@])""",
    re.VERBOSE | re.ASCII,
)
_WORDS = {"true": True, "false": False, "null": None}


class LanguageError(Exception):
    """What cannot be read, with its place, counted from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class Variable(NamedTuple):
    """The value of a variable."""

    name: str


@dataclass(slots=True)
class Asked:
    """A field, or (`spread`, `on`) a fragment by its name or written on the spot."""

    name: str = ""
    alias: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)
    selection: list[Asked] = field(default_factory=list)
    spread: str = ""
    line: int = 1
    column: int = 1


@dataclass(slots=True)
class Operation:
    """`variables`: the type of each, and its default where it has one."""

    kind: str
    name: str
    variables: dict[str, tuple[str, Any]]
    selection: list[Asked]


class Parsed(NamedTuple):
    """A whole document."""

    operations: list[Operation]
    fragments: Mapping[str, list[Asked]]


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str) -> Parsed:
    """Read a document; LanguageError says what is wrong, and where."""
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        self._tokens: list[_Token] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._error(f"Syntax Error: Unexpected character: {text[at]!r}.", at)
            if match.lastgroup != "ignored":
                self._tokens.append(_Token(match.lastgroup or "", match.group(), at))
            at = match.end()
        self._tokens.append(_Token("end", "<EOF>", at))

    def _error(self, message: str, at: int) -> LanguageError:
        before = self._text[:at].splitlines() or [""]
        return LanguageError(message, len(before), len(before[-1]) + 1)

    def _unexpected(self) -> LanguageError:
        token = self._tokens[self._at]
        return self._error(f"Syntax Error: Unexpected {token.text[:40]}.", token.at)

    def _is(self, text: str) -> bool:
        token = self._tokens[self._at]
        return token.text == text and token.kind not in {"text", "block"}

    def _skip(self, text: str) -> bool:
        found = self._is(text)
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise self._unexpected()

    def _name(self) -> str:
        token = self._tokens[self._at]
        if token.kind != "name":
            raise self._unexpected()
        self._at += 1
        return token.text

    def document(self) -> Parsed:
        operations: list[Operation] = []
        fragments: dict[str, list[Asked]] = {}
        while self._tokens[self._at].kind != "end":
            if self._is("{"):
                operations.append(Operation("query", "", {}, self._selection()))
            elif self._skip("fragment"):
                name = self._name()
                self._expect("on")
                self._name()
                fragments[name] = self._selection()
            elif self._tokens[self._at].text in {"query", "mutation", "subscription"}:
                operations.append(self._operation())
            else:
                raise self._unexpected()
        if not operations:
            raise self._unexpected()
        return Parsed(operations, fragments)

    def _operation(self) -> Operation:
        kind = self._name()
        name = self._name() if self._tokens[self._at].kind == "name" else ""
        variables: dict[str, tuple[str, Any]] = {}
        if self._skip("("):
            while not self._skip(")"):
                self._expect("$")
                variable = self._name()
                self._expect(":")
                variables[variable] = (self._type(), self._value() if self._skip("=") else ...)
        return Operation(kind, name, variables, self._selection())

    def _type(self) -> str:
        if self._skip("["):
            inner = f"[{self._type()}]"
            self._expect("]")
        else:
            inner = self._name()
        return f"{inner}!" if self._skip("!") else inner

    def _selection(self) -> list[Asked]:
        self._expect("{")
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error("The query is nested too deep.", self._tokens[self._at].at)
        found = [self._asked()]
        while not self._skip("}"):
            found.append(self._asked())
        self._depth -= 1
        return found

    def _asked(self) -> Asked:
        where = self._error("", self._tokens[self._at].at)
        asked = Asked(line=where.line, column=where.column)
        if self._skip("..."):
            if self._skip("on"):
                self._name()
            elif self._tokens[self._at].kind == "name":
                asked.spread = self._name()
            asked.directives = self._directives()
            asked.selection = [] if asked.spread else self._selection()
            return asked
        asked.name = self._name()
        if self._skip(":"):
            asked.alias, asked.name = asked.name, self._name()
        asked.arguments = self._arguments()
        asked.directives = self._directives()
        if self._is("{"):
            asked.selection = self._selection()
        return asked

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._skip("("):
            while not self._skip(")"):
                name = self._name()
                self._expect(":")
                found[name] = self._value()
        return found

    def _directives(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        while self._skip("@"):
            name = self._name()
            found[name] = self._arguments()
        return found

    def _value(self) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error("The query is nested too deep.", self._tokens[self._at].at)
        value = self._read_value()
        self._depth -= 1
        return value

    def _read_value(self) -> Any:
        token = self._tokens[self._at]
        if self._skip("$"):
            return Variable(self._name())
        if self._skip("["):
            items = []
            while not self._skip("]"):
                items.append(self._value())
            return items
        if self._skip("{"):
            found = {}
            while not self._skip("}"):
                name = self._name()
                self._expect(":")
                found[name] = self._value()
            return found
        if token.kind not in {"name", "number", "text", "block"}:
            raise self._unexpected()
        self._at += 1
        if token.kind == "block":
            return token.text[3:-3].strip()
        if token.kind == "name":
            return _WORDS.get(token.text, token.text)
        try:
            return loads(token.text)
        except ValueError as error:
            raise self._error(f"Syntax Error: Unexpected {token.text[:40]}.", token.at) from error
