"""What a GraphQL document holds: its operations, the variables they take, the fragments they use.

Read here so that what no server could read is refused with line and column before anything is sent, and so
that a mutation is known from a query. Which fields there are only the server knows. No tree is built: an
operation keeps where its parts lie in the words of the document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from f.connect.errors import FixInput
from f.graphql.queries.lexer import syntax_error, tokens_of

if TYPE_CHECKING:
    from f.graphql.queries.lexer import Token

OperationKind = Literal["query", "mutation", "subscription"]

DEEPEST = 100  # levels of selections, values and types; servers allow some ten


@dataclass(frozen=True, slots=True)
class VariableDefinition:
    """`type` as it is written, without blanks: `[ID!]!`."""

    name: str
    type: str
    has_default: bool

    @property
    def is_required(self) -> bool:
        """Whether a value must be given."""
        return self.type.endswith("!") and not self.has_default


@dataclass(slots=True)
class Definition:
    """An operation, or (`kind` is "fragment") a fragment: the words from `start` to before `end`.

    `body` is the first word of its selections. `root_fields` are the places of the fields that answer under
    their own or another name; `root_spreads` says that a fragment brings more of them.
    """

    kind: OperationKind | Literal["fragment"]
    name: str
    start: int
    body: int = 0
    end: int = 0
    variables: list[VariableDefinition] = field(default_factory=list)
    used_variables: list[int] = field(default_factory=list)
    spreads: list[int] = field(default_factory=list)
    root_fields: list[int] = field(default_factory=list)
    root_spreads: bool = False
    has_directives: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose syntax is right."""

    text: str
    tokens: list[Token]
    operations: list[Definition]
    fragments: dict[str, Definition]

    def operation(self, name: str = "") -> Definition:
        """Return the operation of that name, or the only one; FixInput if there is no such choice."""
        if name:
            found = [one for one in self.operations if one.name == name]
            if not found:
                raise FixInput(
                    f"The document has no operation {name!r}; it has {self._names()}.", code="no_operation"
                )
            return found[0]
        if len(self.operations) > 1:
            raise FixInput(
                f"The document has several operations, {self._names()}: say which in operation_name.",
                code="no_operation",
            )
        return self.operations[0]

    def reached(self, operation: Definition) -> list[Definition]:
        """Return the operation and the fragments it uses, also by way of others, each once."""
        found = [operation]
        names: set[str] = set()
        for one in found:
            for place in one.spreads:
                name = self.tokens[place].text
                if name not in names:
                    names.add(name)
                    found.append(self.fragments[name])
        return found

    def _names(self) -> str:
        return ", ".join(one.name or "one without a name" for one in self.operations)


def read_document(text: str) -> Document:
    """Read a document; FixInput if no server could: bad syntax, a fragment or a variable nobody defines."""
    if not isinstance(text, str) or not text.strip():
        raise FixInput(
            "There is no GraphQL document: give the text of one, such as { me { id } }.", code="no_query"
        )
    document = _Reader(text).read()
    if not document.operations:
        raise FixInput("The GraphQL document has fragments and no operation.", code="no_operation")
    names = [one.name for one in document.operations]
    if len(names) > 1 and ("" in names or len(set(names)) < len(names)):
        raise FixInput(
            "The GraphQL document has several operations: each needs a name of its own.", code="no_operation"
        )
    for definition in (*document.operations, *document.fragments.values()):
        for place in definition.spreads:
            if document.tokens[place].text not in document.fragments:
                what = f"there is no fragment {document.tokens[place].text}"
                raise syntax_error(text, document.tokens[place].start, what)
    for operation in document.operations:
        _check_variables(document, operation)
    return document


def _check_variables(document: Document, operation: Definition) -> None:
    defined = {one.name for one in operation.variables}
    for definition in document.reached(operation):
        for place in definition.used_variables:
            name = document.tokens[place].text
            if name not in defined:
                whose = operation.name or f"the {operation.kind}"
                raise syntax_error(
                    document.text,
                    document.tokens[place].start,
                    f"{whose} does not define the variable ${name}",
                )


class _Reader:
    """Reads the grammar, one word of it after another."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._current = Definition("query", "", 0)

    def read(self) -> Document:
        operations: list[Definition] = []
        fragments: dict[str, Definition] = {}
        while self._token.kind != "end":
            definition = self._definition()
            if definition.kind != "fragment":
                operations.append(definition)
            elif definition.name in fragments:
                raise self._wrong(f"there are two fragments {definition.name}", definition.start)
            else:
                fragments[definition.name] = definition
        return Document(self._text, self._tokens, operations, fragments)

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _wrong(self, what: str, at: int | None = None) -> FixInput:
        return syntax_error(self._text, self._tokens[self._at if at is None else at].start, what)

    def _unexpected(self, wanted: str) -> FixInput:
        token = self._token
        found = "the document ends" if token.kind == "end" else f"there is {token.text[:40]!r}"
        return self._wrong(f"{found} where {wanted} belongs")

    def _is(self, text: str) -> bool:
        return self._token.text == text and self._token.kind != "string"

    def _skip(self, text: str) -> bool:
        if self._is(text):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise self._unexpected(f"{text!r}")

    def _name(self, what: str = "a name") -> str:
        if self._token.kind != "name":
            raise self._unexpected(what)
        self._at += 1
        return self._tokens[self._at - 1].text

    def _deeper(self, by: int) -> None:
        self._depth += by
        if self._depth > DEEPEST:
            raise FixInput(
                f"The GraphQL document is nested more than {DEEPEST} levels deep. Ask for less at a time.",
                code="too_deep",
            )

    def _definition(self) -> Definition:
        start = self._at
        if self._token.kind == "string":  # a description
            self._at += 1
        if self._is("{") and self._at == start:
            self._current = Definition("query", "", start)
        elif self._token.text == "fragment" and self._token.kind == "name":
            self._fragment_head(start)
        elif self._token.text in {"query", "mutation", "subscription"} and self._token.kind == "name":
            self._operation_head(start)
        else:
            raise self._unexpected("query, mutation, subscription or fragment")
        self._current.body = self._at
        self._selections(is_root=self._current.kind != "fragment")
        self._current.end = self._at
        return self._current

    def _operation_head(self, start: int) -> None:
        kind: OperationKind = self._name()  # type: ignore[assignment]  # one of the three, as was just seen
        self._current = Definition(kind, self._name() if self._token.kind == "name" else "", start)
        if self._skip("("):
            first = True
            while first or not self._skip(")"):
                first = False
                self._current.variables.append(self._variable_definition())
        self._current.has_directives = self._directives()

    def _fragment_head(self, start: int) -> None:
        self._at += 1
        if self._is("on"):
            raise self._unexpected("the name of a fragment")
        self._current = Definition("fragment", self._name("the name of a fragment"), start)
        self._type_condition()
        self._directives()

    def _type_condition(self) -> None:
        if not self._is("on"):
            raise self._unexpected("'on' with a type")
        self._at += 1
        self._name("a type")

    def _variable_definition(self) -> VariableDefinition:
        if self._token.kind == "string":  # a description
            self._at += 1
        self._expect("$")
        name = self._name("the name of a variable")
        if any(one.name == name for one in self._current.variables):
            raise self._wrong(f"the variable ${name} is defined twice", self._at - 1)
        self._expect(":")
        start = self._at
        self._type()
        kind = "".join(token.text for token in self._tokens[start : self._at])
        has_default = self._skip("=")
        if has_default:
            self._value(is_constant=True)
        self._directives(are_constant=True)
        return VariableDefinition(name, kind, has_default)

    def _type(self) -> None:
        if self._skip("["):
            self._deeper(1)
            self._type()
            self._deeper(-1)
            self._expect("]")
        else:
            self._name("a type")
        self._skip("!")

    def _selections(self, *, is_root: bool) -> None:
        self._expect("{")
        self._deeper(1)
        first = True
        while first or not self._skip("}"):
            first = False
            if self._is("..."):
                self._fragment(is_root=is_root)
            else:
                self._field(is_root=is_root)
        self._deeper(-1)

    def _field(self, *, is_root: bool) -> None:
        if is_root:
            self._current.root_fields.append(self._at)
        self._name("a field")
        if self._skip(":"):
            self._name("a field")
        self._arguments(are_constant=False)
        self._directives()
        if self._is("{"):
            self._selections(is_root=False)

    def _fragment(self, *, is_root: bool) -> None:
        self._at += 1
        if self._token.kind == "name" and self._token.text != "on":
            self._current.spreads.append(self._at)
            self._current.root_spreads = self._current.root_spreads or is_root
            self._at += 1
            self._directives()
            return
        if self._token.kind == "name":
            self._type_condition()
        self._directives()
        self._selections(is_root=is_root)

    def _arguments(self, *, are_constant: bool) -> None:
        if not self._skip("("):
            return
        first = True
        while first or not self._skip(")"):
            first = False
            self._name("an argument")
            self._expect(":")
            self._value(is_constant=are_constant)

    def _directives(self, *, are_constant: bool = False) -> bool:
        found = False
        while self._skip("@"):
            found = True
            self._name("a directive")
            self._arguments(are_constant=are_constant)
        return found

    def _value(self, *, is_constant: bool) -> None:
        token = self._token
        if self._skip("$"):
            if is_constant:
                raise self._wrong("a default value cannot hold a variable", self._at - 1)
            self._current.used_variables.append(self._at)
            self._name("the name of a variable")
        elif self._skip("["):
            self._deeper(1)
            while not self._skip("]"):
                self._value(is_constant=is_constant)
            self._deeper(-1)
        elif self._skip("{"):
            self._deeper(1)
            while not self._skip("}"):
                self._name("a field")
                self._expect(":")
                self._value(is_constant=is_constant)
            self._deeper(-1)
        elif token.kind in {"name", "int", "float", "string"}:
            self._at += 1
        else:
            raise self._unexpected("a value")
