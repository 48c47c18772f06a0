"""Documents are read as the reference parser reads them, and what we write it can always parse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import graphql as core
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from f.connect.errors import FixInput
from f.graphql.queries.builder import (
    Directive,
    Enum,
    Field,
    Fragment,
    Inline,
    Operation,
    Spread,
    Variable,
    VariableOf,
    literal,
    write,
)
from f.graphql.queries.document import DEEPEST, read_document
from f.graphql.queries.field_paths import build
from f.graphql.queries.lexer import LONGEST
from f.graphql.queries.merging import Query, can_merge, merge
from tests.properties import at_most

GRAMMAR = [
    *("query", "mutation", "subscription", "fragment", "on", "true", "null", "A", "b", "_c1", "F", "{", "}"),
    *("(", ")", "[", "]", ":", "=", "!", "$", "@", "...", "|", "&", ",", "#x\n", "\ufeff", "\n", "\r", "\t"),
    *(
        "0",
        "-1",
        "01",
        "1.5",
        "1e3",
        "1.",
        ".5",
        "-",
        "1a",
        "1.5e",
        '""',
        '"x"',
        '"\\n"',
        '"\\q"',
        '"\\u0041"',
    ),
    *(
        '"\\u{1F600}"',
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00"',
        '"a',
        '"""',
        '"""b"""',
        '"""\\"""',
        "'",
        "..",
        "é",
    ),
    *(
        "$a",
        "$a: Int",
        "$b: [Int!]! = [1]",
        "{ a }",
        "(a: 1)",
        "@x",
        "@x(a: $a)",
        "... F",
        "... on A { b }",
        "query A",
    ),
    *("fragment F on A { b }", "b: c", "(a: {b: $a, c: [A, 1.0]})", '"d" query', "type A { b: Int }"),
]
VALID = [
    "{ a }",
    """query A($a: Int = 1 @x, $b: [ID!]!) @y {
        x: a(b: $a, c: {d: [$b, A, 1.5e3, null]}) { ...F ... on B @z { c } } }
    fragment F on A @w { b(t: \"\"\"x \\"\"\" y\"\"\") }""",
    'mutation { a(b: "\\u00e9 \\\\ \\"") { id } } # end',
    'subscription S { s(t: "") }',
]


def parsed(text: str) -> bool:
    """Whether the reference parser takes it as something to carry out."""
    try:
        document = core.parse(text, allow_empty_selection_sets=False)
    except core.GraphQLError:
        return False
    return all(isinstance(one, core.ExecutableDefinitionNode) for one in document.definitions)


def place_of(text: str) -> str:
    """Where the reference parser finds a fault; "" if it leaves it to the server."""
    try:
        core.parse(text)
    except core.GraphQLError as error:
        first = (error.locations or [])[0]
        return f"line {first.line}, column {first.column}"
    return ""


def read(text: str) -> str:
    """What ours says of it: "" if it takes it."""
    try:
        read_document(text)
    except FixInput as error:
        return str(error)
    return ""


# What is no matter of syntax: the reference parser leaves it to the server.
BEYOND = (
    "defined twice",
    "two fragments",
    "no fragment",
    "does not define",
    "no operation",
    "several operations",
    "and no op",
)


def agree(text: str) -> None:
    ours = read(text)
    if any(part in ours for part in BEYOND):
        return
    assert (ours == "") == (text.strip() != "" and parsed(text)), (text, ours)


@settings(max_examples=at_most(600), deadline=None)
@given(st.lists(st.sampled_from(GRAMMAR), min_size=1, max_size=12), st.sampled_from(["", " "]))
@example(["query A", "(", ")", "{ a }"], " ")
@example(['"d" query', "{ a }"], " ")
@example(["{", "b", '"\\u{110000}"', "}"], " ")
@example(["{ a }", "\ud800"], " ")
def test_words_in_any_order_are_taken_or_refused_as_by_the_reference_parser(
    words: list[str], between: str
) -> None:
    agree(between.join(words))


@settings(max_examples=at_most(600), deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_a_document_with_some_of_it_changed_is_taken_or_refused_as_by_the_reference_parser(
    text: str, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 3))
        text = text[:at] + data.draw(st.sampled_from(["", *GRAMMAR])) + text[at + length :]
    agree(text)


@settings(max_examples=at_most(200), deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_any_text_in_quotes_is_read_as_by_the_reference_parser(text: str) -> None:
    agree(f'{{ a(b: "{text}") }}')
    agree(f'{{ a(b: """{text}""") }}')


@pytest.mark.parametrize(
    "around", ["{ a(b: %s) }", "query($a: %s) { b(c: $a) }", "{ a %s b }", "query($a: A = %s) { b(c: $a) }"]
)
def test_each_word_stands_where_the_reference_parser_lets_it_stand(around: str) -> None:
    for word in GRAMMAR:
        agree(around % word)


@pytest.mark.parametrize("text", VALID)
def test_what_is_valid_is_taken(text: str) -> None:
    assert parsed(text)
    assert read(text) == ""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{ a(b: ) }", "line 1, column 8"),
        ("{\n  a\n  b(c: ?)\n}", "line 3, column 8"),
        ('{\r\n a\r\n "x" }', "line 3, column 2"),
        ("query {", "line 1, column 8"),
        ("query($a: Int) { b(c: $d) }", "line 1, column 24"),
        ("{ ...F }", "line 1, column 6"),
        ("query($a: Int = $b) { c }", "line 1, column 17"),
        ("{ a } type B { c: Int }", "line 1, column 7"),
    ],
)
def test_a_syntax_error_has_line_and_column_where_the_reference_parser_has_them(
    text: str, place: str
) -> None:
    with pytest.raises(FixInput, match=place) as caught:
        read_document(text)
    assert caught.value.code == "syntax"
    assert place_of(text) in {"", place}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_query"),
        ("   ", "no_query"),
        (None, "no_query"),
        ("fragment F on A { b }", "no_operation"),
        ("query A { a } query A { b }", "no_operation"),
        ("{ a } query B { b }", "no_operation"),
        ("{ a" * (DEEPEST + 1) + "}" * (DEEPEST + 1), "too_deep"),
        ("{ a" * 100_000, "too_deep"),
        ("{ a(b: " + "[" * 100_000, "too_deep"),
        ("query($a: " + "[" * 100_000, "too_deep"),
        ("{ a" + " b" * LONGEST, "document_too_large"),
        ('{ a(b: "' + "\\\\" * 400_000 + ") }", "syntax"),
        ('{ a(b: """' + '\\"' * 400_000 + ") }", "syntax"),
        ("{ a " + "#" * 900_000, "syntax"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "large",
)
def test_what_is_no_document_is_one_sentence(text: Any, code: str) -> None:
    with pytest.raises(FixInput) as caught:
        read_document(text)
    assert caught.value.code == code
    assert len(str(caught.value)) < 300


def test_an_operation_is_chosen_by_its_name() -> None:
    document = read_document("query A { a } mutation B { b }")
    assert document.operation("B").kind == "mutation"
    with pytest.raises(FixInput, match="A, B: say which in operation_name"):
        document.operation()
    with pytest.raises(FixInput, match="no operation 'C'"):
        document.operation("C")


NAMES = st.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,6}", fullmatch=True)
TEXTS = st.text(max_size=12)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.builds(Enum, NAMES)
VALUES = st.recursive(
    LEAVES | st.builds(Variable, NAMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=2)
DIRECTIVES = st.lists(st.builds(Directive, NAMES, ARGUMENTS), max_size=1)
SELECTIONS = st.recursive(
    st.builds(Field, NAMES | TEXTS, st.just("") | NAMES, ARGUMENTS, DIRECTIVES)
    | st.builds(Spread, NAMES, DIRECTIVES),
    lambda inner: (
        st.builds(Field, NAMES, st.just(""), ARGUMENTS, DIRECTIVES, st.lists(inner, max_size=2))
        | st.builds(Inline, st.just("") | NAMES, DIRECTIVES, st.lists(inner, min_size=1, max_size=2))
    ),
    max_leaves=5,
)
TYPES = NAMES | st.sampled_from(["[Int!]!", "[[ID]]", "Int!!", "[Int", "Int]", "", "a b", "$x"])
OPERATIONS = st.builds(
    Operation,
    kind=st.sampled_from(["query", "mutation", "subscription"]),
    selection=st.lists(SELECTIONS, max_size=3),
    name=st.just("") | NAMES | TEXTS,
    variables=st.dictionaries(NAMES, st.builds(VariableOf, TYPES, VALUES, st.booleans()), max_size=2),
    directives=DIRECTIVES,
    fragments=st.lists(st.builds(Fragment, NAMES, NAMES, st.lists(SELECTIONS, max_size=2)), max_size=1),
)


@settings(max_examples=at_most(400), deadline=None)
@given(OPERATIONS)
def test_what_the_builder_writes_the_reference_parser_reads(operation: Any) -> None:
    try:
        text = write(operation)
    except FixInput:
        return
    document = core.parse(text, allow_empty_selection_sets=False)
    assert len(document.definitions) == 1 + len(operation.fragments)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@settings(max_examples=at_most(200), deadline=None)
@given(JSON)
def test_a_value_means_the_same_when_it_is_read_again(value: Any) -> None:
    assert core.value_from_ast_untyped(core.parse_value(literal(value))) == value


PATHS = st.lists(NAMES | TEXTS | st.sampled_from(["a:b", "on A", "a: b"]), min_size=1, max_size=4).map(
    ".".join
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(["$a", "$b", "$5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | TEXTS | st.sampled_from(["$enum", "$text"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=at_most(400), deadline=None)
@given(
    st.lists(PATHS, max_size=4),
    st.dictionaries(PATHS | st.just("a"), ANY | st.dictionaries(NAMES, ANY, max_size=2), max_size=2),
    st.dictionaries(
        NAMES | TEXTS, TYPES | st.sampled_from(["Int = 1", "Int = x", 'String = "$a"']) | ANY, max_size=2
    ),
    TEXTS,
)
def test_whatever_a_form_is_filled_with_gives_a_document_or_a_sentence(
    fields: list[str], arguments: Any, variables: Any, name: str
) -> None:
    try:
        text = build("query", fields, name=name, arguments=arguments, variables=variables)
    except FixInput:
        return
    core.parse(text, allow_empty_selection_sets=False)


def test_the_builder_writes_what_a_form_says() -> None:
    text = build(
        "query",
        [
            "customers.nodes.id",
            "newest: orders.total",
            "customers.pageInfo.endCursor",
            "node.on Customer.name",
        ],
        name="Overview",
        arguments={
            "customers": {
                "first": "$first",
                "order": {"$enum": "ASC"},
                "note": {"$text": "$first"},
                "cost": "$5",
            }
        },
        variables={"$first": "Int = 10"},
        directives={"newest": {"include": {"if": True}}},
    )
    expected = """
        query Overview($first: Int = 10) {
          customers(first: $first, order: ASC, note: "$first", cost: "$5") {
            nodes { id } pageInfo { endCursor } }
          newest: orders @include(if: true) { total }
          node { ... on Customer { name } }
        }"""
    assert core.print_ast(core.parse(text)) == core.print_ast(core.parse(expected))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": []}, "No field"),
        ({"fields": ["a b"]}, "'a b' is none"),
        ({"fields": ["a.b", "a.c:b", "x:a", "x:b"]}, "'x' stands for two fields"),
        ({"fields": ["1a"]}, "The name '1a' of a field"),
        ({"fields": ["a"], "arguments": {"b": {}}}, "none of the fields"),
        ({"fields": ["a"], "arguments": {"a": {"b": "$c"}}}, "has no type"),
        ({"fields": ["a"], "arguments": {"a": {"b": {"$enum": "true"}}}}, "no value of an enum"),
        ({"fields": ["a"], "arguments": {"a": 1}}, "must be an object"),
        ({"fields": ["a.on B.c"], "arguments": {"a.on B": {"d": 1}}}, "a type takes none"),
        ({"fields": ["a: b"], "arguments": {"a: c": {"d": 1}}}, "none of the fields"),
        ({"fields": ["a"], "variables": {"b": "Int", "$b": "ID"}}, "given twice"),
        ({"fields": ["a"], "variables": {"b": "Int !!"}}, "written like Int"),
        ({"fields": ["a"], "variables": {"b": "Int = {"}}, "written as JSON"),
        ({"fields": ["a"], "variables": {"b": 1}}, "type as text"),
        ({"fields": ["a"], "arguments": {"a": {"b": float("nan")}}}, "cannot be written in GraphQL"),
        ({"fields": ["a"], "arguments": {"a": {"b": "\ud800"}}}, "surrogate"),
        ({"fields": ["a"], "name": "my query"}, "The name 'my query' of the operation"),
        ({"fields": ["a"], "arguments": {"a": {"b) { c }": 1}}}, "of an argument"),
        ({"fields": ".".join("a" * 60)}, "list of texts"),
        ({"fields": [".".join("a" * 60)]}, "levels deep"),
    ],
)
def test_what_a_form_says_wrong_is_one_sentence(options: Any, said: str) -> None:
    with pytest.raises(FixInput, match=said):
        build("query", **options)


MERGED = st.lists(
    st.sampled_from(
        [
            "{ a }",
            "{ x: a b }",
            """query A($v: Int = 1, $w: [ID!]! @d) { a(b: $v, c: {d: $w}, e: "$v $ q") { ...F } }
            fragment F on A { f(g: $v) ...G } fragment G on A { g }""",
            "query @skip(if: true) { a }",
            "{ ...R } fragment R on Query { a }",
            "{ ... on Query @include(if: true) { a x: b } }",
            '"about" query B { a(t: """q "x" $v""") }',
            "query($on: Int) { query(fragment: $on) { on } }",
        ]
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=at_most(100), deadline=None)
@given(MERGED)
def test_merged_queries_are_one_valid_document_with_a_prefix_for_each(texts: list[str]) -> None:
    queries = [Query(one, one.operation(), {}) for one in map(read_document, texts)]
    queries = [one for one in queries if can_merge(one)]
    text, _ = merge(queries) if queries else ("{ a }", {})
    document = core.parse(text, allow_empty_selection_sets=False)
    read_document(text)
    operation = document.definitions[0]
    assert isinstance(operation, core.OperationDefinitionNode)
    responses = list(response_keys(operation.selection_set))
    assert len(responses) == len(set(responses))
    assert not queries or all(key.startswith("q") and "_" in key for key in responses)


def response_keys(selections: core.SelectionSetNode) -> Iterator[str]:
    for one in selections.selections:
        if isinstance(one, core.FieldNode):
            yield (one.alias or one.name).value
        elif isinstance(one, core.InlineFragmentNode):
            yield from response_keys(one.selection_set)


def test_a_merged_document_has_the_values_of_each_query_under_its_own_names() -> None:
    document = read_document("query($id: ID!) { customer(id: $id) { name } }")
    text, variables = merge([Query(document, document.operation(), {"id": number}) for number in (1, 2)])
    assert variables == {"q0_id": 1, "q1_id": 2}
    expected = """query($q0_id: ID!, $q1_id: ID!) {
        q0_customer: customer(id: $q0_id) { name }  q1_customer: customer(id: $q1_id) { name } }"""
    assert core.print_ast(core.parse(text)) == core.print_ast(core.parse(expected))
    assert json.dumps(variables)
