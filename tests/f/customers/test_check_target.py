"""What check_target measures at APIs of every sort; an import that relies on it makes no second record."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings, SignInAgain, TryLater
from f.customers.check_target import main
from f.customers.targets.customer_api import customer_api, open_target
from f.records.checking.findings import CheckResult
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.sending.run import send_rows
from f.store.stores import sqlite_store
from tests.f.customers import strangers
from tests.f.customers.strangers import Record, Stranger
from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.twins.stage import TwinProcess
from tests.records import customer_row

ADA = "ada@example.com"
LOOKUP = {"lookup": "/customers?email={email}"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups that find nothing are not waited for."""
    monkeypatch.setattr("f.records.checking.lookup_check._LOOKS", (0.0, 0.02, 0.05, 0.1))


def resource(server: Loopback, **api: Any) -> customer_api:
    settings = {"initial_delay": 0.01, "max_delay": 0.02, "timeout": 5, "in_flight_seconds": 0.01}
    whole: Any = {"kind": "generic", "base_url": server.url, **api}
    whole["settings"] = {**settings, **api.get("settings", {})}
    return whole  # type: ignore[no-any-return]


def measure(server: Loopback, **api: Any) -> CheckResult:
    return main(resource(server, **api), write=True)


def proven(result: CheckResult) -> dict[str, Any]:
    assert result["proven"] is not None
    return result["proven"]


def found(result: CheckResult, aspect: str) -> str:
    return next(row["found"] for row in result["findings"] if row["aspect"] == aspect)


def imported(stranger: Stranger, server: Loopback, result: CheckResult, tmp_path: Path, **api: Any) -> int:
    """How many Adas there are after an import that lost the answer, and two more of the same file."""
    stranger.drop.add(ADA)
    target = open_target(resource(server, **api, proven=result["proven"]))
    for name in ("one", "two", "three"):
        with sqlite_store(tmp_path / "journal.sqlite") as store, Client(target.integration) as client:
            journal = RowJournal(store, target.identity, name, LeasedOwner(store))
            rows = [customer_row(2, "Ada", ADA), customer_row(3, "Bob", "bob@example.com")]
            send_rows(
                rows,
                target,
                client,
                journal=journal,
                on_duplicate="skip",
                sleep=lambda seconds: time.sleep(min(seconds, 0.3)),
            )
    return len(stranger.found(ADA))


def conflict(record: Record) -> Reply:
    return Reply(409, {"error": {"code": "conflict", "existing": {"id": record["id"]}}})


def taken(_: Record) -> Reply:
    return Reply(422, {"errors": {"email": ["has already been taken"]}})


def foreign_words(_: Record) -> Reply:
    return Reply(422, {"errors": {"email": ["ist vergeben"]}})


def own_status(record: Record) -> Reply:
    return Reply(412, {"id": record["id"]})


def upsert(record: Record) -> Reply:
    return Reply(200, record)


STRANGERS: list[tuple[str, Stranger, dict[str, str], str | None, int | None, str, bool]] = [
    # id, the API, endpoints, repeats, exists_status, existing_id, whether the look-up is proven
    ("ignores keys", Stranger(), {}, None, None, "", False),
    ("ignores keys, lists", Stranger(), LOOKUP, None, None, "", True),
    ("replays a key", Stranger(keys="replays"), {}, "key", None, "", False),
    ("keys with content", Stranger(keys="content"), LOOKUP, "key", None, "", True),
    ("unique, 409", Stranger(exists=conflict), {}, "record", 409, "error.existing.id", False),
    (
        "unique and keys",
        Stranger(keys="content", exists=conflict),
        LOOKUP,
        "record",
        409,
        "error.existing.id",
        True,
    ),
    ("unique, 422 taken", Stranger(exists=taken), LOOKUP, "record", None, "", True),
    ("unique, 422 in words nobody knows", Stranger(exists=foreign_words), {}, None, None, "", False),
    ("unique, a status of its own", Stranger(exists=own_status), {}, "record", 412, "id", False),
    ("upsert", Stranger(exists=upsert), {}, "record", None, "", False),
    ("unique by case", Stranger(exists=conflict, caseless=False), {}, None, 409, "error.existing.id", False),
    ("bare list", Stranger(answer=strangers.bare_list), LOOKUP, None, None, "", True),
    ("deep list", Stranger(answer=strangers.deep_list), LOOKUP, None, None, "", True),
    ("one or 404", Stranger(answer=strangers.one_or_404), LOOKUP, None, None, "", True),
    ("one or null", Stranger(answer=strangers.one_or_null), LOOKUP, None, None, "", True),
    ("lists everybody", Stranger(answer=strangers.everybody), LOOKUP, None, None, "", False),
    ("404 for everything", Stranger(answer=strangers.nothing_here), LOOKUP, None, None, "", False),
    ("lags", Stranger(lag=0.05), LOOKUP, None, None, "", True),
    ("lags for ever", Stranger(lag=60.0), LOOKUP, None, None, "", False),
    ("one id for all, no list", Stranger(exists=upsert, id_of=lambda _: "7"), {}, None, None, "", False),
    ("no ids, no list", Stranger(exists=upsert, id_of=lambda _: None), {}, None, None, "", False),
    ("numbers as ids", Stranger(id_of=int, keys="replays"), {}, "key", None, "", False),
]


@pytest.mark.parametrize(
    ("stranger", "endpoints", "repeats", "status", "existing_id", "looks"),
    [case[1:] for case in STRANGERS],
    ids=[case[0] for case in STRANGERS],
)
def test_what_is_proven_is_what_the_api_does_and_an_import_relying_on_it_makes_no_second_one(
    stranger: Stranger,
    endpoints: dict[str, str],
    repeats: str | None,
    status: int | None,
    existing_id: str,
    *,
    looks: bool,
    tmp_path: Path,
) -> None:
    api = {"endpoints": {"customers": "/customers", **endpoints}}
    with serve(stranger) as server:
        result = measure(server, **api)
        remaining = len(stranger.stored)
        adas = imported(stranger, server, result, tmp_path, **api)
    shown = proven(result)
    assert (shown["repeats"], shown["exists_status"], shown["existing_id"]) == (repeats, status, existing_id)
    assert (shown["lookup"] is not None) == looks
    assert remaining == len(result["remaining"])
    assert adas == 1
    promised = result["guarantee_after"].startswith("Exactly once")
    assert promised == (repeats is not None or looks)
    assert result["guarantee_before"].startswith("At most once")


def test_canaries_are_nobody_and_only_what_is_known_to_be_theirs_is_deleted() -> None:
    """An API that tells a wrong id must not lose somebody else's record to our DELETE."""
    stranger = Stranger(id_of=lambda number: str(number + 100))
    stranger.stored.append({"name": "Grace", "email": "grace@example.com", "id": "g"})
    calls: list[str] = []

    def lying(asked: Asked) -> Reply:
        reply = stranger(asked)
        calls.append(asked.method)
        if asked.method == "POST" and isinstance(reply.body, dict):
            assert asked.json["name"].startswith("Millwright check, may be deleted")
            assert asked.json["email"].lower().startswith("millwright-check-")
            assert asked.json["email"].lower().endswith("@example.com")
            return Reply(201, {**reply.body, "id": "g"})
        return reply

    with serve(lying) as server:
        result = measure(server)
    assert "DELETE" not in calls
    assert "PATCH" not in calls
    assert [one["id"] for one in result["remaining"]] == ["g", "g"]
    assert stranger.found("grace@example.com")


def test_two_at_the_same_moment_that_make_two_records_prove_nothing() -> None:
    """A key that is remembered only once the first is answered does not save a repeat after a time-out."""
    stranger = Stranger(keys="replays", race=threading.Barrier(2))
    with serve(stranger) as server:
        result = measure(server)
    assert found(result, "sent twice at the same moment") == "two records"
    assert proven(result)["repeats"] is None


def test_two_at_the_same_moment_are_sent_several_times_for_one_pair_may_have_luck() -> None:
    stranger, met = Stranger(exists=conflict), list[str]()

    def racing(asked: Asked) -> Reply:
        if asked.method == "POST":
            email = asked.json["email"].lower()
            if email not in met:
                met.append(email)
            if met.index(email) == 3:  # after the two records that are made alone, and the first pair
                record = {**asked.json, "id": str(100 + len(stranger.stored))}
                stranger.stored.append(record)
                return Reply(201, record)
        return stranger(asked)

    with serve(racing) as server:
        result = measure(server)
    assert found(result, "sent twice at the same moment") == "two records"
    assert proven(result)["repeats"] is None


@pytest.mark.parametrize("status", [402, 420, 423, 430, 460])
def test_a_status_that_asks_to_slow_down_does_not_mean_that_a_record_is_there(status: int) -> None:
    """An API that takes one write of an address a minute refuses the repeats of a check, and no later one."""
    stranger = Stranger(exists=lambda _: Reply(status, {"message": "Slow down."}))
    with serve(stranger) as server:
        result = measure(server)
    assert (proven(result)["repeats"], proven(result)["exists_status"]) == (None, None)


def test_a_lag_is_measured_and_waited_for() -> None:
    with serve(Stranger(lag=0.05)) as server:
        result = measure(server, endpoints=LOOKUP)
    assert proven(result)["lookup"]["lag_seconds"] >= 0.05


def test_no_key_is_tried_where_none_is_sent() -> None:
    with serve(Stranger(keys="replays")) as server:
        result = measure(server, settings={"idempotency_keys": False})
        assert not any("Idempotency-Key" in asked.headers for asked in server.asked)
    assert proven(result)["repeats"] is None


def test_without_write_it_only_reads_and_says_what_it_cannot_know() -> None:
    with serve(Stranger()) as server:
        result = main(resource(server, endpoints=LOOKUP))
        assert {asked.method for asked in server.asked} == {"GET"}
    assert (result["proven"], result["wrote"], result["remaining"]) == (None, False, [])
    assert "repeated row" in found(result, "not known without writing")
    assert found(result, "reachable").startswith("yes")


def test_a_health_endpoint_is_asked_and_its_answer_told() -> None:
    def sick(asked: Asked) -> Reply:
        return Reply(418, {"message": "short and stout"}) if asked.path == "/health" else Stranger()(asked)

    with serve(sick) as server:
        result = main(resource(server, endpoints={"health": "/health"}))
    assert found(result, "health") == "418 short and stout"


@pytest.mark.parametrize("write", [False, True])
def test_a_wrong_credential_fails_and_is_told_apart(*, write: bool) -> None:
    stranger = Stranger(token="right")
    wrong = {"type": "bearer_token", "token": "wrong-secret"}
    with serve(stranger) as server, pytest.raises(SignInAgain, match="credential") as raised:
        main(resource(server, authentication=wrong), write=write)
    assert "wrong-secret" not in str(raised.value)


def test_403_is_a_refused_credential_too(capsys: pytest.CaptureFixture[str]) -> None:
    with serve(lambda _: Reply(403, {})) as server, pytest.raises(SignInAgain):
        main(resource(server))
    assert "credential: refused with 403" in capsys.readouterr().out


def test_a_sign_in_page_is_no_api() -> None:
    page = Reply(200, b"<html><form>Sign in</form></html>", {"Content-Type": "text/html"})
    with serve(lambda _: page) as server, pytest.raises(FixSettings, match="a page for people"):
        main(resource(server, endpoints=LOOKUP), write=True)


def test_a_sign_in_page_in_answer_to_a_create_is_not_taken_for_a_record() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            return Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
        return Reply(200, {"data": []})

    with serve(answer) as server:
        result = measure(server)
    assert found(result, "a new record").startswith("unclear (200)")
    assert proven(result)["repeats"] is None


def test_an_api_that_cannot_be_reached_fails_soon_and_says_so() -> None:
    with serve(Stranger()) as server:
        pass
    with pytest.raises(TryLater, match="Nothing was applied"):
        main(resource(server), write=True)


def test_a_refused_canary_says_which_field_is_missing_and_how_to_give_it() -> None:
    def picky(asked: Asked) -> Reply:
        if asked.method == "POST" and "phone" not in asked.json:
            return Reply(400, {"message": "phone is required"})
        return stranger(asked)

    stranger = Stranger(exists=conflict)
    with serve(picky) as server:
        refused = measure(server)
        taken = main(resource(server), write=True, fields={"phone": "+49 30 901820"})
    told = next(row for row in refused["findings"] if row["aspect"] == "a new record")
    assert "phone is required" in told["meaning"]
    assert "`fields`" in told["meaning"]
    assert (proven(refused)["repeats"], proven(taken)["repeats"]) == (None, "record")
    with pytest.raises(FixInput, match="`fields` holds shoe_size"):
        main(resource(server), write=True, fields={"shoe_size": "44"})


def test_what_an_earlier_check_said_of_another_address_is_not_in_the_way() -> None:
    with serve(Stranger(exists=conflict)) as server:
        old = {"target": "generic https://old.example.com/customers", "repeats": "key"}
        result = main(resource(server, proven=old), write=True)
        again = main(resource(server, proven=proven(result)))
    assert result["guarantee_before"].startswith("At most once")
    assert again["guarantee_before"].startswith("Exactly once")
    assert again["guarantee_after"] == again["guarantee_before"]


@pytest.mark.parametrize(
    ("settings", "repeats"),
    [
        ({"idempotency_keys": True, "unique_email": True}, "record"),
        ({"idempotency_keys": False, "unique_email": True}, "record"),
        ({"idempotency_keys": True, "unique_email": False}, "key"),
        ({"idempotency_keys": False, "unique_email": False}, None),
    ],
)
def test_the_twin_in_all_its_settings(
    twins: TwinProcess, settings: dict[str, bool], repeats: str | None
) -> None:
    twin = twins.client("customers")
    twin.forget()
    twin.put_settings(**settings)
    api: Any = {
        "base_url": twin.url,
        "endpoints": {**LOOKUP, "health": "/health"},
        "authentication": {"type": "bearer_token", "token": "token"},
    }
    result = main(api, write=True)
    assert proven(result)["repeats"] == repeats
    assert proven(result)["lookup"] is not None
    assert proven(result)["existing_id"] == ("existing_id" if settings["unique_email"] else "")
    assert found(result, "update by id") == "works"
    assert len(result["remaining"]) == len(twin.ledger("created"))  # it has no DELETE


@pytest.mark.parametrize(
    ("kind", "settings", "repeats"),
    [
        ("hubspot", {}, None),
        ("salesforce", {}, None),
        ("salesforce", {"external_id_field": "External_Id__c"}, "record"),
    ],
)
def test_documented_kinds_are_reached_and_only_a_unique_external_id_is_measured(
    twins: TwinProcess, kind: str, settings: dict[str, str], repeats: str | None
) -> None:
    twin = twins.client(kind)
    twin.forget()
    api: Any = {
        "kind": kind,
        "base_url": twin.url,
        "authentication": {"type": "bearer_token", "token": "token"},
        "settings": settings,
    }
    result = main(api, write=True)
    assert "calls left" in found(result, "daily quota")
    assert found(result, "look-up of a record never made") == "not there"
    assert result["wrote"] == (repeats is not None)
    assert (result["proven"] or {}).get("repeats") == repeats


def test_a_duplicate_that_the_database_refuses_with_500_proves_nothing() -> None:
    """Every repeat would be in doubt again: no second record, but no answer either."""
    with serve(Stranger(exists=lambda _: Reply(500, {"message": "unique constraint"}))) as server:
        result = measure(server, settings={"retry_attempts": 0})
    assert proven(result)["repeats"] is None


def test_an_id_that_only_echoes_the_key_does_not_show_a_record() -> None:
    stranger = Stranger()

    def echoing(asked: Asked) -> Reply:
        reply = stranger(asked)
        if asked.method == "POST":
            return Reply(201, {"id": f"req-{asked.headers.get('Idempotency-Key')}"})
        return reply

    with serve(echoing) as server:
        result = measure(server)
    assert proven(result)["repeats"] is None


def test_a_try_that_was_lost_may_have_made_what_the_next_one_meets() -> None:
    """Unique by the exact letters: the upper-case address makes a second record, and loses its answer."""
    made: dict[str, str] = {}

    def answer(asked: Asked) -> Reply:
        if asked.method != "POST":
            return Reply(404, {})
        email = asked.json["email"]
        if email in made:
            return Reply(409, {"existing_id": made[email]})
        made[email] = str(len(made) + 1)
        is_recased = email.lower() != email
        return Reply(drop=True) if is_recased else Reply(201, {"id": made[email]})

    with serve(answer) as server:
        result = measure(server)
    assert proven(result)["repeats"] is None


def test_a_second_record_behind_the_same_id_is_seen_by_the_look_up() -> None:
    """The API replays its first reply and stores the record again all the same."""
    stranger = Stranger()

    def replaying(asked: Asked) -> Reply:
        if asked.method == "POST":
            there = stranger.found(asked.json["email"])
            stranger(asked)
            return Reply(201, (there or stranger.found(asked.json["email"]))[0])
        return stranger(asked)

    with serve(replaying) as server:
        result = measure(server, endpoints=LOOKUP)
    assert proven(result)["repeats"] is None
    assert found(result, "a repeated row") == "a second record"


def test_a_busy_api_is_tried_again_and_every_record_of_the_check_is_removed() -> None:
    """A canary whose answer was lost is found by the look-up, and deleted like the others."""
    stranger = Stranger(exists=conflict)
    posts = 0

    def busy(asked: Asked) -> Reply:
        nonlocal posts
        reply = stranger(asked)
        if asked.method == "POST":
            posts += 1
            if posts == 1:
                return Reply(drop=True)
        return reply

    with serve(busy) as server:
        result = measure(server, endpoints=LOOKUP)
    assert proven(result)["repeats"] == "record"
    assert (stranger.stored, result["remaining"]) == ([], [])


def test_records_that_cannot_be_deleted_are_named() -> None:
    stranger = Stranger(exists=conflict, deletes=False)
    with serve(stranger) as server:
        result = measure(server)
    assert [one["id"] for one in result["remaining"]] == [one["id"] for one in stranger.stored]
    assert {one["why"] for one in result["remaining"]} == {"DELETE answered 405"}


def test_an_accepted_record_is_not_waited_for_and_nothing_is_promised() -> None:
    with serve(
        lambda asked: Reply(202, {}) if asked.method == "POST" else Reply(200, {"data": []})
    ) as server:
        result = measure(server)
    assert found(result, "a new record") == "accepted for later (202)"
    assert proven(result)["repeats"] is None


def test_a_batch_endpoint_is_measured_as_a_batch_and_never_proves_keys() -> None:
    stranger = Stranger(keys="replays")

    def batches(asked: Asked) -> Reply:
        if asked.method != "POST":
            return stranger(asked)
        [customer] = asked.json["customers"]
        one = stranger(Asked("POST", "/customers", asked.headers, json.dumps(customer).encode()))
        return Reply(200, {"results": [{"status": one.status, **one.body}]})

    with serve(batches) as server:
        keyed = measure(server, endpoints={"batch": "/batch"})
        stranger.exists = lambda record: Reply(409, {"existing_id": record["id"]})
        stranger.keys = "none"
        unique = measure(server, endpoints={"batch": "/batch"})
    assert (proven(keyed)["repeats"], proven(unique)["repeats"]) == (None, "record")


def test_a_look_up_that_forgets_again_proves_nothing() -> None:
    """An index of several copies, of which one does not know the record yet."""
    stranger = Stranger()
    looks = 0

    def forgetful(asked: Asked) -> Reply:
        nonlocal looks
        looks += asked.method == "GET" and "email=" in asked.path
        reply = stranger(asked)
        return Reply(200, {"data": []}) if looks % 3 == 0 and asked.method == "GET" else reply

    with serve(forgetful) as server:
        result = measure(server, endpoints=LOOKUP)
    assert proven(result)["lookup"] is None


def test_a_second_record_that_the_look_up_shows_late_is_not_missed() -> None:
    """The API tells the first id again, and its index knows of the second record only a while later."""
    stranger, late = Stranger(), False

    def slow(asked: Asked) -> Reply:
        nonlocal late
        late = late or asked.method == "PATCH"
        if asked.method == "POST":
            there = stranger.found(asked.json["email"])
            stranger(asked)
            return Reply(201, (there or stranger.found(asked.json["email"]))[0])
        reply = stranger(asked)
        if "email=" in asked.path and not late:
            return Reply(200, {"data": reply.body["data"][:1]})
        return reply

    with serve(slow) as server:
        result = measure(server, endpoints=LOOKUP)
    assert proven(result)["repeats"] is None
    assert "second record came to light late" in [row["found"] for row in result["findings"]][-2]


def test_an_external_id_that_is_not_unique_is_found_out_behind_a_duplicate_rule(twins: TwinProcess) -> None:
    """The rule refuses the same e-mail; with another one, the same id makes a second contact."""
    twin = twins.client("salesforce")
    twin.forget()
    twin.put_settings(external_ids={"External_Id__c": False}, duplicate_rule=True)
    api: Any = {
        "kind": "salesforce",
        "base_url": twin.url,
        "authentication": {"type": "bearer_token", "token": "token"},
        "settings": {"external_id_field": "External_Id__c"},
    }
    result = main(api, write=True)
    assert found(result, "sent again: same content, another key").startswith("refused, for it exists")
    assert found(result, "sent again: other content, another key").startswith("a second record")
    assert proven(result)["repeats"] is None
