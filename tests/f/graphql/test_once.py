"""A mutation is applied once, whatever becomes of its answer: counted in the twin's ledger."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown, SignInAgain, TryLater
from f.graphql.run_mutation import main as run_mutation
from f.graphql.run_query import main as run_query
from tests.f.graphql.conftest import Twin, changed

CREATE = """mutation Create($input: CustomerInput!) {
    createCustomer(input: $input) { customer { id } userErrors { field message } } }"""
FRIDA = {"input": {"name": "Frida", "email": "frida@example.com"}}


def create(twin: Twin, key: str = "k", **options: Any) -> Any:
    return run_mutation(CREATE, changed(twin.resource, **options), FRIDA, request_key=key)


def test_the_same_key_creates_once(twin: Twin) -> None:
    results = [create(twin) for _ in range(3)]
    assert [one["status"] for one in results] == ["sent", "already_sent", "already_sent"]
    assert {one["id"] for one in results} == {"6"}
    assert twin.made() == ["frida@example.com"]
    assert create(twin, "other")["status"] == "sent"
    assert len(twin.made()) == 2


def test_without_a_key_every_run_creates(twin: Twin) -> None:
    assert [create(twin, "")["status"] for _ in range(2)] == ["sent", "sent"]
    assert len(twin.made()) == 2


@pytest.mark.parametrize("key", ["", "k"])
@pytest.mark.parametrize(
    "fault", ["reset_after_commit", "timeout_after_commit", "html", "internal", "error_503"]
)
def test_a_lost_answer_is_in_doubt_and_never_sent_again_by_itself(twin: Twin, fault: str, key: str) -> None:
    twin.fail_next(fault)
    with pytest.raises(OutcomeUnknown):
        create(twin, key)
    assert len(twin.made()) == ("commit" in fault)
    if key:
        with pytest.raises(OutcomeUnknown, match="An earlier run sent this mutation"):
            create(twin, key)
        assert len(twin.made()) == ("commit" in fault)


@pytest.mark.parametrize("fault", ["reset_after_commit", "timeout_after_commit", "error_503", "throttled"])
def test_where_the_server_knows_the_key_a_lost_answer_is_asked_for_again(twin: Twin, fault: str) -> None:
    twin.fail_next(fault)
    result = create(twin, idempotency_header="Idempotency-Key")
    assert (result["status"], result["id"]) == ("sent", "6")
    assert twin.made() == ["frida@example.com"]


def test_what_was_refused_before_it_was_carried_out_leaves_the_key_free(twin: Twin) -> None:
    for token, kind in (("wrong", SignInAgain), ("expired", SignInAgain)):
        with pytest.raises(kind):
            create(twin, bearer_token=token)
    twin.fail_next("throttled")
    with pytest.raises(TryLater, match="Nothing was applied"):
        create(twin)
    with pytest.raises(GiveUpRecord, match=r"for input\.email: Email is invalid"):
        run_mutation(CREATE, twin.resource, {"input": {"name": "x", "email": "x"}}, request_key="k")
    assert create(twin)["status"] == "sent"
    assert twin.made() == ["frida@example.com"]


@pytest.mark.parametrize("style", ["draft", "json"])
def test_both_dialects_of_the_twin_mean_the_same(twin: Twin, style: str) -> None:
    twin.client.put_settings(style=style, forbidden=["Customer.note"])
    part = run_query("{ customer(id: 1) { id note } }", twin.resource)
    assert (part["data"], part["errors"][0]["path"]) == (
        {"customer": {"id": "1", "note": None}},
        "customer.note",
    )
    with pytest.raises(FixInput, match="Cannot query field"):
        run_query("{ nobody }", twin.resource)


@pytest.mark.parametrize(
    "fault", ["reset_before", "reset_after_commit", "error_503", "throttle_429", "throttled"]
)
def test_a_query_is_asked_again(twin: Twin, fault: str) -> None:
    twin.fail_next(fault)
    assert run_query("{ shop { name } }", twin.resource)["data"] == {"shop": {"name": "Twin & Sons"}}


def test_an_error_names_the_call_and_never_the_token(twin: Twin) -> None:
    with pytest.raises(ConnectError) as caught:
        run_query("{ nobody }", changed(twin.resource, bearer_token="s3cret-token-4711"))
    assert caught.value.call is not None
    assert caught.value.call.endswith("/twins/graphql/graphql")
    assert "s3cret" not in f"{caught.value} {vars(caught.value)}"
