"""Which types of events are looked for."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput
from f.webhooks.dispatch.routing_resource import read_routing
from f.webhooks.healing.wanted import named, routed

STRIPE = {"handler": "f/a/b", "sources": ["stripe"], "events": ["invoice.*", "charge.failed"]}
ALL = {"handler": "f/a/c", "sources": ["*"], "events": ["payout.paid"]}
OTHER = {"handler": "f/a/d", "sources": ["github"], "events": ["push"]}


@pytest.mark.parametrize(
    ("types", "patterns"),
    [
        (None, None),
        ([], None),
        ([" ", ""], None),
        (["push", " push ", "issues.*"], ("push", "issues.*")),
    ],
)
def test_what_a_person_names_is_looked_for(types: Any, patterns: tuple[str, ...] | None) -> None:
    wanted = named(types)
    assert (wanted.patterns if wanted else None) == patterns


@pytest.mark.parametrize("types", ["push", [1], {"push": 1}], ids=str)
def test_what_are_no_types_is_refused(types: Any) -> None:
    with pytest.raises(FixInput, match="list of texts"):
        named(types)


@pytest.mark.parametrize(
    ("event", "is_wanted"),
    [
        ("invoice.paid", True),
        ("charge.failed", True),
        ("payout.paid", True),
        ("push", False),
        ("charge", False),
    ],
)
def test_what_is_routed_of_the_source_is_looked_for(event: str, is_wanted: bool) -> None:
    wanted = routed("stripe", read_routing({"routes": [STRIPE, ALL, OTHER]}))
    assert wanted.has(event) is is_wanted


def test_types_without_a_star_can_be_asked_for() -> None:
    assert routed("stripe", read_routing({"routes": [ALL]})).exact == ("payout.paid",)
    assert routed("stripe", read_routing({"routes": [ALL, STRIPE]})).exact == ()


def test_without_a_route_there_is_nothing_to_heal() -> None:
    with pytest.raises(FixInput, match="No route is for events of stripe"):
        routed("stripe", read_routing({"routes": [OTHER]}))
