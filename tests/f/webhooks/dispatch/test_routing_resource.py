"""The routing: what is wrong with it, and which routes an event takes."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings
from f.webhooks.dispatch.routing_resource import Retry, path_of, read_routing

ROUTE: dict[str, Any] = {"handler": "f/a/b"}


@pytest.mark.parametrize(
    ("pattern", "event", "takes"),
    [
        ("*", "", True),
        ("*", "invoice.paid", True),
        ("invoice.paid", "invoice.paid", True),
        ("invoice.paid", "invoice.paid2", False),
        ("invoice.*", "invoice.paid", True),
        ("invoice.*", "invoice.", True),
        ("invoice.*", "invoice", False),
        ("*.paid", "invoice.paid", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*b*c", "a-bb-c", True),
        ("a*b*c", "a-c-b", False),
        ("*ab*ab", "ab", False),
        ("invoice.paid", "invoiceXpaid", False),
        ("orders/[ab]?", "orders/a1", False),
        ("orders/[ab]?", "orders/[ab]?", True),
    ],
)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(
    pattern: str, event: str, takes: bool
) -> None:
    routing = read_routing({"routes": [{**ROUTE, "events": [pattern]}]})
    assert routing.routes_of("shop", event) == ["f/a/b"] * takes


def test_a_route_is_for_its_sources() -> None:
    routing = read_routing({"routes": [{**ROUTE, "sources": ["a", "b"]}, {**ROUTE, "name": "all"}]})
    assert routing.routes_of("a", "x") == ["f/a/b", "all"]
    assert routing.routes_of("c", "x") == ["all"]


def test_what_a_form_leaves_empty_counts_as_not_given() -> None:
    empty: dict[str, Any] = {"kind": "", "sources": [], "events": None, "args": {}, "name": "", "batch": None}
    routing = read_routing({"routes": [{**ROUTE, **empty}], "middleware": None, "retry": {"attempts": None}})
    (route,) = routing.routes
    assert (route.name, route.kind, route.sources, route.events) == ("f/a/b", "script", ("*",), ("*",))
    assert (routing.middleware, routing.retry) == ((), Retry())


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        ({"routes": "x"}, "routes must be a list"),
        ({"routes": [{}]}, "route 1: handler must be the path"),
        ({"routes": [{"handler": "tell"}]}, "route 1: handler must be the path"),
        ({"routes": [{"handler": "f/a/b?x=1"}]}, "route 1: handler must be the path"),
        ({"routes": [{"handler": "f/a/../b"}]}, "route 1: handler must be the path"),
        ({"routes": [ROUTE, {**ROUTE, "kind": "app"}]}, "route 2: kind must be"),
        ({"routes": [{**ROUTE, "sources": ["a*"]}]}, "route 1: sources must be"),
        ({"routes": [{**ROUTE, "events": ["a b"]}]}, "route 1: events must be"),
        ({"routes": [{**ROUTE, "events": "a"}]}, "route 1: events must be"),
        ({"routes": [{**ROUTE, "args": {"event": 1}}]}, "args must not hold event"),
        ({"routes": [{**ROUTE, "args": [1]}]}, "args must be an object"),
        ({"routes": [{**ROUTE, "batch": "yes"}]}, "batch must be"),
        ({"routes": [{**ROUTE, "event": ["a"]}]}, "there is no field 'event'"),
        ({"routes": [ROUTE, ROUTE]}, "2 routes are called f/a/b"),
        ({"rules": [ROUTE]}, "there is no field 'rules'"),
        ({"routes": [ROUTE], "middleware": ["os"]}, "middleware 'os' must be"),
        ({"routes": [ROUTE], "middleware": ["f/a/b.c"]}, "middleware 'f/a/b.c' must be"),
        ({"routes": [ROUTE], "retry": {"attempts": 0.5}}, "retry: attempts must be"),
        ({"routes": [ROUTE], "retry": {"attempts": 51}}, "retry: attempts must be"),
        ({"routes": [ROUTE], "retry": {"first_seconds": -1}}, "retry: first_seconds must be"),
        ({"routes": [ROUTE], "retry": {"first_seconds": 10**400}}, "retry: first_seconds must be"),
        ({"routes": [ROUTE], "retry": {"longest_seconds": True}}, "retry: longest_seconds must be"),
        ({"routes": [ROUTE], "retry": {"tries": 3}}, "retry: there is no field 'tries'"),
    ],
)
def test_a_fault_is_named(resource: dict[str, Any], fault: str) -> None:
    with pytest.raises(FixSettings) as raised:
        read_routing(resource)
    assert fault in str(raised.value)
    assert raised.value.code == "bad_settings"


def test_all_faults_are_named_at_once_and_no_input_is_quoted() -> None:
    secret = {"args": {"events": "whsec_abcdefghijklmnop"}}
    broken = {"routes": [{"handler": "x", **secret}, ROUTE, ROUTE, {"name": []}, {"name": 7}], "retry": 3}
    with pytest.raises(FixSettings) as raised:
        read_routing(broken)
    assert len(raised.value.faults) == 7
    assert "whsec" not in str(raised.value)


@pytest.mark.parametrize("given", [{"routes": []}, "$res:f/webhooks/routing", "routing", 3])
def test_the_routing_is_named_by_its_path(given: object) -> None:
    with pytest.raises(FixInput):
        path_of(given)
    assert path_of(None) == path_of("") == "f/webhooks/routing"
