"""A sign-in from the form to its end, through the scripts, at Google's and GitHub's twin."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain, TryLater
from f.identity import (
    finish_sign_in,
    get_access_token,
    get_user_info,
    refresh_token,
    revoke_sign_in,
    start_sign_in,
)
from f.identity.oauth.app import app_of
from f.identity.oauth.sign_ins import client_of, shared_token
from f.store.store import Store
from tests.f.identity.oauth.conftest import CALLBACK, consent, finished, ledger, stored_texts
from tests.loopback import Asked, Reply, serve
from tests.mill.twins.stage import TwinClient


def signed_in(resource: Any, account: str = "ada") -> Any:
    begun = start_sign_in.main(resource, account)
    answer = consent(begun["url"])
    return finish_sign_in.main(resource, browser_key=begun["browser_key"], **finished(answer))


def test_a_sign_in_from_its_begin_to_its_end(resource: Any, twin: TwinClient, store: Store) -> None:
    done = signed_in(resource)
    assert (done["status"], done["account"], done["missing_scopes"]) == ("signed_in", "ada", [])
    assert done["refreshable"]
    assert done["note"] == ""
    user = get_user_info.main(resource, "ada")
    assert user["name"] == "Ada Lovelace"
    assert (user["id"], user["login"]) in {("118150000000000000000", "ada@example.com"), ("1815", "ada")}
    first = get_access_token.main(resource, "ada")
    assert (first["status"], first["access_token"]) == ("fresh", None)
    assert 3500 < (first["seconds_left"] or 0) <= 3599
    assert refresh_token.main(resource, "ada")["status"] == "refreshed"
    assert refresh_token.main(resource, "ada")["status"] == "refreshed"  # with what was rotated
    assert get_user_info.main(resource, "ada")["id"] == user["id"]
    assert revoke_sign_in.main(resource, "ada")["status"] == "revoked"
    with pytest.raises(FixInput, match="Nobody is signed in"):
        revoke_sign_in.main(resource, "ada")
    with pytest.raises(SignInAgain, match="Nobody has signed in"):
        get_access_token.main(resource, "ada")
    assert ledger(twin) == ["consented", "signed_in", "refreshed", "refreshed", "revoked"]
    assert stored_texts(store) == "[[], []]"


def test_no_token_and_no_secret_is_in_a_result_a_log_or_plain_in_the_store(
    resource: Any, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    begun = start_sign_in.main(resource, "ada")
    pending = stored_texts(store)
    assert begun["state"] not in pending
    assert begun["browser_key"] not in pending
    answer = consent(begun["url"])
    results: list[Any] = [
        finish_sign_in.main(resource, browser_key=begun["browser_key"], **finished(answer)),
        get_access_token.main(resource, "ada"),
        refresh_token.main(resource, "ada"),
        get_user_info.main(resource, "ada"),
    ]
    app = app_of(resource)
    token = shared_token(app, "ada", store).row.read()
    assert token.access_token
    assert token.refresh_token
    for secret in (token.access_token, token.refresh_token, app.client_secret, app.seal_key, answer["code"]):
        assert secret not in str(results)
        assert secret not in caplog.text
        assert secret not in stored_texts(store)
    assert get_access_token.main(resource, "ada", hand_on="result")["access_token"] == token.access_token


def test_the_address_is_as_rfc_7636_and_the_provider_want_it(google: Any, github: Any) -> None:
    for resource, more in ((google, {"access_type": "offline", "prompt": "consent"}), (github, {})):
        url = start_sign_in.main(resource)["url"]
        query = dict(parse_qsl(urlsplit(url).query))
        assert (query["response_type"], query["redirect_uri"]) == ("code", CALLBACK)
        assert (query["code_challenge_method"], len(query["code_challenge"])) == ("S256", 43)
        assert more.items() <= query.items()
        assert set(query) - set(more) == {
            *("response_type", "client_id", "redirect_uri", "scope", "state"),
            *("code_challenge", "code_challenge_method"),
        }


def test_a_state_is_good_for_one_use(google: Any, twin: TwinClient) -> None:
    begun = start_sign_in.main(google)
    answer = finished(consent(begun["url"]))
    finish_sign_in.main(google, browser_key=begun["browser_key"], **answer)
    with pytest.raises(FixInput, match="finished already") as caught:
        finish_sign_in.main(google, browser_key=begun["browser_key"], **answer)
    assert caught.value.code == "unknown_state"
    assert ledger(twin) == ["consented", "signed_in"]


def test_a_code_of_another_sign_in_is_refused_by_its_verifier(resource: Any) -> None:
    first, second = (start_sign_in.main(resource) for _ in range(2))
    code = consent(first["url"])["code"]
    with pytest.raises(SignInAgain, match="used before") as caught:
        finish_sign_in.main(resource, code, second["state"], second["browser_key"])
    assert "Start the sign-in again" in str(caught.value)
    with pytest.raises(SignInAgain, match="Nobody has signed in"):
        get_access_token.main(resource)


def test_another_browser_cannot_finish_and_does_not_use_the_state_up(google: Any) -> None:
    begun = start_sign_in.main(google)
    answer = finished(consent(begun["url"]))
    for key in ("", "x" * 64, begun["state"]):
        with pytest.raises(FixInput, match="another browser"):
            finish_sign_in.main(google, browser_key=key, **answer)
    assert finish_sign_in.main(google, browser_key=begun["browser_key"], **answer)["status"] == "signed_in"


@pytest.mark.parametrize("state", ["", "x", "é" * 64, "$var:f/a/b", "\ud800", "a" * 5000])
def test_a_state_nobody_gave_is_not_known(google: Any, state: str) -> None:
    start_sign_in.main(google)
    with pytest.raises(FixInput, match="is not known"):
        finish_sign_in.main(google, "code", state, "x" * 64)


def test_a_state_of_one_app_is_none_of_another(google: Any) -> None:
    begun = start_sign_in.main(google)
    for other in ({"client_id": "client-2"}, {"seal_key": "another key of more than 32 characters"}):
        another: Any = {**google, **other}
        with pytest.raises(FixInput, match="is not known"):
            finish_sign_in.main(another, "code", begun["state"], begun["browser_key"])


def test_a_state_lives_ten_minutes(google: Any, store: Store) -> None:
    begun = start_sign_in.main(google)
    answer = finished(consent(begun["url"]))
    ((expires,),) = store.execute("SELECT expires_at FROM identity_pending")
    assert 595 < expires - store.now() <= 600
    store.execute("UPDATE identity_pending SET expires_at = :now", {"now": store.now() - 1})
    with pytest.raises(FixInput, match="ten minutes"):
        finish_sign_in.main(google, browser_key=begun["browser_key"], **answer)
    start_sign_in.main(google)
    assert store.execute("SELECT count(*) FROM identity_pending") == [(1,)]


def test_an_answer_of_another_server_is_refused(google: Any, twin: TwinClient) -> None:
    begun = start_sign_in.main(google)
    answer = {**finished(consent(begun["url"])), "iss": "https://evil.example.com"}
    with pytest.raises(FixInput, match="not from Google") as caught:
        finish_sign_in.main(google, browser_key=begun["browser_key"], **answer)
    assert caught.value.code == "wrong_issuer"
    assert ledger(twin) == ["consented"]  # the code was not handed to anybody


def test_a_person_who_does_not_consent_is_named(resource: Any, twin: TwinClient) -> None:
    twin.put_settings(consents=False)
    begun = start_sign_in.main(resource)
    assert consent(begun["url"])["error"] == "access_denied"


def test_scopes_that_were_not_granted_are_named(resource: Any, twin: TwinClient) -> None:
    twin.put_settings(granted=["openid", "email", "read:user"])
    missing = signed_in(resource)["missing_scopes"]
    assert missing == (["profile"] if resource["provider"] == "google" else ["user:email"])


def test_a_github_app_whose_tokens_do_not_expire_has_nothing_to_refresh(
    github: Any, twin: TwinClient
) -> None:
    twin.put_settings(expiring=False)
    done = signed_in(github)
    assert (done["refreshable"], done["expires_at"]) == (False, None)
    assert "do not expire" in done["note"]
    assert get_access_token.main(github, "ada")["seconds_left"] is None
    with pytest.raises(SignInAgain, match="no refresh token"):
        refresh_token.main(github, "ada")


def test_a_token_that_holds_too_short_is_replaced_and_one_that_never_will_is_said(
    google: Any, twin: TwinClient
) -> None:
    signed_in(google)
    assert get_access_token.main(google, "ada", min_seconds=3000)["seconds_left"]
    assert ledger(twin).count("refreshed") == 0
    twin.put_settings(expires_in=100)
    refresh_token.main(google, "ada")
    twin.put_settings()
    left = get_access_token.main(google, "ada", min_seconds=500)["seconds_left"]
    assert left is not None
    assert left > 3500
    with pytest.raises(FixInput, match="less than min_seconds"):
        get_access_token.main(google, "ada", min_seconds=7200)


def test_a_dead_refresh_token_is_explained_kept_and_not_asked_with_again(
    resource: Any, twin: TwinClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Any] = []
    monkeypatch.setattr(
        "f.connect.sign_in.oauth.raise_event",
        lambda event, data, _store, *, about: events.append((event, data, about)),
    )
    signed_in(resource)
    twin.put_settings(refuses_refresh=True)
    said = set()
    for run in (refresh_token.main, get_access_token.main, refresh_token.main, get_user_info.main):
        with pytest.raises(SignInAgain) as caught:
            run(resource, "ada")
        said.add(str(caught.value))
    (sentence,) = said
    for part in ("six months", "consent back", "Somebody has to sign in again"):
        assert part in sentence
    if resource["provider"] == "google":
        for part in ("changed the password", "Testing", "seven days", "clock is wrong"):
            assert part in sentence
    assert [(event, data["error_message"]) for event, data, _ in events] == [
        ("token_refresh_failed", sentence)
    ]
    assert events[0][1]["service"] in {"Google", "GitHub"}
    twin.put_settings()
    with pytest.raises(SignInAgain):  # it is dead, whatever the provider says by now
        get_access_token.main(resource, "ada")
    assert signed_in(resource)["status"] == "signed_in"
    assert get_access_token.main(resource, "ada")["status"] == "fresh"


def test_a_refresh_that_a_wrong_secret_stops_is_told_and_one_that_nobody_began_is_not(
    google: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    monkeypatch.setattr(
        "f.connect.sign_in.oauth.raise_event", lambda event, *_given, **_more: events.append(event)
    )
    with pytest.raises(SignInAgain, match="Nobody has signed in"):
        get_access_token.main(google, "ada")
    assert events == []
    signed_in(google)
    wrong: Any = {**google, "client_secret": "wrong-secret"}
    with pytest.raises(FixSettings):
        refresh_token.main(wrong, "ada")
    assert events == ["token_refresh_failed"]
    assert refresh_token.main(google, "ada")["status"] == "refreshed"


def test_a_lost_answer_to_a_refresh_keeps_the_sign_in(google: Any, twin: TwinClient) -> None:
    signed_in(google)
    twin.put_faults(script=[{"operation": "google_token", "fault": "error_503", "times": 1}])
    with pytest.raises(TryLater):
        refresh_token.main(google, "ada")
    assert refresh_token.main(google, "ada")["status"] == "refreshed"


def test_a_revocation_that_is_not_answered_forgets_nothing(google: Any, twin: TwinClient) -> None:
    signed_in(google)
    twin.put_faults(script=[{"operation": "google_revoke", "fault": "error_503", "times": 9}], retry_after=0)
    with pytest.raises(ConnectError):
        revoke_sign_in.main(google, "ada")
    assert get_access_token.main(google, "ada")["status"] == "fresh"
    twin.put_faults()
    assert revoke_sign_in.main(google, "ada")["status"] == "revoked"


def test_what_was_revoked_elsewhere_is_forgotten_here(resource: Any, store: Store, twin: TwinClient) -> None:
    signed_in(resource)
    twin.send("DELETE", "/_ledger")  # the provider knows nothing any more
    assert revoke_sign_in.main(resource, "ada")["status"] == "already_revoked"
    assert store.execute("SELECT * FROM connect_token") == []


def test_accounts_do_not_meet(google: Any, store: Store) -> None:
    signed_in(google, "ada")
    signed_in(google, "grace")
    tokens = {shared_token(app_of(google), name, store).row.read().access_token for name in ("ada", "grace")}
    assert len(tokens) == 2
    revoke_sign_in.main(google, "ada")
    assert get_access_token.main(google, "grace")["status"] == "fresh"


def test_a_resource_with_other_scopes_gets_no_token_of_this_one(google: Any) -> None:
    signed_in(google)
    narrower: Any = {**google, "scopes": ["openid"]}
    with pytest.raises(SignInAgain, match="for these scopes"):
        get_access_token.main(narrower, "ada", hand_on="result")
    signed_in(narrower)
    revoke_sign_in.main(narrower, "ada")
    assert get_access_token.main(google, "ada")["status"] == "fresh"
    again: Any = {**google, "scopes": ["profile", "openid", "email"]}  # the same, in another order
    assert get_access_token.main(again, "ada")["status"] == "fresh"


def test_any_api_can_be_called_with_the_token_and_a_401_renews_it_once(google: Any, store: Store) -> None:
    signed_in(google)
    app = app_of(google)
    before = shared_token(app, "ada", store).row.read().access_token
    answers = iter([Reply(401), Reply(200, {"ok": True})])

    def answer(_asked: Asked) -> Reply:
        return next(answers)

    with serve(answer) as api, client_of(app, "ada", store, api.url) as client:
        assert client.get("/things").json == {"ok": True}
        sent = [asked.headers["Authorization"] for asked in api.asked]
    assert sent == [f"Bearer {before}", f"Bearer {shared_token(app, 'ada', store).row.read().access_token}"]
    assert sent[0] != sent[1]


def test_with_another_seal_key_nobody_is_signed_in(google: Any) -> None:
    signed_in(google)
    another: Any = {**google, "seal_key": "k" * 32}
    with pytest.raises(SignInAgain, match="another seal_key"):
        get_access_token.main(another, "ada")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"client_secret": "wrong-secret"}, FixSettings, "client_id or client_secret is wrong"),
        ({"redirect_uri": "http://localhost:9/other"}, SignInAgain, "redirect_uri|used before"),
    ],
    ids=["secret", "redirect"],
)
def test_settings_that_the_provider_refuses_are_named(
    resource: Any, change: dict[str, str], error: type[ConnectError], words: str
) -> None:
    begun = start_sign_in.main(resource)
    answer = finished(consent(begun["url"]))
    another: Any = {**resource, **change}
    with pytest.raises(error, match=words) as caught:
        finish_sign_in.main(another, browser_key=begun["browser_key"], **answer)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"account": ""}, "account must be"),
        ({"account": " ada"}, "account must be"),
        ({"account": "a\nb"}, "account must be"),
        ({"account": "a" * 201}, "account must be"),
        ({"account": "visitor:1"}, "must not begin with visitor:"),
        ({"return_to": "//evil.example.com"}, "return_to must be"),
    ],
    ids=["empty", "blank", "line", "long", "visitor", "return"],
)
def test_bad_input_is_refused_before_anything_is_kept(google: Any, inputs: Any, words: str) -> None:
    with pytest.raises(FixInput, match=words):
        start_sign_in.main(google, **inputs)


@pytest.mark.parametrize("code", ["", " ", "a b", "x" * 3000, "é", "a\x00b"])
def test_what_is_no_code_is_sent_nowhere(google: Any, twin: TwinClient, code: str) -> None:
    begun = start_sign_in.main(google)
    with pytest.raises(FixInput, match="no code"):
        finish_sign_in.main(google, code, begun["state"], begun["browser_key"])
    assert ledger(twin) == []
