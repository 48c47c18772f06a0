"""`GET vessels/:imo`: from a cache that all jobs share, with the status that each error has."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings, TryLater
from f.store.store import Store
from f.vessels.get_vessel import main as get_vessel
from f.vessels.get_vessel import preprocessor
from mill.api.server import LocalApi
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.f.vessels.conftest import IMO, Vessey
from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[3]
BODY = {
    "vessel_id": f"vsy_{IMO}", "imo": int(IMO), "name": "AURORA", "position": None, "voyage": {},
    "flag": "NL", "type": "cargo", "gross_tonnage": 1, "mmsi": 244660000, "call_sign": "X",
}  # fmt: skip


class Switch:
    """A Vessey that answers, fails, or is out of room, as it is told."""

    def __init__(self) -> None:
        self.reply = Reply(200, BODY)

    def __call__(self, _: Asked) -> Reply:
        return self.reply


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def server(switch: Switch) -> Iterator[Loopback]:
    with serve(switch) as running:
        yield running


def ask(server: Loopback, imo: str = IMO, **more: Any) -> Any:
    account: Any = {"api_key": "k", "base_url": server.url, **more.pop("account", {})}
    return get_vessel(imo, account, **more)


def age(store: Store, seconds: float) -> None:
    """Let what is kept be so much older."""
    store.execute("UPDATE vessey_cache SET at = at - :by", {"by": seconds})


def test_what_was_asked_a_moment_ago_is_not_asked_again(server: Loopback, store: Store) -> None:
    first, second = ask(server), ask(server)
    assert len(server.asked) == 1
    assert first["name"] == second["name"] == "AURORA"
    assert first["cache"] == {"age_seconds": 0.0, "stale": False, "reason": ""}
    age(store, 50)
    assert 50 <= ask(server)["cache"]["age_seconds"] < 55
    age(store, 11)
    assert ask(server)["cache"]["age_seconds"] == 0.0
    assert len(server.asked) == 2


def test_the_cache_holds_as_long_as_it_is_told(server: Loopback) -> None:
    for _ in range(2):
        ask(server, cache_seconds=0)
    assert len(server.asked) == 2


def test_what_was_kept_by_a_clock_that_ran_ahead_is_asked_anew(server: Loopback, store: Store) -> None:
    ask(server)
    store.execute("UPDATE vessey_cache SET at = at + :by", {"by": 86_400})
    ask(server)
    assert len(server.asked) == 2


def test_accounts_and_vessels_are_kept_apart(server: Loopback, switch: Switch) -> None:
    ask(server)
    ask(server, account={"api_key": "another"})
    switch.reply = Reply(200, {**BODY, "imo": 9076038})
    ask(server, "9076038")
    assert len(server.asked) == 3


def test_while_it_is_down_what_is_kept_is_good_enough_for_a_while(
    server: Loopback, switch: Switch, store: Store
) -> None:
    ask(server)
    age(store, 600)
    switch.reply = Reply(503, {"error": {"code": "unavailable", "message": "Down."}}, {"Retry-After": "30"})
    kept = ask(server, as_reply=True)
    assert (kept["windmill_status_code"], kept["windmill_headers"]["Age"]) == (200, "600")
    assert kept["result"]["cache"]["stale"] is True
    assert "503" in kept["result"]["cache"]["reason"]
    age(store, 3600)
    with pytest.raises(TryLater):
        ask(server)
    refused = ask(server, as_reply=True)
    assert refused["windmill_status_code"] in {429, 503}  # nothing is sent before the 30 seconds are over
    assert 25 <= int(refused["windmill_headers"]["Retry-After"]) <= 30


def test_a_page_of_html_does_not_get_into_the_cache(server: Loopback, switch: Switch, store: Store) -> None:
    ask(server)
    age(store, 600)
    switch.reply = Reply(200, b"<html></html>")
    assert ask(server)["cache"]["stale"] is True
    switch.reply = Reply(200, {**BODY, "name": "NEW NAME"})
    assert ask(server)["name"] == "NEW NAME"


@pytest.mark.parametrize(
    ("imo", "reply", "status", "code"),
    [
        ("9074728", Reply(200, BODY), 400, "bad_imo"),
        ("", Reply(200, BODY), 400, "bad_imo"),
        ("9999993", Reply(404, {"error": {"code": "vessel_not_found", "message": "No."}}), 404,
         "vessey_vessel_not_found"),
        (IMO, Reply(429, {"error": {"code": "rate_limited", "message": "No."}}, {"Retry-After": "20"}), 429,
         "http_429"),
        (IMO, Reply(500, b""), 503, "http_500"),
        (IMO, Reply(200, b"<html>"), 503, "unreadable_reply"),
        (IMO, Reply(401, b""), 502, "http_401"),
        (IMO, Reply(drop=True), 503, "reset"),
    ],
)  # fmt: skip
def test_an_error_has_its_status(
    server: Loopback, switch: Switch, imo: str, reply: Reply, status: int, code: str
) -> None:
    switch.reply = reply
    answer = ask(server, imo, as_reply=True)
    error = answer["result"]["error"]
    assert answer["windmill_status_code"] == status
    assert error["message"].endswith(".")
    assert error["code"] == code or status == 502
    assert ("Retry-After" in answer.get("windmill_headers", {})) == (status in {429, 503})


def test_all_jobs_share_one_limit_and_who_comes_too_much_is_told_when(server: Loopback) -> None:
    """Each call is a job of its own, with a client of its own: they share the store alone."""
    answers = [
        ask(
            server,
            account={"requests_per_minute": 10},
            cache_seconds=0,
            stale_if_error_seconds=0,
            as_reply=True,
        )
        for _ in range(4)
    ]
    statuses = [answer["windmill_status_code"] for answer in answers]
    assert statuses == [200, 429, 429, 429]
    assert 0 < int(answers[-1]["windmill_headers"]["Retry-After"]) <= 60
    assert len(server.asked) == 1


def test_without_windmill_the_account_has_to_be_given() -> None:
    with pytest.raises(FixSettings, match="Windmill"):
        get_vessel(IMO)


@pytest.mark.parametrize("wrong", [{"cache_seconds": -1}, {"stale_if_error_seconds": float("nan")}])
def test_what_is_no_span_is_refused(server: Loopback, wrong: Any) -> None:
    with pytest.raises(FixInput, match="must be a number from 0"):
        ask(server, **wrong)
    assert server.asked == []


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ({"kind": "http", "path": f"/w/vessels/{IMO}", "params": {"imo": IMO}}, {"imo": IMO}),
        ({"kind": "http", "path": "vessels/IMO%209074729/"}, {"imo": f"IMO {IMO}"}),
        (
            {"kind": "http", "path": "vessels/$var:secret", "params": {"imo": "the secret"}},
            {"imo": "$var:secret"},
        ),
        ({"kind": "http"}, {"imo": ""}),
        ({"kind": "webhook", "body": {"imo": IMO, "cache_seconds": 5}}, {"imo": IMO, "cache_seconds": 5}),
        ({"kind": "webhook", "body": None}, {}),
    ],
)
def test_a_request_becomes_arguments(event: Any, arguments: dict[str, Any]) -> None:
    """Windmill replaces references in what it hands on; what they name is not repeated to the caller."""
    assert preprocessor(event) == {**arguments, "as_reply": True}


def test_the_route_answers_as_it_is_deployed(vessey: Vessey, tmp_path: Path) -> None:
    """Real jobs behind the real file of the route, with the resources of resources/mock."""
    (tmp_path / "state").mkdir()
    with Session(Workspace.find(ROOT), tmp_path / "state") as session:
        api = session.platform
        assert isinstance(api, LocalApi)

        def get(imo: str, key: str = "local-vessel-key") -> tuple[int, Any, Any]:
            request = urllib.request.Request(
                f"{api.url}/api/r/local/vessels/{imo}", headers={"X-API-Key": key}
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as reply:
                    return reply.status, reply.headers, json.load(reply)
            except urllib.error.HTTPError as error:
                return error.code, error.headers, error.read()

        status, headers, body = get(IMO)
        assert (status, body["name"], body["cache"]["age_seconds"]) == (200, "AURORA", 0.0), body
        assert headers["Cache-Control"] == "private, max-age=60"
        assert get(IMO)[2]["cache"]["age_seconds"] > 0
        assert [get(imo)[0] for imo in ("9074728", "nobody", "9999993")] == [400, 400, 404]
        assert get(IMO, "wrong")[0] == 401
    kept = sqlite3.connect(tmp_path / "state" / "home" / ".millwright" / "vessels.sqlite")
    assert kept.execute("SELECT COUNT(*) FROM vessey_cache").fetchone() == (1,)
    kept.close()
